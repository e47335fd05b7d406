"""How far neighbouring slopes resemble each other: blur makes them alike."""

import torch

from ...blur import pad
from ...blur.degrade import QUANTIZATION_VARIANCE
from .windows import as_levels, box_mean

#: Largest lag, and the height at which the peak's width is taken.
_LAGS, _PEAK_HEIGHT = 8, 0.8


def gradient_autocorrelation(image, stride=1):
    r"""Return the autocorrelation of the slopes in every window, along their own direction.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    correlation : Tensor of shape (9, rows, columns)
        At lags of 0 to 8 pixels; 1 at lag 0, the mean of both axes, freed from rounding noise.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.
    """
    levels = as_levels(image)
    sums = 0
    for axis in (0, 1):
        framed = pad(levels, (0, 1, 0, 0) if axis == 0 else (0, 0, 0, 1), "symmetric")
        slope = framed.diff(dim=axis)
        beyond = pad(slope, (0, _LAGS, 0, 0) if axis == 0 else (0, 0, 0, _LAGS), "symmetric")
        shifted = [beyond.narrow(axis, lag, levels.shape[axis]) for lag in range(_LAGS + 1)]
        sums = sums + torch.stack([box_mean(slope * other, stride) for other in shifted])
    # A difference of two rounded pixels has the noise of both, and shares one with the next.
    sums[0] -= 4 * QUANTIZATION_VARIANCE
    sums[1] += 2 * QUANTIZATION_VARIANCE
    peak = sums[0].clamp_min(QUANTIZATION_VARIANCE)  # a flat window's is all noise
    return torch.cat([torch.ones_like(peak)[None], (sums[1:] / peak).clamp(-1, 1)])


def autocorrelation(image, stride=1):
    r"""Return how wide the peak of the slopes' autocorrelation is, in every window.

    If the sharp texture's slopes were white, a gaussian blur would give

    .. math:: \rho(d) = e^{-d^2 / 4 \sigma^2}

    along their own direction: the wider the peak, the larger sigma.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64: the lag in pixels, interpolated, at which the peak has fallen to 0.8.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    References
    ----------
    .. [1] Y. Yitzhaky, N. S. Kopeika, "Identification of blur parameters from motion blurred
       images", Graphical Models and Image Processing 59(5), 1997, doi:10.1006/gmip.1997.0435, who
       read the length of a motion there; key ``yitzhaky1997``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    correlation = gradient_autocorrelation(image, stride)
    below = correlation < _PEAK_HEIGHT
    below[-1] = True  # a peak that is wider than all lags
    first = below.int().argmax(0)[None]
    before, after = correlation.gather(0, first - 1)[0], correlation.gather(0, first)[0]
    share = ((before - _PEAK_HEIGHT) / (before - after).clamp_min(1e-6)).clamp(0, 1)
    return first[0] - 1 + share
