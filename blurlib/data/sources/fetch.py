"""Downloading the textures that we may not hand on, each file checked by its hash."""

import hashlib
import tempfile
import zipfile
from pathlib import Path

from ..._files import replacing

#: After so many files in a row that could not be fetched, the rest is not tried.
_GIVE_UP = 3

#: An archive's file larger than this is left alone: the largest real one has 1 MiB.
_MAX_MEMBER = 16 * 2**20

_SUMS = "SHA256SUMS"
_ADVICE = (
    "If you have the files, name their folder (--folder, or BLURLIB_DATA); they are checked by "
    "their hashes all the same."
)


class FetchError(OSError):
    """Nothing could be downloaded."""


def hash_file(path, algorithm="sha256"):
    """Return the hexadecimal hash of a file, by a name that hashlib knows."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def is_right(path, known):
    """Say whether a file is there and has the hash "sha1:..." or "sha256:..."."""
    algorithm, _, digest = known.partition(":")
    return path.is_file() and hash_file(path, algorithm) == digest


def _download(address, path, known_hash, *, progress):
    """Download one file beside its place, check it, and only then put it there."""
    import pooch  # brings requests: not needed to read what is there already

    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=30)
    pooch.get_logger().setLevel("ERROR")  # its errors are raised as well, in our words
    pooch.retrieve(address, known_hash, path.name, path.parent, downloader=downloader)


def _reason(error):
    """Say in one short line why a download failed."""
    text = str(error).replace("\n", " ")
    if "hash" in text:
        return "what came is not the published file (its hash is another one)"
    if (response := getattr(error, "response", None)) is not None:
        return f"the server answered {response.status_code}"
    if isinstance(error, zipfile.BadZipFile):
        return "what came is no archive"
    if type(error).__module__.startswith(("requests", "urllib3")):
        return f"no connection ({type(error).__name__})"
    return f"{type(error).__name__}: {text[:100]}"


def fetch_files(folder, hashes, address, *, progress=False):
    """Download the files that a folder lacks; a file that is there and right is left alone.

    `hashes` has each file's, as "sha1:..." or "sha256:...", `address` is what to put before a name.
    A file of another hash is replaced only by one that has the right one. Returns the names of
    those that are still missing or wrong, and why; raises a FetchError if several in a row cannot
    be fetched and none was: no network, most likely.
    """
    from tqdm import tqdm

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    failed, in_a_row = {}, 0
    wanted = [name for name, known in hashes.items() if not is_right(folder / name, known)]
    for name in tqdm(wanted, desc="files", disable=None if progress else True):
        if in_a_row >= _GIVE_UP:
            failed[name] = "not tried, after so many failures"
            continue
        try:
            _download(address + name, folder / name, hashes[name], progress=False)
            in_a_row = 0
        except PermissionError:
            raise
        except Exception as error:  # requests and pooch raise many kinds
            failed[name] = _reason(error)
            in_a_row += 1
    if in_a_row >= _GIVE_UP and len(failed) == len(wanted):
        reason = next(iter(failed.values()))
        raise FetchError(f"cannot download from {address}: {reason}. {_ADVICE}")
    return failed


def fetch_archive(folder, names, address, *, progress=False):
    """Download an archive whose hash nobody published, and unpack the files that are known.

    Parameters
    ----------
    folder : path-like
        Where to; made if it is not there.
    names : iterable of str
        Files to take out of it, wherever in the archive they lie.
    address : str
        The archive's.
    progress : bool, optional
        Whether to show a progress bar.

    Raises
    ------
    FetchError
        If the archive cannot be fetched, or is none.
    OSError
        If the folder cannot be written.

    Notes
    -----
    Trusted on first use: without a published hash, the first download is taken as it is, and the
    SHA-256 of every file is written into ``SHA256SUMS`` beside them, as ``sha256sum -c`` reads it.
    From then on the files are checked against that list whenever they are read.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known = read_sums(folder)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as place:
            archive = Path(place) / "archive"
            _download(address, archive, None, progress=progress)
            with zipfile.ZipFile(archive) as packed:
                small = [info for info in packed.infolist() if info.file_size <= _MAX_MEMBER]
                inside = {info.filename.rsplit("/", 1)[-1]: info for info in small}
                members = {name: packed.read(inside[name]) for name in inside.keys() & names}
    except PermissionError:
        raise
    except Exception as error:
        raise FetchError(f"cannot fetch {address}: {_reason(error)}. {_ADVICE}") from None
    found = {name: "sha256:" + hashlib.sha256(got).hexdigest() for name, got in members.items()}
    if changed := sorted(name for name in found if known.get(name, found[name]) != found[name]):
        raise FetchError(
            f"{address} now holds another {', '.join(changed[:3])} than at the first download; "
            f"nothing was changed. If you trust it, delete {folder / _SUMS} and fetch again."
        )
    # The sums first: a kill in between leaves files that are checked, never ones that are not.
    sums = sorted({**known, **found}.items())
    lines = [f"{digest.removeprefix('sha256:')}  {name}\n" for name, digest in sums]
    for name, content in {_SUMS: "".join(lines).encode(), **members}.items():
        with replacing(folder / name) as file:
            file.write(content)


def read_sums(folder):
    """Read ``SHA256SUMS``.

    Parameters
    ----------
    folder : path-like
        Where it is.

    Returns
    -------
    hashes : dict
        Name of each file and its hash as "sha256:..."; empty without the list.

    Raises
    ------
    ValueError
        If a line does not hold a hash and a name.
    """
    path = Path(folder) / _SUMS
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{path} must have a hash and a name in each line; mend or delete it.")
    return {name.strip().lstrip("*"): f"sha256:{digest}" for digest, name in pairs}
