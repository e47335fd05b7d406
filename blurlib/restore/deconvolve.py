r"""Taking away a blur with one known PSF, when nothing is known beyond the picture's border.

All but `inverse` solve for the rim as well: scikit-image's `wiener` and `richardson_lucy` take the
picture for periodic, or black beyond its border, and ring from there over the whole of it.
"""

import torch

from .._checks import check_image, check_integer, check_number
from ..blur import FourierBlur
from ..blur.psf import check_psf
from .answers import gradient, gradient_adjoint, sparse_on, wiener_on
from .canvas import Canvas
from .noise import resolve_noise


def inverse(blurred, psf):
    """Divide by the PSF's transfer function: what one would do if there were no noise.

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        Taken for periodic.
    psf : Tensor of shape (k, l)
        Odd sides, sum 1.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)
        Noise and border, amplified where the transfer function is small, up to a million times.

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none.

    Examples
    --------
    >>> inverse(torch.ones(6, 7), torch.full((3, 3), 1 / 9)).shape
    torch.Size([6, 7])
    """
    check_image(blurred)
    shape = blurred.shape[-2:]
    otf = FourierBlur(psf, shape, padding_mode="circular").otfs(blurred)[0]
    safe = torch.where(otf.abs() < 1e-6, torch.full_like(otf, 1e-6), otf)
    return torch.fft.irfft2(torch.fft.rfft2(blurred) / safe, s=shape)


def wiener(blurred, psf, *, noise_std=None, num_iter=30):
    r"""Deconvolve with Wiener's filter, for unknown borders.

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        Intensities in [0, 1]; all channels with one noise and one spectrum.
    psf : Tensor of shape (k, l)
        Odd sides, sum 1.
    noise_std : float, optional
        Standard deviation of the noise, in the image's unit; by default that of `estimate_noise`.
    num_iter : int, optional
        Steps of conjugate gradients.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or the noise negative.

    Notes
    -----
    .. math:: \min_x \|A x - y\|^2 + \sum_f \frac{\sigma_n^2}{S(f)} |\hat x(f)|^2

    S, the sharp picture's mean power, is a power law fitted to the blurred picture; x reaches
    beyond the border, and A leaves that out. Were the picture periodic, this would be Wiener's
    filter, in one step; that filter is the preconditioner.

    References
    ----------
    .. [1] Chapter "Taking blur away", ``book/restore/deconvolution.ipynb``.

    Examples
    --------
    >>> wiener(torch.rand(20, 21), torch.full((3, 3), 1 / 9)).shape
    torch.Size([20, 21])
    """
    canvas, noise_std = _prepare(blurred, psf, noise_std)
    check_integer(num_iter, "num_iter")
    return canvas.crop(wiener_on(canvas, noise_std, num_iter)[0])


def tikhonov(blurred, psf, balance, *, num_iter=30):
    r"""Deconvolve with a penalty on squared gradients, by conjugate gradients, unknown borders.

    .. math:: \min_x \|A x - y\|^2 + b \, \|\nabla x\|^2

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        Intensities.
    psf : Tensor of shape (k, l)
        Odd sides, sum 1.
    balance : float
        b: more is smoother, less sharper and noisier.
    num_iter : int, optional
        Steps of conjugate gradients.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or the balance negative.

    Examples
    --------
    >>> tikhonov(torch.rand(20, 21), torch.full((3, 3), 1 / 9), 0.01).shape
    torch.Size([20, 21])
    """
    canvas, _ = _prepare(blurred, psf, 0.0)
    spectrum = check_number(balance, "balance", low=0) * canvas.slopes
    check_integer(num_iter, "num_iter")
    start = canvas.extend(blurred, "symmetric")
    solved = canvas.solve(start, lambda x: canvas.filter(x, spectrum), spectrum, num_iter)
    return canvas.crop(solved)


def richardson_lucy(blurred, psf, *, num_iter=30, tv=0.0):
    r"""Deconvolve by Richardson and Lucy's iteration, for unknown borders.

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        Intensities; what is below 1e-3 counts as 1e-3, for nothing may be black.
    psf : Tensor of shape (k, l)
        Odd sides, sum 1.
    num_iter : int, optional
        Steps: more are sharper and noisier; there is no other brake, unless `tv` is one.
    tv : float, optional
        Weight of the total variation, about 0.002: more is flatter, and stops the noise.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)
        Positive.

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or a number out of range.

    Notes
    -----
    .. math:: x \leftarrow \frac{x}{A^\top 1 - t \, \mathrm{div} \, (\nabla x / |\nabla x|)}
              \, A^\top \frac{y}{A x}

    Made for photon counts, hence positive. :math:`A^\top 1` says how much of a pixel's light the
    picture has caught; in the rim it is less than 1 [1]_. The term with t is Dey's [2]_.

    References
    ----------
    .. [1] M. Bertero and P. Boccacci, "A simple method for the reduction of boundary effects in the
       Richardson-Lucy approach to image deconvolution", Astronomy & Astrophysics 437, 2005.
    .. [2] N. Dey et al., "Richardson-Lucy algorithm with total variation regularization for 3D
       confocal microscope deconvolution", Microscopy Research and Technique 69, 2006.

    Examples
    --------
    >>> richardson_lucy(torch.rand(20, 21), torch.full((3, 3), 1 / 9)).shape
    torch.Size([20, 21])
    """
    canvas, _ = _prepare(blurred, psf, 0.0)
    check_integer(num_iter, "num_iter")
    check_number(tv, "tv", low=0, high=0.1)
    operator, least = canvas.operator, 1e-3
    light = canvas.extend(blurred.clamp_min(least), "symmetric")
    inside = canvas.extend(torch.ones_like(blurred), "constant")
    caught, x = operator.adjoint(inside), light
    for _ in range(num_iter):
        ratio = light / operator.forward(x).clamp_min(least) * inside
        brake = caught
        if tv:
            steps = gradient(x)
            sizes = steps.square().sum(0).sqrt().clamp_min(least)
            brake = caught + tv * gradient_adjoint(steps / sizes)
        # Light that hardly reached the picture is not guessed at.
        seen = caught > 0.05
        x = torch.where(seen, x / brake.clamp_min(0.05) * operator.adjoint(ratio), x)
        x = x.clamp_min(1e-6)
    return canvas.crop(x)


def sparse_gradients(blurred, psf, *, noise_std=None, exponent=0.8):
    r"""Deconvolve with a prior of few edges, for unknown borders.

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        Intensities in [0, 1]; of several channels the mean has edges, and what they differ in is
        restored by Wiener's filter.
    psf : Tensor of shape (k, l)
        Odd sides, sum 1.
    noise_std : float, optional
        Standard deviation of the noise, in the image's unit; by default that of `estimate_noise`.
    exponent : float, optional
        Less is sparser; 1 is total variation, 2 a Wiener filter, 0.8 fits pictures.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or a number out of range.

    Notes
    -----
    .. math:: \min_x \|A x - y\|^2 + \sigma_n^2 \sum_p w_p |\nabla x(p)|^2, \qquad
              w_p \propto \left(|\nabla x(p)|^2 + v\right)^{e / 2 - 1}

    Solved three times, each time with the weights of the last answer [1]_, `wiener`'s at first. The
    prior's scale is the likeliest for the answer's own gradients. v is a share of the gradients'
    variance that the noise leaves open: without it, what is small by chance would be made zero.

    References
    ----------
    .. [1] A. Levin et al., "Image and depth from a conventional camera with a coded aperture", ACM
       Transactions on Graphics 26(3), 2007.

    Examples
    --------
    >>> sparse_gradients(torch.rand(20, 21), torch.full((3, 3), 1 / 9)).shape
    torch.Size([20, 21])
    """
    canvas, noise_std = _prepare(blurred, psf, noise_std)
    exponent = check_number(exponent, "exponent", low=0.1, high=2)
    return canvas.crop(sparse_on(canvas, noise_std, exponent=exponent))


def _prepare(blurred, psf, noise_std):
    check_image(blurred, min_side=3)
    canvas = Canvas.of_psf(blurred, check_psf(psf))
    return canvas, resolve_noise(blurred, noise_std, psf=psf)
