"""The spectrum laboratory's numbers are those of blurlib.blur."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from blurlib.blur import blur_uniform, gaussian_psf, hann_window, quantize, windowed_power
from blurlib.blur.spectra import radial_frequency
from blurlib.widgets import SpectrumLab
from blurlib.widgets.draws import normal_draws

RUN = """async (data) => {
  const { windowedPower, ringMeans, recorded, normal } = await import("/parts/fourier.js");
  const picture = { width: 32, height: 32, data: Float64Array.from(data) };
  const powers = [true, false].map((hann) => windowedPower(picture, hann));
  const file = recorded(picture, { contrast: 0.5, noise: 0, rounding: "8 bits" });
  return {
    powers: powers.map((power) => [...power]),
    rings: ringMeans(powers[0], 32, 8),
    file: [...file.data],
    noisy: [...recorded(picture, { contrast: 1, noise: 3, rounding: "none" }).data],
    draws: Array.from({ length: 65536 }, (_, i) => normal(i)),
  };
}"""


@pytest.fixture(scope="module")
def javascript(modules):
    picture = torch.rand(32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return picture, modules.evaluate(RUN, picture.flatten().tolist())


@pytest.mark.parametrize("window", ["hann", "none"])
def test_power_equals_the_library(javascript, window):
    picture, got = javascript
    weights = hann_window((32, 32), dtype=torch.float64) if window == "hann" else torch.ones(32, 32)
    wanted = windowed_power(picture, weights, half=False) / weights.square().sum()
    power = np.reshape(got["powers"][window == "none"], (32, 32))
    np.testing.assert_allclose(power, wanted, rtol=1e-8, atol=1e-12)


def test_rings_are_means_over_directions(javascript):
    picture, got = javascript
    power = np.array(got["powers"][0])
    radius = radial_frequency((32, 32)).flatten().numpy()
    for ring, pair in enumerate(got["rings"]):
        there = (16 * radius >= ring) & (16 * radius < ring + 1) & (radius > 0)
        np.testing.assert_allclose(pair, [radius[there].mean(), power[there].mean()], rtol=1e-9)


def test_the_file_equals_the_library(javascript):
    picture, got = javascript
    pale = picture.mean() + 0.5 * (picture - picture.mean())
    np.testing.assert_allclose(np.reshape(got["file"], (32, 32)), quantize(pale), atol=1e-9)


def test_the_noise_is_white_and_normal(javascript):
    picture, got = javascript
    draws = np.array(got["draws"])
    moments = [draws.mean(), draws.std(), (draws**3).mean(), (draws**4).mean()]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.05)
    np.testing.assert_allclose(draws, normal_draws(0, 65536), atol=1e-12)
    power = windowed_power(torch.from_numpy(draws.reshape(256, 256)), torch.ones(256, 256))
    rows = power.mean(1) / 256**2
    assert rows[1:].min() > 0.6 and rows.max() < 1.5  # a mean of 129: 0.09 is one deviation
    added = 255 * (np.reshape(got["noisy"], (32, 32)) - picture.numpy())
    np.testing.assert_allclose(added.flatten(), 3 * draws[:1024], atol=1e-9)


def test_the_kernel_records_the_same(write_page, open_page):
    widget = SpectrumLab(texture="gravel", sigma=0.8, contrast=0.4)
    soft = blur_uniform(widget.sharp, gaussian_psf(0.8))
    wanted = quantize(soft.mean() + 0.4 * (soft - soft.mean()))
    torch.testing.assert_close(widget.recorded, wanted)
    page = open_page(write_page(widget.to_html()).as_uri())
    page.wait_for_selector(".spectrum-lab")
    shown = page.locator(".bw-facts dd")
    spread = 255 * widget.recorded.double().std(correction=0).item()
    assert shown.nth(2).inner_text() == f"{spread:.1f} levels"
    assert shown.nth(1).inner_text() == "0.083"


def test_values_have_limits_and_the_poster_tells_them():
    widget = SpectrumLab(noise=2, rounding="none")
    assert (widget.recorded - SpectrumLab(rounding="none").recorded).std() * 255 == pytest.approx(
        2, rel=0.05
    )
    assert "noise of 2 grey levels" in widget.poster()[1]
    with pytest.raises(TraitError, match="sigma must be .* from 0 to 3 px"):
        widget.sigma = 4
