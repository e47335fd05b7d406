"""One unknown PSF, found from the blurred picture alone: the path of a shaken camera."""

import math

import torch
from scipy import fft, ndimage
from torch.nn import functional

from .._checks import check_image, check_integer
from ..blur import FourierBlur, effective_sigma, gaussian_psf
from ..blur.borders import pad
from ..data import to_grey
from ..maps import estimate
from ..maps.motion import find_motion, psf_log_likelihoods
from .answers import gradient
from .noise import estimate_noise

#: From one scale to the next finer one.
_STEP = math.sqrt(0.5)

#: What is left over is at least so much: without it flat pictures would have no noise at all.
_FLOOR = 2e-5

#: Noise above which the picture is smoothed: at 0.004 that blurs the PSF, at 0.01 it is needed.
_SMOOTHED_NOISE = 0.007

#: Steps of conjugate gradients in each turn: the next turn goes on where they end.
_NUM_STEPS = 12

#: What is no light: less than the first share of the PSF's largest value, or islands that hold less
#: than the second of its light.
_DIM, _ISLAND = 0.03, 0.02

#: Of larger pictures the middle is enough: so many pixels a side.
_MOST_SIDE = 640

#: Side of the PSF of a shaken camera. A picture is shaken if motion-net does not call it sharp, the
#: product of sigmas, of that PSF and of the map's sharpest tenth, is so large, in square pixels,
#: and its spectrum likelier with the PSF than without or with a gaussian of the last sigma. Of 52
#: shaken pictures of the development split, noise 0.4 and 1 %, 49 get through, of 26 sharp ones
#: none; of 48 and 24 of the training split 46 and none.
_SHAKE, _SHAKEN, _SOFT = 27, 0.6, 0.6


def estimate_psf(image, size=27, *, num_iter=15):
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
    The PSF that is likeliest under all pictures that it leaves possible, not the likeliest pair,
    which has no blur [1]_. In turns, from coarse to fine scales,

    .. math::
        x &= \arg\min_x \|h * x - \nabla y\|^2 / \lambda + \textstyle\sum_p |x(p)|^2 / v(p) \\
        c(p) &= (\|h\|^2 / \lambda + 1 / v(p))^{-1}, \qquad v(p) = |x(p)|^2 / 2 + c(p) \\
        h &= \arg\min_{h \geq 0} \|h * x - \nabla y\|^2 + 2 \textstyle\sum_p c(p) \, \|h\|^2

    x are the gradients of the sharp picture and c is how uncertain they are; each place has a
    variance v of its own, which makes few of them large. :math:`\lambda` is the mean square that is
    left over, the uncertainty's share included. No blur is the PSF with the largest
    :math:`\|h\|^2`, so uncertain gradients speak against it [2]_. Beyond the border nothing is
    known, and values of the PSF below 3 % of its largest are taken away in each turn. With noise
    above 0.7 % y is smoothed by (1, 2, 1) / 4 along both axes, which is left to x, and h is
    smoothed a little too: with less noise that would cost more than it brings.

    Of pictures above 640 pixels a side the middle is asked.

    References
    ----------
    .. [1] A. Levin et al., "Efficient marginal likelihood optimization in blind deconvolution",
       CVPR 2011.
    .. [2] D. Wipf and H. Zhang, "Revisiting Bayesian blind deconvolution", Journal of Machine
       Learning Research 15, 2014; chapter "When the blur is unknown", ``book/restore/blind.ipynb``.

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
    noise, psf = estimate_noise(image), image.new_zeros(3, 3)
    psf[1, 1:] = 0.5  # half a pixel of motion: from no blur at all no turn leads away
    for scale in range(int(math.log(3 / size, _STEP)), -1, -1):
        share = _STEP**scale
        side = max(3, 2 * round((size * share - 1) / 2) + 1)
        small = functional.interpolate(
            image[None, None], scale_factor=share, mode="bicubic", antialias=True
        )[0, 0]
        for _ in range(2 if noise > _SMOOTHED_NOISE else 0):
            small = functional.avg_pool2d(small[None], 2, 1)[0]
        psf = take_turns(small, _resized(psf, side), num_iter)[0]
    return _centred(psf)


def find_shake(image):
    """Return the PSF of a grey picture if it is shaken, None if not; of 32 pixels a side."""
    if find_motion(image).probabilities["sharp"] > 0.5:
        return None
    psf = estimate_psf(image, min(_SHAKE, (min(image.shape) // 2 - 1) | 1))
    sharpest = estimate(image).to("std").sigma[::4, ::4].flatten().quantile(0.1)
    if sharpest * effective_sigma(psf) < _SHAKEN:
        return None
    rivals = psf.new_ones(1, 1), gaussian_psf(_SOFT)
    shaken, *others = psf_log_likelihoods(image, [psf, *rivals]).tolist()
    return psf if shaken > max(others) else None


def take_turns(blurred, psf, num_iter):
    """Improve a PSF on one scale; return it and the gradients, on a canvas with a rim."""
    shape = [fft.next_fast_len(side + len(psf), real=True) for side in blurred.shape]
    below, right = (new - old for new, old in zip(shape, blurred.shape, strict=True))
    steps = gradient(functional.pad(blurred, (0, right, 0, below), value=torch.nan))
    known, steps = steps.isfinite(), steps.nan_to_num()
    noise = steps.square().sum() / known.sum() + _FLOOR
    sharp, variance = steps, noise.expand(shape)
    for _ in range(num_iter):
        blur, scale = FourierBlur(psf, shape, padding_mode="circular"), variance.sqrt()
        system = lambda x, b=blur, s=scale, n=noise: (  # noqa: E731
            x + s / n * b.adjoint(known * b.forward(s * x))
        )
        sharp = scale * _solve(system, scale / noise * blur.adjoint(steps), sharp / scale)
        power, expected = psf.square().sum(), blur.forward(sharp)
        uncertain = 1 / (power / noise + 1 / variance)
        left = (known * ((steps - expected).square() + power * uncertain)).sum() / known.sum()
        psf = _fit(sharp, torch.where(known, steps, expected), len(psf), 2 * uncertain.sum())
        psf, noise = _cleaned(psf), torch.minimum(noise, left + _FLOOR)
        variance = sharp.square().mean(0) + uncertain
    return psf, sharp


def _solve(system, wanted, x):
    """Take some steps of conjugate gradients."""
    step = residual = wanted - system(x)
    size = residual.square().sum()
    for _ in range(_NUM_STEPS):
        change = system(step)
        length = size / (step * change).sum().clamp_min(1e-30)
        x, residual = x + length * step, residual - length * change
        before, size = size, residual.square().sum()
        step = residual + size / before.clamp_min(1e-30) * step
    return x


def _fit(sharp, blurred, side, ridge):
    """Fit a PSF that leads from gradients to gradients; what would be negative is left out."""
    waves, seen = (torch.fft.rfft2(steps.double()) for steps in (sharp, blurred))
    shape = sharp.shape[-2:]
    alike = torch.fft.irfft2(waves.abs().square().sum(0), s=shape)
    found = torch.fft.irfft2((waves.conj() * seen).sum(0), s=shape)
    lag = torch.arange(side, device=sharp.device) - side // 2
    rows, columns = (lags.flatten() for lags in torch.meshgrid(lag, lag, indexing="ij"))
    matrix = alike[rows[:, None] - rows, columns[:, None] - columns]
    matrix.diagonal().add_(ridge)
    wanted = found[rows, columns]
    psf, free = torch.zeros_like(wanted), torch.arange(len(wanted), device=wanted.device)
    for _ in range(6):
        values = torch.linalg.solve(matrix[free][:, free], wanted[free])
        psf.zero_()[free] = values.clamp_min(0)
        if (values >= 0).all() or not (values > 0).any():
            break
        free = free[values > 0]
    return psf.view(side, side).to(sharp)


def _cleaned(psf):
    """Take away what is too faint, or apart, to be light; normalise."""
    psf = psf * (psf >= _DIM * psf.max())
    if not psf.any():  # there was not one step
        psf[len(psf) // 2, len(psf) // 2] = 1
    labels, count = ndimage.label(psf.cpu().numpy(), structure=torch.ones(3, 3))
    labels = torch.from_numpy(labels).to(psf.device)
    light = torch.stack([psf[labels == number].sum() for number in range(count + 1)])
    psf = psf * (light > _ISLAND * light.sum())[labels]
    return psf / psf.sum()


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
