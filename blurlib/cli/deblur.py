"""Take the blur out of a picture, or of each picture of a folder, by its sigma map.

Colours, 16 bits (PNG, TIFF), EXIF data and colour profile stay. Where the map is unsure less is
taken away, and where the picture is sharp nothing. With --motion a picture in which nothing moved,
with --psf estimate one that was not shaken, is written as it was, the status is 0, and
"moved_share" of --json is 0. With the estimator's map it is said if the picture looks moved or
shaken, which that map does not undo, and --json has the probability of each kind of blur. Of a
folder the results have the pictures' names. The status is 1 if a picture was left out.
"""

import time
from pathlib import Path

from . import common
from .motion import numbers_of, words_of

#: What a picture that moved is offered: its sigma map tells little.
_IF_MOVED = "try --motion or --psf estimate"


def add(parser):
    """Add the command's options to its parser."""
    kind = add_map(parser)
    kind.add_argument("--sigma", type=common.sigma, help="one blur everywhere, in pixels")
    kind.add_argument(
        "--psf", type=Path, metavar="FILE",
        help="the PSF itself, .npy or a picture of it; 'estimate' finds that of a shaken camera",
    )  # fmt: skip
    kind.add_argument(
        "--motion", action="store_true",
        help="what moved, the whole picture or an object before a still background; where nothing "
        "did the picture is written as it was",
    )  # fmt: skip
    parser.add_argument(
        "--profile", choices=("gaussian", "disk"),
        help="form of the PSFs (default: what most of the map says; of --sigma and of --sigma-map, "
        "which do not say, gaussian)",
    )  # fmt: skip
    parser.add_argument(
        "--method", choices=("deblur-net", "sparse", "wiener"), default="deblur-net",
        help="the network, its classical start, or the quicker linear filter (default deblur-net)",
    )  # fmt: skip
    common.add_options(
        parser, "--noise", default=None,
        help="of the picture, standard deviation in grey levels of 255 (default: it is estimated)",
    )  # fmt: skip


def add_map(parser):
    """Add what picture to change, where to, and by which map; return the group of the last."""
    parser.add_argument("image", type=Path, metavar="IMAGE_OR_FOLDER")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--sigma-map", type=Path, metavar="FILE.npy",
        help="as 'blurlib map' writes it; a deviation beside it, NAME_std.npy, is read too",
    )  # fmt: skip
    common.add_options(kind, "--estimator")
    common.add_options(parser, "--device", help="where the estimator computes (default cpu)")
    common.add_options(parser, "--max-pixels")
    common.add_options(parser, "--out", metavar="FILE_OR_FOLDER")
    common.add_options(parser, "--json", help="print the result of each picture as a line of JSON")
    return kind


def run(options):
    """Run the command; return the exit status."""
    return change_each(options, _deblurring)


def change_each(options, make_change):
    """Write each picture, changed, with all that its file brings; return the exit status.

    `make_change` is called once the options are found right. It returns a function that takes a
    picture and returns the changed one, what there is to say about it, and the same in words.
    """
    from .. import data

    if not options.image.is_dir():
        data.list_images([options.image])  # fails if there is none
        results = {options.image: options.out}
    else:
        if options.sigma_map is not None:
            raise ValueError("--sigma-map is one picture's; name a picture, not a folder")
        common.check_folder(options.out)
        results = {
            path: options.out / (path.name + ("" if _suffix(path) in data.WRITABLE else ".png"))
            for path in data.list_images([options.image])
        }
        common.say_what_is_passed_over([options.image])
    for image, out in results.items():
        _check_result(image, out)
    change = make_change(options)
    left_out = 0

    def write(path):
        start = time.perf_counter()
        image = data.load_image(path, max_pixels=options.max_pixels, colour=True)
        changed, found, words = change(image)
        data.write_alike(results[path], changed, path, max_pixels=options.max_pixels)
        seconds = time.perf_counter() - start
        found = {"path": str(path), "out": str(results[path]), **found, "seconds": seconds}
        return found, f"{common.printable(found['out'])}: {words}, {seconds:.1f} s"

    for _, result, error in common.each_image(results, write, disable=len(results) == 1 or None):
        if error is not None:
            left_out += 1
            continue
        common.tell(options, *result)
    if left_out == len(results):
        raise ValueError("no picture could be changed; the reasons stand above.")
    return int(left_out > 0)


def _suffix(path):
    return path.suffix.lower()


def _check_result(image, out):
    """Refuse a result that cannot be written, or that would take its own picture's place."""
    from ..data import WRITABLE

    if _suffix(out) not in WRITABLE:
        raise ValueError(f"--out must end in one of {', '.join(WRITABLE)}, got {out}")
    common.check_writable(out, _suffix(out))
    if out.exists() and out.samefile(image):
        raise ValueError(f"--out {out} is the picture itself; name another")


def map_of(options):
    """Return a function from a picture to its map, as `restore.deblur` takes it."""
    from .. import data

    if options.sigma_map is not None:
        name = options.sigma_map.name
        if name.endswith("_std.npy"):
            other = f"{name.removesuffix('_std.npy')}_sigma.npy"
            raise ValueError(f"--sigma-map {name} is a map's deviation; name the map, {other}")
        known = {"sigma_map": _load(options.sigma_map)}
        beside = options.sigma_map.with_name(name.removesuffix("_sigma.npy") + "_std.npy")
        if name.endswith("_sigma.npy") and beside.exists():
            known["std"] = _load(beside)
        return lambda image: known
    options.readout = options.smooth = options.iterations = None
    estimator = common.load_estimator_of(options)
    return lambda image: {"sigma_map": estimator.predict(data.to_grey(image))}


def _load(path):
    import numpy as np
    import torch

    try:
        return torch.from_numpy(np.load(path).astype(np.float32))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file at {path}") from None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no array of numbers: {error}") from None


def _blur_of(options):
    """Return a function from a picture to what `restore.deblur` is told of its blur."""
    import torch

    from .. import data, restore

    if options.motion:
        return lambda image: dict(
            zip(("motion", "psf", "mask"), restore.find_moved(image), strict=True)
        )
    if options.psf == Path("estimate"):
        return lambda image: {"psf": "estimate"}
    if options.psf is not None:
        array = options.psf.suffix.lower() == ".npy"
        psf = _load(options.psf) if array else data.load_image(options.psf)
        if psf.ndim != 2 or not psf.sum() > 0:
            raise ValueError(f"{options.psf} must hold a PSF, (k, l), that is not black")
        psf = torch.nn.functional.pad(psf, (0, 1 - psf.shape[1] % 2, 0, 1 - psf.shape[0] % 2))
        return lambda image: {"psf": psf / psf.sum()}
    if options.sigma is not None:
        return lambda image: {"sigma_map": options.sigma}
    return map_of(options)


def _deblurring(options):
    """Return what deblurs a picture, and says how."""
    from .. import data, maps, restore

    if options.profile is not None and (options.motion or options.psf is not None):
        common.say_idle("--profile", "with --motion or --psf the PSF is found or given")
    blur_of = _blur_of(options)

    def deblur(image):
        known, noise = blur_of(image), options.noise
        profile = options.profile or restore.likely_profile(known.get("sigma_map"))
        known.setdefault("psf", profile)
        motion = known.pop("motion", None)
        deblurred, error, noise = restore.deblur_with_error(
            image, noise_std=None if noise is None else noise / 255, method=options.method, **known
        )
        noise *= 255
        result = {"method": options.method, "noise": noise}
        words = f"{options.method}, noise {noise:.2f} of 255"
        if motion is not None:
            share = known["mask"].mean().item()
            result |= {"motion": numbers_of(motion), "moved_share": share}
            words += f", {share:.0%} of it moved {words_of(motion)}"
            if not share:
                words = f"left as it was, for nothing moved (kind: {motion.kind})"
        elif known["psf"] == "estimate":
            result["moved_share"] = float(not deblurred.equal(image))
            if not result["moved_share"]:
                words = "left as it was, for no shake was found"
        sigma, moved = known.get("sigma_map"), ""
        if sigma is not None:
            if isinstance(sigma, maps.SigmaMap):
                sigma = sigma.to("std").sigma
                result["kinds"] = common.kinds_of(data.to_grey(image))
                moved = common.words_of_moved(result["kinds"], _IF_MOVED)
            low, high = (sigma, sigma) if isinstance(sigma, float) else sigma.aminmax()
            result |= {"sigma_min": float(low), "sigma_max": float(high), "profile": profile}
            words += f", sigma {low:.2f} to {high:.2f} px ({profile})"
        if error is not None:
            gain = restore.expected_gain(image, deblurred, error)
            result |= {"expected_gain_db": gain, "expected_error": 255 * maps.rms(error)}
            if result.get("moved_share") != 0:
                words += f", expected gain {gain:.1f} dB"
        return deblurred, result, words + moved

    return deblur
