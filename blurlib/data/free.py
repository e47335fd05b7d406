"""Free pictures: what anyone may train on, with nothing to download."""

from torch.nn import functional

from .._checks import check_integer
from .images import packaged_image
from .procedural import FAMILIES, procedural_texture

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
