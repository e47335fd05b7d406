"""What a point spread function does: its transfer of frequencies, and the sigma it really has."""

import math

import torch
from torch.nn import functional

from .psf import check_psf


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
