"""A mix decides how often which pictures are cut from, and with what blur."""

from dataclasses import replace

import pytest
import torch

from blurlib import data, learn

RECIPE = replace(learn.RECIPES["sigma-net"], textures_each=1, num_pages=2)


@pytest.fixture
def scans(rng):
    """Return four pictures of four materials."""
    return [
        data.Picture(f"D{k + 100}", f"material {k}", lambda: torch.rand(440, 440, generator=rng))
        for k in range(4)
    ]


def test_it_cuts_from_each_group_as_often_as_it_says(scans):
    _, stream, facts = learn.prepare_recipe(RECIPE, scans=scans)
    chances = torch.cat([stream._cuts._chances, torch.ones(1)]).diff(prepend=torch.zeros(1))
    photographs = len(chances) - 3 - 4 * 3 - len(data.FAMILIES) - 4 * 2
    assert photographs == len(data.TRAINING_PHOTOGRAPHS)
    parts = chances.split([3, 4 * 3, len(data.FAMILIES), photographs, 2, 2, 2, 2])
    shares = RECIPE.mix.shares.values()
    assert sum(shares) == 100 and facts["num_images"] == len(chances)
    assert [part.sum().item() for part in parts] == pytest.approx([s / 100 for s in shares])


def test_it_decides_what_the_crops_are(scans):
    mix = learn.CropMix(crop_size=64, ends=0.3, disks=0.2, usual_max=2.0, contrast=0.5, blends=0.4)
    _, stream, _ = learn.prepare_recipe(replace(RECIPE, mix=mix), scans=scans)
    for name in ("crop_size", "ends", "disks", "usual_max", "contrast", "blends"):
        assert getattr(stream, name) == getattr(mix, name)
    assert mix.smallest_side == stream.crop_size + 2 * stream.reach


def test_given_images_are_drawn_alike(rng):
    images = [torch.rand(200, 186, generator=rng)]
    _, stream, facts = learn.prepare_recipe(RECIPE, images=images)
    assert stream._cuts._chances is None and facts["num_images"] == 1
    assert stream.disks == RECIPE.mix.disks


def test_an_empty_share_is_named(scans):
    with pytest.raises(ValueError, match="nothing to cut from in fields"):
        learn.prepare_recipe(replace(RECIPE, num_pages=0), scans=scans)
    with pytest.raises(ValueError, match="needs 264 pixels"):
        learn.prepare_recipe(replace(RECIPE, mix=learn.CropMix(crop_size=240)), scans=scans)


def test_it_is_for_networks_on_crops_of_scans():
    for recipe in (learn.Recipe(), learn.Recipe("sigma")):
        with pytest.raises(ValueError, match="a mix is for"):
            replace(recipe, mix=learn.CropMix())
    with pytest.raises(ValueError, match="old_print"):
        learn.CropMix(old_print=0)
    for wrong in ({"crop_size": 100}, {"ends": 0.9}, {"disks": 0.9}, {"contrast": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            learn.CropMix(**wrong)
    assert "mix" not in learn.Recipe().as_dict()
