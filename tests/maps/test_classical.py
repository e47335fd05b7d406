"""The classical methods: known answers, the window grid, awkward pictures, the calibration."""

import json
import math
import warnings

import numpy as np
import pytest
import torch

from blurlib import blur, data, maps
from blurlib.blur.degrade import QUANTIZATION_VARIANCE
from blurlib.maps import classical
from blurlib.maps.classical import calibration, windows
from blurlib.maps.classical.spectrum_fit import _SLOPE, _Rings
from reproduce import classical_fit as fit


@pytest.fixture(params=classical.CLASSICAL)
def name(request):
    return request.param


def blurred_edge(sigma, side=96):
    """Return a step of contrast 0.6 under a gaussian: its integral, exactly."""
    place = torch.arange(side, dtype=torch.float64) - side // 2
    edge = 0.5 + 0.3 * torch.erf(place / (sigma * math.sqrt(2)))
    return edge.repeat(side, 1)


@pytest.mark.parametrize("stride", [1, 3, 16])
@pytest.mark.parametrize("shape", [(32, 32), (50, 67)])
def test_maps_lie_on_the_grid_of_all_estimators(name, stride, shape, rng):
    image = torch.rand(shape, generator=rng)
    found = maps.load_estimator(name).predict(image, stride=stride, border="valid").sigma
    assert found.shape == maps.crop_to_windows(image, stride=stride).shape
    assert found.dtype == torch.float32 and (found >= 0).all() and (found <= 3.5).all()
    assert maps.load_estimator(name).patch_size == 32


def test_a_stride_takes_every_so_many_windows(name, rng):
    image = torch.rand(48, 51, generator=rng)
    every, fifth = (
        maps.load_estimator(name).predict(image, stride=stride, border="valid").sigma
        for stride in (1, 5)
    )
    torch.testing.assert_close(fifth, every[::5, ::5])


def test_it_tells_sharp_from_blurred(name):
    sharp = data.packaged_image("grass")[:96, :96]
    softer = [blur.blur_uniform(sharp, blur.thesis_psf(s)) for s in (0.4, 1.2, 2.4)]
    means = [
        maps.load_estimator(name).predict(blur.quantize(image), stride=32).sigma.mean()
        for image in softer
    ]
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize(
    ("texture", "most"), [("grass", (0.6, 0.5, 0.45)), ("gravel", (0.8, 0.6, 0.45))]
)
def test_it_beats_a_constant_guess_on_textures_it_never_saw(texture, most):
    sharp = data.packaged_image(texture)[:320, :320]
    names = ("laplacian-variance", "reblur-ratio", "spectrum-fit")
    for name, bar in zip(names, most, strict=True):
        score = maps.evaluate_image(maps.load_estimator(name), sharp, "ramp", stride=16)
        assert score["rmse"] < bar  # the constant 1.55 has 0.84


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_give_numbers_without_a_warning(name, level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = maps.load_estimator(name).predict(torch.full((64, 70), level), stride=8)
    assert torch.isfinite(found.sigma).all()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (torch.rand(31, 40), "at least 32 pixels"),
        (torch.rand(1, 40, 40), r"shape \(H, W\)"),
        (torch.full((40, 40), math.nan), "NaN"),
    ],
)
def test_bad_pictures_are_named(name, image, says):
    with pytest.raises(ValueError, match=says):
        maps.load_estimator(name).predict(image)
    with pytest.raises(ValueError, match="stride must be an integer of at least 1"):
        maps.load_estimator(name).predict(torch.rand(40, 40), stride=0)


def test_names_are_listed():
    assert set(classical.CLASSICAL) < set(maps.estimator_names())
    with pytest.raises(ValueError, match="spectrum-fit"):
        maps.load_estimator("tenengrad")
    with pytest.raises(ValueError, match="name must be one of laplacian-variance"):
        classical.classical_estimator("spectrum-30")
    with pytest.raises(ValueError, match="device"):
        maps.load_estimator("spectrum-fit", device="abacus")


def test_sums_over_rectangles_are_means_over_windows(rng):
    values = torch.rand(2, 45, 50, generator=rng, dtype=torch.float64)
    found = windows.box_mean(values, 3)
    direct = values.unfold(1, 32, 3).unfold(2, 32, 3).mean((3, 4))
    torch.testing.assert_close(found, direct)
    direct = values[0].unfold(0, 32, 3).unfold(1, 32, 3).var((2, 3), correction=0)
    torch.testing.assert_close(windows.variance(values[0], 3), direct)


@pytest.mark.parametrize("method", [classical.reblur_ratio, classical.max_gradient])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_a_lone_edge_has_the_sigma_of_the_equation(method, sigma):
    # A central difference is the slope under a box two pixels wide, whose variance is a third.
    found = method(blurred_edge(sigma), 16)[2, 2].item()
    assert found == pytest.approx(math.sqrt(sigma**2 + 1 / 3), rel=0.03)


def test_windows_without_an_edge_take_from_their_neighbours():
    image = torch.full((64, 320), 0.2, dtype=torch.float64)
    image[:, :96] = blurred_edge(1.5)[:64]
    image[:, 96:] = image[0, 95]
    edges = classical.find_edges(image)
    assert edges.any() and not edges[:, 96:].any()
    sigma = classical.reblur_ratio(image, 16)
    assert sigma[0, -1].item() == pytest.approx(sigma[0, 2].item(), abs=0.1)


def test_correlation_of_white_slopes_is_the_equation(rng):
    sigma, lags = 1.5, torch.arange(5, dtype=torch.float64)
    white = torch.randn(512, 512, generator=rng, dtype=torch.float64)
    sheet = white.cumsum(0).cumsum(1)  # its slopes are white along their own direction
    soft = blur.blur_uniform(sheet, blur.gaussian_psf(sigma, dtype=torch.float64))[8:-8, 8:-8]
    found = classical.gradient_autocorrelation(soft, 8).mean((1, 2))[:5]
    torch.testing.assert_close(found, torch.exp(-(lags**2) / (4 * sigma**2)), atol=0.06, rtol=0)


def test_white_noise_has_its_variance_in_every_ring(rng):
    white = 0.5 + 0.02 * torch.randn(256, 256, generator=rng, dtype=torch.float64)
    power = classical.ring_power(white, 16).mean((0, 1))
    torch.testing.assert_close(power / (255 * 0.02) ** 2, torch.ones_like(power), atol=0.1, rtol=0)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 3.0])
def test_a_spectrum_of_the_model_gives_its_sigma_back(sigma):
    model = _Rings()
    log_power = 8 - _SLOPE * model.log_frequency + model.log_transfer[round(10 * sigma)]
    power = log_power.exp() + QUANTIZATION_VARIANCE
    assert classical.fit_spectra(power[None]).item() == pytest.approx(sigma, abs=0.15)


def test_features_have_the_names_they_are_given(rng):
    image = torch.rand(64, 64, generator=rng)
    features = classical.hand_features(image, 16)
    assert len(features) == len(classical.FEATURES) == 15
    for k, name in enumerate(calibration.STATISTICS):
        torch.testing.assert_close(features[k], calibration.MEASURES[name](image, 16).float())


def test_our_trees_say_what_scikit_learns_say(rng):
    features = torch.randn(4, 3000, generator=rng)
    features[1] = features[1].round()  # ties with thresholds
    sigma = (features[0].sin() + 0.3 * features[1] * features[2]).double()
    model = fit.boost(features, sigma, 40)
    forest = fit.take_out(model)
    expected = model.predict(features.T.double().numpy())
    assert np.abs(forest(features).numpy() - expected).max() < 1e-6
    assert expected.std() > 0.3
    shaped = forest(features.view(4, 60, 50))
    assert torch.equal(shaped.flatten(), forest(features))


def test_a_curve_is_the_mean_at_each_value_and_monotone(rng):
    statistic = torch.rand(4000, generator=rng, dtype=torch.float64)
    sigma = 3 - 2 * statistic**2
    curve = fit.fit_curve(statistic, sigma + 0.3 * torch.randn(4000, generator=rng), 40)
    assert (curve.sigma.diff() <= 0).all() and (curve.statistic.diff() > 0).all()
    inside = (statistic > 0.05) & (statistic < 0.95)
    assert (curve(statistic) - sigma)[inside].abs().max() < 0.2
    assert curve(torch.tensor([-9.0, 9.0]).double()).tolist() == curve.sigma[[0, -1]].tolist()
    with pytest.raises(ValueError, match="one value only"):
        fit.fit_curve(torch.ones(100).double(), sigma[:100])


@pytest.fixture(scope="module")
def small():
    images = [data.packaged_image("camera")[:200, :220]]
    return fit.fit_calibration(images=images, num_cuts=100)


def test_a_fit_can_be_repeated_and_read_again(small, tmp_path):
    again = fit.fit_calibration(images=[data.packaged_image("camera")[:200, :220]], num_cuts=100)
    small.save(tmp_path / "one.safetensors")
    read = classical.load_calibration(tmp_path / "one.safetensors")
    assert read.record == json.loads(json.dumps(small.record))
    features = classical.hand_features(data.packaged_image("camera")[:100, :100], 16)
    for other in (again, read):
        assert torch.equal(other.forest(features), small.forest(features))
        for name, curve in small.curves.items():
            assert torch.equal(other.curves[name].sigma, curve.sigma)
    assert again.record["training_rmse"] == small.record["training_rmse"]
    assert 0 < small.record["spoiled"] < small.record["windows"] == 900


def test_the_packaged_calibration_says_what_it_was_fitted_on():
    packaged = classical.load_calibration()
    assert fit.RECIPE.was_recorded_as(packaged.record["recipe"])
    assert packaged.record["num_cuts"] == fit.NUM_CUTS and packaged.record["data"]["held_out"]
    assert calibration.CALIBRATION_FILE.stat().st_size < 500_000


def test_a_damaged_calibration_is_refused(small, tmp_path):
    path = tmp_path / "bad.safetensors"
    with pytest.raises(FileNotFoundError, match="no calibration"):
        classical.load_calibration(path)
    path.write_bytes(b"nothing")
    with pytest.raises(classical.CalibrationError, match="damaged"):
        classical.load_calibration(path)
    small.save(path)
    content = bytearray(path.read_bytes())
    for place in (4, 100, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(classical.CalibrationError, match="damaged"):
            classical.load_calibration(path)
        content[place] ^= 1
