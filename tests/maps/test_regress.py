"""Maps of the network that regresses."""

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib import blur, data, maps
from blurlib.maps import pyramid


@pytest.fixture(scope="module")
def estimator():
    return maps.load_estimator()


@pytest.mark.parametrize("stride", [1, 3, 4, 8, 12])
def test_maps_lie_on_the_grid_of_all_estimators(estimator, stride):
    image = data.packaged_image("grass")[:75, :90]
    step = 4 if stride < 8 else 8
    direct = [layer[0] for layer in estimator.network.estimate(image[None, None], step)]
    for border, first in (("reflect", 0), ("valid", 16)):
        found = estimator.predict(image, stride=stride, border=border)
        assert (found.stride, found.offset, found.convention) == (stride, first, "std")
        if border == "valid":
            shape = maps.crop_to_windows(image, stride=stride).shape
        else:  # past the last pixel
            shape = tuple(-(-(side - 1) // stride) + 1 for side in image.shape)
        for layer, whole in zip((found.sigma, found.std, found.profile), direct, strict=True):
            assert layer.shape == shape
            for row, column in ((0, 0), (12, 24), (24, 0)):  # where both grids meet, or between
                if (row % stride, column % stride) == (0, 0):
                    place = ((first + row) / step, (first + column) / step)
                    known = whole[int(place[0]), int(place[1])]
                    if place == (int(place[0]), int(place[1])):
                        seen = layer[row // stride, column // stride]
                        torch.testing.assert_close(seen, known, atol=1e-5, rtol=1e-4)
    # What lies between its own places is interpolated.
    if stride == 1:
        seen = found.sigma[2, :5]
        ends = direct[0][4, 4:6].lerp(direct[0][5, 4:6], 0.5)
        torch.testing.assert_close(seen, torch.lerp(ends[0], ends[1], torch.arange(5.0) / 4))


def test_large_images_are_asked_less_often(estimator, monkeypatch):
    assert estimator.default_stride((1000, 4000)) == 4
    assert estimator.default_stride((1001, 4000)) == 8
    monkeypatch.setattr("blurlib.maps.pyramid._LARGE", 64 * 64)
    image = data.packaged_image("grass")[:64, :65]
    assert estimator.predict(image).stride == 8 and estimator.predict(image, stride=4).stride == 4


@pytest.mark.parametrize("stride", [4, 8])
def test_tiles_do_not_show(estimator, monkeypatch, stride):
    blurred, _ = maps.make_test_image(data.packaged_image("gravel")[:320, :352], "sin")
    whole = estimator.predict(blurred[:301, :333], stride=stride)
    monkeypatch.setattr(pyramid.RegressionEstimator, "tile", 27 * 4)
    tiled = estimator.predict(blurred[:301, :333], stride=stride)
    for name in ("sigma", "std", "profile"):
        one, other = getattr(tiled, name), getattr(whole, name)
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


def test_windows_of_an_image_are_answered_for_without_a_map(estimator):
    image = data.packaged_image("grass")[:75, :90]
    found = estimator.answer(image, 4)
    wanted = estimator.predict(image, stride=4, border="valid")
    assert torch.equal(found, torch.stack([wanted.sigma, wanted.std, wanted.profile]))
    assert not found.requires_grad


def test_it_beats_the_classes_on_textures_it_never_saw(estimator):
    classes, scores = maps.load_estimator("thesis-30"), []
    for texture in data.TEST_TEXTURES:
        sharp = data.packaged_image(texture)
        scores.append(
            [
                maps.evaluate_image(one, sharp, "ramp", stride=16)["rmse"]
                for one in (estimator, classes)
            ]
        )
    own, other = map(sum, zip(*scores, strict=True))
    assert own < other
    assert max(score for score, _ in scores) < 0.18  # two of the three are soft before the blur


def test_noise_is_not_taken_for_sharpness(estimator, rng):
    sharp = data.packaged_image("grass")
    scores = [
        maps.evaluate_image(
            maps.load_estimator(name), sharp, "ramp", stride=16, noise=2.55, rng=rng
        )
        for name in ("sigma-net", "spectrum-30")
    ]
    assert scores[0]["rmse"] < 0.2 < 0.8 < scores[1]["rmse"]


def test_large_sigma_is_read(estimator):

    sharp = data.packaged_image("grass")[:256, :256]
    soft = blur.quantize(blur.blur_uniform(sharp, blur.gaussian_psf(4.5, truncate=2.0)))
    assert estimator.predict(soft, border="valid").sigma.median() == pytest.approx(4.5, abs=0.7)


def test_a_network_that_looks_at_no_patches_is_named(estimator, rng):
    with pytest.raises(TypeError, match="SigmaNet; estimator_of makes an estimator of any"):
        maps.predict_sigma_map(estimator.network, torch.rand(40, 40, generator=rng))


def test_one_call_gives_a_map_of_the_files_size(estimator, tmp_path):
    path = tmp_path / "grass.png"
    data.write_image(path, data.packaged_image("grass")[:63, :80])
    found = maps.estimate(path)
    expected = estimator.predict(data.load_image(path)).full_size()
    assert torch.equal(found.sigma, expected.sigma) and torch.equal(found.std, expected.std)
    assert found.sigma.shape == found.shape == (63, 80) and found.convention == "std"
    assert torch.equal(maps.estimate(str(path), estimator).sigma, found.sigma)
    colours = np.asarray(Image.open(path).convert("RGB"))
    torch.testing.assert_close(maps.estimate(colours).sigma, found.sigma, atol=1e-3, rtol=0)
    assert maps.estimate(path, "spectrum-30", stride=8).std.shape == (63, 80)
    assert maps.estimate(path, "laplacian-variance", stride=8).std is None


def test_images_smaller_than_a_window_are_named(estimator):
    with pytest.raises(ValueError, match="at least 32 pixels"):
        estimator.predict(torch.rand(31, 40), border="valid")


def test_any_image_from_16_pixels_on_has_a_map_of_its_own_size(estimator):
    blurred, truth = maps.make_test_image(data.packaged_image("grass")[:64, :64], "ramp")
    for sides in ((16, 16), (17, 40), (64, 33)):
        image = blurred[: sides[0], : sides[1]]
        found = estimator.predict(image, stride=2).full_size()
        assert found.sigma.shape == found.std.shape == sides and found.std.min() > 0
        assert maps.rmse(found.sigma, truth[: sides[0], : sides[1]]) < 0.4
    with pytest.raises(ValueError, match="at least 16 pixels"):
        estimator.predict(image[:15])


@pytest.mark.parametrize(("levels", "known"), [(2, 0), (8, 0), (32, 0), (64, 1), (256, 1)])
def test_contours_of_few_grey_levels_are_no_evidence(estimator, levels, known):
    """A picture blurred by 2 px and then posterised reads as sharp, and was once sure of it."""
    soft = blur.blur_uniform(data.packaged_image("gravel")[:128, :128], blur.gaussian_psf(2.0))
    image = blur.quantize((soft * (levels - 1)).round() / (levels - 1))
    found = estimator.predict(image)
    hidden = maps.uncertainty.no_texture(found.sigma, found.std)
    assert (1 - hidden.float().mean()).item() == pytest.approx(known, abs=0.3)


def test_blank_paper_is_no_texture_and_grass_is(estimator):
    image = torch.ones(128, 320)  # nearer than 100 px it may go by the grass
    image[:, :128] = data.packaged_image("grass")[:128, :128]
    found = estimator.predict(image, border="valid")
    hidden = maps.uncertainty.no_texture(found.sigma, found.std)
    assert hidden[:, -10:].all() and not hidden[:, :14].any()
