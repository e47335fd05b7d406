"""Image files of one's own, and what they show."""

import csv
import functools
from collections import Counter
from pathlib import Path

from ..files import list_images
from ..images import MAX_PIXELS, load_image
from .collection import Collection, Picture
from .fetch import hash_file
from .published import BRODATZ

_MATERIAL_OF_HASH = {entry["sha1"]: entry["material"] for entry in BRODATZ.values()}


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
            table = csv.DictReader(file, restval="")
            columns, rows = table.fieldnames or (), list(table)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8: {error}.") from None
    if not {"name", "material"} <= set(columns):
        raise ValueError(f"{path} must begin with the columns name,material, got {columns}.")
    pairs = ((row["name"].strip(), row["material"].strip()) for row in rows)
    return {name: material for name, material in pairs if name and material}


def open_folder(paths, *, materials=None, max_pixels=MAX_PIXELS):
    """Open any image files and folders of them.

    Parameters
    ----------
    paths : iterable of str or path-like
        As for `blurlib.data.list_images`.
    materials : dict, optional
        Material of each file name that shares one with others. A file that is not named is its
        own material; but unchanged Brodatz files are known by their hash, whatever they are
        called. What is said here goes before what is known.
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
    materials = materials or {}
    if unknown := sorted(set(materials) - set(names)):
        odd, known = ", ".join(unknown[:5]), ", ".join(names[:5])
        raise ValueError(f"materials are of files not there: {odd}; the files are {known} ...")
    read = functools.partial(load_image, max_pixels=max_pixels)

    def picture(name, path):
        material = materials.get(name) or _known_material(path) or name
        return Picture(name, material, functools.partial(read, path), path)

    return Collection(tuple(map(picture, names, files)))


def _known_material(path):
    """Return the material of a Brodatz file, whatever its name; else None."""
    try:  # what is no regular file is named when it is read: hashing a pipe would wait for ever
        return _MATERIAL_OF_HASH.get(hash_file(path, "sha1")) if path.is_file() else None
    except OSError:
        return None
