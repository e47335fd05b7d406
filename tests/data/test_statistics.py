"""Statistics of textures whose values are known."""

import math

import pytest
import torch

from blurlib.data.statistics import gradient_energy, radial_spectrum, texture_statistics


def power_law_noise(exponent, size=256, seed=0):
    """Noise of amplitude 1 / f^exponent on a torus four times as large: no periodic edges."""
    white = torch.randn(4 * size, 4 * size, generator=torch.Generator().manual_seed(seed))
    frequency = torch.hypot(torch.fft.fftfreq(4 * size)[:, None], torch.fft.rfftfreq(4 * size))
    frequency[0, 0] = math.inf
    noise = torch.fft.irfft2(torch.fft.rfft2(white) * frequency**-exponent)[:size, :size]
    return 0.5 + 0.1 * (noise - noise.mean()) / noise.std()


def stripes(angle, size=128, period=8):
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    across = math.cos(angle) * columns + math.sin(angle) * rows
    return 0.5 + 0.4 * torch.sin(2 * math.pi * across / period)


@pytest.mark.parametrize("exponent", [0, 0.5, 1, 1.5])
def test_slope_of_power_law_noise_is_twice_its_exponent(exponent):
    slope = texture_statistics(power_law_noise(exponent))["slope"]
    assert slope == pytest.approx(-2 * exponent, abs=0.2)


def test_slope_counts_frequencies_in_pixels_on_both_sides():
    oblong = power_law_noise(1.0)[:96]
    assert texture_statistics(oblong)["slope"] == pytest.approx(-2, abs=0.3)


def test_white_noise_has_its_own_contrast_and_no_kurtosis():
    statistics = texture_statistics(power_law_noise(0))
    assert statistics["contrast"] == pytest.approx(0.1, abs=1e-4)
    assert statistics["kurtosis"] == pytest.approx(0, abs=0.2)


def test_flat_regions_with_few_edges_have_high_kurtosis():
    halves = power_law_noise(2.0) > 0.5
    assert texture_statistics(halves.float())["kurtosis"] > 5


@pytest.mark.parametrize("angle", [0, 0.4, math.pi / 2, 2.5])
def test_stripes_have_one_direction_and_crossed_stripes_none(angle):
    one, other = stripes(angle), stripes(angle + math.pi / 2)
    assert texture_statistics(one)["anisotropy"] > 0.95
    assert texture_statistics((one + other) / 2)["anisotropy"] < 0.05


@pytest.mark.parametrize("exponent", [0, 1, 1.5])
def test_isotropic_noise_has_no_direction(exponent):
    assert texture_statistics(power_law_noise(exponent))["anisotropy"] < 0.1


def test_grey_scale_changes_only_the_contrast():
    image = power_law_noise(1.0)
    before, after = texture_statistics(image), texture_statistics(0.2 + 0.5 * image)
    assert after.pop("contrast") == pytest.approx(0.5 * before.pop("contrast"), rel=1e-4)
    assert after == pytest.approx(before, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (torch.full((64, 64), 0.25), "must not be constant, got 0.25 everywhere"),
        (torch.rand(64, 63), "at least 64 pixels a side"),
        (torch.rand(1, 64, 64), "pass one image"),
        (torch.full((64, 64), math.nan), "NaN"),
        ([[0.5]], "torch tensor"),
    ],
)
def test_bad_images_are_named(image, words):
    with pytest.raises((TypeError, ValueError), match=words):
        texture_statistics(image)


def test_the_radial_spectrum_of_white_noise_is_flat(rng):
    frequency, power = radial_spectrum(torch.rand(256, 256, generator=rng))
    assert frequency.shape == power.shape == (12,) and power[0] == 1
    assert (frequency[1:] > frequency[:-1]).all() and 1 / 32 <= frequency[0] < frequency[-1] <= 0.4
    assert 0.6 < power[4:].min() and power[4:].max() < 1.6


def test_gradient_energy_counts_squared_steps():
    ramp = torch.arange(64.0).expand(40, 64) / 255  # a grey level a column, none at the border
    energy = gradient_energy(ramp, window=32, stride=8)
    assert energy.shape == (2, 5)
    torch.testing.assert_close(energy[:, 1:], torch.ones(2, 4), rtol=1e-3, atol=0)
    torch.testing.assert_close(energy[:, 0], torch.full((2,), 31 / 32), rtol=1e-3, atol=0)
    assert gradient_energy(torch.full((32, 32), 0.5)).item() == 0
    with pytest.raises(ValueError, match="32"):
        gradient_energy(torch.rand(31, 64))
