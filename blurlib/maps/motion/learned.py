"""`motion-net` asked: about a whole picture, and about every place in it."""

import functools
import math

import torch
from torch.nn import functional

from ..._checks import check_image, check_integer
from ...learn import motion_net
from ...learn.checkpoints import packaged
from ..sigma_map import SigmaMap
from .answer import Motion, MotionField, ellipses_of

#: Windows that are asked about at once, rows of them that are looked at together, how many are
#: enough for a whole picture, and how many of those are asked for the kind.
_AT_ONCE, _ROWS, _ENOUGH, _ENOUGH_PLACES = 64, 8, 256, 25

#: To this power the kinds' probabilities count, of the whole and of its windows: with a half, their
#: mean, they would be too cautious. Found on 64 and 128 pixels of development pictures.
_SAY = 0.6

#: Half of the least sigma that was learned.
_LEAST_STD = motion_net.LEAST_SIGMA / 2

_network = functools.cache(lambda: packaged("motion-net")[0])


def find_motion(image, *, window=64):
    """Say what kind of blur a picture has, and how long its motion is, and which way.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    window : int, optional
        Side in pixels of the windows whose spectra are averaged, at least 32; a smaller picture has
        smaller ones. Motions are sought up to half of it.

    Returns
    -------
    found : Motion
        Length and angle of the likeliest motion whatever the kind.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or it or the window is smaller.

    Notes
    -----
    The spectra of all windows together tell all but the kind. A picture that never moved may have
    few details in one direction, as a shaken one has, but seldom in each of its windows. So the
    kind's probabilities are, but for a power, the geometric mean of those of the whole and of up to
    25 windows, each seen with the eight around it.

    References
    ----------
    .. [1] Chapter "Motion", ``book/maps/motion.ipynb``.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    >>> found = find_motion(image[:128, :128])
    >>> found.kind, abs(found.length - 12) < 1, abs(found.angle - 30) < 3
    ('motion', True, True)
    """
    image, scale, window = _seen(image, window)
    stride = window // 2
    while math.prod((side - window) // stride + 1 for side in image.shape) > _ENOUGH:
        stride *= 2
    windows = image.unfold(0, window, stride).unfold(1, window, stride)
    spectra = torch.stack([motion_net.log_spectra(row) for row in windows])
    whole = motion_net.pooled(spectra, (0, 1))[None]
    places = motion_net.observe(spectra, _around(spectra, 1)).flatten(0, 1)
    some = torch.linspace(0, len(places) - 1, min(len(places), _ENOUGH_PLACES)).round().long()
    layers = _asked(torch.cat([motion_net.observe(whole, whole), places[some]]), scale)
    numbers = [x[0].item() for x in layers[:6]]
    kinds = layers[6].clamp_min(1e-12).log()
    kinds = (_SAY * (kinds[:, 0] + kinds[:, 1:].mean(1))).softmax(0)
    kinds = dict(zip(motion_net.BLUR_KINDS, kinds.tolist(), strict=True))
    return Motion(*numbers[2:], kinds, *numbers[:2], tuple(layers[7][:, 0].tolist()))


def motion_field(image, *, window=64, stride=None):
    """Say it of every place: each window is seen together with the eight around it.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    window : int, optional
        As in `find_motion`.
    stride : int, optional
        Step between the windows in pixels: half a window, or that over an integer.

    Returns
    -------
    field : MotionField
        Of windows inside the image: mirrored beyond its border, a motion would turn.

    Raises
    ------
    TypeError, ValueError
        As `find_motion`, or if half the window is no multiple of the stride.

    References
    ----------
    .. [1] Chapter "Motion", ``book/maps/motion.ipynb``.
    """
    shape, wanted = tuple(image.shape), stride
    image, scale, window = _seen(image, window)
    half = window // 2
    stride = half if wanted is None else check_integer(wanted, "stride") / scale
    if half % stride:
        raise ValueError(
            f"stride must divide half the window, {round(half * scale)}; got {wanted}."
        )
    stride = int(stride)
    found, windows = [], image.unfold(0, window, stride).unfold(1, window, stride)
    near = half // stride  # so many places away lie a window's neighbours
    for first in range(0, len(windows), _ROWS):
        above, below = max(0, first - near), min(len(windows), first + _ROWS + near)
        spectra = torch.stack([motion_net.log_spectra(row) for row in windows[above:below]])
        around = _around(spectra, near)[first - above :][:_ROWS]
        seen = motion_net.observe(spectra[first - above :][:_ROWS], around)
        parts = [_asked(part, scale) for part in seen.flatten(0, 1).split(_AT_ONCE)]
        layers = [torch.cat(part, -1) for part in zip(*parts, strict=True)]
        found.append([layer.unflatten(-1, seen.shape[:2]) for layer in layers])
    layers = [torch.cat(part, -2) for part in zip(*found, strict=True)]
    places = SigmaMap(*layers[:2], round(stride * scale), round(half * scale), shape, "std")
    return MotionField(places, *layers[2:])


def _seen(image, window):
    """Return the picture as the network sees it, how much smaller it is, and the window in it."""
    check_image(image, min_side=32, ndim=2)
    window = min(check_integer(window, "window", low=32), *image.shape) // 2 * 2
    image, side = image.detach().cpu().float(), motion_net.SPECTRUM_SIDE
    if window <= side:
        return image, 1.0, window
    size = [round(length * side / window) for length in image.shape]
    smaller = functional.interpolate(
        image[None, None], size=size, mode="bilinear", antialias=True, align_corners=False
    )
    return smaller[0, 0], window / side, side


def _around(spectra, near):
    """Return the spectra (R, C, 2, 64, 33) of each window and its neighbours together."""
    around = torch.empty_like(spectra)
    for top in range(near):
        for left in range(near):
            fine, smooth = spectra[top::near, left::near].unbind(2)
            means = [_box(fine), _box(smooth.exp()).log()]
            around[top::near, left::near] = torch.stack(means, 2)
    return around


def _box(values):
    """Return the means over three by three places, fewer at the rim."""
    lines = values.flatten(2).permute(2, 0, 1)[None]
    means = functional.avg_pool2d(lines, 3, 1, 1, count_include_pad=False)[0]
    return means.permute(1, 2, 0).unflatten(2, values.shape[2:])


@torch.no_grad()
def _asked(observed, scale):
    """Return sigma and std, `MOTION_LAYERS`, kinds and ellipse of windows, the places last."""
    motions, kinds, log_sigma, doubled = _network()(observed)
    length, angle, length_std, angle_std = motion_net.likeliest(motions)
    sigma = scale * log_sigma[:, 0].exp()
    # What is smaller than the least that was learned is not told from it.
    std = torch.hypot(sigma * (log_sigma[:, 1] / 2).exp(), sigma.new_tensor(_LEAST_STD * scale))
    layers = scale * length, angle, scale * length_std, angle_std
    return sigma, std, *layers, kinds.exp().mT, ellipses_of(sigma, doubled)
