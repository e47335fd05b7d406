"""Spectra: against numpy's and scipy's own, and by what they mean."""

import numpy as np
import pytest
import torch
from scipy import signal

from blurlib import blur


@pytest.mark.parametrize("shape", [(8, 8), (7, 12), (6, 5)])
def test_windows_are_scipys(shape):
    for periodic in (False, True):
        lines = (
            signal.windows.hann(side, sym=False)
            if periodic
            else signal.windows.hann(side + 2)[1:-1]
            for side in shape
        )
        found = blur.hann_window(shape, periodic=periodic, dtype=torch.float64)
        np.testing.assert_allclose(found, np.outer(*lines), atol=1e-15)
    assert blur.hann_window(shape).dtype == torch.float32 and (blur.hann_window(shape) > 0).all()


@pytest.mark.parametrize("shape", [(8, 8), (7, 12), (6, 5)])
def test_power_is_that_of_numpys_transform_and_forgets_the_mean(shape, rng):
    images = torch.rand(3, *shape, generator=rng, dtype=torch.float64)
    window = blur.hann_window(shape, dtype=torch.float64)
    mean = np.average(images.flatten(1), axis=1, weights=window.flatten())
    faded = (images.numpy() - mean[:, None, None]) * window.numpy()
    whole = blur.windowed_power(images, window, half=False)
    np.testing.assert_allclose(whole, np.abs(np.fft.fft2(faded)) ** 2, atol=1e-13)
    half = blur.windowed_power(images + 0.4, window)
    torch.testing.assert_close(half, whole[..., : shape[1] // 2 + 1])
    assert whole[:, 0, 0].max() < 1e-20


def test_white_noise_has_its_variance_at_every_frequency(rng):
    window = blur.hann_window((16, 12), periodic=True)
    noise = 0.3 * torch.randn(8000, 16, 12, generator=rng)
    power = blur.windowed_power(noise, window).mean(0) / window.square().sum()
    # Beside frequency 0 some of it went with the mean.
    assert (power[3:-3, 2:] / 0.09 - 1).abs().max() < 0.08


@pytest.mark.parametrize("shape", [(8, 8), (7, 12), (6, 5)])
def test_folding_is_the_mean_of_all_mirrored_coefficients(shape, rng):
    image = torch.rand(shape, generator=rng, dtype=torch.float64)
    whole = blur.windowed_power(image, torch.ones(shape), half=False)
    rows, columns = (torch.minimum(at, n - at) for n in shape for at in [torch.arange(n)])
    at = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flatten(0, 1)
    sums = torch.zeros([n // 2 + 1 for n in shape], dtype=torch.float64)
    counts = sums.clone()
    for (row, column), value in zip(at.tolist(), whole.flatten(), strict=True):
        sums[row, column] += value
        counts[row, column] += 1
    assert torch.equal(blur.fold_counts(shape, dtype=torch.float64), counts)
    folded = blur.fold_power(blur.windowed_power(image, torch.ones(shape)))
    torch.testing.assert_close(folded, sums / counts)


def test_frequencies_are_cycles_per_pixel():
    rows, columns = blur.frequencies((5, 8), half=True)
    np.testing.assert_array_equal(rows, np.fft.fftfreq(5))
    np.testing.assert_array_equal(columns, np.fft.rfftfreq(8))
    radius = blur.radial_frequency((5, 8))
    assert radius.shape == (5, 8) and radius[1, 2].item() == pytest.approx(np.hypot(0.2, 0.25))
    for shape, kind in (((8, 1), ValueError), ((8, 2.5), TypeError)):
        with pytest.raises(kind, match="each side must be"):
            blur.frequencies(shape)
