"""The local spectrum as a model says it should be: texture times blur plus noise."""

from functools import cached_property

import torch

from ..._checks import check_integer
from ...blur import hann_window, otf, radial_frequency, thesis_psf, windowed_power
from ...blur.degrade import QUANTIZATION_VARIANCE
from ...data.patches import PATCH_SIZE
from .windows import as_levels

#: Sigmas that are tried, in pixels.
_SIGMAS = torch.arange(0, 3.41, 0.1)

#: The slope beta that textures have, and how much it differs between them.
_SLOPE, _SLOPE_SPREAD = 2.2, 0.7

#: Variances of white noise that are tried, in square grey levels: of rounding alone, and more.
_NOISES = QUANTIZATION_VARIANCE * 4 ** torch.arange(5, dtype=torch.float64)

#: How likely each is before anything is seen: most pictures have no more noise than rounding's.
_NOISE_PRIOR = torch.tensor([0.9, 0.025, 0.025, 0.025, 0.025], dtype=torch.float64)

#: How far a texture's log power strays from its power law, in a ring.
_STRAY = 0.5

#: Innermost and outermost ring, in cycles a window: the first two hold the window's own shape.
_RINGS = (2, 22)

_WINDOW = (PATCH_SIZE, PATCH_SIZE)
_SPECTRA_AT_ONCE = 2048  # windows


class _Rings:
    """The rings of a window's spectrum: what is constant."""

    @cached_property
    def window(self):
        """Hann's window, of unit power, so that white noise keeps its variance."""
        window = hann_window(_WINDOW, periodic=True, dtype=torch.float64)
        return window / window.square().sum().sqrt()

    @cached_property
    def members(self):
        """How often each coefficient of the half plane counts in each ring, (R, 32 * 17)."""
        radius = radial_frequency(_WINDOW, half=True)
        ring = (radius * PATCH_SIZE).round().flatten()
        twice = torch.full_like(radius, 2.0)  # the half that a real picture's FFT leaves out
        twice[:, [0, -1]] = 1
        numbers = torch.arange(_RINGS[0], _RINGS[1] + 1)
        return (ring == numbers[:, None]) * twice.flatten()

    def mean(self, values):
        """Return the mean over each ring, (..., R), of values (..., 32, 17)."""
        return values.flatten(-2) @ self.members.T / self.members.sum(1)

    @cached_property
    def log_frequency(self):
        """Logarithm of each ring's frequency in cycles a pixel."""
        return self.mean(radial_frequency(_WINDOW, half=True)).log()

    @cached_property
    def weights(self):
        """One over the variance of a ring's log power: the texture's whims, and chance."""
        return 1 / (_STRAY**2 + 2 / self.members.sum(1))

    @cached_property
    def log_transfer(self):
        """Logarithm of the squared OTF of each sigma, (S, R)."""
        transfers = [otf(thesis_psf(s, dtype=torch.float64), _WINDOW) for s in _SIGMAS.tolist()]
        half = torch.stack(transfers)[..., : PATCH_SIZE // 2 + 1]
        return self.mean(half.abs().square()).log()


_OF_WINDOWS = _Rings()


def ring_power(image, stride=1):
    """Return the power of every window in rings of equal frequency.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    power : Tensor of shape (rows, columns, 21)
        Square grey levels; white noise has its variance in every ring. The rings lie 2 to 22
        cycles a window from the middle.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.
    """
    levels, stride = as_levels(image), check_integer(stride, "stride")
    windows = levels.unfold(0, PATCH_SIZE, stride).unfold(1, PATCH_SIZE, stride)
    powers = (windowed_power(row, _OF_WINDOWS.window) for row in windows)
    return torch.stack([_OF_WINDOWS.mean(power) for power in powers])


def spectrum_fit(image, stride=1):
    r"""Return the sigma of the spectrum that fits best, in every window.

    A texture's power falls like a power law, blur multiplies it by the squared OTF H, and noise is
    white: that of rounding, 1/12, and perhaps more.

    .. math:: \log P(f) = \log\left(A f^{-\beta} |H_\sigma(f)|^2 + N\right)

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64: the mean of sigma in pixels over all that fit, each by how well it does.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    Notes
    -----
    For every sigma and N of a grid the best A and :math:`\beta` are found by Gauss-Newton steps,
    starting from those of the sigma before. Then the pair's probability is that of N times
    :math:`\exp(-\chi^2 / 2)`: weighted squares of the misfit in rings of equal frequency, and of
    how far :math:`\beta` is from what textures have.

    References
    ----------
    .. [1] A. E. Savakis, H. J. Trussell, "Blur identification by residual spectral matching", IEEE
       Transactions on Image Processing 2(2), 1993, doi:10.1109/83.217219; key ``savakis1993``.
    .. [2] D. J. Field, "Relations between the statistics of natural images and the response
       properties of cortical cells", JOSA A 4(12), 1987, doi:10.1364/JOSAA.4.002379; key
       ``field1987``.
    .. [3] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    power = ring_power(image, stride)
    parts = [fit_spectra(part) for part in power.flatten(0, 1).split(_SPECTRA_AT_ONCE)]
    return torch.cat(parts).view(power.shape[:2])


def fit_spectra(power):
    """Return the sigma of spectra: what `spectrum_fit` does with `ring_power`.

    Parameters
    ----------
    power : Tensor of shape (N, 21)
        From `ring_power`.

    Returns
    -------
    sigma : Tensor of shape (N,)
        In pixels, float64.
    """
    model = _OF_WINDOWS
    # Every window once for each noise: the pairs are fitted side by side.
    measured = (power + QUANTIZATION_VARIANCE / 100).log().repeat_interleave(len(_NOISES), 0)
    log_noise = _NOISES.log().repeat(len(power))[:, None]
    away, weights = -model.log_frequency, model.weights
    amplitude = (measured - _SLOPE * away)[:, :3].mean(1)
    slope = torch.full_like(amplitude, _SLOPE)
    misfit = []
    for log_transfer in model.log_transfer:
        for _ in range(2 if misfit else 6):  # the first sigma starts from a guess
            fitted, share = _spectrum(amplitude, slope, log_transfer, log_noise)
            pull = weights * share * (measured - fitted)
            stiff = weights * share**2
            # The normal equations of two unknowns; the small numbers hold what nothing else does.
            a, b = stiff.sum(1) + 0.05, stiff @ away
            c = stiff @ away**2 + _SLOPE_SPREAD**-2 + 0.05
            one, two = pull.sum(1), pull @ away - (slope - _SLOPE) / _SLOPE_SPREAD**2
            determinant = a * c - b**2
            amplitude = amplitude + ((c * one - b * two) / determinant).clamp(-1, 1)
            slope = slope + ((a * two - b * one) / determinant).clamp(-0.5, 0.5)
        fitted, _ = _spectrum(amplitude, slope, log_transfer, log_noise)
        prior = ((slope - _SLOPE) / _SLOPE_SPREAD) ** 2
        misfit.append((measured - fitted).square() @ weights + prior)
    score = _NOISE_PRIOR.log()[:, None] - torch.stack(misfit, 1).unflatten(0, (len(power), -1)) / 2
    probability = torch.softmax(score.flatten(1), 1).view_as(score).sum(1)
    return probability @ _SIGMAS.to(probability)


def _spectrum(amplitude, slope, log_transfer, log_noise):
    """Return the model's log power, (N, R), and the share of it that is not noise."""
    log_law = amplitude[:, None] - slope[:, None] * _OF_WINDOWS.log_frequency
    log_signal = log_law + log_transfer
    fitted = torch.logaddexp(log_signal, log_noise)
    return fitted, (log_signal - fitted).exp()
