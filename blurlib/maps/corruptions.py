"""Test images that break a rule of the training, one rule at a time."""

import functools
import math

import numpy as np
import torch
from torch.nn import functional

from .. import blur
from .._checks import check_choice, check_generator, check_image, check_integer, check_number
from ..data import crop_to_multiple

#: What can be done to a test image, and the range of the level of each; a kernel has a name.
CORRUPTIONS = {
    "noise": (0, 255),  # standard deviation in grey levels
    "jpeg": (1, 100),  # quality
    "contrast": (0.01, 1),  # factor on the distance from middle grey, before rounding
    "gamma_before": (0.1, 10),  # the picture is read as light ** (1 / level), blur happens to light
    "gamma_after": (0.1, 10),  # exponent on the blurred file
    "kernel": None,  # one of PSF_SHAPES
    "resize": (0.1, 10),  # factor on the sides of the blurred file
    "sharpen": (0, 10),  # amount of unsharp masking
}

#: Sigma of the blur that unsharp masking subtracts, in pixels.
UNSHARP_SIGMA = 1.0

#: Direction of the motion, in degrees from the direction of growing columns.
_ANGLE = 0.0

#: Up to this sigma other shapes than gaussians are made, in pixels.
_SPREAD_MAX = 4.0


def _box_psf(side):
    reach = max(0, math.ceil(side / 2 - 0.5))
    place = torch.arange(-reach, reach + 1, dtype=torch.float64)
    profile = (side / 2 + 0.5 - place.abs()).clamp(0, 1)
    profile = profile / profile.sum() if reach else torch.ones(1, dtype=torch.float64)
    return torch.outer(profile, profile).float()


#: Shapes of PSFs: what makes each from its one parameter, and parameter over effective sigma.
_MAKERS = {
    "disk": (blur.disk_psf, 2.0),
    "box": (_box_psf, math.sqrt(12)),
    "motion": (lambda length: blur.motion_psf(length, _ANGLE), math.sqrt(24)),
}

PSF_SHAPES = ("gaussian", *_MAKERS)


def psf_with_sigma(shape, sigma):
    """Return a PSF of a shape whose effective sigma is the one that is asked for.

    Parameters
    ----------
    shape : {"gaussian", "disk", "box", "motion"}
        A gaussian cut at four sigma; an ideal lens out of focus; a square, as of pixels that are
        summed up; a straight motion along the columns' direction.
    sigma : float
        In pixels, from 0 to 4. That of a gaussian is nominal; for a motion, the root mean square
        of the deviations along both axes, one of which is almost 0.

    Returns
    -------
    psf : Tensor of shape (k, k)
        Sums to 1.

    Raises
    ------
    TypeError, ValueError
        If there is no such shape, or sigma is out of range.

    References
    ----------
    .. [1] Chapter "Break it", ``book/maps/robustness.ipynb``.

    Examples
    --------
    >>> from blurlib.blur import effective_sigma
    >>> [f"{effective_sigma(psf_with_sigma(name, 2.0)):.2f}" for name in ("disk", "motion")]
    ['2.00', '2.00']
    """
    check_choice(shape, "shape", PSF_SHAPES)
    sigma = check_number(sigma, "sigma", low=0, high=_SPREAD_MAX, unit="pixels")
    if shape == "gaussian":
        return blur.gaussian_psf(sigma, truncate=4.0)
    parameters, spreads = _spreads(shape)
    return _MAKERS[shape][0](float(np.interp(sigma, spreads, parameters)))


@functools.cache
def _spreads(shape):
    """Return a row of parameters of a shape, and the effective sigma that each gives.

    Pixels make every PSF a little wider than its formula says, so that is looked up.
    """
    maker, factor = _MAKERS[shape]
    parameters = np.linspace(0, 1.05 * factor * _SPREAD_MAX, 400)
    spreads = np.array([blur.effective_sigma(maker(float(value))) for value in parameters])
    first = int(np.flatnonzero(spreads > 0)[0]) - 1  # the last that does nothing
    return parameters[first:], spreads[first:]


def corrupt_test_image(sharp, kind, level, *, field="ramp", rng=None):
    r"""Make the thesis' test image, and break one rule of the training.

    Parameters
    ----------
    sharp : Tensor of shape (H, W)
        In [0, 1]; cropped to a multiple of 32 pixels a side.
    kind : str
        One of `CORRUPTIONS`. ``noise`` of so many grey levels, ``jpeg`` of a quality, ``contrast``
        times a factor before rounding; ``gamma_before``: blur happens to light, of which the
        picture is the root of that degree; ``gamma_after``: the blurred file, to that power;
        ``kernel``: another shape of PSF, see `psf_with_sigma`; ``resize`` of the blurred file,
        bicubic; ``sharpen`` by unsharp masking: the file plus so many times its difference to
        itself blurred.
    level : float or str
        How much; for a kernel one of `PSF_SHAPES`.
    field : {"ramp", "sin", "sin2d"}, optional
        The sigma field.
    rng : torch.Generator, optional
        Source of the noise; needed for that alone.

    Returns
    -------
    corrupted : Tensor of shape (H', W')
        8-bit levels in [0, 1].
    std_map : Tensor of shape (H', W')
        The true standard deviation of the PSF along an axis, in pixels of the corrupted image; what
        happens to the file afterwards does not count.

    Raises
    ------
    TypeError, ValueError
        If the image is smaller than a patch, an argument is out of range, or another kernel is
        asked for with a field that is not constant down the columns.

    References
    ----------
    .. [1] D. Hendrycks and T. Dietterich, "Benchmarking neural network robustness to common
       corruptions and perturbations", ICLR 2019; key ``hendrycks2019``.
    .. [2] Chapter "Break it", ``book/maps/robustness.ipynb``.

    Examples
    --------
    >>> image, std_map = corrupt_test_image(torch.rand(64, 96), "resize", 0.5)
    >>> image.shape, f"{std_map.max():.2f}"
    (torch.Size([32, 48]), '1.36')
    """
    check_choice(kind, "kind", CORRUPTIONS)
    check_choice(field, "field", blur.FIELDS)
    check_image(sharp, "sharp", ndim=2)
    level = _check_level(kind, level)
    sharp = crop_to_multiple(sharp)
    sigma_map, cut = blur.FIELDS[field](sharp.shape), {"truncate": blur.THESIS_TRUNCATE}
    if kind == "kernel":
        family = functools.partial(_weights_of, level)
        blurred = blur.VaryingBlur(sigma_map, family).forward(sharp)
        std_map = blur.VaryingBlur(sigma_map[:1], family).std().expand_as(sigma_map)
        return blur.quantize(blurred), std_map
    std_map = blur.nominal_to_std(sigma_map)
    if kind == "gamma_before":
        light = blur.blur_varying(sharp.clamp(0, 1) ** level, sigma_map, **cut)
        return blur.quantize(light.clamp_min(0) ** (1 / level)), std_map
    blurred = blur.blur_varying(sharp, sigma_map, **cut)
    if kind == "contrast":
        return blur.quantize(0.5 + level * (blurred - 0.5)), std_map
    blurred = blur.quantize(blurred)  # a file, and what happens to it
    if kind == "noise":
        corrupted = blur.add_noise(blurred, level / 255, rng=check_generator(rng))
    elif kind == "jpeg":
        corrupted = blur.jpeg(blurred, level)
    elif kind == "gamma_after":
        corrupted = blurred**level
    elif kind == "sharpen":
        soft = blur.blur_uniform(blurred, blur.gaussian_psf(UNSHARP_SIGMA))
        corrupted = blurred + level * (blurred - soft)
    else:
        corrupted, std_map = _resize(blurred, std_map, level)
    return blur.quantize(corrupted), std_map


def _check_level(kind, level):
    if kind == "kernel":
        return check_choice(level, "level", PSF_SHAPES)
    low, high = CORRUPTIONS[kind]
    check = check_integer if kind == "jpeg" else check_number
    return check(level, "level", low=low, high=high)


def _weights_of(shape, sigma):
    """Return a shape's PSFs for a row of sigmas, as `blurlib.blur.VaryingBlur` takes a family."""
    if len(sigma) > 1:
        raise ValueError("kernels need a field that is constant down the columns: 'ramp', 'sin'.")
    psfs = [psf_with_sigma(shape, one).to(sigma) for one in sigma[0].tolist()]
    reach = max(len(psf) // 2 for psf in psfs)
    table = sigma.new_zeros(reach + 1, reach + 1, len(psfs))  # all shapes are their mirror images
    for number, psf in enumerate(psfs):
        half = len(psf) // 2
        table[: half + 1, : half + 1, number] = psf[half:, half:]
    return reach, lambda row, column: table[row, column]


def _resize(image, std_map, factor):
    """Resize image and field; a deviation counts pixels, so it changes with them.

    By how much is what the sides really did: they are whole numbers.
    """
    size = [max(1, round(side * factor)) for side in image.shape]
    factor = math.sqrt(math.prod(size) / image.numel())
    options = {"size": size, "antialias": True, "align_corners": False}
    image = functional.interpolate(image[None, None], mode="bicubic", **options)
    std_map = functional.interpolate(std_map[None, None], mode="bilinear", **options)
    return image[0, 0], factor * std_map[0, 0]
