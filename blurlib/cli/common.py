"""What several commands share: options, checks, complaints."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

#: What can be wrong with one image of several.
IMAGE_ERRORS = (ValueError, TypeError, OSError, RuntimeError, MemoryError)


def number(convert, low, high, wanted):
    """Return an argparse type: a number in a range, refused before any work is done."""

    def parse(text):
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:  # NaN fails the comparison too
            raise argparse.ArgumentTypeError(f"must be {wanted}, got {text!r}")
        return value

    return parse


positive = number(int, 1, 2**31, "an integer of at least 1")
count = number(int, 0, 2**31, "an integer of at least 0")
sigma = number(float, 1e-3, 1e6, "a number of pixels above 0")
seed = number(int, 0, 2**63 - 1, "an integer of at least 0")
noise = number(float, 0, 255, "a number of grey levels from 0 to 255")
quality = number(int, 1, 100, "an integer from 1 to 100")

#: So probable must motion or shaking be, together, that it is said.
MOVED = 0.95

_SHARED = {
    "images": {"type": Path, "nargs": "+", "metavar": "IMAGE_OR_FOLDER"},
    "--out": {"type": Path, "required": True, "metavar": "FOLDER"},
    "--field": {"choices": ("ramp", "sin", "sin2d")},
    "--noise": {"type": noise, "default": 0.0, "metavar": "STD", "help": "std after blur, of 255"},
    "--jpeg": {"type": quality, "metavar": "QUALITY", "help": "compression after that, 1 to 100"},
    "--estimator": {
        "metavar": "NAME", "default": "sigma-net",
        "help": "one that is packaged, or a file of 'blurlib train'; an unknown name lists them",
    },
    "--readout": {"choices": ("mean", "argmax"), "help": "of classes (default mean)"},
    "--stride": {
        "type": positive, "default": 1, "metavar": "N",
        "help": "read the map at every Nth pixel; what lies between is interpolated (default 1)",
    },
    "--smooth": {"choices": ("mean3x3", "jacobi", "columns"), "help": "average neighbours"},
    "--iterations": {"type": count, "metavar": "N", "help": "steps of smoothing (default 1)"},
    "--device": {"default": "cpu", "help": "where to compute: cpu, cuda (default cpu)"},
    "--max-pixels": {
        "type": positive, "default": 2**27, "metavar": "N",
        "help": "refuse larger images before they are decoded (default 2**27 = 134217728)",
    },
    "--seed": {"type": seed, "help": "of every random draw (default 0)"},
    "--json": {"action": "store_true", "help": "print the result as JSON"}}  # fmt: skip

#: Which estimator, and how its map is read.
OF_ESTIMATOR = ("--estimator", "--readout", "--stride", "--smooth", "--iterations", "--device")


def add_options(parser, *flags, **changes):
    """Add options that several commands share, in which this one may change something."""
    for flag in flags:
        parser.add_argument(flag, **{**_SHARED[flag], **changes})


def each_image(paths, do, *, disable=None):
    """Yield each path, what `do` makes of it, and None; or None, and words on what is wrong."""
    from tqdm import tqdm

    for path in tqdm(paths, desc="images", disable=disable):
        try:
            result, error = do(path), None
        except IMAGE_ERRORS as failure:
            result, error = None, words_of(failure)
            complain(f"left out {printable(str(path))}: {error}")
        yield path, result, error


def tell(options, result, words):
    """Print a result as the options ask for it: as JSON or in words."""
    print(json.dumps(result) if options.json else words)


def say_what_is_passed_over(paths):
    """Name the endings of a folder's files that are taken for no pictures."""
    from ..data import passed_over

    if files := passed_over(paths):
        endings = sorted({file.suffix.lower() or file.name for file in files})
        named = ", ".join(map(printable, endings[:5])) + (", ..." if endings[5:] else "")
        count = "a file" if len(files) == 1 else f"{len(files)} files"
        complain(f"passed over {count} of another ending than pictures have: {named}")


def say_idle(flag, why):
    """Say that an option that was given changes nothing."""
    complain(f"{flag} has no effect: {why}")


def kinds_of(image):
    """Return how probable each kind of blur is; None for pictures too small for motion-net."""
    from ..maps.motion import find_motion

    return find_motion(image).probabilities if min(image.shape) >= 32 else None


def moved(kinds):
    """Return how probable it is that a picture moved or was shaken; None if nobody knows."""
    return None if kinds is None else kinds["motion"] + kinds["other"]


def words_of_moved(kinds, advice):
    """Return that a picture moved and what to do about it; nothing if it did not."""
    share = moved(kinds) or 0
    return f"; looks moved or shaken ({share:.0%}), {advice}" if share > MOVED else ""


def complain(text):
    """Say something on standard error."""
    try:
        print(f"blurlib: {text}", file=sys.stderr)
    except OSError:  # a full disk behind it must not stop the work
        silence(sys.stderr)


def silence(stream):
    """Let a standard stream that failed go nowhere: Python flushes it once more when it ends."""
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), stream.fileno())


def words_of(error):
    """Return an error's message as one line, its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def printable(name):
    """Return a file's name as one line without control characters, whatever it holds."""
    return name if name.isprintable() else repr(name)


def generator(seed):
    """Return the source of a command's random draws."""
    import torch

    return torch.Generator().manual_seed(seed or 0)


def check_writable(path, suffix):
    """Fail before the work, not after it: nobody likes to lose a training to a typing error."""
    if path.suffix.lower() != suffix:
        raise ValueError(f"--out must end in {suffix}, got {path}")
    if path.is_dir():
        raise IsADirectoryError(f"--out {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} in")
    check_folder(path.parent)


def check_folder(folder):
    """Make a folder if it is not there; fail if nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        words = f"cannot write in {folder} ({error.strerror}); name a folder that can be written"
        raise ValueError(words) from None


def load_estimator_of(options):
    """Return the estimator that the options name; say which of them change nothing."""
    from ..maps import load_estimator

    if options.iterations is not None and options.smooth is None:
        raise ValueError("--iterations counts the steps of --smooth; pass both")
    if options.smooth is not None and options.iterations == 0:
        say_idle("--smooth", "0 iterations leave the map as it is")
    options.iterations = 1 if options.iterations is None else options.iterations
    name = options.estimator
    estimator = load_estimator(name, readout=options.readout or "mean", device=options.device)
    if options.readout is not None and not estimator.has_classes:
        say_idle("--readout", f"{printable(name)} has no classes")
    if estimator.cpu_only and str(options.device) != "cpu":
        say_idle("--device", f"{name} computes on the CPU")
    return estimator
