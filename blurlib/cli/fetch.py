"""Download what a folder lacks of a collection, and check every file of it."""

from pathlib import Path

from . import common


def add(parser):
    """Add the command's options to its parser."""
    parser.add_argument("source", choices=("brodatz",))
    parser.add_argument("--folder", type=Path, help="default: BLURLIB_DATA, else the user's cache")
    common.add_options(parser, "--json")


def run(options):
    """Run the command; return the exit status."""
    from .. import data

    source, open_source = data.SOURCES[options.source], getattr(data, options.source)
    if options.folder is not None:
        common.check_folder(options.folder)
    folder = data.data_folder(options.source, options.folder)
    common.complain(f"{source.title}. Licence: {source.licence}.")
    try:
        collection = open_source(options.folder, download=True, progress=True)
    except data.FetchError as error:
        try:
            collection = open_source(folder, download=False)
        except FileNotFoundError:
            raise error from None
        common.complain(error)
    found, missing, damaged = len(collection), collection.missing, collection.damaged
    result = {
        "source": options.source, "folder": str(folder), "files": found,
        "missing": list(missing), "damaged": dict(damaged)}  # fmt: skip
    words = f"{folder}: {found} of {source.num_images} files are there and right"
    common.tell(options, result, words)
    for name, reason in damaged.items():
        common.complain(f"damaged: {name}: {reason}")
    if missing:
        common.complain(f"missing: {', '.join(missing)}")
    return 1 if missing or damaged else 0
