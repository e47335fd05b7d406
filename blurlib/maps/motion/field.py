"""Motion place by place."""

from dataclasses import dataclass
from operator import attrgetter

import torch

from ..._checks import check_image, check_integer
from ..sigma_map import SigmaMap
from .likelihood import fit_motion

#: What a motion has at each place, in the field's order.
MOTION_LAYERS = ("length", "angle", "length_std", "angle_std")


@dataclass(frozen=True, eq=False)
class MotionField:
    """Motion at every so many pixels of an image.

    Attributes
    ----------
    sigma_map : SigmaMap
        Sigma of the blur, whatever its kind, in the convention "std"; and where the places are.
    length, angle, length_std, angle_std : Tensors of shape (rows, columns)
        As in `Motion`.
    probabilities : Tensor of shape (4, rows, columns)
        Of `BLUR_KINDS`, in their order.

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


def motion_field(image, *, window=64, stride=None):
    """Find the likeliest motion in windows all over an image.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    window : int, optional
        As in `fit_motion`.
    stride : int, optional
        Step between the windows in pixels; by default half a window.

    Returns
    -------
    field : MotionField
        Of windows inside the image: mirrored beyond its border, a motion would turn.

    Raises
    ------
    TypeError, ValueError
        As `fit_motion`, or if the stride is no integer of at least 1.
    """
    check_image(image, min_side=32, ndim=2)
    window = min(check_integer(window, "window", low=32), *image.shape) // 2 * 2
    stride = window // 2 if stride is None else check_integer(stride, "stride")
    windows = image.unfold(0, window, stride).unfold(1, window, stride)
    found = [[fit_motion(part, window=window) for part in row] for row in windows]

    def layer(read):
        return torch.tensor([[read(motion) for motion in row] for row in found])

    layers = [layer(attrgetter(name)) for name in ("sigma", "sigma_std", *MOTION_LAYERS)]
    places = SigmaMap(*layers[:2], stride, window // 2, tuple(image.shape), "std")
    probabilities = layer(lambda motion: list(motion.probabilities.values()))
    return MotionField(places, *layers[2:], probabilities.permute(2, 0, 1))
