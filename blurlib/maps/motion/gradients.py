"""An ellipse from the steepest slopes: across a sharp edge blur leaves what its width allows."""

import math

import torch

from ..._checks import check_image

#: A blur of standard deviation s leaves slopes up to c / sqrt(s^2 + b^2), in a picture that fills
#: [0, 1]: c and b are those of the paper.
_STEEPNESS, _OWN_SIGMA = 0.352, 0.764

#: The darkest and brightest of so many pixels do not count, nor the steepest.
_OUTLIERS = 1e-4

#: Directions that are looked in, over half a turn.
_NUM_TURNS = 36


def gradient_ellipse(image):
    r"""Find the ellipse of a PSF by the steepest slopes in each direction.

    The steepest slope along a direction tells the width of the PSF along it. Where it is least,
    the PSF is longest.

    .. math:: \sigma_\theta^2 = c^2 / \max |\partial_\theta g|^2 - b^2

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side, with sharp edges in every direction.

    Returns
    -------
    ellipse : (float, float, float)
        Standard deviations along and across, in pixels, and the angle of the first in degrees,
        counter-clockwise from the horizontal, in [0, 180).

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller.

    References
    ----------
    .. [1] M. Delbracio et al., "Polyblur: removing mild blur by polynomial reblurring", IEEE
       Transactions on Computational Imaging 7, 2021; key ``delbracio2021``.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("camera"), blur.motion_psf(12, 30))
    >>> long, wide, angle = gradient_ellipse(image)
    >>> long > 2 * wide, abs(angle - 30) <= 10
    (True, True)
    """
    check_image(image, min_side=32, ndim=2)
    levels = image.detach().cpu().double()
    ends = torch.tensor([_OUTLIERS, 1 - _OUTLIERS], dtype=torch.float64)
    low, high = torch.tensor(_quantiles(levels, ends))
    levels = ((levels - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    down, right = torch.gradient(levels)
    turns = math.pi / _NUM_TURNS * torch.arange(_NUM_TURNS, dtype=torch.float64)
    slopes = [(right * turn.cos() - down * turn.sin()).abs() for turn in turns]
    steepest = torch.tensor([_quantiles(slope, ends[1:])[0] for slope in slopes])
    widths = ((_STEEPNESS / steepest.clamp_min(1e-6)) ** 2 - _OWN_SIGMA**2).clamp_min(0).sqrt()
    longest = widths.argmax().item()
    across = widths[(longest + _NUM_TURNS // 2) % _NUM_TURNS].item()
    return widths[longest].item(), across, longest * 180 / _NUM_TURNS


def _quantiles(values, shares):
    """Return quantiles of any number of values."""
    ordered = values.flatten().sort().values
    return ordered[(shares * (len(ordered) - 1)).round().long()].tolist()
