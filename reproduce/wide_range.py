"""Record of uniform blur from half a pixel to far beyond a window: gaussians and disks."""

import statistics
from functools import partial

import torch
from scipy.optimize import brentq
from torch.nn import functional

from blurlib import blur, data, maps
from blurlib.maps.evaluate import RIM

from .experiment import rounded, shares_within

WIDE_NETWORKS = ("sigma-net", "sigma-net-small")

#: Standard deviation of the point spread functions along an axis, in pixels.
WIDE_STDS = (0.5, 1, 2, 4, 8, 12, 16, 24)

#: What makes a point spread function, and about how many of its pixels are one of its std.
_SHAPES = {"gaussian": (blur.gaussian_psf, 1), "disk": (blur.disk_psf, 2)}

#: Free pictures that no network is trained on, beside the scans.
WIDE_PICTURES = ("brick", "grass", "gravel", "motorcycle")

#: Step between the places that are scored, in pixels.
WIDE_STRIDE = 16


def wide_range(experiment):
    """Score the networks on each uniform blur, in the standard deviation of the PSF."""
    estimators = experiment.estimators(WIDE_NETWORKS, ())
    free = data.open_packaged()
    pictures = [*experiment.held_out, *(free[name] for name in WIDE_PICTURES)]
    score = partial(_row, estimators, experiment, pictures)
    rows = {f"{shape} {std}": score(shape, std) for shape in _SHAPES for std in WIDE_STDS}
    return {
        "stride": WIDE_STRIDE, "smoothing": None, "convention": "std",
        "protocol": "unseen textures and packaged pictures, halved by means of 2 x 2 pixels, then "
        f"blurred alike everywhere, 8 bits; a rim of {RIM} pixels is left out; nothing is drawn "
        "by chance",
        "textures": experiment.textures, "pictures": list(WIDE_PICTURES), "rows": rows}  # fmt: skip


def psf_of(shape, std):
    """Return a point spread function of a given standard deviation along an axis, as sampled.

    >>> f"{blur.effective_sigma(psf_of('disk', 8)):.3f}"
    '8.000'
    """
    make, factor = _SHAPES[shape]
    ends = (0.5 * factor * std, 1.5 * factor * std)
    return make(brentq(lambda value: blur.effective_sigma(make(value)) - std, *ends, xtol=1e-5))


def _row(estimators, experiment, pictures, shape, std):
    psf = psf_of(shape, std)
    found = {name: {} for name in estimators}
    for picture in experiment.each(pictures, f"{shape} {std}"):
        sharp = functional.avg_pool2d(picture.load()[None], 2)[0]
        image = blur.quantize(blur.blur_uniform(sharp, psf))
        for name, estimator in estimators.items():
            found[name][picture.name] = _answers(estimator, image)
    return {
        "shape": shape, "std": std,
        "estimators": {name: _score(answers, std) for name, answers in found.items()}}  # fmt: skip


def _answers(estimator, image):
    """Return sigma and its std at all places but those of the rim."""
    answer = estimator.predict(image, stride=WIDE_STRIDE).to("std")
    inside = torch.zeros_like(image)
    inside[RIM:-RIM, RIM:-RIM] = 1
    there = answer.at_windows(inside) > 0
    return answer.sigma[there].double(), answer.std[there].double()


def _score(answers, std):
    """Return how far off the answers are; a picture's relative error is that of its median."""
    medians = {name: sigma.median().item() for name, (sigma, _) in answers.items()}
    sigma, stated = maps.fit.joined(answers.values())
    unsure = maps.uncertainty.no_texture(sigma, stated)
    return rounded({
        "median_relative_error": statistics.median(abs(one / std - 1) for one in medians.values()),
        "rmse": maps.rms(sigma - std), "coverage": shares_within(sigma - std, stated),
        "share_with_evidence": 1 - unsure.double().mean().item(),
        "median_sigma": medians})  # fmt: skip
