"""The learned restorer: what it is given, and what it makes of classical answers."""

import functools

import torch

from ..learn.checkpoints import packaged
from ..learn.deblur_net import planes_of
from .answers import both_on

#: Steps of conjugate gradients for one PSF, and for a map: Wiener's, and each time's of few edges.
PSF_STEPS, MAP_STEPS = (30, 15, 15, 15), (8, 5, 5)

#: Sigma in pixels up to which it has learned, and from which on it has no say.
_LEARNED, _UNKNOWN = 8.0, 10.0

#: So many squared deviations are taken off the square of sigma: too large a sigma rings, and costs
#: more than one that is too small. Found on four pictures with wrong maps; from 4 to 6 all do.
_CAUTION = 5.0


def careful(sigma, std):
    """Return the sigma that is undone, given the map's deviation."""
    return (sigma.square() - _CAUTION * std.square()).clamp_min(0).sqrt()


@functools.cache
def _network():
    return packaged("deblur-net")[0]


@torch.no_grad()
def mended_on(canvas, sigma, std, noise_std, kind, steps, scale=1.0):
    """Restore a picture on a canvas.

    Parameters
    ----------
    canvas : Canvas
        Of a picture (H, W).
    sigma, std : Tensors of shape (H, W)
        What is undone, and how uncertain it is; of one other PSF its standard deviation and 0.
    noise_std : float
        In the picture's unit.
    kind : int
        0 for gaussians, 1 for disks, `OTHER_PSF`.
    steps : sequence of int
        Of conjugate gradients.
    scale : float, optional
        The picture's levels lie in [0, scale].

    Returns
    -------
    restored, variance : Tensors of the canvas's shape
        The picture, and the squared error that is expected of it over `scale`. Where sigma is
        larger than the network has learned, the picture is the answer of few edges.
    """
    answers = both_on(canvas, noise_std, num_iter=steps)
    pictures = [x[None] / scale for x in (canvas.blurred, *map(canvas.crop, answers))]
    sigma, std = sigma.to(canvas.blurred), std.to(canvas.blurred)
    facts = (canvas.blurred.new_tensor([x]) for x in (noise_std / scale, kind))
    planes = planes_of(*pictures, sigma.clamp(max=_LEARNED)[None], std[None], *facts)
    restored, log_variance = (x[0] for x in _network().to(planes)(planes))
    known = ((_UNKNOWN - sigma) / (_UNKNOWN - _LEARNED)).clamp(0, 1)
    restored = scale * torch.lerp(pictures[2][0], restored, known)
    return [canvas.extend(x, "replicate") for x in (restored, log_variance.exp())]
