"""Make the book's recorded results again, from the data to the weights to every number.

For each name one JSON record is written, with data, protocol, device, time. Networks that a record
needs are trained first; whatever was stopped goes on when the command is given again. A record that
is there already is left as it is; --again makes it anew.
"""

import argparse
import sys
from pathlib import Path

import reproduce
from blurlib._checks import check_choice
from blurlib.cli import common
from blurlib.cli import main as run_command


def build_parser():
    """Return the argument parser."""
    parser = argparse.ArgumentParser(prog="python -m reproduce", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all; an unknown name lists them")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="of the scans (default: the folder that BLURLIB_DATA names, else they are downloaded)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="FOLDER")
    networks = parser.add_mutually_exclusive_group()
    networks.add_argument(
        "--quick", action="store_true",
        help="use the packaged networks, train none, and leave out the records that need others",
    )  # fmt: skip
    networks.add_argument(
        "--weights", type=Path, default=Path("weights"), metavar="FOLDER",
        help="where the trained networks are kept (default: %(default)s)")  # fmt: skip
    common.add_options(parser, "--device")
    parser.add_argument("--again", action="store_true", help="also where there is a record")
    parser.set_defaults(run=run)
    return parser


def run(options):
    """Run the command; return the exit status."""
    names = options.names or list(reproduce.RECORDS)
    for name in names:
        check_choice(name, "the record", reproduce.RECORDS)
        if options.quick and options.names and name in reproduce.NEED_TRAINING:
            raise reproduce.NotShipped(f"leave out --quick: {name} needs networks of its own.")
    common.check_folder(options.out)
    if not options.quick:
        common.check_folder(options.weights)
    left_out = 0
    for name in names:
        path = options.out / f"{name}.json"
        if path.exists() and not options.again:
            common.complain(f"{path} is there; --again makes it anew")
            continue
        try:
            record = reproduce.reproduce(
                name, options.data, out=options.out, device=options.device, progress=True,
                weights=None if options.quick else options.weights)  # fmt: skip
        except (reproduce.NotShipped, reproduce.NoData) as error:
            if options.names:
                raise
            common.complain(f"left out {name}: {error}")
            left_out += 1
            continue
        print(f"{path}: {record['seconds']:.0f} s", flush=True)
    return 1 if left_out else 0


def main(arguments=None):
    """Run the command line; return the exit status."""
    return run_command(arguments, build_parser())


if __name__ == "__main__":
    sys.exit(main())
