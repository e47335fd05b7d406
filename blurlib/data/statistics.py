"""Four numbers that tell textures apart: how power falls, how strong, how sparse, how aligned."""

import numpy as np
import torch
from torch.nn import functional

from .._checks import check_image
from ..blur.spectra import frequencies, hann_window, windowed_power

#: Frequencies that count, in cycles per pixel: periods of 32 pixels down to 2.5.
BAND = (1 / 32, 0.4)


def texture_statistics(image):
    r"""Measure a texture.

    The power spectrum is that of the image less its mean, under a Hann window, for radial
    frequencies :math:`f` from 1/32 to 0.4 cycles per pixel. Lower ones hold too few values;
    near 1/2 the pixel raster and the blur of the lens rule.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Grey levels in [0, 1], at least 64 pixels a side.

    Returns
    -------
    statistics : dict of str to float
        ``slope``
            Least-squares slope of log power against log frequency, over the means of 12 rings
            of equal width in log frequency. Photographs lie near -2, white noise at 0.
        ``contrast``
            Standard deviation of the grey levels.
        ``kurtosis``
            Excess kurtosis of the differences of horizontal and vertical neighbours. 0 for
            Gaussian noise, large where flat regions meet at few sharp edges.
        ``anisotropy``
            Second circular moment of the gradient's power over direction,
            :math:`|\sum f^2 P e^{2 i \theta}| / \sum f^2 P`. 0 where all directions share the
            power, 1 where one has it all. Two directions at right angles cancel: 0 as well.

    Raises
    ------
    TypeError, ValueError
        If `image` is no finite single image of at least 64 pixels a side, or is constant.

    See Also
    --------
    procedural_texture : draws textures of many kinds.

    References
    ----------
    .. [1] D. J. Field, "Relations between the statistics of natural images and the response
       properties of cortical cells", J. Opt. Soc. Am. A 4(12), 1987; key ``field1987``.

    The chapter "Textures and datasets", ``book/data/textures_and_datasets.ipynb``, shows them.

    Examples
    --------
    >>> noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    >>> statistics = texture_statistics(noise)
    >>> sorted(statistics)
    ['anisotropy', 'contrast', 'kurtosis', 'slope']
    >>> round(statistics["contrast"], 1)  # of grey levels spread evenly: 1 / sqrt(12)
    0.3
    """
    pixels = _check(image)
    differences = torch.cat([pixels.diff(dim=0).flatten(), pixels.diff(dim=1).flatten()])
    frequency, angle, power = _spectrum(pixels)
    gradient = frequency**2 * power
    return {
        "slope": float(np.polyfit(*np.log(_rings(frequency, power)), 1)[0]),
        "contrast": pixels.std().item(),
        "kurtosis": _kurtosis(differences.numpy()),
        "anisotropy": float(np.abs(np.sum(gradient * np.exp(2j * angle))) / np.sum(gradient)),
    }


def _kurtosis(values):
    """Return the excess kurtosis, as scipy.stats has it, whose import alone takes a second."""
    squared = (values - values.mean()) ** 2
    return float((squared**2).mean() / squared.mean() ** 2 - 3)


def _spectrum(pixels):
    """Return radial frequency, angle and power of the coefficients inside the band."""
    window = hann_window(pixels.shape, periodic=True, dtype=pixels.dtype)
    power = windowed_power(pixels, window, half=False)
    rows, columns = frequencies(pixels.shape)
    frequency, angle = torch.hypot(rows[:, None], columns), torch.atan2(rows[:, None], columns)
    inside = (frequency >= BAND[0]) & (frequency <= BAND[1])
    return tuple(values[inside].numpy() for values in (frequency, angle, power))


def _rings(frequency, power, rings=12):
    """Return mean frequency and mean power of rings of equal width in log frequency."""
    ring = np.digitize(frequency, np.geomspace(*BAND, rings + 1)[1:-1])
    count = np.bincount(ring)
    mean_power = np.bincount(ring, power) / count
    mean_frequency = np.exp(np.bincount(ring, np.log(frequency)) / count)
    return mean_frequency, mean_power.clip(min=np.finfo(float).tiny)


def _check(image):
    check_image(image, min_side=64, ndim=2)
    if image.min() == image.max():
        raise ValueError(f"image must not be constant, got {image.min():g} everywhere.")
    return image.detach().cpu().double()


def radial_spectrum(image):
    """Return the power spectrum of a texture, averaged over all directions.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Grey levels in [0, 1], at least 64 pixels a side.

    Returns
    -------
    frequency : ndarray of shape (12,)
        In cycles per pixel, from 1/32 to 0.4, equally spaced on a logarithmic axis.
    power : ndarray of shape (12,)
        Mean squared coefficient under a Hann window, relative to the first ring's.

    Raises
    ------
    TypeError, ValueError
        As `texture_statistics`.

    Examples
    --------
    >>> noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    >>> frequency, power = radial_spectrum(noise)
    >>> bool((power > 0.5).all())
    True
    """
    frequency, _, power = _spectrum(_check(image))
    frequency, power = _rings(frequency, power)
    return frequency, power / power[0]


def gradient_energy(image, *, window=32, stride=8):
    """Return how much there is to see in each window: the squared steps between neighbours.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Grey levels in [0, 1].
    window, stride : int, optional
        Side of the windows, and how far each moves, in pixels.

    Returns
    -------
    energy : Tensor of shape (rows, columns)
        Mean over each window of the squared differences to the pixels at the left and above,
        summed, in squared grey levels. Blank paper has 0; blur lowers it, noise of n grey levels
        adds 4 n^2.

    Raises
    ------
    TypeError, ValueError
        If `image` is no finite single image, or smaller than a window.

    Examples
    --------
    >>> stripes = torch.tensor([0.0, 1.0]).repeat(64, 32) / 255  # steps of one grey level
    >>> round(gradient_energy(stripes)[0, 1].item(), 3)
    1.0
    """
    check_image(image, min_side=window, ndim=2)
    edges = (0, image[:1]), (1, image[:, :1])
    down, across = (255 * image.diff(dim=dim, prepend=first) for dim, first in edges)
    squares = down.square() + across.square()
    return functional.avg_pool2d(squares[None, None], window, stride)[0, 0]
