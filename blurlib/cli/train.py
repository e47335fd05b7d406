"""``blurlib train``: train a network."""

import json
from pathlib import Path

from ._options import add_device, check_writable, positive, seed


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "train", help="train a network",
        description="Train a network on free textures, or on your own sharp images.",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--recipe", help="a packaged network's recipe; the options below change it")
    parser.add_argument("--network", choices=("thesis", "spectrum"))
    parser.add_argument("--classes", type=positive, dest="num_classes", metavar="N")
    parser.add_argument(
        "--images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER",
        help="sharp images to train on (default: procedural textures and free photographs)",
    )  # fmt: skip
    parser.add_argument(
        "--textures",
        type=positive,
        dest="textures_each",
        metavar="N",
        help="of each procedural family",
    )
    parser.add_argument("--steps", type=positive, dest="num_steps", metavar="N")
    parser.add_argument("--batch", type=positive, dest="batch_size", metavar="N")
    parser.add_argument("--lr", type=float, help="peak of the learning rate")
    add_device(parser)
    parser.add_argument("--seed", type=seed, help="of every random draw (default: the recipe's)")
    parser.add_argument("--json", action="store_true", help="print the run's record as JSON")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from dataclasses import replace

    from .. import data, learn
    from .._checks import check_choice

    check_writable(options.out, ".safetensors")
    recipe = learn.Recipe()
    if options.recipe is not None:
        recipe = learn.RECIPES[check_choice(options.recipe, "--recipe", learn.RECIPES)]

    def given(*names):
        return {name: value for name in names if (value := getattr(options, name)) is not None}

    config = replace(recipe.config, **given("num_steps", "batch_size", "lr"))
    recipe = replace(
        recipe, config=config, **given("network", "num_classes", "textures_each", "seed")
    )
    images = None
    if options.images is not None:
        images = [data.load_image(path) for path in data.list_images(options.images)]
    network, record = learn.run_recipe(recipe, images=images, device=options.device, progress=True)
    learn.save_network(options.out, network, record)
    if options.json:
        print(json.dumps({"out": str(options.out), **record}))
    else:
        rmse = record["history"]["rmse"]
        print(
            f"{options.out}: {record['seconds']:.0f} s, RMSE on the patches being learned "
            f"{rmse[0]:.3f} -> {rmse[-1]:.3f} px"
        )
    return 0
