"""Say whether motion, shaking or defocus blurred a picture, how far it moved and which way.

Lengths are in pixels of the path, angles in degrees counter-clockwise from the horizontal, each
with its standard deviation: a blur that is no motion has them too, and says so in its
probabilities. With --out also the same window by window: NAME_length.npy, NAME_angle.npy,
NAME_length_std.npy and NAME_angle_std.npy (float32, the picture's size), and NAME_motion.png, whose
ellipses are twice the blur's standard deviation long to either side.
"""

from pathlib import Path

from . import common


def add(parser):
    """Add the command's options to its parser."""
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--window", type=common.number(int, 32, 256, "an integer from 32 to 256"), default=64,
        metavar="N", help="side of the windows that are looked at, in pixels; motions are sought "
        "up to half of it, and a smaller picture has smaller ones (default 64)",
    )  # fmt: skip
    common.add_options(parser, "--out", required=False, help="write the field of motions there")
    common.add_options(parser, "--max-pixels", "--json")


def run(options):
    """Run the command; return the exit status."""
    from .. import data
    from ..maps.motion import find_motion

    data.list_images([options.image])  # fails if there is none
    if options.image.is_dir():
        raise ValueError(f"{options.image} is a folder; name a picture")
    if options.out is not None:
        common.check_folder(options.out)
    image = data.load_image(options.image, max_pixels=options.max_pixels)
    found = find_motion(image, window=options.window)
    result = {"path": str(options.image), **numbers_of(found)}
    if options.out is not None:
        result["files"] = _write_field(image, options)
    words = (
        f"{common.printable(str(options.image))}: {found.kind}"
        f" ({found.probabilities[found.kind]:.0%}); as a motion {words_of(found)}"
    )
    common.tell(options, result, words)
    return 0


def numbers_of(found):
    """Return a motion as it is printed as JSON."""
    from ..maps.motion import MOTION_LAYERS

    numbers = {name: getattr(found, name) for name in MOTION_LAYERS}
    numbers["angle_deg"] = numbers.pop("angle")
    return {"kind": found.kind, **numbers, "probabilities": found.probabilities}


def words_of(found):
    """Return a motion's length and angle in words."""
    return (
        f"{found.length:.1f} px (std {found.length_std:.1f}) at {found.angle:.0f} degrees "
        f"(std {found.angle_std:.0f})"
    )


def _write_field(image, options):
    """Write the field of motions and its picture; return the files' names."""
    import numpy as np
    import torch

    from .. import plotting
    from .._files import replacing_together
    from ..maps.motion import MOTION_LAYERS, motion_field

    field = motion_field(image, window=options.window)
    files = [options.out / f"{options.image.stem}_{name}.npy" for name in MOTION_LAYERS]
    files.append(options.out / f"{options.image.stem}_motion.png")
    stride, offset = field.sigma_map.stride, field.sigma_map.offset
    places = torch.cartesian_prod(*[offset + stride * torch.arange(n) for n in field.length.shape])
    long, wide, angle = field.ellipse.flatten(1)
    with replacing_together(files) as opened:
        for name, file in zip(MOTION_LAYERS, opened, strict=False):
            np.save(file, field.full_size(name).float().numpy())
        plotting.write_ellipses(opened[-1], image, places, 4 * long, (4 * wide).clamp_min(1), angle)
    return [str(file) for file in files]
