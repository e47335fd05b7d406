"""Pictures that are read when they are asked for, and collections of them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..._checks import check_choice, check_integer
from ..images import PACKAGED_IMAGES, packaged_image, packaged_path
from ..procedural import FAMILIES, procedural_texture


@dataclass(frozen=True)
class Picture:
    """One picture of a source, not read yet.

    Attributes
    ----------
    name : str
        Unlike that of any other picture of its collection.
    material : str
        What it shows; pictures of one material are never on both sides of a split.
    load : callable
        Returns the image (H, W): grey, float32, in [0, 1].
    path : Path or None
        Its file, if it has one.
    key : str or None
        Names a drawn picture by what it is drawn from. Random draws for a picture hang on its key;
        without one, on the pixels of its file, or on its place among the pictures if it has none:
        never on computed pixels, whose last bits differ from one processor to the next.
    """

    name: str
    material: str
    load: Callable
    path: Path | None = None
    key: str | None = None


@dataclass(frozen=True)
class Collection:
    """What there is of a source, as a sequence of pictures, and what there is not.

    Attributes
    ----------
    pictures : tuple of Picture
        In the source's order.
    missing : tuple of str
        Names that the source has and the folder has not.
    damaged : dict
        Names of files that are not what was published, and why.
    """

    pictures: tuple
    missing: tuple = ()
    damaged: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.pictures)

    def __iter__(self):
        return iter(self.pictures)

    def __getitem__(self, name):
        if isinstance(name, str):
            names = [picture.name for picture in self.pictures]
            return self.pictures[names.index(check_choice(name, "name", names))]
        return self.pictures[name]


def open_packaged():
    """Open scikit-image's packaged pictures.

    Returns
    -------
    collection : Collection
        The pictures of `blurlib.data.PACKAGED_IMAGES`, each its own material.
    """

    def picture(name):
        return Picture(name, name, functools.partial(packaged_image, name), packaged_path(name))

    return Collection(tuple(map(picture, PACKAGED_IMAGES)))


def open_procedural(*, num_each=4, size=256, seed=0):
    """Open procedural textures.

    Parameters
    ----------
    num_each : int, optional
        Textures of each family.
    size : int, optional
        Their side in pixels.
    seed : int, optional
        Of the first texture of each family; each following one has the next.

    Returns
    -------
    collection : Collection
        Named ``cells-0`` and so on; the family is the material.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """
    size, seed = check_integer(size, "size"), check_integer(seed, "seed", low=0)
    numbers = range(seed, seed + check_integer(num_each, "num_each"))

    def picture(family, number):
        draw, key = functools.partial(_draw, family, size, number), f"{family}/{number}/{size}"
        return Picture(f"{family}-{number}", family, draw, key=f"procedural/{key}")

    return Collection(tuple(picture(family, number) for family in FAMILIES for number in numbers))


def _draw(family, size, seed):
    return procedural_texture(family, (size, size), rng=torch.Generator().manual_seed(seed))
