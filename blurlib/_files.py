"""Writing files so that a crash, a full disk or a second writer never leaves half of one."""

import contextlib
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Open a temporary binary file beside `path`, and rename it to `path` once it is whole.

    On an error the temporary file is removed and what stood at `path` stays.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise type(error)(
            error.errno,
            f"cannot write in the folder {path.parent} ({error.strerror}); name another",
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp files are private; a result is as readable as any file its user makes.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
