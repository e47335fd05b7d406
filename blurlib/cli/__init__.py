"""The command line: a module for each command, with ``add`` for its options, and ``run``.

A module's docstring is what the command's help says first.

Results go to standard output, progress and complaints to standard error. The status is 0 when all
was done, 1 when an image had to be left out, 2 when nothing could be done.
"""

import argparse
import contextlib
import os
import sys

from .. import __version__
from . import blur, common, dataset, deblur, evaluate, fetch, motion
from . import refocus, sigma_map, train

_COMMANDS = {
    "blur": (blur, "blur an image"),
    "fetch": (fetch, "download a texture collection"),
    "dataset": (dataset, "build a dataset of blurred patches"),
    "train": (train, "train a network"),
    "map": (sigma_map, "estimate the sigma maps of images"),
    "motion": (motion, "tell motion from defocus, its length and direction"),
    "deblur": (deblur, "take the blur out of pictures"),
    "refocus": (refocus, "move the focus of pictures, or blur what is behind it"),
    "evaluate": (evaluate, "score an estimator on sharp images"),
}
_EXPECTED = (*common.IMAGE_ERRORS, ArithmeticError, ImportError)
_EPILOG = "Every command has its own --help. The book explains what they compute."


def build_parser():
    """Return the argument parser of the whole command line."""
    about = "Make blur, learn it, map it, score it."
    parser = argparse.ArgumentParser(prog="blurlib", description=about, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"blurlib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, summary) in _COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=command.__doc__)
        command.add(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(arguments=None, parser=None):
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of those the program was started with.
    parser : argparse.ArgumentParser, optional
        Of another program, with its ``run`` among the defaults.
    """
    _open_closed_streams()
    with contextlib.redirect_stdout(_Output(sys.stdout)):
        try:
            try:
                options = (parser or build_parser()).parse_args(arguments)
                _let_threads_sleep(os.environ)  # torch is not imported yet
                return options.run(options)
            finally:  # or a full disk behind it would go unnoticed until the very end
                sys.stdout.flush()
        except BrokenPipeError as error:  # ``blurlib ... | head -1`` had enough of it
            # After --help all is well; else it ends as a program that the signal ends.
            return 0 if isinstance(error.__context__, SystemExit) else 128 + 13
        except _EXPECTED as error:
            common.complain(f"error: {common.words_of(error)}")
            return 2
        except KeyboardInterrupt:
            common.complain("interrupted; files that were complete before stay as they were")
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
        self._named(self._stream.flush)
        if self._failure is not None:  # argparse passes over it
            raise self._failure

    def _named(self, do, *arguments):
        try:
            return do(*arguments)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                error = OSError(f"cannot write to standard output: {error.strerror}")
            self._failure = error
            common.silence(self._stream)
            raise error from None


def _open_closed_streams():
    """Open closed standard streams (``>&-``) on the null device, in their order.

    Python has None for them, and the next file that is opened would take their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))


def _let_threads_sleep(environment):
    """Let torch's threads sleep soon, not spin, while they wait for each other.

    On a busy machine spinning makes everything many times slower, the other programs too. Not to
    spin at all makes a training on a quiet one nearly twice as slow, so GNU's OpenMP spins shortly.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
        environment.setdefault("GOMP_SPINCOUNT", "3000")
