"""``blurlib evaluate``: score an estimator on sharp images."""

import json
from pathlib import Path

from ._options import (
    add_common,
    add_degradation,
    add_estimator,
    add_max_pixels,
    complain,
    generator,
    iterations_of,
    load_estimator_of,
    loading,
    printable,
    say_idle,
    say_what_is_passed_over,
    words_of,
)


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "evaluate", help="score an estimator on sharp images",
        description="Blur sharp images with a known field, estimate the sigma map, compare. Errors "
        "are in nominal sigma, in pixels, at every Nth pixel (--stride) but in a rim of 16 pixels, "
        "whatever the estimator's window.",
    )  # fmt: skip
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE_OR_FOLDER")
    parser.add_argument("--field", choices=("ramp", "sin", "sin2d"), required=True)
    add_estimator(parser)
    add_degradation(parser)
    add_max_pixels(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from tqdm import tqdm

    from .. import data, maps

    estimator = load_estimator_of(options)
    if options.seed is not None and not options.noise:
        say_idle("--seed", "nothing is drawn without --noise")
    say_what_is_passed_over(options.images)
    scores, skipped = [], []
    for path in tqdm(data.list_images(options.images), desc="images", disable=None):
        try:
            sharp = data.load_image(path, **loading(options))
            score = maps.evaluate_image(
                estimator, sharp, options.field, stride=options.stride,
                smoothing=options.smooth, num_iter=iterations_of(options),
                noise=options.noise, jpeg_quality=options.jpeg, rng=generator(options.seed),
            )  # fmt: skip
        except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
            skipped.append({"path": str(path), "error": words_of(error)})
            complain(f"left out {printable(str(path))}: {words_of(error)}")
            continue
        scores.append({"path": str(path), **score})
        if not options.json:
            tqdm.write(f"{score['rmse']:.4f}  {printable(str(path))}")
    mean_rmse = sum(score["rmse"] for score in scores) / len(scores) if scores else None
    if options.json:
        print(json.dumps({"images": scores, "mean_rmse": mean_rmse, "skipped": skipped}))
    if not scores:
        raise ValueError("no image could be scored; the reasons stand above.")
    if not options.json:
        print(f"{mean_rmse:.4f}  mean RMSE in pixels over {len(scores)} images")
    return 1 if skipped else 0
