"""Free pictures: what anyone may train on, with nothing to download."""

import torch
from torch.nn import functional

from .._checks import check_generator, check_integer, check_number
from ..blur import blur_uniform, gaussian_psf
from .images import packaged_image
from .procedural import FAMILIES, procedural_texture
from .text import rendered_text

#: Packaged photographs that may be trained on: neither test textures nor text.
TRAINING_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "ihc", "rocket")


def free_textures(*, rng, num_each=4, size=256):
    """Return sharp pictures that anyone may train on: procedural textures and photographs.

    Parameters
    ----------
    rng : torch.Generator
        Source of the procedural textures.
    num_each : int, optional
        Textures of each family.
    size : int, optional
        Side of the procedural textures in pixels.

    Returns
    -------
    images : list of Tensors of shape (H, W)
        scikit-image's test textures (brick, grass, gravel) and text are never among them.
    """
    textures = [
        procedural_texture(family, (size, size), rng=rng)
        for family in FAMILIES
        for _ in range(check_integer(num_each, "num_each"))
    ]
    # A photograph has a blur of its own; at half its size it is sharp to the pixel.
    photographs = [
        functional.avg_pool2d(packaged_image(name)[None, None], 2)[0, 0]
        for name in TRAINING_PHOTOGRAPHS
    ]
    return textures + photographs


def free_pages(num, *, rng, size=256, softest=0.7):
    """Draw pages of printed text that anyone may train on, as if scanned.

    Parameters
    ----------
    num : int
        How many.
    rng : torch.Generator
        Source of fonts, sizes, words, grain and softness.
    size : int, optional
        Side of the pages in pixels.
    softest : float, optional
        Largest sigma, in pixels, of the blur that a page has before anybody blurs it: a scanner's
        optics and the spread of ink have one. Each page draws its own, from 0.

    Returns
    -------
    pages : list of Tensors of shape (size, size)
        In [0, 1]; grainy paper, by at most a fiftieth.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    """
    check_generator(rng, cpu=True)
    softest = check_number(softest, "softest", low=0, high=3, unit="pixels")
    pages = []
    for _ in range(check_integer(num, "num", low=0)):
        softness, grain = torch.rand(2, generator=rng, dtype=torch.float64).tolist()
        page = rendered_text((size, size), rng=rng)
        page = blur_uniform(page, gaussian_psf(softness * softest))
        noise = 0.02 * grain * torch.randn(size, size, generator=rng)
        pages.append((page + noise).clamp(0, 1))
    return pages
