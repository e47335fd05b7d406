"""Textures whose power spectrum is known: a power law, and gaussian fields drawn from it."""

import torch

from .._checks import check_generator, check_image, check_integer, check_number
from ..blur.spectra import radial_frequency
from ..data.patches import PATCH_SIZE

#: Spectral slopes that are meant here.
SLOPES = (-8.0, 4.0)


def check_power(power):
    """Return a power spectrum (H, W) in double precision, or raise."""
    check_image(power, "power", min_side=2, ndim=2)
    if (power < 0).any():
        raise ValueError(f"power must be at least 0 everywhere, got {power.min().item():g}.")
    return power.detach().cpu().double()


def power_law(shape, slope, contrast):
    r"""Return the power spectrum of a texture whose power follows a power law.

    .. math:: S(f) = A |f|^{-\beta}, \qquad S(0) = 0

    Parameters
    ----------
    shape : (int, int)
        Height and width of the grid of frequencies.
    slope : float
        :math:`-\beta`, as `blurlib.data.texture_statistics` measures it: photographs lie near -2.
    contrast : float
        Standard deviation of the grey levels of such a texture on a grid of 32 x 32, whatever
        `shape` is: so one slope and contrast name one texture, seen through windows of any size.

    Returns
    -------
    power : float64 Tensor of shape (H, W)
        A pixel's power, in the order of `torch.fft.fftfreq`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    References
    ----------
    .. [1] D. J. Field, "Relations between the statistics of natural images and the response
       properties of cortical cells", J. Opt. Soc. Am. A 4(12), 1987; key ``field1987``.

    Examples
    --------
    >>> round(power_law((32, 32), -2.0, 0.1).mean().sqrt().item(), 3)
    0.1
    """
    slope = check_number(slope, "slope", low=SLOPES[0], high=SLOPES[1])
    contrast = check_number(contrast, "contrast", low=0, high=10)
    amplitude = contrast**2 / _unit_power_law((PATCH_SIZE, PATCH_SIZE), slope).mean()
    return amplitude * _unit_power_law(shape, slope)


def _unit_power_law(shape, slope):
    radius = radial_frequency(shape)
    power = radius.clamp_min(1e-12) ** slope
    power[0, 0] = 0
    return power


def gaussian_fields(power, number, *, rng):
    """Draw gaussian random textures with a given power spectrum; each repeats itself.

    Parameters
    ----------
    power : Tensor of shape (H, W)
        A pixel's power, in the order of `torch.fft.fftfreq`: see `power_law`.
    number : int
        How many.
    rng : torch.Generator
        Source of the draws.

    Returns
    -------
    fields : float64 Tensor of shape (number, H, W)
        Grey levels around 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> gaussian_fields(power_law((16, 16), -2.0, 0.1), 3, rng=rng).shape
    torch.Size([3, 16, 16])
    """
    power, number = check_power(power), check_integer(number, "number")
    check_generator(rng, cpu=True)
    white = torch.randn(number, *power.shape, generator=rng, dtype=torch.float64)
    return torch.fft.ifft2(torch.fft.fft2(white) * power.sqrt()).real
