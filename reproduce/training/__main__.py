"""Train `deblur-net` or `motion-net` from the Brodatz scans and the photographs.

A run that was stopped goes on from FILE.safetensors.unfinished. Started by torchrun, several
processes share the work. The other networks are trained by 'blurlib train'.
"""

import argparse
import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from blurlib import data, learn
from blurlib.cli import common
from blurlib.cli import main as run_command

from . import NETWORKS_HERE


def build_parser():
    """Return the argument parser."""
    parser = argparse.ArgumentParser(prog="python -m reproduce.training", description=__doc__)
    parser.add_argument("network", choices=NETWORKS_HERE)
    common.add_options(parser, "--out", metavar="FILE.safetensors")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="of scans and photographs (default: the folder that BLURLIB_DATA names)",
    )  # fmt: skip
    parser.add_argument("--steps", type=common.positive, dest="num_steps", metavar="N")
    parser.add_argument("--batch", type=common.positive, dest="batch_size", metavar="N")
    parser.add_argument("--lr", type=float, help="peak of the learning rate")
    parser.add_argument("--log", type=Path, metavar="FILE.csv", help="for loss and error by step")
    common.add_options(parser, "--device", "--seed")
    parser.set_defaults(run=run)
    return parser


def run(options):
    """Train the network; return the exit status."""
    common.check_writable(options.out, ".safetensors")
    train, config, unit = NETWORKS_HERE[options.network]
    given = {name: getattr(options, name) for name in ("num_steps", "batch_size", "lr")}
    config = replace(config, **{name: x for name, x in given.items() if x is not None})
    with learn.process_group(options.device) as device, contextlib.ExitStack() as stack:
        log = stack.enter_context(learn.RunLog(options.log)) if learn.is_main_process() else None
        _, record = train(
            options.out, data.brodatz(options.data), data.photographs(options.data),
            config=config, seed=options.seed or 0, device=device, progress=True, callback=log,
        )  # fmt: skip
        if learn.is_main_process():
            rmse = record["history"]["rmse"]
            words = f"{options.out}: {record['seconds']:.0f} s, RMSE on the examples being learned "
            print(f"{words}{rmse[0]:.2f} -> {rmse[-1]:.2f} {unit}")
    return 0


def main(arguments=None):
    """Run the command line; return the exit status."""
    return run_command(arguments, build_parser())


if __name__ == "__main__":
    sys.exit(main())
