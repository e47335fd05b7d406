"""Small grey pictures as PNG data URIs, the form in which they travel to the browser."""

import base64
import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from traitlets import TraitError, TraitType

from blurlib.data import as_image

_PREFIX = "data:image/png;base64,"


def to_data_uri(image):
    """Encode a grey picture (H, W) in [0, 1] as an 8-bit PNG data URI; NaN becomes transparent."""
    grey = np.asarray(image, dtype=np.float64)
    solid = ~np.isnan(grey)
    levels = np.rint(255 * np.where(solid, grey, 0).clip(0, 1)).astype(np.uint8)
    picture = Image.fromarray(levels)
    if not solid.all():
        alpha = Image.fromarray(solid.astype(np.uint8) * 255)
        picture = Image.merge("LA", [picture, alpha])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return _PREFIX + base64.b64encode(buffer.getvalue()).decode("ascii")


def from_data_uri(uri):
    """Decode a grey 8-bit PNG data URI to float32 in [0, 1]; raise a ValueError if it is none."""
    if not uri.startswith(_PREFIX):
        raise ValueError(f"expected a text that starts with {_PREFIX!r}, got {uri[:40]!r}")
    try:
        data = base64.b64decode(uri[len(_PREFIX) :], validate=True)
        picture = Image.open(io.BytesIO(data), formats=["PNG"])
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"the PNG data URI cannot be read: {error}") from error
    if picture.mode != "L":
        raise ValueError(f"expected an 8-bit grey PNG (mode L), got mode {picture.mode}")
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255)


def beside(*panels, gap=8):
    """Set pictures of one height side by side, `gap` columns apart, which are NaN: transparent."""
    space = torch.full((panels[0].shape[0], gap), math.nan)
    joined = [part for panel in panels for part in (space, panel.to(torch.float32))]
    return torch.cat(joined[1:], dim=1)


class Picture(TraitType):
    """A trait that takes a grey picture and holds it as a small PNG data URI.

    It takes whatever `blurlib.data.as_image` takes. A larger picture is averaged down until no
    side exceeds `largest` pixels.
    """

    def __init__(self, *, smallest=32, largest=128, **kwargs):
        super().__init__(**kwargs)
        self.smallest, self.largest = smallest, largest

    def validate(self, obj, value):
        """Encode `value`, or say what is wrong with it."""
        try:
            image = from_data_uri(value) if isinstance(value, str) else as_image(value)
            image = self._fit(image)
        except (TypeError, ValueError) as error:
            raise TraitError(f"{self.name}: {error}") from error
        return to_data_uri(image)

    def _fit(self, image):
        height, width = image.shape
        scale = max(1.0, max(height, width) / self.largest)
        size = (round(height / scale), round(width / scale))
        if min(size) < self.smallest:
            raise ValueError(
                f"got {height} x {width} pixels; pass at least {self.smallest} on each side, "
                f"and no side more than {self.largest // self.smallest} times the other"
            )
        return image if scale == 1 else F.interpolate(image[None, None], size, mode="area")[0, 0]
