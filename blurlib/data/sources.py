"""Where pictures come from: one registry of sources, all opened in the same way."""

import csv
import functools
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .._checks import check_choice, check_integer
from .depth import motorcycle_scene
from .fetch import (
    BRODATZ_ADDRESS,
    SIPI_ADDRESS,
    fetch_archive,
    fetch_files,
    hash_file,
    read_sums,
)
from .images import (
    MAX_PIXELS,
    PACKAGED,
    list_images,
    load_image,
    packaged_image,
    packaged_path,
)
from .procedural import FAMILIES, procedural_texture
from .text import FONTS, rendered_text


def _registry(name):
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


#: File name of each Brodatz scan: its published SHA-1, and the material that it shows.
BRODATZ = _registry("brodatz.json")

#: File name of each texture of the USC-SIPI volume, and its material.
SIPI = _registry("sipi.json")

_MATERIAL_OF_HASH = {entry["sha1"]: entry["material"] for entry in BRODATZ.values()}


@dataclass(frozen=True)
class Picture:
    """One picture of a source, not read yet.

    Attributes
    ----------
    name : str
        Unlike that of any other picture of its collection.
    material : str
        What it shows; pictures of one material are never on both sides of a split.
    read : callable
        Returns the image.
    path : Path or None
        Its file, if it has one.
    key : str or None
        Names a drawn picture by what it is drawn from. Random draws for a picture hang on its key;
        without one, on the pixels of its file, or on its place among the pictures if it has none:
        never on computed pixels, whose last bits differ from one processor to the next.
    """

    name: str
    material: str
    read: Callable
    path: Path | None = None
    key: str | None = None

    def load(self):
        """Return the image.

        Returns
        -------
        image : Tensor of shape (H, W)
            Grey, float32, in [0, 1].

        Raises
        ------
        OSError, ValueError
            If its file is gone or damaged.
        """
        return self.read()


@dataclass(frozen=True)
class Collection:
    """What there is of a source, as a sequence of pictures, and what there is not.

    Attributes
    ----------
    source : str
        The source's name.
    pictures : tuple of Picture
        In the source's order.
    missing : tuple of str
        Names that the source has and the folder has not.
    damaged : dict
        Names of files that are not what was published, and why.
    """

    source: str
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


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Attributes
    ----------
    title : str
        What it is.
    licence : str
        What one may do with the pictures.
    origin : str
        Where from.
    num_images : int or None
        How many there are; None if as many as one likes.
    megabytes : float
        Size of the download, 0 if there is none.
    open : callable
        Returns the source's `Collection`.
    """

    title: str
    licence: str
    origin: str
    num_images: int | None
    megabytes: float
    open: Callable


def data_folder(name, folder=None):
    """Return the folder of a source that is not packaged.

    Parameters
    ----------
    name : str
        The source's, for instance "brodatz".
    folder : path-like, optional
        Instead of the environment's ``BLURLIB_DATA``, or the user's cache folder.

    Returns
    -------
    folder : Path
        `folder` itself, or the folder `name` in it if there is one.

    Raises
    ------
    FileNotFoundError
        If a folder was named, here or by ``BLURLIB_DATA``, and is not there.
    """
    named = folder if folder is not None else os.environ.get("BLURLIB_DATA")
    if named is None:
        import pooch

        return Path(pooch.os_cache("blurlib")) / name
    named = Path(named)
    if not named.is_dir():
        whence = "" if folder is not None else ", which BLURLIB_DATA names,"
        raise FileNotFoundError(
            f"there is no folder {named}{whence} to read {name} from; name the folder of its files."
        )
    return named / name if (named / name).is_dir() else named


def _collect(source, folder, hashes, materials, failed=None):
    """Sort a source's files into those that are right, missing, and not what was published."""
    pictures, missing = [], []
    # What could not be fetched because it is another file is worth saying; a 404 is just missing.
    damaged = {
        name: reason for name, reason in (failed or {}).items() if "published file" in reason
    }
    for name, material in materials.items():
        path = folder / name
        if not path.is_file():
            missing.append(name)
            continue
        algorithm, _, known = hashes.get(name, "").partition(":")
        if known and hash_file(path, algorithm) != known:
            damaged[name] = f"its {algorithm.upper()} is not the published one; delete the file"
            continue
        read = functools.partial(load_image, path)
        pictures.append(Picture(name, material, read, path))
    if not pictures:
        raise FileNotFoundError(
            f"the folder {folder} holds none of the {len(materials)} files of {source}; name the "
            f"right folder, or run: blurlib fetch {source}"
        )
    return Collection(source, tuple(pictures), tuple(missing), damaged)


def brodatz(folder=None, *, download=None, progress=False):
    """Open the scans of the Brodatz album: D1 to D112, 640 x 640 pixels.

    Parameters
    ----------
    folder : path-like, optional
        Where the files ``D1.gif`` ... are, or shall be; by default what the environment's
        ``BLURLIB_DATA`` names (the folder itself, or one with ``brodatz`` in it), else the
        user's cache folder.
    download : bool, optional
        Whether to fetch what is missing; by default only into the cache folder.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    collection : Collection
        The scans whose SHA-1 is the published one; what is missing or damaged is named in it.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no scan in it.
    FetchError
        If the scans cannot be downloaded.

    Notes
    -----
    Research use only: the album's publisher holds the copyright, so the scans are never packaged
    with blurlib or shown in the book. D14 was never in the published set.

    References
    ----------
    .. [1] P. Brodatz, "Textures: A Photographic Album for Artists and Designers", Dover, 1966;
       key ``brodatz1966``.
    .. [2] T. Randen's page, http://www.ux.uis.no/~tranden/brodatz.html.
    """
    place = data_folder("brodatz", folder)
    hashes = {name: f"sha1:{entry['sha1']}" for name, entry in BRODATZ.items()}
    if download is None:
        download = folder is None and "BLURLIB_DATA" not in os.environ
    failed = {}
    if download:
        failed = fetch_files(place, hashes, BRODATZ_ADDRESS, progress=progress)
    materials = {name: entry["material"] for name, entry in BRODATZ.items()}
    return _collect("brodatz", place, hashes, materials, failed)


def sipi(folder=None, *, download=None, progress=False):
    """Open the textures of the USC-SIPI image database, 512 or 1024 pixels a side.

    Parameters
    ----------
    folder : path-like, optional
        Where the files ``1.1.01.tiff`` ... are, or shall be; else as for `brodatz`.
    download : bool, optional
        Whether to fetch the archive if files are missing; by default only into the cache folder.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    collection : Collection
        The textures; what is missing or damaged is named in it.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no texture in it.
    FetchError
        If the archive cannot be downloaded.

    Notes
    -----
    We know no published hash of this volume: what comes first is trusted, and checked from then on
    (`blurlib.data.fetch.fetch_archive`). Three times thirteen files are Brodatz plates; mosaics of
    other files are left out.

    References
    ----------
    .. [1] USC-SIPI image database, https://sipi.usc.edu/database/.
    """
    place = data_folder("sipi", folder)
    if download is None:
        download = folder is None and "BLURLIB_DATA" not in os.environ
    if download and any(not (place / name).is_file() for name in SIPI):
        fetch_archive(place, SIPI, SIPI_ADDRESS, progress=progress)
    materials = {name: entry["material"] for name, entry in SIPI.items()}
    return _collect("sipi", place, read_sums(place), materials)


def open_packaged():
    """Open scikit-image's packaged pictures.

    Returns
    -------
    collection : Collection
        The pictures of `blurlib.data.PACKAGED`, each its own material.
    """
    return Collection(
        "packaged",
        tuple(_packaged(name) for name in PACKAGED),
    )


def _packaged(name):
    return Picture(name, name, functools.partial(packaged_image, name), packaged_path(name))


def _draw(painter, shape, seed, *arguments):
    return painter(*arguments, shape, rng=torch.Generator().manual_seed(seed))


def _draw_text(shape, *, rng, font, size):
    return rendered_text(shape, rng=rng, font=font, size=size)


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
    return Collection(
        "procedural",
        tuple(
            Picture(
                f"{family}-{number}",
                family,
                functools.partial(_draw, procedural_texture, (size, size), number, family),
                key=f"procedural/{family}/{number}/{size}",
            )
            for family in FAMILIES
            for number in numbers
        ),
    )


def open_text(*, sizes=(12, 18, 28), size=256, seed=0):
    """Open printed text: scikit-image's two scans, and pages rendered in every font.

    Parameters
    ----------
    sizes : sequence of int, optional
        Heights of the letters in pixels; one page of each font in each.
    size : int, optional
        Side of the rendered pages in pixels.
    seed : int, optional
        Of the words and the ink.

    Returns
    -------
    collection : Collection
        Rendered pages of one font are one material.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """
    size, seed = check_integer(size, "size"), check_integer(seed, "seed", low=0)
    scans = [_packaged(name) for name in ("page", "text")]
    pages = [
        Picture(
            f"{font}-{height}",
            font,
            functools.partial(
                _draw, functools.partial(_draw_text, font=font, size=height), (size, size), seed
            ),
            key=f"text/{font}/{height}/{seed}/{size}",
        )
        for font in FONTS
        for height in sizes
    ]
    return Collection("text", (*scans, *pages))


def _read_motorcycle():
    return motorcycle_scene().image


def open_depth():
    """Open photographs whose depth is known: see `blurlib.data.motorcycle_scene`.

    Returns
    -------
    collection : Collection
        One picture; its depth comes with `blurlib.data.motorcycle_scene`.
    """
    picture = Picture("motorcycle", "motorcycle", _read_motorcycle, packaged_path("motorcycle"))
    return Collection("depth", (picture,))


def read_materials(path):
    """Read a table of materials: a CSV file with the columns ``name`` and ``material``.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    materials : dict
        Material of each picture's name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} to read materials from")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or ()
            rows = [
                ((row.get("name") or "").strip(), (row.get("material") or "").strip())
                for row in table
            ]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8: {error}.") from None
    if not {"name", "material"} <= set(columns):
        raise ValueError(
            f"{path} must begin with a line that names the columns name,material, got {columns}."
        )
    return {name: material for name, material in rows if name and material}


def _known_material(path):
    """Return the material of a Brodatz file, whatever its name, or of a SIPI file; else None."""
    if path.name in SIPI:
        return SIPI[path.name]["material"]
    try:  # what is no regular file is named when it is read: hashing a pipe would wait for ever
        return _MATERIAL_OF_HASH.get(hash_file(path, "sha1")) if path.is_file() else None
    except OSError:
        return None


def open_folder(paths, *, materials=None, max_pixels=MAX_PIXELS):
    """Open any image files and folders of them.

    Parameters
    ----------
    paths : iterable of str or path-like
        As for `blurlib.data.list_images`.
    materials : dict, optional
        Material of each file name that shares one with others. A file that is not named is its
        own material; but unchanged Brodatz files are known by their hash, whatever they are
        called, and SIPI's by their names. What is said here goes before what is known.
    max_pixels : int, optional
        A larger picture is refused when it is read, see `blurlib.data.load_image`.

    Returns
    -------
    collection : Collection
        Named after the files; where two have one name, with their folder's name before it.

    Raises
    ------
    FileNotFoundError
        If a path is not there, or a folder holds no image.
    ValueError
        If `materials` names a file that is not among them.

    Examples
    --------
    >>> open_folder(["nowhere"])
    Traceback (most recent call last):
    FileNotFoundError: there is no file or folder nowhere
    """
    files = list_images(paths)
    count = Counter(path.name for path in files)
    names = [
        path.name if count[path.name] == 1 else f"{path.absolute().parent.name}/{path.name}"
        for path in files
    ]
    materials = dict(materials or {})
    if unknown := sorted(set(materials) - set(names)):
        raise ValueError(
            f"the materials name files that are not there: {', '.join(unknown[:5])}"
            f"{' ...' if len(unknown) > 5 else ''}; the files are {', '.join(names[:5])} ..."
        )
    return Collection(
        "folder",
        tuple(
            Picture(
                name,
                materials.get(name) or _known_material(path) or name,
                functools.partial(load_image, path, max_pixels=max_pixels),
                path,
            )
            for name, path in zip(names, files, strict=True)
        ),
    )


#: Every source that blurlib knows, by name; each has a licence, a size, and opens in the same way.
SOURCES = {
    "brodatz": Source(
        "Brodatz album, scans of 640 x 640 pixels, 8-bit grey",
        "copyright of the album's publisher; research use only, never packaged nor shown",
        BRODATZ_ADDRESS, len(BRODATZ), 39.0, brodatz,
    ),
    "sipi": Source(
        "USC-SIPI texture volume, 512 and 1024 pixels a side, 8-bit grey",
        "volumes 1.1 to 1.3 are Brodatz plates, copyright as above; 1.4 and 1.5 free to use",
        SIPI_ADDRESS, len(SIPI), 30.0, sipi,
    ),
    "packaged": Source(
        "pictures that come with scikit-image",
        "public domain, CC0, no known restrictions, or not stated; see the data card for each",
        "scikit-image, skimage/data", len(PACKAGED), 0.0, open_packaged,
    ),
    "procedural": Source(
        "textures drawn by rule and chance",
        "CC0: do what you like with them", "blurlib.data.procedural", None, 0.0, open_procedural,
    ),
    "text": Source(
        "printed text: two packaged scans, and pages rendered in free fonts",
        "scans as packaged; rendered pages CC0; fonts under their own free licences",
        "scikit-image; blurlib.data.text with the fonts that matplotlib ships", None, 0.0,
        open_text,
    ),
    "depth": Source(
        "a photograph with measured depth (motorcycle)",
        "Middlebury 2014: use and publication granted, citation requested",
        "scikit-image, skimage/data; vision.middlebury.edu/stereo/data/scenes2014", 1, 0.0,
        open_depth,
    ),
    "folder": Source(
        "your own image files", "yours", "your disk", None, 0.0, open_folder
    ),
}  # fmt: skip
