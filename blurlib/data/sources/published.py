"""Where pictures come from; those that others published, each file held against its hash."""

import functools
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..images import load_image
from .collection import Collection, Picture
from .fetch import fetch_files, is_right

_HERE = Path(__file__).parent

#: File name of each Brodatz scan: its published SHA-1, and the material that it shows.
BRODATZ = json.loads((_HERE / "brodatz.json").read_text(encoding="utf-8"))

#: Name of each photograph, ``kodak/kodim01.png`` or ``bsds-train/12003.jpg``: the SHA-1 of the file
#: that we had, and whether it is out of focus somewhere (`sharp_photographs`).
PHOTOGRAPHS = json.loads((_HERE / "photographs.json").read_text(encoding="utf-8"))


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
    """

    title: str
    licence: str
    origin: str
    num_images: int | None = None


_SOURCES = json.loads((_HERE / "sources.json").read_text(encoding="utf-8"))

#: Every source of pictures in the book and in blurlib, by name.
SOURCES = {name: Source(**facts) for name, facts in _SOURCES.items()}

#: Where the scans of the Brodatz album were published, one file each.
BRODATZ_ADDRESS = "http://www.ux.uis.no/~tranden/brodatz/"

_PHOTOGRAPHS_FROM = (
    "Put kodim01.png ... kodim24.png, from r0k.us/graphics/kodak, into photographs/kodak, and "
    "images/train of BSDS300, from the BSDS page of Berkeley's computer vision group, into "
    "photographs/bsds-train; then name the folder that holds photographs (--data, or BLURLIB_DATA)."
)


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
        whence = "" if folder is not None else ", which BLURLIB_DATA names"
        raise FileNotFoundError(f"there is no folder {named}{whence}; name that of {name}'s files.")
    return named / name if (named / name).is_dir() else named


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

    def fetch(place, hashes):
        return fetch_files(place, hashes, BRODATZ_ADDRESS, progress=progress)

    return _open("brodatz", BRODATZ, folder, download, fetch)


def photographs(folder=None):
    """Open the photographs that may be trained on: 24 of Kodak, 200 of Berkeley.

    Parameters
    ----------
    folder : path-like, optional
        Where ``kodak/kodim01.png`` ... and ``bsds-train/12003.jpg`` ... are; else what the
        environment's ``BLURLIB_DATA`` names (the folder itself, or one with ``photographs`` in it),
        else the user's cache folder. Nothing is downloaded.

    Returns
    -------
    collection : Collection
        The photographs whose SHA-1 is that of the file we had, grey; what is missing or damaged is
        named in it. A name begins with ``kodak/`` or ``bsds-train/``; each is its own material.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no photograph in it; it says where to get them.

    Notes
    -----
    The Kodak suite (768 x 512, PNG) is generally understood to be released for unrestricted use;
    the Berkeley photographs (481 x 321, JPEG) are for research and education. Neither is packaged
    with blurlib or shown in the book. Both have a softness of their own, and the second are
    compressed: halve them before they are blurred. The standard test photographs of the field
    (Set12, BSD68, LIVE1) are not among them; BSD68 is of the Berkeley set's other side.

    References
    ----------
    .. [1] R. Franzen, "Kodak lossless true color image suite", r0k.us/graphics/kodak.
    .. [2] D. Martin, C. Fowlkes, D. Tal and J. Malik, "A database of human segmented natural images
       and its application to evaluating segmentation algorithms", ICCV 2001.
    """
    entries = {name: {**entry, "material": name} for name, entry in PHOTOGRAPHS.items()}
    try:
        return _open("photographs", entries, folder, False, None)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error} {_PHOTOGRAPHS_FROM}") from None


def sharp_photographs(collection):
    """Leave out the photographs that are out of focus somewhere: they cannot teach what is sharp.

    Parameters
    ----------
    collection : Collection
        From `photographs`. Pictures of other names are kept.

    Returns
    -------
    sharp : Collection

    Notes
    -----
    46 of the 224 are left out, two of Kodak's among them. The list was made once, with the
    `sigma-net` of version 0.1.0 at stride 8, on each photograph halved by means of 2 x 2: left out
    is where more than 6 % of the places have sigma > 0.8 px, stated to max(0.25 px, sigma / 5) or
    better. Looked at side by side, most have a background or foreground out of focus. A few are
    sharp, with mist or sky that was taken for blur; some that are kept have faint blur in parts.

    Examples
    --------
    >>> from blurlib.data import Picture
    >>> names = "kodak/kodim01.png", "kodak/kodim23.png"  # parrots before blurred leaves
    >>> pictures = tuple(Picture(name, name, load=None) for name in names)
    >>> [picture.name for picture in sharp_photographs(Collection(pictures))]
    ['kodak/kodim01.png']
    """
    sharp = [x for x in collection if not PHOTOGRAPHS.get(x.name, {}).get("soft")]
    return replace(collection, pictures=tuple(sharp))


def _open(source, entries, folder, download, fetch):
    """Fetch if wanted; sort the files into those that are right, missing, and not as published."""
    place = data_folder(source, folder)
    if download is None:
        download = folder is None and "BLURLIB_DATA" not in os.environ
    hashes = {name: f"sha1:{entry['sha1']}" for name, entry in entries.items()}
    failed = fetch(place, hashes) if download else {}
    # What could not be fetched because it is another file is worth saying; a 404 is just missing.
    damaged = {name: reason for name, reason in failed.items() if "published file" in reason}
    pictures, missing = [], []
    for name, entry in entries.items():
        path, known = place / name, hashes[name]
        if not path.is_file():
            missing.append(name)
        elif not is_right(path, known):
            kind = known.partition(":")[0].upper()
            damaged[name] = f"its {kind} is not the published one; delete the file"
        else:
            read = functools.partial(load_image, path)
            pictures.append(Picture(name, entry["material"], read, path))
    if not pictures:
        remedy = f"name another, or run: blurlib fetch {source}" if fetch else "name another."
        raise FileNotFoundError(f"no file of {source} is in {place}; {remedy}")
    return Collection(tuple(pictures), tuple(missing), damaged)
