"""Maps of the network that regresses."""

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib import data, maps
from blurlib.maps import estimators


@pytest.fixture(scope="module")
def estimator():
    return maps.load_estimator()


@pytest.mark.parametrize("stride", [1, 3, 4, 8])
def test_maps_lie_on_the_grid_of_all_estimators(estimator, stride):
    image = data.packaged_image("grass")[:75, :90]
    found = estimator.predict(image, stride=stride, border="valid")
    sigma_map, deviation = found.sigma, found.std
    shape = tuple((side - 32) // stride + 1 for side in image.shape)
    assert sigma_map.shape == deviation.shape == shape == maps.crop_to_windows(
        image, stride=stride
    ).shape  # fmt: skip
    direct, _ = estimator.network.estimate(image[None, None])
    if stride % 4 == 0:
        step = stride // 4
        torch.testing.assert_close(sigma_map, direct[0, ::step, ::step], atol=1e-5, rtol=0)
    else:  # where grid and windows meet
        torch.testing.assert_close(
            sigma_map[::4, ::4], direct[0, ::stride, ::stride][: len(sigma_map[::4])],
            atol=1e-5, rtol=0,
        )  # fmt: skip


def test_tiles_do_not_show(estimator, monkeypatch):
    blurred, _ = maps.make_test_image(data.packaged_image("gravel")[:320, :352], "sin")
    whole = estimator.predict(blurred)
    monkeypatch.setattr(estimators.RegressionEstimator, "tile", 27 * 4)
    tiled = estimator.predict(blurred)
    torch.testing.assert_close(tiled.sigma, whole.sigma, atol=1e-4, rtol=0)
    torch.testing.assert_close(tiled.std, whole.std, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("texture", "most"), [("grass", 0.08), ("gravel", 0.13), ("brick", 0.25)])
def test_it_beats_the_classes_on_textures_it_never_saw(estimator, texture, most):
    sharp = data.packaged_image(texture)
    score = maps.evaluate_image(estimator, sharp, "ramp", stride=8)["rmse"]
    assert score < most
    other = maps.evaluate_image(maps.load_estimator("thesis-30"), sharp, "ramp", stride=16)
    assert score < other["rmse"]


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
    from blurlib import blur

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
    assert found.sigma.shape == found.shape == (63, 80) and found.convention == "nominal"
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


def test_blank_paper_is_no_texture_and_grass_is(estimator):
    image = torch.ones(128, 320)  # nearer than 100 px it may go by the grass
    image[:, :128] = data.packaged_image("grass")[:128, :128]
    found = estimator.predict(image, border="valid")
    hidden = maps.uncertainty.no_texture(found.sigma, found.std)
    assert hidden[:, -10:].all() and not hidden[:, :14].any()
