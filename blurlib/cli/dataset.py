"""Blur sharp images in every class with gaussians cut at two sigma, and cut them into patches.

They are rounded to 8 bits first; a random 25 % of the patches, 32 x 32 pixels each, are kept, and
30 % of these put aside for the test. As published the border is padded with zeros; for unseen
textures it is mirrored. FOLDER gets manifest.json and patches/; blurlib.data.load_dataset reads and
checks it. A build that was stopped goes on where it was; an older dataset in the folder stays whole
until the new one is. The status is 1 if an image was left out.
"""

from pathlib import Path

from . import common


def add(parser):
    """Add the command's options to its parser."""
    common.add_options(parser, "images", help="sharp; of a folder those in it, not below")
    parser.add_argument(
        "--classes", type=int, choices=(10, 30, 60), default=30, dest="num_classes",
        help="classes of sigma up to 3 pixels (default 30)")  # fmt: skip
    parser.add_argument("--continuous", action="store_true", help="draw sigma within its class")
    parser.add_argument(
        "--protocol", choices=("as-published", "unseen"), default="as-published",
        help="put single patches (as published) or whole materials (unseen) aside for the test",
    )  # fmt: skip
    parser.add_argument(
        "--materials", type=Path, metavar="FILE.csv",
        help="columns name,material: files of one material stay together; Brodatz scans are known",
    )  # fmt: skip
    common.add_options(parser, "--seed", default=0)
    common.add_options(parser, "--out", help="where the dataset shall be")
    parser.add_argument("--workers", type=common.positive, default=1, help="threads (default 1)")
    common.add_options(parser, "--max-pixels")
    common.add_options(parser, "--json", help="print the manifest as JSON")


def run(options):
    """Run the command; return the exit status."""
    from .. import data

    config = data.DatasetConfig(
        num_classes=options.num_classes, protocol=options.protocol, seed=options.seed,
        continuous=options.continuous)  # fmt: skip
    materials = None if options.materials is None else data.read_materials(options.materials)
    limits = {"materials": materials, "max_pixels": options.max_pixels}
    collection = data.open_folder(options.images, **limits)
    common.check_folder(options.out)
    if materials is not None and options.protocol == "as-published":
        common.say_idle("--materials", "as published, patches of every picture are on both sides")
    common.say_what_is_passed_over(options.images)
    follow = {"workers": options.workers, "progress": True}
    manifest = data.build_dataset(collection, options.out, config, **follow)
    for item in manifest["left_out"]:
        common.complain(f"left out {common.printable(item['name'])}: {item['error']}")
    counts, pictures = manifest["counts"], len(manifest["pictures"])
    words = f"{options.out}: {counts['train']} patches to train on, {counts['test']} for the test, "
    common.tell(options, manifest, f"{words}of {pictures} pictures; sha256 {manifest['sha256']}")
    return 1 if manifest["left_out"] else 0
