"""Writing files so that a crash, a full disk or a second writer never leaves half of one."""

import contextlib
import errno
import io
import os
import secrets
from pathlib import Path

#: What the temporary files are called: short, since a result's own name may fill what is allowed.
TEMPORARY = r"\.blurlib-[0-9a-f]{8}\.part"


_REMEDIES = {
    errno.ENOSPC: "free some space, or name another folder",
    errno.EDQUOT: "free some space, or name another folder",
    errno.EFBIG: "raise the limit (ulimit -f), or name another folder",
    errno.ENAMETOOLONG: "use a shorter name",
}


@contextlib.contextmanager
def naming(place):
    """Let an error of the system say what could not be written, and what to do about it."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno, "name another place")
        new = type(error)(f"cannot write {place}: {error.strerror or error}; {remedy}")
        new.errno = error.errno
        raise new from None


@contextlib.contextmanager
def replacing(path):
    """Open a temporary binary file beside `path`, and rename it to `path` once it is whole.

    On an error the temporary file is removed and what stood at `path` stays.
    """
    with replacing_together([path]) as (file,):
        yield file


@contextlib.contextmanager
def replacing_together(paths, *, removed=()):
    """Open a temporary file beside each path; once all are whole they take the paths' places.

    On an error none does, and what stood there stays, as do the files of `removed`, which
    otherwise go with the old ones: results that belong together never stand beside older ones.
    """
    made = []
    # A name that is too long is nobody's: not to be found, and not to be removed.
    removed = [Path(path) for path in removed if os.path.lexists(path)]
    try:
        for path in removed:
            _refuse_folder(path)
        for path in map(Path, paths):
            made.append(_Temporary(path))
        yield made
        for file in made:
            file.finish()
        if len(made) == 1 and not removed:
            made[0].rename()
        else:
            _exchange(made, removed)
    finally:
        for file in made:
            file.discard()


def _exchange(made, removed):
    """Let the new files take the old ones' places; if one cannot, all old ones come back."""
    kept = {}
    try:
        for path in [*(file.path for file in made), *removed]:
            if os.path.lexists(path):
                beside = _beside(path)
                try:  # a second name, so that a kill from here on finds one file or the other
                    os.link(path, beside, follow_symlinks=False)
                except (OSError, NotImplementedError):  # not every disk has links
                    os.replace(path, beside)
                kept[path] = beside
        for file in made:
            file.rename()
        for path in removed:
            path.unlink(missing_ok=True)
    except BaseException:
        for file in made:
            if file.path not in kept and file.renamed:
                file.path.unlink(missing_ok=True)
        for path, old in kept.items():
            if os.path.lexists(path) and os.path.samestat(os.lstat(path), os.lstat(old)):
                old.unlink()  # two names of one file: to rename one into the other does nothing
            else:
                os.replace(old, path)
        raise
    for old in kept.values():
        with contextlib.suppress(OSError):
            old.unlink()


def _beside(path):
    return path.parent / f".blurlib-{secrets.token_hex(4)}.part"


def _refuse_folder(path):
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder; name another place")


class _Temporary(io.RawIOBase):
    """A file under another name until it is whole; its errors name the file that it is to be.

    No file descriptor is handed on: numpy and Pillow would write past Python with it, and say
    nothing of what went wrong.
    """

    def __init__(self, path):
        self.path = path
        self._temporary, self._file, self.renamed = _beside(path), None, False
        with naming(path), contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # a name that is too long is refused before the work of writing
        _refuse_folder(path)
        with naming(f"in the folder {path.parent}"):
            self._file = open(self._temporary, "xb")

    def writable(self):
        return True

    def seekable(self):
        return True

    def write(self, content):
        with naming(self.path):
            return self._file.write(content)

    def seek(self, offset, whence=os.SEEK_SET):
        with naming(self.path):
            return self._file.seek(offset, whence)

    def tell(self):
        return self._file.tell()

    def flush(self):
        if self._file is not None and not self._file.closed:
            with naming(self.path):
                self._file.flush()

    def finish(self):
        """Bring the content to the disk."""
        with naming(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def rename(self):
        """Take the path's place."""
        with naming(self.path):
            os.replace(self._temporary, self.path)
        self.renamed = True

    def discard(self):
        """Leave nothing behind, unless it was renamed."""
        with contextlib.suppress(OSError):  # a full disk fails once more when the rest is flushed
            self._file.close()
        if not self.renamed:
            self._temporary.unlink(missing_ok=True)
