"""One unknown PSF, found from the blurred picture alone: the path of a shaken camera."""

import math

import torch
from scipy import fft, ndimage
from torch.nn import functional

from .._checks import check_image, check_integer
from ..blur import FourierBlur, frequencies
from ..blur.borders import pad
from ..data import to_grey
from .deconvolve import gradient, gradient_adjoint

#: From one scale to the next finer one.
_STEP = math.sqrt(0.5)

#: What a step costs in the sharp picture that is drawn of few steps, at first; its square is the
#: least step that is drawn. It falls by a tenth in each turn.
_PRICE = 4e-3

#: Ridge of the least squares; and what is no light: less than the first share of the PSF's largest
#: value, or islands that hold less than the second of its light.
_RIDGE, _DIM, _ISLAND = 2.0, 0.03, 0.02

#: Of larger pictures the middle is enough: so many pixels a side.
_MOST_SIDE = 640


def estimate_psf(image, size=27, *, num_iter=6):
    r"""Estimate the one PSF of a picture that was blurred everywhere alike, as by a shaken camera.

    Parameters
    ----------
    image : Tensor of shape (H, W) or (3, H, W)
        Intensities in [0, 1]; of colours the luminance is asked. At least twice `size` a side.
    size : int, optional
        Side of the PSF, odd: at least that of the true one. Too large a size takes longer, and
        leaves more room for errors.
    num_iter : int, optional
        Turns at each scale.

    Returns
    -------
    psf : Tensor of shape (size, size)
        Non-negative, sums to 1; its centre of mass lies in the middle pixel, for a shift of the
        picture and the opposite one of the PSF cannot be told from none.

    Raises
    ------
    TypeError, ValueError
        If the image is none or too small, or the size even.

    Notes
    -----
    In turns, from coarse to fine scales,

    .. math::
        x &= \arg\min_x \|h * x - y\|^2 + \lambda \, \#\{p : \nabla x(p) \neq 0\} \\
        h &= \arg\min_{h \geq 0} \|h * \nabla x - \nabla y\|^2 + r \|h\|^2

    The first is a picture drawn with few steps [1]_, not the sharp one: it leaves out what is fine,
    so that the trivial answer, no blur, explains y badly [2]_. It is found by splitting, and the
    second by its normal equations, of which what comes out negative is left out. The picture is
    made periodic by fading its mirrors into each other.

    Of pictures above 640 pixels a side the middle is asked.

    References
    ----------
    .. [1] J. Pan et al., "Deblurring text images via L0-regularized intensity and gradient prior",
       CVPR 2014.
    .. [2] A. Levin et al., "Understanding and evaluating blind deconvolution algorithms",
       CVPR 2009; chapter "When the blur is unknown", ``book/restore/blind.ipynb``.

    Examples
    --------
    >>> estimate_psf(torch.rand(40, 50), 5).shape
    torch.Size([5, 5])
    """
    check_image(image)
    check_integer(size, "size", low=3)
    check_integer(num_iter, "num_iter")
    if size % 2 == 0:
        raise ValueError(f"size must be odd, got {size}; use {size + 1}.")
    if min(image.shape[-2:]) < 2 * size:
        raise ValueError(
            f"image must have at least {2 * size} pixels a side for a PSF of {size}, "
            f"got {tuple(image.shape[-2:])}."
        )
    image = to_grey(image) if image.ndim == 3 else image
    if image.ndim != 2:
        raise ValueError(f"image must be grey or of three colours, got {tuple(image.shape)}.")
    top, left = (max(0, side - _MOST_SIDE) // 2 for side in image.shape)
    image = image[top : top + _MOST_SIDE, left : left + _MOST_SIDE]
    psf = image.new_zeros(3, 3)
    psf[1, 1:] = 0.5  # half a pixel of motion: from no blur at all no turn leads away
    for scale in range(int(math.log(3 / size, _STEP)), -1, -1):
        share = _STEP**scale
        side = max(3, 2 * round((size * share - 1) / 2) + 1)
        small = functional.interpolate(
            image[None, None], scale_factor=share, mode="bicubic", antialias=True
        )[0, 0]
        psf = _resized(psf, side)
        periodic = _made_periodic(small, side)
        steps, price = gradient(periodic), _PRICE
        for _ in range(num_iter):
            drawn = draw_of_steps(periodic, psf, price)
            psf = _cleaned(_fit(gradient(drawn), steps, side))
            price /= 1.1
    return psf


def draw_of_steps(blurred, psf, price):
    """Draw a sharp periodic picture of few steps that the PSF makes look like the blurred one."""
    shape = blurred.shape
    otf = FourierBlur(psf, shape, padding_mode="circular").otfs(blurred)[0]
    rows, columns = frequencies(shape, half=True)
    rows, columns = (2 - 2 * torch.cos(2 * torch.pi * f) for f in (rows[:, None], columns))
    slopes, power = (rows + columns).to(blurred), otf.abs().square()
    seen = otf.conj() * torch.fft.rfft2(blurred)
    drawn, weight = blurred, 2 * price
    while weight < 1e5:  # the steps are ever more those of the picture itself
        steps = gradient(drawn)
        steps = steps * (steps.square().sum(0) > price / weight)
        waves = seen + weight * torch.fft.rfft2(gradient_adjoint(steps))
        drawn = torch.fft.irfft2(waves / (power + weight * slopes), s=shape)
        weight *= 2
    return drawn


def _fit(sharp, blurred, side):
    """Fit a PSF that leads from gradients to gradients; what would be negative is left out."""
    waves, seen = (torch.fft.rfft2(steps.double()) for steps in (sharp, blurred))
    shape = sharp.shape[-2:]
    alike = torch.fft.irfft2(waves.abs().square().sum(0), s=shape)
    found = torch.fft.irfft2((waves.conj() * seen).sum(0), s=shape)
    lag = torch.arange(side, device=sharp.device) - side // 2
    rows, columns = (lags.flatten() for lags in torch.meshgrid(lag, lag, indexing="ij"))
    matrix = alike[rows[:, None] - rows, columns[:, None] - columns]
    matrix.diagonal().add_(_RIDGE)
    wanted = found[rows, columns]
    psf, free = torch.zeros_like(wanted), torch.arange(len(wanted), device=wanted.device)
    for _ in range(4):
        values = torch.linalg.solve(matrix[free][:, free], wanted[free])
        psf.zero_()[free] = values.clamp_min(0)
        if (values >= 0).all() or not (values > 0).any():
            break
        free = free[values > 0]
    return psf.view(side, side).to(sharp)


def _cleaned(psf):
    """Take away what is too faint, or apart, to be light; centre and normalise."""
    psf = psf * (psf >= _DIM * psf.max())
    if not psf.any():  # there was not one step
        psf[len(psf) // 2, len(psf) // 2] = 1
    labels, count = ndimage.label(psf.cpu().numpy(), structure=torch.ones(3, 3))
    labels = torch.from_numpy(labels).to(psf.device)
    light = torch.stack([psf[labels == number].sum() for number in range(count + 1)])
    return _centred(psf * (light > _ISLAND * light.sum())[labels])


def _centred(psf):
    """Shift a PSF by whole pixels so that its centre of mass lies in the middle one; normalise."""
    lag = (torch.arange(len(psf)) - len(psf) // 2).to(psf)
    shift = [round(((psf.sum(axis) * lag).sum() / psf.sum()).item()) for axis in (1, 0)]
    frame = max(map(abs, shift))
    wide = pad(psf, (frame,) * 4, "constant").roll([-by for by in shift], (0, 1))
    psf = wide[frame : frame + len(psf), frame : frame + len(psf)]
    return psf / psf.sum()


def _resized(psf, side):
    psf = functional.interpolate(psf[None, None], size=(side, side), mode="bicubic")[0, 0]
    return _centred(psf.clamp_min(0))


def _made_periodic(image, rim):
    """Extend a picture to the right and below by its mirrors, which fade into each other."""
    for axis in (-2, -1):
        count = image.shape[axis]
        more = fft.next_fast_len(count + 2 * rim, real=True) - count
        away = torch.arange(more, device=image.device)
        after = image.index_select(axis, (count - 1 - away).clamp_min(0))
        before = image.index_select(axis, (more - 1 - away).clamp_max(count - 1))
        share = (0.5 - 0.5 * torch.cos(torch.pi * (away + 0.5) / more)).to(image)
        share = share[:, None] if axis == -2 else share
        image = torch.cat([image, torch.lerp(after, before, share)], axis)
    return image
