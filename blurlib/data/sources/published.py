"""Textures that others published: looked for in a folder, each file held against its hash."""

import functools
import json
import os
from pathlib import Path

from ..images import load_image
from .collection import Collection, Picture
from .fetch import fetch_archive, fetch_files, is_right, read_sums

_HERE = Path(__file__).parent

#: File name of each Brodatz scan: its published SHA-1, and the material that it shows.
BRODATZ = json.loads((_HERE / "brodatz.json").read_text(encoding="utf-8"))

#: File name of each texture of the USC-SIPI volume, and its material.
SIPI = json.loads((_HERE / "sipi.json").read_text(encoding="utf-8"))

#: Where the scans of the Brodatz album were published, one file each.
BRODATZ_ADDRESS = "http://www.ux.uis.no/~tranden/brodatz/"

#: Where the USC-SIPI texture volume is published, as one archive.
SIPI_ADDRESS = "https://sipi.usc.edu/database/textures.zip"


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
    hashes = {name: f"sha1:{entry['sha1']}" for name, entry in BRODATZ.items()}

    def fetch(place):
        return fetch_files(place, hashes, BRODATZ_ADDRESS, progress=progress)

    return _open("brodatz", BRODATZ, lambda place: hashes, folder, download, fetch)


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
    (`blurlib.data.sources.fetch.fetch_archive`). Three times thirteen files are Brodatz plates;
    mosaics of other files are left out.

    References
    ----------
    .. [1] USC-SIPI image database, https://sipi.usc.edu/database/.
    """

    def fetch(place):
        if not all((place / name).is_file() for name in SIPI):
            fetch_archive(place, SIPI, SIPI_ADDRESS, progress=progress)
        return {}

    return _open("sipi", SIPI, read_sums, folder, download, fetch)


def _open(source, entries, hashes_in, folder, download, fetch):
    """Fetch if wanted; sort the files into those that are right, missing, and not as published."""
    place = data_folder(source, folder)
    if download is None:
        download = folder is None and "BLURLIB_DATA" not in os.environ
    failed = fetch(place) if download else {}
    hashes = hashes_in(place)
    # What could not be fetched because it is another file is worth saying; a 404 is just missing.
    damaged = {name: reason for name, reason in failed.items() if "published file" in reason}
    pictures, missing = [], []
    for name, entry in entries.items():
        path, known = place / name, hashes.get(name)
        if not path.is_file():
            missing.append(name)
        elif known and not is_right(path, known):
            kind = known.partition(":")[0].upper()
            damaged[name] = f"its {kind} is not the published one; delete the file"
        else:
            read = functools.partial(load_image, path)
            pictures.append(Picture(name, entry["material"], read, path))
    if not pictures:
        raise FileNotFoundError(
            f"no file of {source} is in {place}; name another, or run: blurlib fetch {source}"
        )
    return Collection(tuple(pictures), tuple(missing), damaged)
