"""What JPEG does to a grey picture, for a batch of crops at once."""

import math

import torch
from torch.nn import functional

from ..blur.degrade import round_image

#: JPEG's table for brightness, ITU-T T.81, table K.1.
_JPEG_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def compress(images, quality):
    """Do to grey images what JPEG does: round the cosines of 8 x 8 blocks.

    Images are (B, H, W) in [0, 1], 8-bit before and after; sides must be multiples of 8. `quality`
    (B, 1, 1) lies from 1 to 100, as libjpeg counts.
    """
    if images.shape[-2] % 8 or images.shape[-1] % 8:
        raise ValueError(f"sides must be multiples of 8, got {tuple(images.shape[-2:])}.")
    if quality.min() < 1 or quality.max() > 100:
        raise ValueError("quality must lie from 1 to 100.")
    number = torch.arange(8, device=images.device, dtype=torch.float64)
    cosines = torch.cos(math.pi / 8 * (number + 0.5) * number[:, None]) / 2
    cosines[0] /= math.sqrt(2)
    cosines = cosines.to(images)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = torch.tensor(_JPEG_TABLE, device=images.device, dtype=images.dtype)
    table = torch.floor((table * scale + 50) / 100).clamp(1, 255)[:, None]
    batch, height, width = images.shape
    blocks = functional.unfold(images[:, None] * 255 - 128, 8, stride=8)
    blocks = blocks.mT.reshape(batch, -1, 8, 8)
    kept = torch.round(cosines @ blocks @ cosines.T / table) * table
    blocks = (cosines.T @ kept @ cosines).reshape(batch, -1, 64).mT
    back = functional.fold(blocks, (height, width), 8, stride=8)[:, 0]
    return round_image((back + 128) / 255)
