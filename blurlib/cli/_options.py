"""What several commands share: options, checks, complaints."""

import argparse
import contextlib
import sys
import tempfile


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


def add_common(parser, *, result=True):
    parser.add_argument("--seed", type=seed, help="of every random draw (default 0)")
    if result:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_degradation(parser):
    parser.add_argument(
        "--noise", type=noise, default=0.0, metavar="STD",
        help="noise after the blur, standard deviation in grey levels of 255 (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--jpeg", type=quality, metavar="QUALITY", help="JPEG compression after that, 1 to 100"
    )


def add_estimator(parser):
    parser.add_argument(
        "--estimator", metavar="NAME",
        help="a packaged network, a classical method, or the path of a file that 'blurlib train' "
        "wrote; an unknown name lists them (default sigma-net)",
    )  # fmt: skip
    parser.add_argument(
        "--readout", choices=("mean", "argmax"),
        help="how classes become a sigma (default mean; the thesis: argmax)",
    )  # fmt: skip
    parser.add_argument(
        "--stride", type=positive, default=1, metavar="N",
        help="read the map at every Nth pixel, whatever grid the estimator has of its own; what "
        "lies between is interpolated (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--smooth", metavar="NAME", choices=("mean3x3", "jacobi", "columns"),
        help="average neighbours of the map: mean3x3, jacobi or columns (default: leave it raw)",
    )  # fmt: skip
    parser.add_argument(
        "--iterations", type=count, metavar="N", help="steps of smoothing (default 1)"
    )
    add_device(parser)


def add_max_pixels(parser):
    parser.add_argument(
        "--max-pixels", type=positive, metavar="N",
        help="refuse larger images before they are decoded (default 2**27 = 134217728)",
    )  # fmt: skip


def loading(options):
    """Return the arguments of `blurlib.data.load_image` that were given."""
    return {} if options.max_pixels is None else {"max_pixels": options.max_pixels}


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


def add_device(parser):
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda (default cpu)")


def complain(text):
    with contextlib.suppress(OSError):  # a full disk behind it must not stop the work
        print(f"blurlib: {text}", file=sys.stderr)


def words_of(error):
    """Return an error's message as one line, its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def printable(name):
    """Return a file's name as one line without control characters, whatever it holds."""
    return name if name.isprintable() else repr(name)


def generator(seed):
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(
            f"cannot write in {folder} ({error.strerror}); name a folder that can be written"
        ) from None


def load_estimator_of(options):
    from ..maps import DEFAULT_ESTIMATOR, load_estimator

    if options.iterations is not None and options.smooth is None:
        raise ValueError("--iterations counts the steps of --smooth; pass both")
    if options.smooth is not None and options.iterations == 0:
        say_idle("--smooth", "0 iterations leave the map as it is")
    name = DEFAULT_ESTIMATOR if options.estimator is None else options.estimator
    estimator = load_estimator(name, readout=options.readout or "mean", device=options.device)
    if options.readout is not None and not estimator.has_classes:
        say_idle("--readout", f"{printable(str(name))} has no classes")
    if estimator.cpu_only and str(options.device) != "cpu":
        say_idle("--device", f"{name} computes on the CPU")
    return estimator


def iterations_of(options):
    return 1 if options.iterations is None else options.iterations
