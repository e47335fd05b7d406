"""``blurlib reproduce``: make the book's recorded results again."""

from pathlib import Path

from ._options import check_folder, complain


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "reproduce", help="make recorded results again, from the Brodatz scans",
        description="Write one JSON record for each name: data, protocol, device, time, numbers. "
        "A record that is there already is left as it is; --again makes it anew.",
    )  # fmt: skip
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help="of the records (default: all; an unknown name lists them)",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="of the scans (default: the folder that BLURLIB_DATA names, else they are downloaded)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="FOLDER")
    parser.add_argument("--again", action="store_true", help="also where there is a record")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from .. import reproduce
    from .._checks import check_choice

    names = options.names or list(reproduce.RECORDS)
    for name in names:
        check_choice(name, "the record", reproduce.RECORDS)
    check_folder(options.out)
    for name in names:
        path = options.out / f"{name}.json"
        if path.exists() and not options.again:
            complain(f"{path} is there; --again makes it anew")
            continue
        record = reproduce.reproduce(name, options.data, out=options.out, progress=True)
        print(f"{path}: {record['seconds']:.0f} s", flush=True)
    return 0
