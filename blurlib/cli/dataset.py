"""``blurlib dataset``: build a dataset of blurred patches on disk."""

import json
from pathlib import Path

from ._options import (
    add_max_pixels,
    check_folder,
    complain,
    loading,
    positive,
    printable,
    say_idle,
    say_what_is_passed_over,
    seed,
)


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "dataset", help="build a dataset of blurred patches",
        description="Blur sharp images in every class with gaussians cut at two sigma, round them "
        "to 8 bits, cut them into patches of 32 x 32 pixels, keep a random 25 %% of these, and put "
        "30 %% aside for the test. As published the border is padded with zeros; for unseen "
        "textures it is mirrored. FOLDER gets manifest.json and patches/; "
        "blurlib.data.load_dataset reads and checks it. A build that was stopped goes on where it "
        "was; an older dataset in the folder stays whole until the new one is. The status is 1 if "
        "an image was left out.",
    )  # fmt: skip
    parser.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER",
        help="sharp pictures (BMP, GIF, JPEG, PGM, PNG, PPM, TIFF, WebP); of a folder those in it, "
        "not below",
    )  # fmt: skip
    parser.add_argument(
        "--classes", type=int, choices=(10, 30, 60), default=30, dest="num_classes",
        help="classes of sigma up to 3 pixels (default 30)",
    )  # fmt: skip
    parser.add_argument(
        "--continuous", action="store_true",
        help="draw sigma anywhere within its class, not at its upper end",
    )  # fmt: skip
    parser.add_argument(
        "--protocol", choices=("as-published", "unseen"), default="as-published",
        help="put single patches (as published) or whole materials (unseen) aside for the test",
    )  # fmt: skip
    parser.add_argument(
        "--materials", type=Path, metavar="FILE.csv",
        help="columns name,material: files of one material stay together; Brodatz scans are known",
    )  # fmt: skip
    parser.add_argument("--seed", type=seed, default=0, help="of every random draw (default 0)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the dataset shall be"
    )
    parser.add_argument(
        "--workers", type=positive, default=1, help="processes; the result is the same (default 1)"
    )
    add_max_pixels(parser)
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from .. import data

    config = data.DatasetConfig(
        num_classes=options.num_classes, protocol=options.protocol, seed=options.seed,
        continuous=options.continuous,
    )  # fmt: skip
    materials = data.read_materials(options.materials) if options.materials is not None else None
    collection = data.open_folder(options.images, materials=materials, **loading(options))
    check_folder(options.out)
    if materials is not None and options.protocol == "as-published":
        say_idle("--materials", "as published, patches of every picture are on both sides")
    say_what_is_passed_over(options.images)
    manifest = data.build_dataset(
        collection, options.out, config, workers=options.workers, progress=True
    )
    for item in manifest["left_out"]:
        complain(f"left out {printable(item['name'])}: {item['error']}")
    if options.json:
        print(json.dumps(manifest))
    else:
        counts, pictures = manifest["counts"], len(manifest["pictures"])
        print(
            f"{options.out}: {counts['train']} patches to train on, {counts['test']} for the test, "
            f"of {pictures} pictures; sha256 {manifest['sha256']}"
        )
    return 1 if manifest["left_out"] else 0
