"""Free pictures: what anyone may train on, with nothing to download."""

import math

import torch
from torch.nn import functional

from .._checks import check_integer
from ..blur import blur_uniform, gaussian_psf
from .images import packaged_image
from .procedural import FAMILIES, procedural_texture
from .procedural._canvas import any_angle, grid, noise, several, turned, uniform
from .text import rendered_text

#: Packaged photographs that may be trained on: neither test textures nor text.
TRAINING_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "ihc", "rocket")


def training_images(*, rng, num_each=4, size=256, photographs=True):
    """Return sharp pictures that anyone may train on: procedural textures and photographs.

    Parameters
    ----------
    rng : torch.Generator
        Source of the procedural textures.
    num_each : int, optional
        Textures of each family.
    size : int, optional
        Side of the procedural textures in pixels.
    photographs : bool, optional
        Whether `free_photographs` follow.

    Returns
    -------
    images : list of Tensors of shape (H, W)
        scikit-image's test textures (brick, grass, gravel) and text are never among them.
    """
    num_each = check_integer(num_each, "num_each")
    families = (family for family in FAMILIES for _ in range(num_each))
    textures = [procedural_texture(family, (size, size), rng=rng) for family in families]
    return textures + (free_photographs() if photographs else [])


def free_photographs():
    """Return scikit-image's photographs that anyone may train on, at half their size.

    Returns
    -------
    photographs : list of Tensors of shape (H, W)
        A photograph has a blur of its own; at half its size it is sharp to the pixel.
    """
    photographs = (packaged_image(name)[None] for name in TRAINING_PHOTOGRAPHS)
    return [functional.avg_pool2d(photograph, 2)[0] for photograph in photographs]


@several
def gaussian_random_fields(size, rng):
    """Draw gaussian random fields, whose power falls with the frequency as a power of it.

    The exponent lies between -3.2 and -0.8, photographs near -2. The grey levels' standard
    deviation, before they are cut to [0, 1], lies between 0.03 and 0.2, every order of magnitude
    as often. Sharp to the pixel: up to the highest frequency there is nothing else, as in the
    chapter "Rivals and limits".
    """
    slope = uniform(rng, -3.2, -0.8)
    contrast = math.exp(uniform(rng, math.log(0.03), math.log(0.2)))
    return (0.5 + contrast * noise(size, rng, -slope / 2)).clamp(0, 1)


@several
def free_pages(size, rng):
    """Draw pages of printed text that anyone may train on, as if scanned.

    A scanner's optics and the spread of ink blur a page before anybody blurs it: each page draws
    the sigma of that, up to 0.7 pixels. The paper is grainy, by at most a fiftieth.
    """
    softness, grain = uniform(rng, 0, 1, 2).tolist()
    page = rendered_text((size, size), rng=rng)
    page = blur_uniform(page, gaussian_psf(softness * 0.7))
    return (page + 0.02 * grain * torch.randn(size, size, generator=rng)).clamp(0, 1)


@several
def synthetic_prints(size, rng):
    """Draw scans of old print that anyone may train on.

    Letters with ragged edges and uneven ink on stained paper, the other side shining through; then
    the softness of a scanner and the spread of the ink, which no scan is without: a sigma of 0.4 to
    1.1 pixels before anybody blurs it. Whoever learns from them cannot tell the scan's own blur
    from what was added, and is to state what was added: it learns to take off what a scan of print
    usually has.
    """
    own, brightness, stains, grain, darkness, shine = uniform(rng, 0, 1, 6).tolist()
    front, back = _ink(size, rng), _ink(size, rng).flip(1)
    paper = 0.55 + 0.4 * brightness + 0.06 * stains * noise(size, rng, 1.0 + stains)
    paper = paper + 0.03 * grain * noise(size, rng, 0.6)
    through = blur_uniform(back, gaussian_psf(1 + 3 * shine))
    page = paper * (1 - 0.25 * shine * through) * (1 - (0.4 + 0.5 * darkness) * front)
    page = blur_uniform(page.clamp(0, 1), gaussian_psf(0.4 + own * (1.1 - 0.4)))
    return (page + 0.004 * torch.randn(size, size, generator=rng)).clamp(0, 1)


@several
def synthetic_cloth(size, rng):
    """Draw fine cloth: canvas, twill, screens, threads only some pixels wide.

    The family ``weave`` of `blurlib.data.FAMILIES` is coarser. In fine cloth the spectrum is a few
    sharp lines, and blur leaves the lowest of them alone: what is read between the lines has to be
    learned from such. Threads that run one way are 2.5 to 12 pixels wide, every order of magnitude
    as often; those that cross them are up to 1.65 times as wide, or as narrow.
    """
    size *= 2  # blocks of 2 x 2 are averaged, as a sensor does
    draws = uniform(rng, 0, 1, 8).tolist()
    coarse, turn, waver, twill, body, relief, fibres, strength = draws
    period = 5.0 * (24.0 / 5.0) ** coarse
    across = period * math.exp(uniform(rng, -0.5, 0.5))  # warp and weft differ
    # Mostly along the rows of the picture, as who scans cloth lays it down; now and then not.
    angle = any_angle(rng) if turn < 0.3 else 0.1 * (turn - 0.65)
    u, v = turned(*grid(size), angle)
    wander = 0.25 * waver * noise(size, rng, 1.5), 0.25 * waver * noise(size, rng, 1.5)
    u, v = u / period + wander[0], v / across + wander[1]
    floats = 2 + int(3 * twill**2)  # plain weave, or twill over two or three
    over = (u.floor() + v.floor()) % floats < 1
    profile = (torch.sin(math.pi * torch.where(over, u, v)) ** 2 + 1e-3) ** (0.2 + body)
    cloth = profile * (1 + relief * (over.float() - 0.5))
    cloth = cloth + 0.5 * fibres**2 * noise(size, rng, 0.3 + strength)
    cloth = functional.avg_pool2d(cloth[None, None], 2)[0, 0]
    cloth = (cloth - cloth.min()) / (cloth.max() - cloth.min())
    contrast = 0.15 + 0.85 * strength
    return (0.5 + contrast * (cloth - 0.5)).float()


def _ink(size, rng):
    """Return where the ink of a press lies, 0 to 1: its edge wavers, its tone is uneven."""
    zoom, ragged, uneven, *_ = uniform(rng, 0, 1, 6).tolist()
    side = round(size / (1 + zoom))  # letters up to twice as large, strokes up to twice as wide
    letters = 1 - rendered_text((side, side), rng=rng)
    letters = functional.interpolate(letters[None, None], (size, size), mode="bilinear")[0, 0]
    # The paper's fibres lead the ink astray before the edge is cut.
    level = blur_uniform(letters / letters.max(), gaussian_psf(0.8)) - 0.5
    edge = (4 * (level + 0.15 * ragged * noise(size, rng, 1.0)) + 0.5).clamp(0, 1)
    return edge * (1 - 0.4 * uneven * torch.rand(size, size, generator=rng))
