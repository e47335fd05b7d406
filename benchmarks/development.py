"""Score an estimator on the pictures set apart for development: to choose by, never to publish.

python benchmarks/development.py NAME_OR_WEIGHTS DATA    half a minute on one core

DATA holds the folders brodatz and photographs. Everything is in the standard deviation of the PSF
as sampled. Ramps: means over the pictures; within1 and within2 are the shares of all places within
so many stated deviations, in per cent. Uniform blur, made by scipy and not by the package: the
median picture's error and its spread over pictures, in per cent of the truth.
"""

import sys

import numpy as np
import torch
from scipy import ndimage, signal
from torch.nn import functional

from blurlib import blur, data, learn, maps

STRIDE, RIM, SIDE = 8, 16, 256
STDS = (0.5, 1, 2, 4, 8, 12, 16, 24)


def halved(picture):
    return functional.avg_pool2d(picture[None, None], 2)[0, 0]


def middle(picture):
    top, left = (max(0, side - SIDE) // 2 for side in picture.shape)
    return picture[top : top + SIDE, left : left + SIDE]


def levels(picture):
    return torch.from_numpy(np.floor(np.clip(picture, 0, 1) * 255 + 0.5) / 255).float()


def answers(estimator, picture):
    """Return sigma, std and where they are looked up in a field, a rim left out."""
    found = estimator.predict(picture, stride=STRIDE).to("std")
    inside = [
        [k for k in range(count) if RIM <= k * STRIDE < side - RIM]
        for count, side in zip(found.sigma.shape, picture.shape, strict=True)
    ]
    place = np.ix_(*inside)
    return found.sigma[place], found.std[place], lambda field: found.at_windows(field)[place]


def ramp(estimator, title, pictures, **degradation):
    rmse, errors, deviations = [], [], []
    for number, sharp in enumerate(pictures):
        if "noise" in degradation:
            degradation["rng"] = torch.Generator().manual_seed(number)
        image, field = maps.make_test_image(sharp, "ramp", **degradation)
        sigma, std, look_up = answers(estimator, image)
        error = sigma - look_up(blur.nominal_to_std(field))
        rmse.append(maps.rms(error))
        errors.append(error.flatten())
        deviations.append(std.flatten())
    off = torch.cat(errors).abs() / torch.cat(deviations)
    within = [100 * (off <= k).double().mean().item() for k in (1, 2)]
    line = f"{np.mean(rmse):8.3f}{max(rmse):8.3f}{torch.cat(errors).mean():8.3f}"
    print(f"{title:28}{line}{within[0]:9.1f}{within[1]:9.1f}", flush=True)


def uniform(estimator, title, truth, pictures):
    off, within = [], []
    for picture in pictures:
        sigma, std, _ = answers(estimator, picture)
        off.append(100 * (sigma.median().item() / truth - 1))
        within.append(100 * ((sigma - truth).abs() <= std).double().mean().item())
    low, mid, high = np.quantile(off, (0.1, 0.5, 0.9))
    print(
        f"{title:28}{truth:8.3f}{mid:8.1f}{low:8.1f}{high:8.1f}{np.mean(within):9.1f}", flush=True
    )


def gaussian(picture, std):
    return ndimage.gaussian_filter(picture, std, mode="reflect", truncate=4)


def disk(picture, std, fine=15):
    half = int(np.ceil(2 * std + 0.5))
    place = ((np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5) ** 2
    psf = (place[:, None] + place <= (2 * std) ** 2).astype(float)
    psf = psf.reshape(2 * half + 1, fine, 2 * half + 1, fine).mean((1, 3))
    padded = np.pad(picture, half, mode="symmetric")
    return signal.oaconvolve(padded, psf / psf.sum(), mode="valid")


def width(make, std):
    """Return the standard deviation that a blur has as sampled."""
    point = np.zeros((241, 241))
    point[120, 120] = 1
    away = np.arange(241) - 120
    found = make(point, std)
    return float(np.sqrt((found * (away[:, None] ** 2 + away**2)).sum() / 2 / found.sum()))


def main(name, folder):
    estimator = maps.load_estimator(name)
    pictures = learn.development_split(data.brodatz(folder), data.photographs(folder))[1]
    groups = {"scans": [], "kodak": [], "bsds-train": []}
    for picture in pictures:
        groups[picture.name.rpartition("/")[0] or "scans"].append(picture.load())
    half = {group: [halved(image) for image in images] for group, images in groups.items()}
    print(f"{name}\n{'ramp':28}    rmse   worst    bias  within1  within2")
    ramp(estimator, "scans", map(middle, groups["scans"]))
    for group, images in half.items():
        ramp(estimator, f"{group} halved", map(middle, images))
    ramp(estimator, "scans halved, noise 2.55", map(middle, half["scans"]), noise=2.55)
    ramp(estimator, "scans halved, JPEG 75", map(middle, half["scans"]), jpeg_quality=75)
    print(f"{'uniform':28}   truth    off%    10 %    90 %  within1")
    sharp = [image.double().numpy() for image in half["scans"] + half["kodak"]]
    for make in (gaussian, disk):
        for std in STDS:
            made = [middle(levels(make(image, std))) for image in sharp]
            uniform(estimator, f"{make.__name__} {std:g}", width(make, std), made)


if __name__ == "__main__":
    main(*sys.argv[1:])
