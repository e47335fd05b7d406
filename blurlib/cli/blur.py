"""Blur an image and write it as an 8-bit PNG."""

from pathlib import Path

from . import common


def add(parser):
    """Add the command's options to its parser."""
    parser.add_argument("image", type=Path)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--sigma", type=float, help="one gaussian everywhere, in pixels")
    kind.add_argument("--disk", type=float, metavar="RADIUS", help="ideal defocus, in pixels")
    kind.add_argument("--motion", type=float, nargs=2, metavar=("PIXELS", "DEGREES"))
    kind.add_argument("--shake", type=float, metavar="EXTENT", help="camera shake, in pixels")
    common.add_options(kind, "--field", help="gaussians that vary, as in the thesis")
    parser.add_argument("--truncate", type=float, metavar="T", help="cut at T sigma (4; field: 2)")
    common.add_options(parser, "--noise", "--jpeg", "--max-pixels", "--seed")
    common.add_options(parser, "--out", metavar="FILE.png")


def run(options):
    """Run the command; return the exit status."""
    from .. import blur, data

    common.check_writable(options.out, ".png")
    if options.out.exists() and options.out.samefile(options.image):
        raise ValueError(f"--out {options.out} is the image itself; name another file")
    if options.truncate is not None and options.sigma is None and options.field is None:
        raise ValueError("--truncate cuts gaussians: pass it with --sigma or --field")
    if options.seed is not None and options.shake is None and not options.noise:
        common.say_idle("--seed", "nothing is drawn without --shake or --noise")
    sharp = data.load_image(options.image, max_pixels=options.max_pixels)
    rng = common.generator(options.seed)
    if options.disk is not None:
        blurred = blur.blur_uniform(sharp, blur.disk_psf(options.disk))
    elif options.motion is not None:
        blurred = blur.blur_uniform(sharp, blur.motion_psf(*options.motion))
    elif options.shake is not None:
        blurred = blur.blur_uniform(sharp, blur.shake_psf(options.shake, rng=rng))
    else:
        if options.field is not None:
            field, truncate = blur.FIELDS[options.field](sharp.shape), blur.THESIS_TRUNCATE
        else:  # a constant field is summed axis by axis, which is quicker
            field, truncate = blur.constant_field(sharp.shape, options.sigma), 4.0
        if options.truncate is not None:
            truncate = options.truncate
        blurred = blur.blur_varying(sharp, field, truncate=truncate)
    if options.noise:
        blurred = blur.add_noise(blur.quantize(blurred), options.noise / 255, rng=rng)
    if options.jpeg is not None:
        blurred = blur.jpeg(blurred, options.jpeg)
    data.write_image(options.out, blurred)
    return 0
