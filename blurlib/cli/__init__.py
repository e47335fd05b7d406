"""The command line: one module for each command, each with ``add`` and ``run``.

Results go to standard output, progress and complaints to standard error. The status is 0 when all
was done, 1 when an image had to be left out, 2 when nothing could be done.
"""

import argparse
import contextlib
import os
import sys

from .. import __version__
from . import blur, dataset, evaluate, fetch, reproduce, sigma_map, train
from ._options import complain, words_of

_COMMANDS = (blur, fetch, dataset, train, sigma_map, evaluate, reproduce)
_EXPECTED = (
    *(ValueError, TypeError, OSError, ArithmeticError),
    *(RuntimeError, MemoryError, ImportError),
)
_EPILOG = "Every command has its own --help. The book explains what they compute."


def build_parser():
    """Return the argument parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="blurlib", description="Make blur, learn it, map it, score it.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"blurlib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser


def main(arguments=None):
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of those the program was started with.
    """
    _open_closed_streams()
    status = None
    with contextlib.redirect_stdout(_Output(sys.stdout)):
        try:
            status = _run(arguments)
            sys.stdout.flush()  # or a full disk behind it would go unnoticed until the very end
            return status
        except BrokenPipeError:  # who read the output had enough of it: ``blurlib ... | head -1``
            _drop_output()
            return 128 + 13  # as a program that the signal ends
        except OSError as error:
            if status != 2:  # else it was said: what could not be written then cannot be now
                complain(f"error: {words_of(error)}")
            _drop_output()
            return 2


def _run(arguments):
    """Parse and run; return the exit status, whatever happens."""
    try:
        options = build_parser().parse_args(arguments)
        _let_threads_sleep(os.environ)  # torch is not imported yet
        return options.run(options)
    except BrokenPipeError:
        raise
    except _EXPECTED as error:
        complain(f"error: {words_of(error)}")
        return 2
    except SystemExit:  # after --help, say
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
        raise
    except KeyboardInterrupt:
        complain("interrupted; files that were complete before stay as they were")
        return 130


class _Output:
    """Standard output, whose failures say what failed."""

    def __init__(self, stream):
        self._stream, self._failure = stream, None

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        return self._named(self._stream.write, text)

    def flush(self):
        if self._failure is not None:  # argparse passes over it
            raise self._failure
        self._named(self._stream.flush)

    def _named(self, do, *arguments):
        try:
            return do(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            said = f"cannot write to standard output: {error.strerror}"
            self._failure = OSError(said)
            raise self._failure from None


def _open_closed_streams():
    """Point closed standard streams (``>&-``) to the null device.

    Python has None for them, and the next file that is opened would take their number.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))


def _drop_output():
    """Point standard output to the null device: Python flushes it once more when it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _let_threads_sleep(environment):
    """Let torch's threads sleep soon, not spin, while they wait for each other.

    On a busy machine spinning makes everything many times slower, the other programs too. Not to
    spin at all makes a training on a quiet one nearly twice as slow, so GNU's OpenMP spins shortly.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
        environment.setdefault("GOMP_SPINCOUNT", "3000")
