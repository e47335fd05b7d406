"""What every estimator of motion answers, for a picture and place by place."""

import math
from dataclasses import dataclass

import torch

from ..sigma_map import SigmaMap

#: What a motion has at each place, in the order of the files.
MOTION_LAYERS = ("length", "angle", "length_std", "angle_std")


@dataclass(frozen=True)
class Motion:
    """A uniform linear motion, how sure it is, and whether it is one at all.

    Attributes
    ----------
    length, length_std : float
        Length of the path in pixels, as `blurlib.blur.motion_psf` has it, and its deviation.
    angle, angle_std : float
        Degrees counter-clockwise from the horizontal, in [0, 180), and its deviation.
    probabilities : dict of str to float, or None
        How probable each of `BLUR_KINDS` is; None if the method does not say.
    sigma, sigma_std : float or None
        Root of half the trace of the PSF's second-moment matrix in pixels, whatever the kind.
    ellipse : (float, float, float) or None
        The PSF's standard deviations along and across where it is longest, in pixels, and that
        direction in degrees.
    """

    length: float
    angle: float
    length_std: float
    angle_std: float
    probabilities: dict | None = None
    sigma: float | None = None
    sigma_std: float | None = None
    ellipse: tuple | None = None

    @property
    def kind(self):
        """The most probable of `BLUR_KINDS`."""
        if self.probabilities is None:
            return "motion"
        return max(self.probabilities, key=self.probabilities.get)


@dataclass(frozen=True, eq=False)
class MotionField:
    """Motion at every so many pixels of an image.

    Attributes
    ----------
    sigma_map : SigmaMap
        Sigma of the blur, whatever its kind, in the convention "std"; and where the places are.
    length, angle, length_std, angle_std : Tensors of shape (rows, columns)
        As in `Motion`.
    probabilities : Tensor of shape (5, rows, columns)
        Of `BLUR_KINDS`, in their order.
    ellipse : Tensor of shape (3, rows, columns)
        As in `Motion`.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """

    sigma_map: SigmaMap
    length: torch.Tensor
    angle: torch.Tensor
    length_std: torch.Tensor
    angle_std: torch.Tensor
    probabilities: torch.Tensor
    ellipse: torch.Tensor

    def full_size(self, name):
        """Return a layer by its name with a value for each pixel of the image.

        Parameters
        ----------
        name : {"length", "angle", "length_std", "angle_std"}

        Returns
        -------
        values : Tensor of shape (H, W)
            Interpolated; angles as doubled angles, since 179 degrees are next to 0.
        """
        values, upsample = getattr(self, name), self.sigma_map.upsample
        if name != "angle":
            return upsample(values)
        twice = torch.deg2rad(2 * values)
        found = torch.rad2deg(torch.atan2(upsample(twice.sin()), upsample(twice.cos()))) / 2
        return found % 180


def angle_between(one, other):
    """Return by how many degrees one direction is ahead of another.

    Parameters
    ----------
    one, other : float or Tensor
        Directions in degrees; 180 more is the same one.

    Returns
    -------
    turned : float or Tensor
        In [-90, 90).

    Examples
    --------
    >>> angle_between(1, 179)
    2
    """
    return (one - other + 90) % 180 - 90


def ellipses_of(sigma, doubled):
    """Return standard deviations and angle (3, ...) of sigma (...) and a doubled angle (..., 2)."""
    cosine, sine = doubled.unbind(-1)
    longer = torch.hypot(cosine, sine).clamp(max=1)
    angle = torch.atan2(sine, cosine) * (90 / math.pi) % 180
    return torch.stack([sigma * (1 + longer).sqrt(), sigma * (1 - longer).sqrt(), angle])
