"""What all classical methods need: grey levels, derivatives, re-blurring, means over windows."""

import scipy
import torch
from torch.nn import functional

from ..._checks import check_image, check_integer
from ...blur import pad
from ...data.patches import PATCH_SIZE


def as_levels(image):
    """Return an image in grey levels of 255, float64; raise unless it holds a window."""
    check_image(image, min_side=PATCH_SIZE, ndim=2)
    return 255 * image.detach().cpu().double()


def box_mean(values, stride):
    """Return the mean over every window that fits, by sums over rectangles from the corner.

    Parameters
    ----------
    values : Tensor of shape (..., H, W)
        At every pixel.
    stride : int
        Step between windows in pixels.

    Returns
    -------
    means : Tensor of shape (..., rows, columns)
        The cost does not depend on the window's size.
    """
    stride = check_integer(stride, "stride")
    sums = functional.pad(values.cumsum(-1).cumsum(-2), (1, 0, 1, 0))
    low, high = sums[..., :-PATCH_SIZE, :], sums[..., PATCH_SIZE:, :]
    strips = (high - low)[..., ::stride, :]
    total = strips[..., PATCH_SIZE:] - strips[..., :-PATCH_SIZE]
    return total[..., ::stride] / PATCH_SIZE**2


def variance(levels, stride):
    """Return the variance of the grey levels in every window."""
    levels = levels - levels.mean()  # less to cancel
    return (box_mean(levels**2, stride) - box_mean(levels, stride) ** 2).clamp_min(0)


def gradient(levels):
    """Return the central differences downward and across, (2, H, W); mirrored at the border."""
    framed = pad(levels, (1, 1, 1, 1), "symmetric")
    down, across = framed[2:, 1:-1] - framed[:-2, 1:-1], framed[1:-1, 2:] - framed[1:-1, :-2]
    return torch.stack([down, across]).div(2)


def reblur(levels, sigma):
    """Blur once more, with a gaussian of known sigma; mirrored at the border."""
    return torch.from_numpy(scipy.ndimage.gaussian_filter(levels.numpy(), sigma, mode="mirror"))
