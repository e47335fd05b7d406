"""``blurlib map``: estimate an image's sigma map."""

import json
from pathlib import Path

from ._options import add_estimator, check_folder, iterations_of, load_estimator_of


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "map", help="estimate an image's sigma map",
        description="Write IMAGE_sigma.npy (float32, pixels, the image's size) and a PNG of it.",
    )  # fmt: skip
    parser.add_argument("image", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    add_estimator(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    import numpy as np

    from .. import data, maps, plotting
    from .._files import replacing

    estimator = load_estimator_of(options)
    image = data.load_image(options.image)
    check_folder(options.out)

    def estimate(image, stride):
        sigma_map = estimator(image, stride=stride, progress=True)
        if options.smooth is None:
            return sigma_map
        return maps.smooth(sigma_map, iterations_of(options), options.smooth)

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
