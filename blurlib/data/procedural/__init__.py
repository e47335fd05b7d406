"""Textures drawn by rule and chance: free, endless, sharp to the pixel.

A family is a function (size, rng) that paints a square of side `size` at twice the final
resolution; `procedural_texture` averages 2x2 blocks, as a sensor's pixel averages the light that
falls on it, and spreads the result over the grey levels.
"""

import torch
from torch.nn import functional

from ..._checks import check_choice, check_generator, check_shape
from . import fields, strokes, tilings

#: The families by name.
FAMILIES = {
    family.__name__: family
    for family in (
        fields.power_law, fields.blobs, strokes.dead_leaves, tilings.cells, strokes.stripes,
        tilings.weave, tilings.bricks, strokes.scratches, tilings.dots,
        tilings.knit, tilings.cracks, fields.reaction_diffusion, fields.paper, strokes.wood,
        strokes.fur, tilings.lace, tilings.pebbles, fields.crumpled, fields.bark,
    )}  # fmt: skip


def procedural_texture(family, shape, *, rng):
    """Draw a texture.

    Parameters
    ----------
    family : str
        One of `blurlib.data.FAMILIES`.
    shape : (int, int)
        Height and width in pixels.
    rng : torch.Generator
        Source of all that is random in it, its scale and contrast included.

    Returns
    -------
    texture : Tensor of shape (H, W)
        float32 in [0, 1]: the 0.5 and 99.5 per cent points lie at the ends.

    Raises
    ------
    TypeError, ValueError
        If the family is unknown, the shape none, or `rng` no torch.Generator.

    References
    ----------
    .. [1] A. B. Lee, D. Mumford and J. Huang, "Occlusion models for natural images", Int. J.
       Computer Vision 41, 2001; key ``lee2001`` (dead leaves).

    Examples
    --------
    >>> procedural_texture("cells", (40, 60), rng=torch.Generator().manual_seed(0)).shape
    torch.Size([40, 60])
    """
    check_choice(family, "family", FAMILIES)
    height, width = check_shape(shape)
    check_generator(rng, cpu=True)
    fine = FAMILIES[family](2 * max(height, width, 32), rng).float()
    texture = functional.avg_pool2d(fine[None, None], 2)[0, 0, :height, :width]
    # torch.quantile takes at most 16 million values; a sample of the rows is enough.
    ends = texture.flatten()[:: max(1, texture.numel() // 100_000)]
    low, high = torch.quantile(ends, torch.tensor([0.005, 0.995])).tolist()
    return ((texture - low) / max(high - low, 1e-6)).clamp(0, 1)
