"""Maps of the network that regresses."""

import pytest
import torch

from blurlib import data, maps
from blurlib.maps import regress


@pytest.fixture(scope="module")
def estimator():
    return maps.load_estimator()


@pytest.mark.parametrize("stride", [1, 3, 4, 8])
def test_maps_lie_on_the_grid_of_all_estimators(estimator, stride):
    image = data.packaged_image("grass")[:75, :90]
    sigma_map, deviation = maps.predict_with_doubt(estimator.network, image, stride=stride)
    shape = tuple((side - 32) // stride + 1 for side in image.shape)
    assert sigma_map.shape == deviation.shape == shape == maps.window_centres(
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
    whole = maps.predict_with_doubt(estimator.network, blurred, stride=4)
    monkeypatch.setattr(regress, "_TILE", 27)
    for one, other in zip(
        maps.predict_with_doubt(estimator.network, blurred, stride=4), whole, strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=0)


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
    assert estimator(soft, stride=16).median() == pytest.approx(4.5, abs=0.7)


def test_each_kind_of_network_names_the_other_function(estimator, rng):
    image = torch.rand(40, 40, generator=rng)
    with pytest.raises(TypeError, match="predict_with_doubt"):
        maps.predict_sigma_map(estimator.network, image)
    with pytest.raises(TypeError, match="predict_sigma_map"):
        maps.predict_with_doubt(maps.load_estimator("spectrum-30").network, image)


def test_the_estimator_is_the_first_of_the_two(estimator):
    image = data.packaged_image("grass")[:64, :80]
    sigma_map, _ = maps.predict_with_doubt(estimator.network, image, stride=2)
    assert torch.equal(estimator(image, stride=2), sigma_map)


def test_images_smaller_than_a_window_are_named(estimator):
    with pytest.raises(ValueError, match="at least 32 pixels"):
        estimator(torch.rand(31, 40))


def test_any_image_from_16_pixels_on_has_a_map_of_its_own_size(estimator):
    blurred, truth = maps.make_test_image(data.packaged_image("grass")[:64, :64], "ramp")
    for sides in ((16, 16), (17, 40), (64, 33)):
        image = blurred[: sides[0], : sides[1]]
        sigma_map, deviation = maps.predict_full_size(
            estimator.with_doubt, image, min_side=estimator.min_side, stride=2
        )
        assert sigma_map.shape == deviation.shape == sides and deviation.min() > 0
        assert maps.rmse(sigma_map, truth[: sides[0], : sides[1]]) < 0.4
    with pytest.raises(ValueError, match="at least 16 pixels"):
        maps.predict_full_size(estimator, image[:15], min_side=estimator.min_side)


def test_blank_paper_is_no_texture_and_grass_is(estimator):
    image = torch.ones(128, 320)  # nearer than 100 px it may go by the grass
    image[:, :128] = data.packaged_image("grass")[:128, :128]
    _, deviation = maps.predict_with_doubt(estimator.network, image, stride=4)
    assert deviation[:, -10:].min() > maps.doubt.NO_TEXTURE > deviation[:, :14].max()
