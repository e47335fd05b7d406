"""The lens laboratory: focus and open a lens before a scene whose depth is known."""

import math

import torch
import torch.nn.functional as F
import traitlets

from blurlib.blur import VaryingBlur, depth_field
from blurlib.data import motorcycle_scene
from blurlib.data.depth import FOCAL_PIXELS
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.png import beside, from_data_uri, to_data_uri

_PIECE = (slice(0, 224), slice(64, 352))
_LEVELS = 63  # of inverse depth, so that few PSFs are needed


class LensLab(PageWidget):
    """Turn a lens before the Middlebury motorcycle, and read a pixel's sigma and its two depths.

    Parameters
    ----------
    view : {"picture", "sigma"}, optional
        Whether to show what the lens sees or the sigma map.
    focus_distance : float, optional
        What is in focus, 0.2 to 5 m.
    f_number : float, optional
        Focal length over aperture, 1.4 to 16.
    focal_length : float, optional
        4 to 50 mm. The sensor is scaled with it, so that the lens always sees the same.
    row, column : int, optional
        The pixel that is read.

    Raises
    ------
    TraitError
        If a value is outside its limits; the widget keeps what it had.

    Notes
    -----
    Each pixel gathers its own disk (`blurlib.blur.VaryingBlur`), so that the blur is what the map
    says; at edges of depth a lens would do otherwise. Depth is rounded to 64 steps.

    Examples
    --------
    >>> lab = LensLab(focus_distance=2.5, f_number=2.0)
    >>> [f"{depth:.2f} m" for depth in lab.depths]
    ['1.85 m', '3.84 m']
    """

    module = "lens"

    scene = traitlets.Dict().tag(sync=True)
    view = traitlets.Enum(["picture", "sigma"], "picture").tag(sync=True)
    focus_distance = Amount(2.25, low=0.2, high=5, unit="m").tag(sync=True)
    f_number = Amount(1.4, low=1.4, high=16, unit="").tag(sync=True)
    focal_length = Amount(50.0, low=4, high=50, unit="mm").tag(sync=True)
    row = traitlets.Int(60, min=0, max=223).tag(sync=True)
    column = traitlets.Int(60, min=0, max=287).tag(sync=True)

    def __init__(self, **traits):
        whole = motorcycle_scene()
        picture = F.avg_pool2d(whole.image[None, None], 2)[0, 0][_PIECE]
        inverse = 1 / whole.depth[::2, ::2][_PIECE]
        far, near = inverse.min().item(), inverse.max().item()
        levels = ((inverse - far) / (near - far) * _LEVELS).round()
        scene = {
            "picture": to_data_uri(picture), "levels": to_data_uri(levels / 255),
            "inverse": [far + (near - far) * level / _LEVELS for level in range(_LEVELS + 1)],
            "focal_pixels": FOCAL_PIXELS / 2,
        }  # fmt: skip
        super().__init__(scene=scene, **traits)

    @property
    def lens(self):
        """The lens as `blurlib.blur.depth_field` takes it, in metres."""
        focal_length = self.focal_length / 1000
        return {
            "focus_distance": self.focus_distance, "focal_length": focal_length,
            "f_number": self.f_number, "pixel_pitch": focal_length / self.scene["focal_pixels"],
        }  # fmt: skip

    @property
    def sharp(self):
        """The sharp picture, a Tensor of shape (H, W) in [0, 1]."""
        return from_data_uri(self.scene["picture"])

    @property
    def depth(self):
        """How far away what each pixel shows is, in metres: a Tensor of the same shape."""
        levels = (255 * from_data_uri(self.scene["levels"])).round().long()
        return 1 / torch.tensor(self.scene["inverse"], dtype=torch.float64)[levels]

    @property
    def sigma_map(self):
        """The sigma of each pixel, a Tensor of the same shape."""
        return depth_field(self.depth, **self.lens)

    @property
    def blurred(self):
        """What the lens sees, a Tensor of the same shape."""
        return VaryingBlur(self.sigma_map, "disk").forward(self.sharp)

    @property
    def sigma(self):
        """The sigma of the pixel that is read."""
        return self.sigma_map[self.row, self.column].item()

    @property
    def depths(self):
        """The two depths that have this sigma, in metres; inf where only one has."""
        away = abs(1 - self.focus_distance / self.depth[self.row, self.column].item())
        far = self.focus_distance / (1 - away) if away < 1 else math.inf
        return self.focus_distance / (1 + away), far

    def poster(self):
        """Set the sharp picture and what the lens sees side by side."""
        near, far = self.depths
        text = (
            f"A motorcycle in a garage, sharp and through a lens of {self.focal_length:g} mm at "
            f"f/{self.f_number:g}, focused at {self.focus_distance:g} m. At row {self.row}, column "
            f"{self.column} sigma is {self.sigma:.2f} px: {near:.2f} m or {far:.2f} m away."
        )
        return beside(self.sharp, self.blurred), text
