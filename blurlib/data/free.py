"""Free pictures: what anyone may train on, with nothing to download."""

import torch
from torch.nn import functional

from .._checks import check_generator, check_integer, check_number
from ..blur import blur_uniform, gaussian_psf
from .images import packaged_image
from .procedural import FAMILIES, procedural_texture
from .procedural._canvas import noise
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
        page = page + 0.02 * grain * torch.randn(size, size, generator=rng)
        pages.append(page.clamp(0, 1))
    return pages


def free_scans(num, *, rng, size=256, softness=(0.4, 1.1)):
    """Draw scans of old print that anyone may train on.

    Letters with ragged edges and uneven ink on stained paper, the other side shining through; then
    the softness of a scanner and the spread of the ink, which no scan is without.

    Parameters
    ----------
    num : int
        How many.
    rng : torch.Generator
        Source of all that is random in them.
    size : int, optional
        Side of the scans in pixels, at least 32.
    softness : (float, float), optional
        Smallest and largest sigma, in pixels, of the blur that a scan has before anybody blurs it.

    Returns
    -------
    scans : list of Tensors of shape (size, size)
        float32 in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    Whoever learns from them cannot tell the scan's own blur from what was added, and is to state
    what was added: it learns to take off what a scan of print usually has.
    """
    check_generator(rng, cpu=True)
    check_integer(size, "size", low=32)
    if not (isinstance(softness, tuple) and len(softness) == 2):
        raise ValueError(f"softness must be (smallest, largest), got {softness!r}.")
    low = check_number(softness[0], "the smallest softness", low=0, high=3, unit="pixels")
    high = check_number(softness[1], "the largest softness", low=low, high=3, unit="pixels")
    scans = []
    for _ in range(check_integer(num, "num", low=0)):
        own, brightness, stains, grain, darkness, shine = _six(rng)
        front, back = _ink(size, rng), _ink(size, rng).flip(1)
        paper = 0.55 + 0.4 * brightness + 0.06 * stains * noise(size, rng, 1.0 + stains)
        paper = paper + 0.03 * grain * noise(size, rng, 0.6)
        through = blur_uniform(back, gaussian_psf(1 + 3 * shine))
        page = paper * (1 - 0.25 * shine * through) * (1 - (0.4 + 0.5 * darkness) * front)
        page = blur_uniform(page.clamp(0, 1), gaussian_psf(low + own * (high - low)))
        scans.append((page + 0.004 * torch.randn(size, size, generator=rng)).clamp(0, 1))
    return scans


def _six(rng):
    return torch.rand(6, generator=rng, dtype=torch.float64).tolist()


def _ink(size, rng):
    """Return where the ink of a press lies, 0 to 1: its edge wavers, its tone is uneven."""
    zoom, ragged, uneven, *_ = _six(rng)
    side = round(size / (1 + zoom))  # letters up to twice as large, strokes up to twice as wide
    letters = 1 - rendered_text((side, side), rng=rng)
    letters = functional.interpolate(letters[None, None], (size, size), mode="bilinear")[0, 0]
    # The paper's fibres lead the ink astray before the edge is cut.
    level = blur_uniform(letters / letters.max(), gaussian_psf(0.8)) - 0.5
    edge = (4 * (level + 0.15 * ragged * noise(size, rng, 1.0)) + 0.5).clamp(0, 1)
    return edge * (1 - 0.4 * uneven * torch.rand(size, size, generator=rng))
