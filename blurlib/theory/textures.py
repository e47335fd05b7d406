"""Textures of a known spectrum, and what is seen of them: blurred by a gaussian, in white noise."""

import math

import torch

from .._checks import check_generator, check_image, check_integer, check_number
from ..blur import frequencies, radial_frequency
from ..blur.degrade import QUANTIZATION_VARIANCE
from ..blur.psf import gaussian_reach
from ..data.patches import PATCH_SIZE

#: Spectral slopes that are meant here.
SLOPES = (-8.0, 4.0)

#: The largest sigma that is meant here, in pixels: beyond it a bound says nothing of use.
SIGMA_LIMIT = 50.0


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


def check_truncate(truncate):
    """Return `truncate` as a float or None, or raise."""
    if truncate is None:
        return None
    return check_number(truncate, "truncate", low=0.5, high=20, unit="sigma")


def noise_power(noise=0.0):
    r"""Return the power of what is added after the blur: rounding and camera noise.

    .. math:: n_0 = \frac{1/12 + s^2}{255^2}

    Parameters
    ----------
    noise : float, optional
        Standard deviation s of the camera's white noise, in grey levels of 255.

    Returns
    -------
    power : float
        Variance of a pixel, for grey levels in [0, 1]; the same at every frequency.

    Raises
    ------
    TypeError, ValueError
        If `noise` is no finite number of at least 0.

    References
    ----------
    .. [1] W. R. Bennett, "Spectra of quantized signals", 1948; key ``bennett1948``: when the error
       of rounding is white.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> round(255**2 * noise_power(1.0), 4)
    1.0833
    """
    noise = check_number(noise, "noise", low=0, high=255, unit="grey levels")
    return (QUANTIZATION_VARIANCE + noise**2) / 255**2


def _profile(sigma, frequency, truncate):
    """Return the OTF along one axis and its derivative, (B, n) each, for sigma (B,)."""
    sigma, frequency = sigma[:, None], frequency[None, :]
    if truncate is None:
        passed = torch.exp(-2 * (math.pi * sigma * frequency) ** 2)
        return passed, -4 * math.pi**2 * sigma * frequency**2 * passed
    sigma = sigma.clamp_min(1e-3)  # below it all samples but one have vanished anyway
    reach = gaussian_reach(sigma, truncate)
    offset = torch.arange(int(reach.max()) + 1, dtype=sigma.dtype)
    weight = torch.exp(-0.5 * (offset / sigma) ** 2) * (offset <= reach)
    weight[:, 1:] *= 2  # on either side
    weight = weight / weight.sum(1, keepdim=True)
    second_moment = (weight * offset**2).sum(1, keepdim=True)
    change = weight * (offset**2 - second_moment) / sigma**3  # while the reach stays as it is
    wave = torch.cos(2 * math.pi * offset[:, None] * frequency)
    return weight @ wave, change @ wave


def transfers(sigma, rows, columns, truncate):
    """Return H and dH / dsigma, (B, R, C) each, at row and column frequencies."""
    down, down_change = (part[:, :, None] for part in _profile(sigma, rows, truncate))
    across, across_change = (part[:, None, :] for part in _profile(sigma, columns, truncate))
    return down * across, down_change * across + down * across_change


def transfer(sigma, shape, *, truncate=None):
    r"""Return a gaussian's OTF and its derivative for sigma, at the frequencies of a patch.

    .. math:: H(f) = e^{-2 \pi^2 \sigma^2 f^2}, \qquad
        \frac{\partial H}{\partial \sigma} = -4 \pi^2 \sigma f^2 H(f)

    Parameters
    ----------
    sigma : float
        Standard deviation in pixels, at least 0.
    shape : (int, int)
        Height and width of the patch.
    truncate : float, optional
        Where the PSF is sampled up to, in units of sigma: 2 for the author's. By default it is the
        true gaussian, whose transform is meant.

    Returns
    -------
    otf, derivative : float64 Tensors of shape (H, W)
        Real; frequencies in the order of `torch.fft.fftfreq`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    A sampled gaussian with weights :math:`w_i` on the pixels i of one axis has
    :math:`\partial w_i / \partial \sigma = w_i (i^2 - \sum_j w_j j^2) / \sigma^3`, as long as its
    support keeps its side. Where ceil(truncate sigma) takes a step, the OTF itself jumps and has no
    derivative; at the step the one from below is meant, as `blurlib.blur.gaussian_psf` rounds.

    References
    ----------
    .. [1] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> otf, derivative = transfer(1.0, (32, 32))
    >>> otf[0, 0].item(), derivative[0, 0].item()
    (1.0, -0.0)
    """
    sigma = check_number(sigma, "sigma", low=0, high=SIGMA_LIMIT, unit="pixels")
    truncate = check_truncate(truncate)
    rows, columns = frequencies(shape)
    h, change = transfers(torch.tensor([sigma], dtype=torch.float64), rows, columns, truncate)
    return h[0], change[0]


def blur_periodic(fields, sigma, *, truncate=None):
    """Blur textures that repeat themselves: the blur that the bounds are about.

    Parameters
    ----------
    fields : Tensor of shape (..., H, W)
        Sharp textures.
    sigma : float
        Standard deviation in pixels.
    truncate : float, optional
        As in `transfer`.

    Returns
    -------
    blurred : float64 Tensor of shape (..., H, W)
        Neither rounded nor noisy.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> sharp = torch.rand(16, 16, generator=rng)
    >>> bool((blur_periodic(sharp, 0.0) - sharp).abs().max() < 1e-6)
    True
    """
    check_image(fields, "fields", min_side=2)
    h, _ = transfer(sigma, fields.shape[-2:], truncate=truncate)
    return torch.fft.ifft2(torch.fft.fft2(fields.double()) * h.to(fields.device)).real
