"""Layered scenes: something near before something far, each out of focus in its own way."""

import torch

from .._checks import check_generator, check_integer
from .lens_bank import blur_uniform_each
from .procedural._canvas import noise, uniform


def outlines(num, *, rng, size):
    """Draw masks with outlines from smooth to fine.

    Parameters
    ----------
    num : int
        How many.
    rng : torch.Generator
        Source of shapes and sizes.
    size : int
        Side in pixels.

    Returns
    -------
    masks : Tensor of shape (num, size, size)
        1 where the nearer layer is, 0 elsewhere; its share lies between a fifth and four fifths.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
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
    layer out of focus spills over the farther one, and a farther one never over the nearer.

    Parameters
    ----------
    front, back : Tensors of shape (B, H, W)
        The layers, whole, with the PSFs' reach as margin.
    masks : Tensor of shape (B, H, W)
        Where the nearer layer is.
    front_psfs, back_psfs : Tensors of shape (B, k, k)
        Of each layer, of one odd side.

    Returns
    -------
    image : Tensor of shape (B, H - k + 1, W - k + 1)

    References
    ----------
    .. [1] M. Potmesil and I. Chakravarty, "A lens and aperture camera model for synthetic image
       generation", SIGGRAPH, 1981; key ``potmesil1981``.
    """
    cover = blur_uniform_each(masks, front_psfs)
    near = blur_uniform_each(front * masks, front_psfs)
    return near + (1 - cover) * blur_uniform_each(back, back_psfs)
