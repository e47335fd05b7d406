r"""Point spread functions: the picture that a camera makes of one point of light.

Every maker returns a tensor (k, k), k odd, whose centre is the point's own pixel and whose sum is
one: blur moves light, it makes none. Rows grow downward and columns to the right.
"""

import math

import torch

from .._checks import check_generator, check_image, check_integer, check_number

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
       IIT Kharagpur; key ``patro2016`` in ``book/references.bib``.

    Examples
    --------
    >>> round(effective_sigma(thesis_psf(3.0)), 2)
    2.73
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


def trajectory_psf(points, *, reach=None, dtype=torch.float32, device=None):
    """Return the PSF of a point that spends equal time at each of the given positions.

    Each position gives its light to the four pixels around it, bilinearly.

    Parameters
    ----------
    points : Tensor of shape (n, 2)
        Positions (row, column) in pixels, relative to the PSF's centre.
    reach : int, optional
        Half the side of the support; by default the smallest that holds all the light.
    dtype, device : optional
        Of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        k = 2 reach + 1; sums to 1.

    Raises
    ------
    TypeError, ValueError
        If `points` is no finite tensor (n, 2), or a position lies outside `reach`.

    References
    ----------
    .. [1] G. Boracchi and A. Foi, "Modeling the performance of image restoration from motion
       blur", IEEE Trans. Image Processing 21(8), 2012; key ``boracchi2012``.

    Examples
    --------
    >>> trajectory_psf(torch.tensor([[0.0, -0.5], [0.0, 0.5]]))
    tensor([[0.0000, 0.0000, 0.0000],
            [0.2500, 0.5000, 0.2500],
            [0.0000, 0.0000, 0.0000]])
    """
    check_image(points, "points")
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"points must have shape (n, 2), row and column, got {tuple(points.shape)}."
        )
    points = points.to(dtype=torch.float64, device="cpu")
    # A hair of tolerance: sin and cos leave 1e-16 where the path should end on a pixel.
    needed = math.ceil(points.abs().max().item() - 1e-9)
    reach = needed if reach is None else check_integer(reach, "reach", low=0)
    if needed > min(reach, MAX_REACH):
        raise ValueError(
            f"points lie up to {needed} pixels away; reach must hold them, got {reach}."
        )
    side = 2 * reach + 1
    low = torch.floor(points)
    far = points - low  # the share of the farther pixel, per axis
    index = low.long() + reach
    psf = torch.zeros(side * side, dtype=torch.float64)
    for row_step in (0, 1):
        for column_step in (0, 1):
            share = (far[:, 0] if row_step else 1 - far[:, 0]) * (
                far[:, 1] if column_step else 1 - far[:, 1]
            )
            # A step past the rim carries no light (its share is 0); the clamp keeps it indexable.
            row = (index[:, 0] + row_step).clamp(0, side - 1)
            column = (index[:, 1] + column_step).clamp(0, side - 1)
            psf.index_add_(0, row * side + column, share)
    return (psf / psf.sum()).reshape(side, side).to(dtype=dtype, device=device)


def motion_psf(length, angle, *, dtype=torch.float32, device=None):
    """Return the PSF of steady motion along a straight line.

    Parameters
    ----------
    length : float
        Length of the path in pixels, at least 0.
    angle : float
        Direction in degrees, counter-clockwise from the direction of growing columns.
    dtype, device : optional
        Of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        k = 2 ceil(length / 2) + 1, the same at every angle; sums to 1.

    Raises
    ------
    TypeError, ValueError
        If `length` or `angle` is no finite number in its range.

    Notes
    -----
    The path is sampled at 32 positions a pixel (`trajectory_psf`). The variance along the path is
    length^2 / 12; the bilinear deposit adds up to 1/4 along each axis, 1/6 on average.

    References
    ----------
    .. [1] Chapter "What is blur?", ``book/blur/what_blur_is.ipynb``.

    Examples
    --------
    >>> motion_psf(10, 45).shape
    torch.Size([11, 11])
    """
    length = check_number(length, "length", low=0, high=MAX_REACH, unit="pixels")
    angle = math.radians(check_number(angle, "angle", low=-3600, high=3600, unit="degrees"))
    num_points = max(1, math.ceil(32 * length))
    time = (torch.arange(num_points, dtype=torch.float64) + 0.5) / num_points - 0.5
    direction = torch.tensor([-math.sin(angle), math.cos(angle)], dtype=torch.float64)
    points = length * time[:, None] * direction
    return trajectory_psf(points, reach=math.ceil(length / 2), dtype=dtype, device=device)


def shake_trajectory(extent, *, rng, num_points=512):
    """Draw the path of a hand-held camera during one exposure.

    The hand's velocity is a random walk with damping, so the path is smooth yet wanders.

    Parameters
    ----------
    extent : float
        Largest distance of the path from its mean position, in pixels, at least 0.
    rng : torch.Generator
        Source of the random draws.
    num_points : int, optional
        Number of positions, equally spaced in time.

    Returns
    -------
    points : Tensor of shape (num_points, 2)
        Positions (row, column) in pixels, float64, with mean 0.

    Raises
    ------
    TypeError, ValueError
        If `extent` is no finite number of at least 0, or `rng` no torch.Generator.

    References
    ----------
    .. [1] G. Boracchi and A. Foi, "Modeling the performance of image restoration from motion
       blur", IEEE Trans. Image Processing 21(8), 2012; key ``boracchi2012``.
    """
    extent = check_number(extent, "extent", low=0, high=MAX_REACH, unit="pixels")
    num_points = check_integer(num_points, "num_points", low=2)
    check_generator(rng)
    draws = torch.randn(num_points, 2, generator=rng, dtype=torch.float64, device=rng.device).cpu()
    keep = 1 - 8 / num_points  # the hand forgets its velocity eight times in an exposure
    weight = keep ** torch.arange(num_points, dtype=torch.float64)
    # velocity[t] = sum over s <= t of keep^(t - s) draws[s]: a causal convolution, done by FFT.
    spectrum = torch.fft.rfft(weight, 2 * num_points)[:, None]
    velocity = torch.fft.irfft(spectrum * torch.fft.rfft(draws, 2 * num_points, dim=0), dim=0)
    path = velocity[:num_points].cumsum(0)
    path = path - path.mean(0)
    return path * (extent / path.norm(dim=1).max())


def shake_psf(extent, *, rng, dtype=torch.float32, device=None):
    """Draw the PSF of a hand-held camera: the time that `shake_trajectory` spends in each pixel.

    Parameters
    ----------
    extent : float
        Largest distance of the path from its mean position, in pixels.
    rng : torch.Generator
        Source of the random draws.
    dtype, device : optional
        Of the result.

    Returns
    -------
    psf : Tensor of shape (k, k)
        k = 2 ceil(extent) + 1; sums to 1.

    Raises
    ------
    TypeError, ValueError
        As `shake_trajectory`.

    References
    ----------
    .. [1] Chapter "What is blur?", ``book/blur/what_blur_is.ipynb``.

    Examples
    --------
    >>> shake_psf(8.0, rng=torch.Generator().manual_seed(0)).shape
    torch.Size([17, 17])
    """
    points = shake_trajectory(extent, rng=rng)
    return trajectory_psf(points, reach=math.ceil(extent), dtype=dtype, device=device)


def check_psf(psf):
    """Raise unless `psf` is a finite non-negative (k, l) tensor of odd sides that sums to 1."""
    check_image(psf, "psf")
    if psf.ndim != 2 or psf.shape[0] % 2 == 0 or psf.shape[1] % 2 == 0:
        raise ValueError(
            f"psf must be 2-D with odd sides, got shape {tuple(psf.shape)}; pad it with zeros."
        )
    total = psf.sum().item()
    if psf.min() < 0 or abs(total - 1) > 1e-3:
        raise ValueError(
            f"psf must be non-negative and sum to 1, got a sum of {total:g} and a minimum of "
            f"{psf.min().item():g}; divide it by its sum."
        )
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
    >>> otf(gaussian_psf(1.0), (16, 12)).shape
    torch.Size([16, 12])
    """
    check_psf(psf)
    height, width = shape
    if psf.shape[0] > height or psf.shape[1] > width:
        raise ValueError(f"shape {tuple(shape)} must hold the psf of shape {tuple(psf.shape)}.")
    grid = psf.new_zeros(height, width)
    grid[: psf.shape[0], : psf.shape[1]] = psf
    grid = torch.roll(grid, (-(psf.shape[0] // 2), -(psf.shape[1] // 2)), dims=(0, 1))
    return torch.fft.fft2(grid)


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
    .. [1] Chapter "The point spread function", ``book/blur/point_spread_function.ipynb``.

    Examples
    --------
    >>> f"{effective_sigma(gaussian_psf(2.0)):.2f}"
    '2.00'
    """
    psf = check_psf(psf).double()
    psf = psf / psf.sum()
    variance = 0.0
    for axis in (0, 1):
        profile = psf.sum(1 - axis)
        position = torch.arange(len(profile), dtype=torch.float64, device=psf.device)
        mean = (profile * position).sum()
        variance += (profile * (position - mean) ** 2).sum().item()
    return math.sqrt(variance / 2)
