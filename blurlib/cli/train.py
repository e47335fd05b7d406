"""Train a network on free textures, on Brodatz scans, or on your own sharp images.

A run that was stopped goes on from FILE.safetensors.unfinished. Started by torchrun, several
processes share the work. Of your own images every fifth is put aside for the networks sigma and
sigma-small, to calibrate the standard deviation that they state. The status is 1 if an image was
left out.
"""

import contextlib
from pathlib import Path

from . import common

#: The names in `blurlib.learn.NETWORKS`, without importing torch to print a help.
NETWORK_NAMES = "thesis spectrum pixels ordinal direct gaussian sigma sigma-small".split()


def add(parser):
    """Add the command's options to its parser."""
    common.add_options(parser, "--out", metavar="FILE.safetensors")
    parser.add_argument("--recipe", help="a frozen recipe; the options below change it")
    parser.add_argument("--network", choices=NETWORK_NAMES)
    parser.add_argument("--classes", type=common.positive, dest="num_classes", metavar="N")
    parser.add_argument(
        "--images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER",
        help="sharp images to train on (default: procedural textures and free photographs)",
    )  # fmt: skip
    parser.add_argument("--textures", type=common.positive, dest="textures_each", metavar="N_EACH")
    parser.add_argument("--steps", type=common.positive, dest="num_steps", metavar="N")
    parser.add_argument("--batch", type=common.positive, dest="batch_size", metavar="N")
    parser.add_argument("--lr", type=float, help="peak of the learning rate")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="of scans and photographs, where the recipe needs them (default: BLURLIB_DATA)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16", "float16"),
        help="what the network computes in; half precision is for GPUs (default float32)",
    )  # fmt: skip
    parser.add_argument("--log", type=Path, metavar="FILE.csv", help="for loss and error by step")
    common.add_options(parser, "--max-pixels", "--device")
    common.add_options(parser, "--seed", help="of every random draw (default: the recipe's)")
    common.add_options(parser, "--json", help="print the run's record as JSON")


def run(options):
    """Run the command; return the exit status."""
    from dataclasses import replace

    from .. import data, learn, maps
    from .._checks import check_choice

    common.check_writable(options.out, ".safetensors")
    if options.images is not None and options.textures_each is not None:
        raise ValueError("--textures draws pictures, --images names them; pass one of the two.")
    recipe = learn.Recipe()
    if options.recipe is not None:
        recipes = learn.SHIPPED | learn.recipes.SMALLER_WINDOWS
        recipe = recipes[check_choice(options.recipe, "--recipe", recipes)]
    steps = _given(options, "num_steps", "batch_size", "lr", "precision")
    changed = _given(options, "network", "num_classes", "textures_each", "seed")
    recipe = replace(recipe, config=replace(recipe.config, **steps), **changed)
    pictures = scans = photographs = None
    held_out, left_out = [], []
    if options.images is not None:
        pictures, left_out = _read(options, recipe.min_side)
        if recipe.on_crops:  # its std is calibrated on what it has not seen
            pictures, held_out = [p for i, p in enumerate(pictures) if i % 5 != 4], pictures[4::5]
    elif recipe.source != "free":
        scans = data.brodatz(options.data)
        held_out = learn.split_scans(scans)[1]
        if recipe.mix is not None:
            photographs = data.photographs(options.data)
            held_out = learn.development_split(scans, photographs)[1]
    with learn.process_group(options.device) as device, contextlib.ExitStack() as stack:
        callback = None
        if learn.is_main_process():
            _say_what_is_special(options, recipe, scans, held_out, left_out)
            callback = stack.enter_context(learn.RunLog(options.log))
        network, record = maps.train_estimator(
            recipe, options.out, images=None if pictures is None else [p.load() for p in pictures],
            scans=scans, photographs=photographs, held_out=held_out, device=device, progress=True,
            callback=callback, say=common.complain)  # fmt: skip
        if not learn.is_main_process():
            return 0
        if recipe.on_crops and not held_out:
            common.complain("its std is not calibrated: nothing was put aside for that")
        elif network.states_std and not recipe.on_crops:
            common.complain("its std stays as learned: only sigma networks are calibrated")
    rmse = record["history"]["rmse"]
    words = f"{options.out}: {record['seconds']:.0f} s, RMSE on the patches being learned "
    words += f"{rmse[0]:.3f} -> {rmse[-1]:.3f} px"
    common.tell(options, {"out": str(options.out), **record}, words)
    return 1 if left_out else 0


def _given(options, *names):
    """Return the options that were given, of those that are named."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _read(options, smallest):
    """Return the images as pictures, and why others are left out; raise if none can be used."""
    from .. import data

    good, bad = [], []
    for path in data.list_images(options.images):
        try:
            image = data.load_image(path, max_pixels=options.max_pixels)
            if min(image.shape) < smallest:
                few = f"{image.shape[1]} x {image.shape[0]} pixels, and no side may be below"
                name = common.printable(str(path))
                raise ValueError(f"cannot use {name}: it has {few} {smallest}; use a larger one.")
            good.append(data.Picture(path.name, path.name, lambda image=image: image, path))
        except common.IMAGE_ERRORS as error:
            bad.append(common.words_of(error))
    if not good:
        raise ValueError(f"no image can be trained on: {'; '.join(bad[:3])}")
    return good, bad


def _say_what_is_special(options, recipe, scans, held_out, left_out):
    """Name what was left out, what was put aside, and options that change nothing."""
    for error in left_out:
        common.complain(f"left out: {error}")
    if options.images is not None:
        common.say_what_is_passed_over(options.images)
    if options.images is not None and held_out:
        names = ", ".join(common.printable(picture.name) for picture in held_out[:5])
        common.complain(f"put aside to calibrate on: {names}{', ...' if held_out[5:] else ''}")
    if options.images is not None and recipe.source != "free":
        common.complain("--images takes the place of the pictures that the recipe trains on")
    if options.data is not None and scans is None:
        common.say_idle("--data", "this training needs no scans")
    if options.textures_each is not None and recipe.source == "as-published":
        common.say_idle("--textures", "this recipe trains on Brodatz scans alone")
