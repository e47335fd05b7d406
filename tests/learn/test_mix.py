"""A mix decides how often which pictures are cut from, and with what blur."""

from dataclasses import replace

import pytest
import torch

from blurlib import data, learn
from blurlib.data import crops, lights
from blurlib.learn import checkpoints

RECIPE = replace(
    learn.SHIPPED["sigma-net-small"], textures_each=1, num_pages=2, num_prints=2, num_cloths=2,
    num_fields=2, num_lights=1,
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("few_textures")


@pytest.fixture(autouse=True)
def few_lenses(monkeypatch):
    """Draw few point spread functions: to draw all takes longer than these tests."""
    monkeypatch.setattr(crops, "_NUM_PSFS", 10)
    monkeypatch.setattr(crops, "_NUM_OUTLINES", 2)


def pictures(name, number, side=66):
    rng = torch.Generator().manual_seed(number)
    images = torch.rand(number, side, side + 20, generator=rng)
    return [data.Picture(f"{name}{k}", f"{name}{k}", lambda k=k: images[k]) for k in range(number)]


@pytest.fixture
def scans():
    """Return eight pictures of eight materials: two are held out, three set apart."""
    return pictures("D", 8)


@pytest.fixture
def photographs():
    """Return a large and a small photograph to train on, beside those that are set apart."""
    apart = [*pictures("kodak/", 7), *pictures("bsds-train/", 21)]
    return data.Collection((*apart, *pictures("bsds-train/large", 1, side=410)))


@pytest.fixture
def given(scans, photographs):
    return {"scans": scans, "photographs": photographs}


def test_it_cuts_from_each_group_as_often_as_it_says(given):
    _, stream, facts = learn.prepare_recipe(RECIPE, **given)
    training, development = learn.development_split(*given.values())
    assert facts["development"] == [picture.name for picture in development]
    held_out = learn.split_scans(given["scans"])[1]
    assert facts["held_out"] == [scan.name for scan in held_out]
    num_scans = sum(picture.name.startswith("D") for picture in training)
    large = sum("large" in picture.name for picture in training)
    halves = len(training) - num_scans + 2 * large
    sizes = [
        num_scans, 4 * num_scans, len(data.FAMILIES), len(data.TRAINING_PHOTOGRAPHS) + halves,
        2, 2, 2, 2, len(lights.KINDS),
    ]  # fmt: skip
    chances = torch.cat([stream._chances, torch.ones(1)]).diff(prepend=torch.zeros(1))
    assert num_scans == 3 and facts["num_images"] == sum(sizes) == len(chances)
    shares = RECIPE.mix.shares.values()
    parts = chances.split(sizes)
    assert sum(shares) == 100
    assert [part.sum().item() for part in parts] == pytest.approx([s / 100 for s in shares])
    for part in parts:
        assert part.std(correction=0) < 1e-9  # alike within a group


def test_photographs_are_halved_and_large_ones_made_smaller_too():
    from blurlib.learn.prepare import _photographed

    small, large = pictures("kodak/", 1), pictures("kodak/", 1, side=410)
    assert [tuple(x.shape) for x in _photographed(small[0])] == [(33, 43)]
    found = _photographed(large[0])  # the half counts twice
    assert [tuple(x.shape) for x in found] == [(205, 215), (205, 215), (143, 150)]


def test_it_decides_what_the_crops_are(given):
    config = data.CropConfig(crop_size=64, p_extreme=0.3, p_disk=0.2, sigma_common_max=2.0)
    recipe = replace(RECIPE, mix=learn.CropMix(crops=config))
    _, stream, _ = learn.prepare_recipe(recipe, **given)
    assert stream.config == config == recipe.crops
    assert recipe.min_side == 32  # what is smaller than a crop is mirrored


def test_given_images_are_drawn_alike(rng):
    images = [torch.rand(200, 186, generator=rng)]
    _, stream, facts = learn.prepare_recipe(RECIPE, images=images)
    assert stream._chances is None and facts["num_images"] == 1
    assert stream.config == RECIPE.mix.crops


def test_what_is_missing_is_named(given):
    with pytest.raises(ValueError, match="trains on Brodatz scans"):
        learn.prepare_recipe(RECIPE, photographs=given["photographs"])
    with pytest.raises(ValueError, match="trains on photographs; name the folder"):
        learn.prepare_recipe(RECIPE, scans=given["scans"])
    for name, setting in (("fields", "num_fields"), ("old_print", "num_prints"),
                          ("cloth", "num_cloths"), ("lights", "num_lights")):  # fmt: skip
        with pytest.raises(
            ValueError, match=rf"nothing to cut from in {name}: draw some \({setting}\)"
        ):
            RECIPE.mix.weights({"scans": [torch.zeros(9, 9)], name: []})


def test_it_is_for_networks_on_crops_of_scans():
    for recipe in (learn.Recipe(), learn.Recipe("sigma")):
        with pytest.raises(ValueError, match="a mix is for"):
            replace(recipe, mix=learn.CropMix())
    with pytest.raises(ValueError, match="old_print"):
        learn.CropMix(old_print=0)
    with pytest.raises(ValueError, match="each of sizes"):
        learn.CropMix(sizes=(0.5, 2.0))
    for setting in ({"num_fields": 1}, {"num_lights": 2}, {"start": "sigma-net-start"}):
        with pytest.raises(ValueError, match="num_lights, start are for recipes with a mix"):
            learn.Recipe("sigma", **setting)
    assert "mix" not in learn.Recipe().as_dict()


@pytest.mark.parametrize(("start", "network"), checkpoints.STARTS.items())
def test_a_start_is_where_the_weights_begin(start, network, rng):
    recipe = replace(RECIPE, network=network, start=start)
    found = recipe.new_network(rng)
    assert type(found) is learn.NETWORKS[network]
    wanted = checkpoints.packaged(start)[0].state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in found.state_dict().items())
    drawn = replace(recipe, start="").new_network(torch.Generator().manual_seed(0))
    assert not torch.equal(drawn.local[0].weight, found.local[0].weight)
    # Its standardisation stays: the first weights fit to it.
    before = found.mean.clone()
    found.fit_standardisation(torch.rand(2, 1, 64, 64, generator=rng))
    assert torch.equal(found.mean, before) and not (found.std == 1).all()


def test_a_start_of_another_network_is_named():
    with pytest.raises(ValueError, match="start: sigma-net-start holds no network 'sigma-small'"):
        replace(RECIPE, start="sigma-net-start")
    with pytest.raises(ValueError, match="start must be one of"):
        replace(RECIPE, start="sigma-net")


def test_a_record_from_before_a_setting_came_is_the_same_recipe():
    import json

    recorded = json.loads(json.dumps(learn.SHIPPED["spectrum-30"].as_dict()))
    recipe = learn.SHIPPED["spectrum-30"]
    assert recipe.was_recorded_as(recorded)
    del recorded["start"], recorded["num_lights"]
    assert recipe.was_recorded_as(recorded)
    assert not recipe.was_recorded_as(recorded | {"num_pages": 3})
    assert not recipe.was_recorded_as({})
    recorded = json.loads(json.dumps(RECIPE.as_dict()))
    assert RECIPE.was_recorded_as(recorded)
    del recorded["start"]
    assert not RECIPE.was_recorded_as(recorded)
