"""Blur sharp images with a known field, estimate the sigma map, compare.

Errors are in nominal sigma, in pixels, at every Nth pixel (--stride) but in a rim of 16 pixels,
whatever the estimator's window.
"""

import json

from . import common


def add(parser):
    """Add the command's options to its parser."""
    common.add_options(parser, "images")
    common.add_options(parser, "--field", required=True)
    common.add_options(parser, *common.OF_ESTIMATOR, "--noise", "--jpeg", "--max-pixels")
    common.add_options(parser, "--seed", "--json")


def run(options):
    """Run the command; return the exit status."""
    from tqdm import tqdm

    from .. import data, maps

    estimator = common.load_estimator_of(options)
    if options.seed is not None and not options.noise:
        common.say_idle("--seed", "nothing is drawn without --noise")
    common.say_what_is_passed_over(options.images)

    def score_of(path):
        return maps.evaluate_image(
            estimator, data.load_image(path, max_pixels=options.max_pixels), options.field,
            stride=options.stride, smoothing=options.smooth, num_iter=options.iterations,
            noise=options.noise, jpeg_quality=options.jpeg, rng=common.generator(options.seed),
        )  # fmt: skip

    scores, skipped = [], []
    for path, score, error in common.each_image(data.list_images(options.images), score_of):
        if error is not None:
            skipped.append({"path": str(path), "error": error})
            continue
        scores.append({"path": str(path), **score})
        if not options.json:
            tqdm.write(f"{score['rmse']:.4f}  {common.printable(str(path))}")
    mean_rmse = sum(score["rmse"] for score in scores) / len(scores) if scores else None
    if options.json:
        print(json.dumps({"images": scores, "mean_rmse": mean_rmse, "skipped": skipped}))
    if not scores:
        raise ValueError("no image could be scored; the reasons stand above.")
    if not options.json:
        print(f"{mean_rmse:.4f}  mean RMSE in pixels over {len(scores)} images")
    return 1 if skipped else 0
