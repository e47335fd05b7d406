"""The command line: ``blurlib blur``, ``train``, ``map``, ``evaluate``.

Results go to standard output, progress and complaints to standard error. The status is 0 when all
was done, 1 when an image had to be left out, 2 when nothing could be done.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from . import __version__

_EPILOG = "Every command has its own --help. The book explains what they compute."


def _number(convert, low, high, wanted):
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


_positive = _number(int, 1, 2**31, "an integer of at least 1")
_count = _number(int, 0, 2**31, "an integer of at least 0")
_seed = _number(int, 0, 2**63 - 1, "an integer of at least 0")
_noise = _number(float, 0, 255, "a number of grey levels from 0 to 255")
_quality = _number(int, 1, 100, "an integer from 1 to 100")


def _add_common(parser, *, result=True):
    parser.add_argument("--seed", type=_seed, default=0, help="of every random draw (default 0)")
    if result:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _add_degradation(parser):
    parser.add_argument(
        "--noise", type=_noise, default=0.0, metavar="STD",
        help="noise after the blur, standard deviation in grey levels of 255 (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--jpeg", type=_quality, metavar="QUALITY", help="JPEG compression after that, 1 to 100"
    )


def _add_estimator(parser):
    parser.add_argument(
        "--estimator", metavar="NAME",
        help="a packaged network or the path of a file that 'blurlib train' wrote; "
        "an unknown name lists them (default spectrum-30)",
    )  # fmt: skip
    parser.add_argument(
        "--readout", choices=("mean", "argmax"), default="mean",
        help="how classes become a sigma (default mean; the thesis: argmax)",
    )  # fmt: skip
    parser.add_argument(
        "--stride", type=_positive, default=1, help="step between windows, in pixels (default 1)"
    )
    parser.add_argument(
        "--smooth", metavar="NAME", choices=("mean3x3", "jacobi", "columns"),
        help="average neighbours of the map: mean3x3, jacobi or columns (default: leave it raw)",
    )  # fmt: skip
    parser.add_argument(
        "--iterations", type=_count, metavar="N", help="steps of smoothing (default 1)"
    )
    _add_device(parser)


def _add_device(parser):
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda (default cpu)")


def build_parser():
    """Return the argument parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="blurlib", description="Make blur, learn it, map it, score it.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"blurlib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    blur = commands.add_parser(
        "blur", help="blur an image", description="Blur an image and write it as an 8-bit PNG."
    )
    blur.add_argument("image", type=Path)
    kind = blur.add_mutually_exclusive_group(required=True)
    kind.add_argument("--sigma", type=float, help="one gaussian everywhere, in pixels")
    kind.add_argument("--disk", type=float, metavar="RADIUS", help="ideal defocus, in pixels")
    kind.add_argument(
        "--motion", type=float, nargs=2, metavar=("LENGTH", "ANGLE"), help="pixels and degrees"
    )
    kind.add_argument("--shake", type=float, metavar="EXTENT", help="camera shake, in pixels")
    kind.add_argument(
        "--field", choices=("ramp", "sin", "sin2d"), help="gaussians that vary, as in the thesis"
    )
    blur.add_argument(
        "--truncate", type=float, metavar="T",
        help="cut gaussians at T sigma (default 4; with --field 2, as the thesis)",
    )  # fmt: skip
    _add_degradation(blur)
    _add_common(blur, result=False)
    blur.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    blur.set_defaults(run=_blur)

    train = commands.add_parser(
        "train", help="train a network",
        description="Train a network on free textures, or on your own sharp images.",
    )  # fmt: skip
    train.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    train.add_argument("--recipe", help="a packaged network's recipe; the options below change it")
    train.add_argument("--network", choices=("thesis", "spectrum"))
    train.add_argument("--classes", type=_positive, dest="num_classes", metavar="N")
    train.add_argument(
        "--images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER",
        help="sharp images to train on (default: procedural textures and free photographs)",
    )  # fmt: skip
    train.add_argument(
        "--textures",
        type=_positive,
        dest="textures_each",
        metavar="N",
        help="of each procedural family",
    )
    train.add_argument("--steps", type=_positive, dest="num_steps", metavar="N")
    train.add_argument("--batch", type=_positive, dest="batch_size", metavar="N")
    train.add_argument("--lr", type=float, help="peak of the learning rate")
    _add_device(train)
    train.add_argument("--seed", type=_seed, help="of every random draw (default: the recipe's)")
    train.add_argument("--json", action="store_true", help="print the run's record as JSON")
    train.set_defaults(run=_train)

    sigma_map = commands.add_parser(
        "map", help="estimate an image's sigma map",
        description="Write IMAGE_sigma.npy (float32, pixels, the image's size) and a PNG of it.",
    )  # fmt: skip
    sigma_map.add_argument("image", type=Path)
    sigma_map.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    _add_estimator(sigma_map)
    sigma_map.add_argument("--json", action="store_true", help="print the result as JSON")
    sigma_map.set_defaults(run=_map)

    evaluate = commands.add_parser(
        "evaluate", help="score an estimator on sharp images",
        description="Blur sharp images with a known field, estimate the sigma map, compare.",
    )  # fmt: skip
    evaluate.add_argument("images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER")
    evaluate.add_argument("--field", choices=("ramp", "sin", "sin2d"), required=True)
    _add_estimator(evaluate)
    _add_degradation(evaluate)
    _add_common(evaluate)
    evaluate.set_defaults(run=_evaluate)
    return parser


def _complain(text):
    print(f"blurlib: {text}", file=sys.stderr)


def _generator(seed):
    import torch

    return torch.Generator().manual_seed(seed)


def _blur(options):
    from . import blur, data

    _check_writable(options.out, ".png")
    if options.out.exists() and options.out.samefile(options.image):
        raise ValueError(f"--out {options.out} is the image itself; name another file")
    if options.truncate is not None and options.sigma is None and options.field is None:
        raise ValueError("--truncate cuts gaussians: pass it with --sigma or --field")
    sharp = data.load_image(options.image)
    rng = _generator(options.seed)
    if options.field is not None:
        truncate = blur.THESIS_TRUNCATE if options.truncate is None else options.truncate
        blurred = blur.blur_varying(
            sharp, blur.FIELDS[options.field](sharp.shape), truncate=truncate
        )
    elif options.sigma is not None:  # a constant field is summed axis by axis, which is quicker
        truncate = 4.0 if options.truncate is None else options.truncate
        field = blur.constant_field(sharp.shape, options.sigma)
        blurred = blur.blur_varying(sharp, field, truncate=truncate)
    else:
        blurred = blur.blur_uniform(sharp, _psf(options, rng))
    if options.noise:
        blurred = blur.add_noise(blur.quantize(blurred), options.noise / 255, rng=rng)
    if options.jpeg is not None:
        blurred = blur.jpeg(blurred, options.jpeg)
    data.write_image(options.out, blurred)
    return 0


def _psf(options, rng):
    from . import blur

    if options.disk is not None:
        return blur.disk_psf(options.disk)
    if options.motion is not None:
        return blur.motion_psf(*options.motion)
    return blur.shake_psf(options.shake, rng=rng)


def _check_writable(path, suffix):
    """Fail before the work, not after it: nobody likes to lose a training to a typing error."""
    if path.suffix.lower() != suffix:
        raise ValueError(f"--out must end in {suffix}, got {path}")
    if path.is_dir():
        raise IsADirectoryError(f"--out {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} in")
    _check_folder(path.parent)


def _check_folder(folder):
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(
            f"cannot write in {folder} ({error.strerror}); pass --out a folder that can be written"
        ) from None


def _train(options):
    from dataclasses import replace

    from . import data, learn
    from ._checks import check_choice

    _check_writable(options.out, ".safetensors")
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


def _estimator(options):
    from .maps import DEFAULT_ESTIMATOR, load_estimator

    if options.iterations is not None and options.smooth is None:
        raise ValueError("--iterations counts the steps of --smooth; pass both")
    name = DEFAULT_ESTIMATOR if options.estimator is None else options.estimator
    return load_estimator(name, readout=options.readout, device=options.device)


def _iterations(options):
    return 1 if options.iterations is None else options.iterations


def _map(options):
    import numpy as np

    from . import data, maps, plotting
    from ._files import replacing

    estimator = _estimator(options)
    image = data.load_image(options.image)
    _check_folder(options.out)

    def estimate(image, stride):
        sigma_map = estimator(image, stride=stride, progress=True)
        if options.smooth is None:
            return sigma_map
        return maps.smooth(sigma_map, _iterations(options), options.smooth)

    sigma_map = maps.predict_full_size(
        estimate, image, patch_size=estimator.patch_size, stride=options.stride
    )
    array = options.out / f"{options.image.stem}_sigma.npy"
    picture = array.with_suffix(".png")
    with replacing(array) as file:
        np.save(file, sigma_map.numpy().astype(np.float32))
    plotting.write_sigma_map(picture, sigma_map)
    result = {
        "map": str(array), "picture": str(picture),
        "height": sigma_map.shape[0], "width": sigma_map.shape[1],
        "mean": sigma_map.mean().item(),
        "min": sigma_map.min().item(), "max": sigma_map.max().item(),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{array} and {picture.name}: sigma {result['min']:.2f} to {result['max']:.2f} px")
    return 0


def _evaluate(options):
    from tqdm import tqdm

    from . import data, maps

    estimator = _estimator(options)
    scores, skipped = [], []
    for path in tqdm(data.list_images(options.images), desc="images", disable=None):
        try:
            score = maps.evaluate_image(
                estimator, data.load_image(path), options.field, stride=options.stride,
                smoothing=options.smooth, num_iter=_iterations(options),
                noise=options.noise, jpeg_quality=options.jpeg, rng=_generator(options.seed),
            )  # fmt: skip
        except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
            skipped.append({"path": str(path), "error": str(error)})
            _complain(f"left out {path}: {error}")
            continue
        scores.append({"path": str(path), **score})
        if not options.json:
            tqdm.write(f"{score['rmse']:.4f}  {path}")
    mean_rmse = sum(score["rmse"] for score in scores) / len(scores) if scores else None
    if options.json:
        print(json.dumps({"images": scores, "mean_rmse": mean_rmse, "skipped": skipped}))
    if not scores:
        raise ValueError("no image could be scored; the reasons stand above.")
    if not options.json:
        print(f"{mean_rmse:.4f}  mean RMSE in pixels over {len(scores)} images")
    return 1 if skipped else 0


def main(arguments=None):
    """Run the command line; return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of those the program was started with.
    """
    options = build_parser().parse_args(arguments)
    # torch is not imported yet. Its threads shall sleep, not spin, while they wait for each other:
    # on a busy machine spinning makes everything many times slower, the other programs too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return options.run(options)
    except (ValueError, TypeError, OSError, ArithmeticError, RuntimeError, MemoryError) as error:
        _complain(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _complain("interrupted; files that were complete before stay as they were")
        return 130


if __name__ == "__main__":
    sys.exit(main())
