r"""A picture and its halvings: what one scale says, told in the pixels of the next finer one.

A mean over two pixels spreads every point by half a pixel on each side, so halving takes sigma to

.. math:: \sigma' = \frac{1}{2} \sqrt{\sigma^2 + 1/4}.

A scale's places are counted from its corner: number r of a grid of every s-th pixel lies s r pixels
from the edge, at every scale the same way, so that grids of all scales share their corner.
"""

import torch
from torch.nn import functional

#: Step between windows in pixels, while a network learns and at halved pictures.
COARSE_STRIDE = 8

#: A picture is halved as long as this side is left, in pixels.
LEAST_SIDE = 32

#: What the mean over two pixels adds to the variance, in square pixels.
PAIR_VARIANCE = 0.25

#: Up to here differences of sigma count as they are, beyond relative to it; in pixels.
KNEE = 2.0


def halve(images):
    """Return images (B, 1, H, W) at half their sides, by means of 2 x 2 pixels.

    An odd side is rounded up; the last pixels then stand in for those beyond them.
    """
    below, right = (side % 2 for side in images.shape[-2:])
    if below or right:
        images = functional.pad(images, (0, right, 0, below), mode="replicate")
    return functional.avg_pool2d(images, 2)


def halved_sigma(sigma):
    """Return the sigma that a halved picture has, in its own pixels."""
    return (sigma.square() + PAIR_VARIANCE).sqrt() / 2


def doubled_sigma(sigma):
    """Return the sigma of the finer picture, in its pixels; 0.01 where halving alone made it."""
    return (4 * sigma.square() - PAIR_VARIANCE).clamp_min(1e-4).sqrt()


def bend(sigma):
    r"""Return :math:`k \operatorname{asinh}(\sigma / k)`: equal steps, then equal ratios."""
    ratio = sigma / KNEE
    return KNEE * (ratio + (ratio.square() + 1).sqrt()).log()  # asinh, which ONNX has not


def bent_log_variance(log_variance, sigma):
    """Return what the logarithm of sigma's variance becomes when sigma is bent."""
    return log_variance - (1 + (sigma / KNEE).square()).log()


def num_places(side, stride):
    """Return how many places, `stride` pixels apart, lead from the first pixel past the last."""
    return -(-(side - 1) // stride) + 1


def resample(grid, count, stride, output_stride, axis):
    """Take `count` values, `stride` pixels apart, from a grid of every `output_stride`-th pixel.

    Along one axis, -2 or -1, interpolated linearly; beyond the grid its last value.
    """
    place = torch.arange(count, device=grid.device) * stride / output_stride
    last = grid.shape[axis] - 1
    before = place.floor().long().clamp(max=last)
    after = (before + 1).clamp(max=last)
    share = (place - before).clamp(0, 1).to(grid.dtype)
    share = share[:, None] if axis == -2 else share
    return torch.lerp(grid.index_select(axis, before), grid.index_select(axis, after), share)


def at_finer(grid, shape, ratio):
    """Return a coarser scale's grid (..., rows, columns) at a finer one's places, `shape`.

    `ratio` is the finer grid's step over the coarser one's, both in pixels of one scale.
    """
    for axis, count in zip((-2, -1), shape, strict=True):
        grid = resample(grid, count, ratio, 1, axis)
    return grid


def mixed(share, first, second, first_log_variance, second_log_variance):
    """Return mean and logarithm of the variance of two gaussians mixed, the second's `share`."""
    between = share * (1 - share) * (first - second).square()
    variance = (1 - share) * first_log_variance.exp() + share * second_log_variance.exp()
    return torch.lerp(first, second, share), (variance + between).log()


def pyramid(images):
    """Return images (B, 1, H, W) and their halvings, as long as 32 pixels a side are left."""
    pictures = [images]
    while min(pictures[-1].shape[-2:]) >= 2 * LEAST_SIDE:
        pictures.append(halve(pictures[-1]))
    return pictures


def handed_down(answer, shape, stride):
    """Return what a scale says, in the pixels and at the places of the next finer one.

    Parameters
    ----------
    answer : Tensor of shape (B, 7 + carried, rows, columns)
        As `SigmaNet.answer` returns it, at every eighth pixel.
    shape, stride
        How many places the finer scale has, and how many of its pixels lie between two of them.

    Returns
    -------
    coarser : Tensor of shape (B, 3 + carried, *shape)
        Sigma, the logarithm of its variance, the profile, and what is carried.
    """
    sigma, rest = answer[:, 4:5].clamp_min(0), answer[:, 5:]
    finer = doubled_sigma(sigma)
    # Where sigma is small, it changes faster than twice as much; never mind below a pixel.
    log_variance = rest[:, :1] + 2 * (4 * sigma / finer).clamp(2, 4).log()
    grid = torch.cat([finer, log_variance, rest[:, 1:]], 1)
    return at_finer(grid, shape, stride / (2 * COARSE_STRIDE))
