"""Take the blur out of a picture, or of each picture of a folder, by its sigma map.

Colours, 16 bits (PNG, TIFF), EXIF data and colour profile stay. Where the map is unsure less is
taken away, and where the picture is sharp nothing. Of a folder the results have the pictures'
names. The status is 1 if a picture was left out.
"""

import time
from pathlib import Path

from . import common


def add(parser):
    """Add the command's options to its parser."""
    parser.add_argument("image", type=Path, metavar="IMAGE_OR_FOLDER")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--sigma", type=common.sigma, help="one blur everywhere, in pixels")
    kind.add_argument(
        "--sigma-map", type=Path, metavar="FILE.npy",
        help="as 'blurlib map' writes it; a deviation beside it, NAME_std.npy, is read too",
    )  # fmt: skip
    kind.add_argument(
        "--psf", type=Path, metavar="FILE",
        help="the PSF itself, .npy or a picture of it; 'estimate' finds that of a shaken camera",
    )  # fmt: skip
    common.add_options(kind, "--estimator")
    parser.add_argument(
        "--profile", choices=("gaussian", "disk"), default="gaussian",
        help="form of the PSFs (default gaussian)",
    )  # fmt: skip
    parser.add_argument(
        "--method", choices=("sparse", "wiener"), default="sparse",
        help="sharp edges, or the quicker linear filter (default sparse)",
    )  # fmt: skip
    common.add_options(
        parser, "--noise", default=None,
        help="of the picture, standard deviation in grey levels of 255 (default: it is estimated)",
    )  # fmt: skip
    common.add_options(parser, "--device", help="where the estimator computes (default cpu)")
    common.add_options(parser, "--max-pixels")
    common.add_options(parser, "--out", metavar="FILE_OR_FOLDER")
    common.add_options(parser, "--json", help="print the result of each picture as a line of JSON")


def run(options):
    """Run the command; return the exit status."""
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
    blur_of = _blur_of(options)
    left_out = 0

    def deblur(path):
        return _deblur(path, results[path], options, blur_of)

    for _, result, error in common.each_image(results, deblur, disable=len(results) == 1 or None):
        if error is not None:
            left_out += 1
            continue
        words = f"{common.printable(result['out'])}: {result['method']}, noise "
        words += f"{result['noise']:.2f} of 255"
        if "sigma_max" in result:
            words += f", sigma {result['sigma_min']:.2f} to {result['sigma_max']:.2f} px"
        common.tell(options, result, f"{words}, {result['seconds']:.1f} s")
    if left_out == len(results):
        raise ValueError("no picture could be deblurred; the reasons stand above.")
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


def _blur_of(options):
    """Return a function from a picture to what `restore.deblur` is told of its blur."""
    import numpy as np
    import torch

    from .. import data

    def load(path):
        try:
            return torch.from_numpy(np.load(path).astype(np.float32))
        except (ValueError, EOFError) as error:
            raise ValueError(f"{path} is no array of numbers: {error}") from None

    if options.psf == Path("estimate"):
        return lambda image: {"psf": "estimate"}
    if options.psf is not None:
        array = options.psf.suffix.lower() == ".npy"
        psf = load(options.psf) if array else data.load_image(options.psf)
        if psf.ndim != 2 or not psf.sum() > 0:
            raise ValueError(f"{options.psf} must hold a PSF, (k, l), that is not black")
        psf = torch.nn.functional.pad(psf, (0, 1 - psf.shape[1] % 2, 0, 1 - psf.shape[0] % 2))
        return lambda image: {"psf": psf / psf.sum()}
    if options.sigma is not None:
        return lambda image: {"sigma_map": options.sigma, "psf": options.profile}
    if options.sigma_map is not None:
        known = {"sigma_map": load(options.sigma_map), "psf": options.profile}
        name = options.sigma_map.name
        beside = options.sigma_map.with_name(name.removesuffix("_sigma.npy") + "_std.npy")
        if name.endswith("_sigma.npy") and beside.exists():
            known["std"] = load(beside)
        return lambda image: known
    options.readout = options.smooth = options.iterations = None
    estimator = common.load_estimator_of(options)

    def estimate(image):
        found = estimator.predict(data.to_grey(image)).full_size()
        return {"sigma_map": found, "psf": options.profile}

    return estimate


def _deblur(path, out, options, blur_of):
    """Write one picture, deblurred; return what there is to say about it."""
    from .. import data, maps, restore

    start = time.perf_counter()
    image = data.load_image(path, max_pixels=options.max_pixels, colour=True)
    known = blur_of(image)
    result = {"path": str(path), "out": str(out), "method": options.method}
    noise, sigma = options.noise, known.get("sigma_map")
    if isinstance(sigma, maps.SigmaMap):
        sigma = sigma.to("std").sigma
    if noise is None:
        witness = None if isinstance(sigma, float) else sigma
        noise = restore.estimate_noise(image, witness) * 255
    if sigma is not None:
        low, high = (sigma, sigma) if isinstance(sigma, float) else (sigma.min(), sigma.max())
        result |= {"sigma_min": float(low), "sigma_max": float(high)}
    deblurred = restore.deblur(image, noise_std=noise / 255, method=options.method, **known)
    data.write_alike(out, deblurred, path, max_pixels=options.max_pixels)
    return result | {"noise": noise, "seconds": time.perf_counter() - start}
