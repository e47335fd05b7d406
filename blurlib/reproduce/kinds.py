"""Kinds of pictures on which a stated std is counted, each with the true one of its PSF.

A maker takes two scans and a generator. It returns a picture of 8-bit levels, and the standard
deviation of the PSF along an axis at each pixel. Scans are halved: at full size they have a
softness of their own, which would count as the estimator's error.
"""

import torch

from ..blur import VaryingBlur, quantize, ramp_field
from ..data.camera import clip_light
from ..data.lens_bank import LensBank, blur_uniform_each
from ..data.lights import starfields
from ..data.scenery import compose, outlines
from ..learn.scales import halve

#: Range of the std of the lenses' PSFs, and how far these may reach, in pixels.
_LENSES = {"std_range": (0.25, 8.0), "reach": 32}

#: Share of the pixels that are white where light is clipped: one of them a picture.
_CLIPPED = (0.02, 0.05, 0.1, 0.25)


def _disks(scan, other, rng):
    """Blur with a ramp of disks."""
    blurred, std = _ramp(scan, "disk")
    return quantize(blurred), std


def _layers(scan, other, rng):
    """Show one scan before another, each through its lens; of three lenses one is in focus."""
    front, back = halve(scan[None]), halve(other[None])
    masks = outlines(1, rng=rng, size=front.shape[-1])
    lenses, reach = LensBank(3, rng=rng, **_LENSES), _LENSES["reach"]
    near, far = torch.randperm(3, generator=rng)[:2, None]
    image = compose(front, back, masks, lenses.psfs[near], lenses.psfs[far])[0]
    is_near = masks[0, reach:-reach, reach:-reach] > 0
    return quantize(image), torch.where(is_near, lenses.std[near], lenses.std[far])


def _clipped(scan, other, rng):
    """Blur with a ramp of gaussians, and expose so that the brightest part is white."""
    blurred, std = _ramp(scan, "gaussian")
    share = _CLIPPED[torch.randint(len(_CLIPPED), (), generator=rng)]
    return quantize(clip_light(blurred[None], 0.0, share)[0]), std


def _points(scan, other, rng):
    """Draw points of light through a lens, the ground black, the brightest white; no scan."""
    (points,) = starfields(1, rng=rng, size=320)
    lenses = LensBank(2, rng=rng, **_LENSES)  # the first is in focus
    light = blur_uniform_each(points[None], lenses.psfs[1:])[0]
    light = (light - light.min()) / (light.max() - light.min())
    return quantize(light), lenses.std[1].expand_as(light)


def _ramp(scan, family):
    sharp = halve(scan[None])[0]
    blur = VaryingBlur(ramp_field(sharp.shape), family)
    return blur.forward(sharp), blur.std()


#: The makers, by the kinds that `regression` has no row for.
OTHER_KINDS = {
    "disks": _disks, "layered scenes": _layers, "clipped light": _clipped,
    "points of light": _points}  # fmt: skip
