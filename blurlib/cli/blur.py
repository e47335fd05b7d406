"""``blurlib blur``: blur an image."""

from pathlib import Path

from ._options import (
    add_common,
    add_degradation,
    add_max_pixels,
    check_writable,
    generator,
    loading,
    say_idle,
)


def add(commands):
    """Add the command and its options to the parser."""
    parser = commands.add_parser(
        "blur", help="blur an image", description="Blur an image and write it as an 8-bit PNG."
    )
    parser.add_argument("image", type=Path)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--sigma", type=float, help="one gaussian everywhere, in pixels")
    kind.add_argument("--disk", type=float, metavar="RADIUS", help="ideal defocus, in pixels")
    kind.add_argument(
        "--motion", type=float, nargs=2, metavar=("LENGTH", "ANGLE"), help="pixels and degrees"
    )
    kind.add_argument("--shake", type=float, metavar="EXTENT", help="camera shake, in pixels")
    kind.add_argument(
        "--field", choices=("ramp", "sin", "sin2d"), help="gaussians that vary, as in the thesis"
    )
    parser.add_argument(
        "--truncate", type=float, metavar="T",
        help="cut gaussians at T sigma (default 4; with --field 2, as the thesis)",
    )  # fmt: skip
    add_degradation(parser)
    add_max_pixels(parser)
    add_common(parser, result=False)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    parser.set_defaults(run=run)


def run(options):
    """Run the command; return the exit status."""
    from .. import blur, data

    check_writable(options.out, ".png")
    if options.out.exists() and options.out.samefile(options.image):
        raise ValueError(f"--out {options.out} is the image itself; name another file")
    if options.truncate is not None and options.sigma is None and options.field is None:
        raise ValueError("--truncate cuts gaussians: pass it with --sigma or --field")
    if options.seed is not None and options.shake is None and not options.noise:
        say_idle("--seed", "nothing is drawn without --shake or --noise")
    sharp = data.load_image(options.image, **loading(options))
    rng = generator(options.seed)
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
    from .. import blur

    if options.disk is not None:
        return blur.disk_psf(options.disk)
    if options.motion is not None:
        return blur.motion_psf(*options.motion)
    return blur.shake_psf(options.shake, rng=rng)
