"""A trained network's std is made right on pictures that it has not seen."""

import pytest
import torch

from blurlib import data, learn, maps
from blurlib.data import crops
from blurlib.maps import fit, uncertainty

#: Crops without what makes them slow.
CROPS = data.CropConfig(crop_size=64, reach=16, std_range=(0.25, 4.0), p_field=1.0, p_layers=0.0)


@pytest.fixture(autouse=True)
def few_crops(monkeypatch):
    monkeypatch.setattr(crops, "_NUM_PSFS", 10)
    monkeypatch.setattr(crops, "_NUM_OUTLINES", 2)
    monkeypatch.setattr(fit, "_CALIBRATED_BATCHES", 3)


@pytest.fixture
def network(rng):
    network = learn.SmallSigmaNet(hidden=(8, 8), channels=4, dilations=(1,), carried=2)
    network.initialise(rng).fit_standardisation(torch.rand(4, 1, 64, 64, generator=rng))
    return network.eval()


@pytest.fixture
def pictures():
    names = ("grass", "brick")
    return [
        data.Picture(name, name, lambda name=name: data.packaged_image(name)[:192, :201])
        for name in names
    ]


def test_two_thirds_of_the_errors_lie_within_the_calibrated_std(network, pictures, monkeypatch):
    seen = []
    errors_on = fit._errors_on

    def follow(*arguments):
        seen.append(errors_on(*arguments))
        return seen[-1]

    monkeypatch.setattr(fit, "_errors_on", follow)
    network.std_scale.fill_(7.0)  # of an earlier calibration
    facts = fit.calibrate(network, pictures, CROPS)
    assert facts == {"std_scale": network.std_scale.item(), "on": ["grass", "brick"]}
    assert len(seen) == 3 and seen[0][0].shape == seen[0][1].shape == (16, 8, 8)
    errors, std = fit.joined(seen)
    assert uncertainty.coverage(errors, facts["std_scale"] * std) == pytest.approx(0.6827, abs=1e-3)
    assert fit.calibrate(network, pictures, CROPS) == facts


def test_pictures_are_looked_at_halved(network, pictures, monkeypatch):
    given = []

    def stream(images, *rest, **options):
        given.extend(images)
        return data.CropStream(images, *rest, **options)

    monkeypatch.setattr(fit, "CropStream", stream)
    fit.calibrate(network, pictures, CROPS)
    assert [tuple(image.shape) for image in given] == [(96, 101), (96, 101)]


def test_errors_are_those_at_every_eighth_pixel(network, rng):
    images = torch.rand(2, 1, 64, 64, generator=rng)
    truth = torch.rand(2, 2, 64, 64, generator=rng)
    errors, std = fit._errors_on(network, images, truth)
    sigma, stated, _ = network.estimate(images, 8)
    assert torch.equal(errors, sigma[:, :8, :8] - truth[:, 0, ::8, ::8])
    assert torch.equal(std, stated[:, :8, :8])


def test_only_networks_on_crops_with_something_put_aside_are_calibrated(
    tmp_path, pictures, network, monkeypatch
):
    monkeypatch.setattr(fit, "run_recipe", lambda recipe, **options: (network, {}))
    recipe = learn.Recipe("sigma-small")
    for held_out, calibrated in ((pictures, True), ((), False)):
        path = tmp_path / "n.safetensors"
        _, record = maps.train_estimator(recipe, path, held_out=held_out)
        assert ("uncertainty" in record) == calibrated
        again, kept = learn.load_network(path)
        assert kept == record and again.std_scale == network.std_scale
    _, record = maps.train_estimator(learn.Recipe(), tmp_path / "n.safetensors", held_out=pictures)
    assert record == {}
