"""Write the sigma map of each image: NAME_sigma.npy (float32, pixels, its size) and a PNG of it.

From an estimator that states one also NAME_std.npy, its standard deviation, and the PNG is grey
where there is no evidence: no texture to tell from, or an answer too unsure. Up to 4 megapixels,
without --stride and --smooth, its map follows the picture's edges. What --smooth averages in the
map it averages in the standard deviation, which is then the most that it can be. Maps of an earlier
run stay as they are until all of an image's new ones are whole. NAME is the image's without its
ending; where images differ in nothing else, as a.png and a.jpg do, with it. Started by torchrun,
several processes share the images. The status is 1 if an image was left out.

Of a picture that moved or was shaken sigma tells little: that is said, the standard deviation is
widened to reach what motion-net finds, and --json has the probability of each kind of blur.

Of several images it also writes summary.csv, the sharpest first. Its columns, as in --json: file;
median_sigma and sharpest_tenth, the sigma that half and a tenth of the pixels stay below, in pixels
(sorted by the latter: what is in focus somewhere is sharp); no_evidence, the share of pixels that
are grey and count for neither sigma nor profile; profile, whether gaussian or disk is nearer;
moved, how probable it is that the picture moved or was shaken (kinds "motion" and "other"), of
which sigma tells little; seconds. A cell is empty where the estimator does not say. An image that
was left out has no line. The file is written once all images are done; it replaces that of an
earlier run, and no other.
"""

import json
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from . import common
from .summary import check_summary, sum_up, write_summary

#: How long a process waits for the others: the largest image may take hours longer than theirs.
_PATIENCE = timedelta(days=7)


def add(parser):
    """Add the command's options to its parser."""
    common.add_options(parser, "images", help="of a folder the images in it, not below")
    common.add_options(parser, "--out")
    parser.add_argument(
        "--scale", type=common.sigma, metavar="SIGMA",
        help="sigma at the bright end of the PNG's colours, in pixels (default: the least of 3, 6, "
        "12, 24, ... that holds the map)")  # fmt: skip
    common.add_options(parser, *common.OF_ESTIMATOR, "--max-pixels")
    common.add_options(parser, "--json", help="print the result of each image as a line of JSON")


def run(options):
    """Run the command; return the exit status."""
    from .. import learn

    images = _name_maps(options.images, options.out)
    alone = len(images) == 1
    if not alone:
        check_summary(options.out)
    with learn.process_group(options.device) as device:
        options.device = device  # this process' own
        estimator = common.load_estimator_of(options)
        common.check_folder(options.out)
        number, of_all, gather = _join()
        if number == 0:
            common.say_what_is_passed_over(options.images)
        results, unsaid = _map_images(
            dict(list(images.items())[number::of_all]), options, estimator,
            disable=None if number == 0 and not alone else True, progress=alone)  # fmt: skip
        results = gather(results)
    done = len(results)
    if done and number == 0 and not alone:
        summary = write_summary(options.out, results)
        if not options.json:
            words = f"{common.printable(str(summary))}: {done} images, the sharpest first"
            unsaid = _say(words) or unsaid
    if unsaid is not None:  # the maps are there, but nobody was told
        raise unsaid
    if not done and number == 0:
        raise ValueError("no image could be mapped; the reasons stand above.")
    return 2 if not done else int(done < len(images))


def _name_maps(given, folder):
    """Return the path of every image's array: no two alike, and none that is an image.

    The names depend on the images alone, not on what is in the folder: every process finds the
    same, and so does every repetition.
    """
    from .. import data

    for path in given:
        if path.is_dir() and folder.exists() and folder.samefile(path):
            other = f"the next run would map the maps; name another, {folder / 'maps'} for instance"
            raise ValueError(f"--out {folder} is the images' own folder: {other}")
    paths = {os.path.abspath(path): path for path in data.list_images(given)}.values()
    images = {os.path.realpath(path) for path in paths}
    stems = Counter(path.stem for path in paths)
    taken = {}
    for path in paths:
        name = path.stem if stems[path.stem] == 1 else path.name
        array = folder / f"{name}_sigma.npy"
        other = taken.setdefault(array, path)
        if other is not path:
            raise ValueError(f"{other} and {path} would both be named {name}_sigma; rename one")
        for result in (array, array.with_suffix(".png")):
            if os.path.realpath(result) in images:
                raise ValueError(f"{path}: its map would replace the image {result}; name another")
    return {path: array for array, path in taken.items()}


def _join():
    """Return this process' number, the number of all, and a function that gathers their results.

    torchrun stops all processes as soon as one ends with a status other than 0, so none may end
    before all are done.
    """
    from torch import distributed

    if not distributed.is_initialized():
        return 0, 1, list
    group = distributed.new_group(timeout=_PATIENCE, backend="gloo")  # waiting must not cost a GPU
    number, of_all = distributed.get_rank(), distributed.get_world_size()

    def gather(results):
        parts = [None] * of_all
        distributed.all_gather_object(parts, results, group=group)
        return [result for part in parts for result in part]

    return number, of_all, gather


def _map_images(images, options, estimator, *, disable, progress):
    """Map one image after the other; return the results, and why one was not told of."""

    def map_image(path):
        return _map_image(path, images[path], options, estimator, progress=progress)

    results, unsaid = [], None
    for path, result, error in common.each_image(images, map_image, disable=disable):
        if error is not None:
            result, words = {"path": str(path), "error": error}, None  # which is said already
        else:
            results.append({"file": result["path"], **result})
            picture = Path(result["picture"]).name
            words = f"{common.printable(result['map'])} and {common.printable(picture)}: "
            words += f"sigma {result['min']:.2f} to {result['max']:.2f} px"
            if result["no_evidence"]:
                words += f", no evidence in {result['no_evidence']:.0%}"
            words += common.words_of_moved(result["kinds"], "see blurlib motion")
        if options.json or words:
            unsaid = _say(json.dumps(result) if options.json else words) or unsaid
    return results, unsaid


def _say(text):
    """Print a line in one piece, since other processes may be printing theirs; return a failure."""
    from tqdm import tqdm

    try:
        tqdm.write(f"{text}\n", end="")
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _map_image(path, array, options, estimator, *, progress):
    """Write the map of one image and its picture; return what there is to say about them."""
    import numpy as np

    from .. import plotting
    from .._files import replacing_together
    from ..maps.uncertainty import no_texture

    def save(file, values):
        np.save(file, values.float().numpy())

    start = time.perf_counter()
    found, kinds = _estimate(path, options, estimator, progress=progress)
    picture, has_std = array.with_suffix(".png"), found.std is not None
    std_file = array.with_name(array.name.removesuffix("_sigma.npy") + "_std.npy")
    hidden = None
    # An old one must not stand beside another map: it is replaced, or it goes.
    files = [array, picture] + [std_file] * has_std
    with replacing_together(files, removed=[] if has_std else [std_file]) as opened:
        sigma_map = found.upsample(found.sigma)
        if has_std:  # as large as the image, and gone before the picture is drawn
            std = found.upsample(found.std)
            hidden = no_texture(sigma_map, std)
            save(opened[2], std)
            del std
        profile = None if found.profile is None else found.upsample(found.profile)
        summed = sum_up(sigma_map, hidden, profile)
        save(opened[0], sigma_map)
        # Layers may be as large as the image, and share their memory: a copy lets the others go.
        sigma_map = sigma_map.clone()
        del profile, found
        plotting.write_sigma_map(opened[1], sigma_map, vmax=options.scale, hidden=hidden)
    return {
        "path": str(path), "map": str(array), "picture": str(picture),
        "height": sigma_map.shape[0], "width": sigma_map.shape[1],
        "mean": sigma_map.mean().item(),
        "min": sigma_map.min().item(), "max": sigma_map.max().item(),
        **({"std": str(std_file), "no_texture": summed["no_evidence"]} if has_std else {}),
        **summed, "moved": common.moved(kinds), "kinds": kinds,
        "seconds": time.perf_counter() - start}  # fmt: skip


def _estimate(path, options, estimator, *, progress):
    """Return a file's map, and kinds of blur. The image is gone: a large one is much of memory."""
    from .. import data, maps

    stride = options.stride
    if options.smooth is None and estimator.output_stride % stride == 0:
        # What lies between its own places would be interpolated in any case; who leaves the step
        # at 1 leaves it to the estimator, which asks large images less often.
        stride = None if stride == 1 else estimator.output_stride
    image = data.load_image(path, max_pixels=options.max_pixels)
    found = estimator.predict(image, stride=stride, progress=progress)
    kinds = common.kinds_of(image)
    if found.std is not None and common.words_of_moved(kinds, ""):
        found = _doubted(found, image)
    if options.smooth is None:
        if options.stride == 1 and image.numel() <= maps.sigma_map.MOST_GUIDED:
            found = found.full_size(image)
        return found, kinds

    # The standard deviation of a mean is at most the mean of the deviations, and it is that where
    # neighbours err alike, as they do: their windows share nearly all of their pixels.
    smoothed = found.map_layers(
        lambda layer: maps.smooth(layer, options.iterations, options.smooth)
    )
    return smoothed, kinds


def _doubted(found, image):
    """Return a moved picture's map, its deviation widened by how far `motion-net` is from it."""
    from .. import maps

    moved = maps.motion.motion_field(image).sigma_map.to(found.convention)
    off = found.at_windows(moved.upsample(moved.sigma)) - found.sigma
    return replace(found, std=found.std.hypot(off))
