"""Point spread functions of motion: the time that a moving point spends in each pixel."""

import itertools
import math

import torch

from .._checks import check_generator, check_image, check_integer, check_number
from .psf import MAX_REACH


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
        raise ValueError(f"points must be (n, 2), row and column, got {tuple(points.shape)}.")
    points = points.to(dtype=torch.float64, device="cpu")
    # A hair of tolerance: sin and cos leave 1e-16 where the path should end on a pixel.
    needed = math.ceil(points.abs().max().item() - 1e-9)
    reach = needed if reach is None else check_integer(reach, "reach", low=0)
    if needed > min(reach, MAX_REACH):
        raise ValueError(f"points lie {needed} pixels away; reach must hold them, got {reach}.")
    side = 2 * reach + 1
    low = torch.floor(points)
    far = points - low  # the share of the farther pixel, per axis
    index = low.long() + reach
    psf = torch.zeros(side * side, dtype=torch.float64)
    for step in map(torch.tensor, itertools.product((0, 1), repeat=2)):
        share = torch.where(step == 1, far, 1 - far).prod(1)
        # A step past the rim carries no light (its share is 0); the clamp keeps it indexable.
        row, column = (index + step).clamp(0, side - 1).T
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
    return walk(extent, draws)


def walk(extent, draws):
    """Return the path of `shake_trajectory` for given normal draws, float64 of shape (n, 2)."""
    num_points = len(draws)
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
