"""A mix decides how often which pictures are cut from, and with what blur."""

from dataclasses import replace

import pytest
import torch

from blurlib import data, learn

RECIPE = replace(
    learn.SHIPPED["sigma-net"], textures_each=1, num_pages=2, num_prints=2, num_cloths=2,
    num_fields=2,
)  # fmt: skip


@pytest.fixture
def scans(rng):
    """Return four pictures of four materials."""
    return [
        data.Picture(f"D{k + 100}", f"material {k}", lambda: torch.rand(440, 440, generator=rng))
        for k in range(4)
    ]


def test_it_cuts_from_each_group_as_often_as_it_says(scans):
    _, stream, facts = learn.prepare_recipe(RECIPE, scans=scans)
    chances = torch.cat([stream._chances, torch.ones(1)]).diff(prepend=torch.zeros(1))
    photographs = len(chances) - 3 - 4 * 3 - len(data.FAMILIES) - 4 * 2
    assert photographs == len(data.TRAINING_PHOTOGRAPHS)
    parts = chances.split([3, 4 * 3, len(data.FAMILIES), photographs, 2, 2, 2, 2])
    shares = RECIPE.mix.shares.values()
    assert sum(shares) == 100 and facts["num_images"] == len(chances)
    assert [part.sum().item() for part in parts] == pytest.approx([s / 100 for s in shares])


def test_it_decides_what_the_crops_are(scans):
    crops = data.CropConfig(crop_size=64, p_extreme=0.3, p_disk=0.2, sigma_common_max=2.0)
    recipe = replace(RECIPE, mix=learn.CropMix(crops=crops))
    _, stream, _ = learn.prepare_recipe(recipe, scans=scans)
    assert stream.config == crops and recipe.min_side == 64 + 2 * stream.reach


def test_given_images_are_drawn_alike(rng):
    images = [torch.rand(200, 186, generator=rng)]
    _, stream, facts = learn.prepare_recipe(RECIPE, images=images)
    assert stream._chances is None and facts["num_images"] == 1
    assert stream.config == RECIPE.mix.crops


def test_an_empty_share_is_named(scans):
    with pytest.raises(
        ValueError, match=r"nothing to cut from in fields: draw some \(num_fields\)"
    ):
        learn.prepare_recipe(replace(RECIPE, num_fields=0), scans=scans)
    with pytest.raises(ValueError, match="needs 264 pixels"):
        mix = learn.CropMix(crops=data.CropConfig(crop_size=240))
        learn.prepare_recipe(replace(RECIPE, mix=mix), scans=scans)


def test_it_is_for_networks_on_crops_of_scans():
    for recipe in (learn.Recipe(), learn.Recipe("sigma")):
        with pytest.raises(ValueError, match="a mix is for"):
            replace(recipe, mix=learn.CropMix())
    with pytest.raises(ValueError, match="old_print"):
        learn.CropMix(old_print=0)
    with pytest.raises(ValueError, match="num_cloths, num_fields are for recipes with a mix"):
        learn.Recipe(num_fields=1)
    assert "mix" not in learn.Recipe().as_dict()
