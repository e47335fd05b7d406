"""Layered scenes: something near before something far, each out of focus in its own way."""

import torch

from .._checks import check_generator, check_integer
from .lens_bank import blur_uniform_each
from .procedural._canvas import noise, uniform


def outlines(num, *, rng, size):
    """Draw masks (num, size, size) with outlines from smooth to fine: 1 where the nearer layer is.

    Its share lies between a fifth and four fifths.
    """
    check_integer(num, "num")
    check_integer(size, "size")
    check_generator(rng, cpu=True)
    masks = []
    for _ in range(num):
        field = noise(size, rng, uniform(rng, 1.2, 2.8))
        share = uniform(rng, 0.2, 0.8)
        masks.append((field > field.quantile(1 - share)).float())
    return torch.stack(masks)


def compose(front, back, masks, front_psfs, back_psfs):
    """Show a nearer layer before a farther one, through a lens.

    What the lens makes of a point of the nearer layer hides as much of what is behind. So a nearer
    layer out of focus spills over the farther one, and a farther one never over the nearer
    (Potmesil and Chakravarty, key ``potmesil1981``). Layers and masks are (B, H, W), whole, with
    the reach of the PSFs (B, k, k) as margin, which is lost.
    """
    cover = blur_uniform_each(masks, front_psfs)
    near = blur_uniform_each(front * masks, front_psfs)
    return near + (1 - cover) * blur_uniform_each(back, back_psfs)
