"""Downloading the textures that we may not hand on, each file checked by its hash."""

import hashlib
from pathlib import Path

#: After so many files in a row that could not be fetched, the rest is not tried.
_GIVE_UP = 3

_ADVICE = "If you have the files, name their folder (--folder, or BLURLIB_DATA)."


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


def _download(address, path, known_hash):
    """Download one file beside its place, check it, and only then put it there."""
    import pooch  # brings requests: not needed to read what is there already

    downloader = pooch.HTTPDownloader(timeout=30)
    pooch.get_logger().setLevel("ERROR")  # its errors are raised as well, in our words
    pooch.retrieve(address, known_hash, path.name, path.parent, downloader=downloader)


def _reason(error):
    """Say in one short line why a download failed."""
    text = str(error).replace("\n", " ")
    if "hash" in text:
        return "what came is not the published file (its hash is another one)"
    if (response := getattr(error, "response", None)) is not None:
        return f"the server answered {response.status_code}"
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
            _download(address + name, folder / name, hashes[name])
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
