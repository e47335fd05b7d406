"""``blurlib fetch``: download the textures that we may not hand on."""

import json
from pathlib import Path

from ._options import check_folder, complain


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "fetch", help="download a texture collection",
        description="Download what a folder lacks of a collection, and check every file of it.",
    )  # fmt: skip
    parser.add_argument("source", choices=("brodatz", "sipi"))
    parser.add_argument(
        "--folder", type=Path,
        help="where to (default: the folder that BLURLIB_DATA names, else the user's cache)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from .. import data
    from ..data.sources import data_folder

    source = data.SOURCES[options.source]
    open_source = {"brodatz": data.brodatz, "sipi": data.sipi}[options.source]
    if options.folder is not None:
        check_folder(options.folder)
    folder = data_folder(options.source, options.folder)
    complain(f"{source.title}. Licence: {source.licence}.")
    try:
        collection = open_source(options.folder, download=True, progress=True)
    except data.FetchError as error:
        try:
            collection = open_source(folder, download=False)
        except FileNotFoundError:
            raise error from None
        complain(error)
    result = {
        "source": options.source, "folder": str(folder), "files": len(collection),
        "missing": list(collection.missing), "damaged": dict(collection.damaged),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{folder}: {len(collection)} of {source.num_images} files are there and right")
    for name, reason in collection.damaged.items():
        complain(f"damaged: {name}: {reason}")
    if collection.missing:
        complain(f"missing: {', '.join(collection.missing)}")
    return 1 if collection.missing or collection.damaged else 0
