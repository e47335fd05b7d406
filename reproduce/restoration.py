"""Record of blur undone, beside scikit-image's methods at their best setting for each picture."""

import itertools
import statistics
from functools import partial

import numpy as np
import torch
from skimage import restoration as skimage
from torch.nn import functional

from blurlib.blur import VaryingBlur, add_noise, blur_uniform, gaussian_psf, quantize, ramp_field
from blurlib.data import photographs
from blurlib.learn import development_split
from blurlib.maps import estimate, rms
from blurlib.restore import deblur, deblur_with_error, sparse_gradients

from .experiment import rounded

#: Side of a picture, how much of the scene there is around it, and the rim that is scored apart.
SCENE_SIDE, BEYOND, OUTER_RIM = 200, 28, 16

#: Sigma of what is blurred alike everywhere, in pixels, and the noise on it, in levels of 255.
KNOWN_SIGMAS, KNOWN_NOISE = (1.6, 3), 2

#: Sigma of the ramps at both ends, in pixels, and the noise on those.
RAMPS, MAP_NOISE = ((0.1, 3), (0.5, 6)), 1.3

NUM_TEXTURES, NUM_PHOTOGRAPHS = 8, 12


def restoration(experiment):
    """Score deblurring with the true and with the estimated sigma."""
    photos = development_split(experiment.scans, photographs(experiment.folder))[1]
    photos = [photo for photo in photos if "/" in photo.name]
    photos = sorted(photos, key=lambda photo: "kodak" not in photo.name)[:NUM_PHOTOGRAPHS]
    groups = {"textures": experiment.held_out[:NUM_TEXTURES], "photographs": photos}
    scenes = {group: {p.name: _scene(p.load()) for p in found} for group, found in groups.items()}
    tests = {f"sigma {sigma:g}": partial(known, sigma=sigma) for sigma in KNOWN_SIGMAS}
    tests |= {f"ramp {a:g} to {b:g}": partial(of_ramp, ends=(a, b)) for a, b in RAMPS}
    rows = {test: {} for test in tests}
    for (test, score), (group, found) in itertools.product(tests.items(), scenes.items()):
        rows[test][group] = of_group(score, experiment.each(found.items(), f"{test}, {group}"))
    return {
        "protocol": f"the middle {SCENE_SIDE + 2 * BEYOND} pixels of pictures halved by means of "
        "2 x 2 (Berkeley's as they are), blurred by gaussians cut at eight sigma, noise "
        f"{KNOWN_NOISE} (ramps: {MAP_NOISE}) of 255, 8 bits, the middle {SCENE_SIDE} pixels kept; "
        "PSNR in dB of answers within [0, 1]; the textures are unseen, the photographs chosen by, "
        "not trained on; scikit-image: the best of wiener, unsupervised_wiener and richardson_lucy "
        "at 23 settings, by the truth",
        "seed": 0, "noise": KNOWN_NOISE, "ramp_noise": MAP_NOISE,
        **{group: list(found) for group, found in scenes.items()}, "rows": rows,
    }  # fmt: skip


def of_group(score, scenes):
    """Return the mean of each score over pictures, and each picture's."""
    found = {}
    for number, (name, scene) in enumerate(scenes):
        found[name] = score(scene, rng=torch.Generator().manual_seed(number))
    keys = next(iter(found.values()))
    means = {key: statistics.mean(one[key] for one in found.values()) for key in keys}
    return rounded({"mean": means, "pictures": found}, 3)


def known(scene, *, sigma, rng):
    """Score methods that are told sigma; the loss in the rim against more of the scene."""
    psf = gaussian_psf(sigma)
    wide = blur_uniform(scene, gaussian_psf(sigma, truncate=8.0))
    wide = quantize(add_noise(wide, KNOWN_NOISE / 255, rng=rng))
    blurred, sharp = centre(wide), centre(scene)
    found, error, _ = deblur_with_error(blurred, float(sigma))
    rim = torch.ones_like(sharp, dtype=torch.bool)
    rim[OUTER_RIM:-OUTER_RIM, OUTER_RIM:-OUTER_RIM] = False
    more = centre(deblur(wide, float(sigma)))
    return {
        "blurred": psnr(blurred, sharp),
        "scikit-image": best_of_skimage(blurred, sharp, psf),
        "sparse": psnr(sparse_gradients(blurred, psf), sharp),
        "deblur-net": psnr(found, sharp),
        "within_std": ((found - sharp).abs() <= error).double().mean().item(),
        "loss_in_rim": psnr(more[rim], sharp[rim]) - psnr(found[rim], sharp[rim]),
    }


def of_ramp(scene, *, ends, rng):
    """Score a ramp of sigma, with the true map and with the one that sigma-net finds."""
    field = ramp_field(scene.shape)
    field = (field - field.min()) / (field.max() - field.min())
    field = ends[0] + (ends[1] - ends[0]) * field
    wide = add_noise(VaryingBlur(field, truncate=8.0).forward(scene), MAP_NOISE / 255, rng=rng)
    blurred, sharp, truth = (centre(x) for x in (quantize(wide), scene, field))
    answer = estimate(blurred).to("std").full_size()
    return {
        "blurred": psnr(blurred, sharp),
        "true map": psnr(deblur(blurred, truth), sharp),
        "estimated map": psnr(deblur(blurred, answer), sharp),
        "sparse, estimated map": psnr(deblur(blurred, answer, method="sparse"), sharp),
        "map_rmse": rms(answer.sigma - truth),
    }


def psnr(found, sharp):
    """Return the peak signal-to-noise ratio of an answer within [0, 1], in dB."""
    return -10 * (found.clamp(0, 1) - sharp).square().mean().log10().item()


def centre(image, side=SCENE_SIDE):
    """Return the middle of an image."""
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


def _scene(image):
    side = SCENE_SIDE + 2 * BEYOND
    if min(image.shape) >= 2 * side:  # Berkeley's photographs are too small to be halved
        image = functional.avg_pool2d(image[None], 2)[0]
    return centre(image, side)


def best_of_skimage(blurred, sharp, psf):
    """Return the best PSNR of scikit-image's methods, the picture continued so that none rings."""
    height, width = blurred.shape
    answers = (torch.from_numpy(found[:height, :width]) for found in _of_skimage(blurred, psf))
    return max(psnr(found, sharp) for found in answers)


def _of_skimage(blurred, psf):
    picture, kernel = (x.double().numpy() for x in (blurred, psf))
    # Mirrored, a picture is periodic without a step.
    tiled = np.pad(picture, [(0, side) for side in picture.shape], mode="symmetric")
    for balance in np.geomspace(1e-3, 1, 16):
        yield skimage.wiener(tiled, kernel, balance, clip=False)
    for seed in range(3):
        yield skimage.unsupervised_wiener(tiled, kernel, clip=False, rng=seed)[0]
    rim = len(kernel)
    padded = np.pad(picture, rim, mode="symmetric").clip(1e-3, 1)
    for count in (10, 20, 40, 80):
        yield skimage.richardson_lucy(padded, kernel, count)[rim:, rim:]
