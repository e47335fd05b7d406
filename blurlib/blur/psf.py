r"""Point spread functions: the picture that a camera makes of one point of light.

Every maker returns a tensor (k, k), k odd, whose centre is the point's own pixel and whose sum is
one: blur moves light, it makes none. Rows grow downward and columns to the right.
"""

import math

import torch
from torch.nn import functional

from .._checks import check_image, check_number

#: The author cuts his gaussians at two sigma (MATLAB: ``fspecial('gaussian', 2*ceil(2*s)+1, s)``).
THESIS_TRUNCATE = 2.0

#: A PSF may reach this far from its centre, in pixels; more is nearly always a mistaken unit.
MAX_REACH = 2048


def gaussian_reach(sigma, truncate):
    """Return how far a gaussian PSF reaches from its centre, in pixels: ceil(truncate sigma).

    The factor keeps a product such as 2 x 1.5 from being rounded up past its own integer.
    Works on floats and on tensors alike, so that uniform and varying blur agree.
    """
    scaled = truncate * sigma * (1 - 1e-6)
    return scaled.ceil() if isinstance(scaled, torch.Tensor) else math.ceil(scaled)


def gaussian_profiles(sigma, truncate, most=None):
    """Return the list g[0], g[1], ... of a gaussian's weights at distance k, for each sigma.

    One axis of `gaussian_psf`, for a whole tensor of sigmas at once; none reaches beyond `most`.
    """
    reach = gaussian_reach(sigma, truncate)
    if most is not None:
        reach = reach.clamp(max=most)
    # With q = exp(-1 / (2 sigma^2)) the weights are q^(k^2), and each follows from the one before:
    # k^2 = (k - 1)^2 + (2k - 1). Products cost a tenth of exponentials.
    # A large sigma has q near 1, where single precision is too coarse for so many products.
    precise = sigma.double() if reach.max() > 64 else sigma
    ratio = torch.exp(-0.5 / precise.clamp_min(1e-2).square())
    square = ratio.square()
    weight = torch.ones_like(precise)
    weights = [weight]
    for distance in range(1, int(reach.max().item()) + 1):
        weight = weight * ratio
        ratio = ratio * square
        weights.append(weight * (distance <= reach))
    total = weights[0] + 2 * sum(weights[1:])
    return [(weight / total).to(sigma.dtype) for weight in weights]


def gaussian_psf(sigma, *, truncate=4.0, dtype=torch.float32, device=None):
    r"""Sample a gaussian PSF at the pixel centres and normalise it.

    .. math:: h(r, c) \propto \exp\left(-\frac{r^2 + c^2}{2 \sigma^2}\right),
        \qquad |r|, |c| \le \lceil t \sigma \rceil

    Parameters
    ----------
    sigma : float
        Nominal standard deviation in pixels, at least 0; 0 gives the one-pixel delta.
    truncate : float, optional
        Where the square support is cut, in units of sigma; the side is 2 ceil(truncate sigma) + 1.
    dtype : torch.dtype, optional
        Floating type of the result.
    device : torch.device, optional
        Device of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        Non-negative, sums to 1.

    Raises
    ------
    TypeError, ValueError
        If `sigma` or `truncate` is no finite number in its range.

    Notes
    -----
    Cutting and sampling change sigma: see `effective_sigma` and the chapter "The point spread
    function". Below about 0.3 px the samples beside the centre vanish and nothing is blurred.

    References
    ----------
    .. [1] Chapter "The point spread function", ``book/blur/point_spread_function.ipynb``.

    Examples
    --------
    >>> gaussian_psf(1.0, truncate=2.0).shape
    torch.Size([5, 5])
    """
    truncate = check_number(truncate, "truncate", low=0.5, high=20, unit="sigma")
    sigma = check_number(sigma, "sigma", low=0, high=MAX_REACH / truncate, unit="pixels")
    reach = gaussian_reach(sigma, truncate)
    # float64 on the way: the last digit of a PSF should not depend on the asked type.
    offset = torch.arange(-reach, reach + 1, dtype=torch.float64)
    profile = torch.exp(-0.5 * (offset / max(sigma, 1e-12)) ** 2)
    profile = profile / profile.sum()
    return torch.outer(profile, profile).to(dtype=dtype, device=device)


def thesis_psf(sigma, *, dtype=torch.float32, device=None):
    """Return the author's gaussian PSF: cut at two sigma, side 2 ceil(2 sigma) + 1.

    Parameters
    ----------
    sigma : float
        Nominal standard deviation in pixels.
    dtype, device : optional
        Of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        Sums to 1. Its second moment is smaller than sigma squared: see `effective_sigma`.

    Raises
    ------
    TypeError, ValueError
        If `sigma` is no finite number of at least 0.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", thesis slides and scripts,
       IIT Kharagpur; key ``patro`` in ``book/references.bib``.

    Examples
    --------
    >>> thesis_psf(3.0).shape
    torch.Size([13, 13])
    """
    return gaussian_psf(sigma, truncate=THESIS_TRUNCATE, dtype=dtype, device=device)


def _disk_quadrant_area(x, y, radius):
    """Area of the disk inside the rectangle from (0, 0) to (x, y), signed like x y."""

    def half_segment(u):  # the integral of sqrt(radius^2 - u^2) from 0 to u
        root = torch.sqrt((radius**2 - u**2).clamp_min(0))
        return 0.5 * (u * root + radius**2 * torch.asin((u / radius).clamp(-1, 1)))

    sign = torch.sign(x) * torch.sign(y)
    x, y = x.abs().clamp_max(radius), y.abs().clamp_max(radius)
    corner = torch.sqrt((radius**2 - y**2).clamp_min(0))  # where the circle leaves the top side
    outside = corner * y + half_segment(x) - half_segment(corner)
    return sign * torch.where(x <= corner, x * y, outside)


def disk_psf(radius, *, dtype=torch.float32, device=None):
    r"""Return the PSF of an ideal lens out of focus: a uniform disk, the circle of confusion.

    Each pixel holds the exact area that it shares with the disk, so the PSF grows smoothly with
    the radius instead of jumping from pixel to pixel.

    Parameters
    ----------
    radius : float
        Radius of the disk in pixels, at least 0; up to 0.5 it lies in one pixel.
    dtype, device : optional
        Of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        k = 2 ceil(radius - 0.5) + 1, at least 1; sums to 1.

    Raises
    ------
    TypeError, ValueError
        If `radius` is no finite number of at least 0.

    Notes
    -----
    A disk of radius R has variance R^2 / 4 along each axis, hence sigma = R / 2 (see
    `disk_radius_to_sigma`). Integrating over square pixels adds about 1/12 to the variance.

    References
    ----------
    .. [1] Chapter "The point spread function", ``book/blur/point_spread_function.ipynb``.

    Examples
    --------
    >>> disk_psf(2.0).shape
    torch.Size([5, 5])
    """
    radius = check_number(radius, "radius", low=0, high=MAX_REACH, unit="pixels")
    reach = max(0, math.ceil(radius - 0.5))
    if reach == 0:
        return torch.ones(1, 1, dtype=dtype, device=device)
    edge = torch.arange(-reach, reach + 2, dtype=torch.float64) - 0.5
    area = _disk_quadrant_area(edge[None, :], edge[:, None], radius)
    psf = (area[1:, 1:] - area[:-1, 1:] - area[1:, :-1] + area[:-1, :-1]).clamp_min(0)
    return (psf / psf.sum()).to(dtype=dtype, device=device)


def check_psf(psf):
    """Raise unless `psf` is a finite non-negative (k, l) tensor of odd sides that sums to 1."""
    check_image(psf, "psf")
    if psf.ndim != 2 or psf.shape[0] % 2 == 0 or psf.shape[1] % 2 == 0:
        raise ValueError(f"psf must be 2-D with odd sides, got {tuple(psf.shape)}; pad it with 0.")
    total = psf.double().sum().item()
    if psf.min() < 0 or abs(total - 1) > 1e-2:
        found = f"a sum of {total:g} and a minimum of {psf.min().item():g}"
        raise ValueError(f"psf must be non-negative and sum to 1, got {found}; divide it by that.")
    return psf


def otf(psf, shape):
    """Return the optical transfer function: the PSF's Fourier transform on an image's grid.

    Parameters
    ----------
    psf : Tensor of shape (k, l)
        Point spread function with odd sides.
    shape : (int, int)
        Height and width of the grid, at least those of the PSF.

    Returns
    -------
    otf : complex Tensor of shape (H, W)
        Frequencies in the order of `torch.fft.fftfreq`; 1 at frequency 0. Real for a symmetric PSF.

    Raises
    ------
    TypeError, ValueError
        If `psf` is no PSF or larger than `shape`.

    References
    ----------
    .. [1] J. W. Goodman, "Introduction to Fourier Optics", chapter 6; key ``goodman2005``.

    Examples
    --------
    >>> from blurlib.blur import gaussian_psf
    >>> otf(gaussian_psf(1.0), (16, 12)).shape
    torch.Size([16, 12])
    """
    check_psf(psf)
    height, width = shape
    if psf.shape[0] > height or psf.shape[1] > width:
        raise ValueError(f"shape {tuple(shape)} must hold the psf of shape {tuple(psf.shape)}.")
    grid = functional.pad(psf, (0, width - psf.shape[1], 0, height - psf.shape[0]))
    return torch.fft.fft2(grid.roll((-(psf.shape[0] // 2), -(psf.shape[1] // 2)), dims=(0, 1)))


def effective_sigma(psf):
    r"""Return the standard deviation that a PSF really has, whatever name it was given.

    .. math:: \sigma_\text{eff}^2 = \tfrac12 \sum_{r, c} h(r, c)
        \left((r - \bar r)^2 + (c - \bar c)^2\right)

    Parameters
    ----------
    psf : Tensor of shape (k, l)
        Point spread function.

    Returns
    -------
    sigma : float
        In pixels: the root mean square of the standard deviations along the two axes.

    Raises
    ------
    TypeError, ValueError
        If `psf` is no PSF.

    References
    ----------
    .. [1] Chapter "What blur removes", ``book/blur/what_blur_removes.ipynb``.

    Examples
    --------
    >>> from blurlib.blur import gaussian_psf
    >>> f"{effective_sigma(gaussian_psf(2.0)):.2f}"
    '2.00'
    """
    psf = check_psf(psf).double()
    psf = psf / psf.sum()
    variance = 0.0
    for profile in (psf.sum(1), psf.sum(0)):
        position = torch.arange(len(profile), dtype=torch.float64, device=psf.device)
        mean = (profile * position).sum()
        variance += (profile * (position - mean) ** 2).sum().item()
    return math.sqrt(variance / 2)
