"""Score deblurring on the pictures set apart for development: to choose by, never to publish.

python benchmarks/restoration.py DATA              everything, six minutes on one core
python benchmarks/restoration.py DATA gain map     only what is named: gain, rim, map, seconds

DATA holds the folders brodatz and photographs. Blur and noise are known to differ only by what is
named; what lies beyond a picture's border is unknown. PSNR in dB, of answers within [0, 1].
"""

import sys
import time

import numpy as np
import torch
from skimage import restoration
from torch.nn import functional

from blurlib import blur, data, learn, restore

SIDE, BEYOND, RIM, NOISE, MAP_NOISE = 200, 28, 16, 2 / 255, 1.3 / 255
SIGMAS = (1.6, 3.0)


def pictures(folder):
    """Return 8 textures, scans at two scales, and 12 photographs; a crop with its surroundings."""
    found = {}
    for picture in learn.development_split(data.brodatz(folder), data.photographs(folder))[1]:
        group, _, name = picture.name.rpartition("/")
        whole = picture.load()
        if group != "bsds-train":
            found[f"{name} halved"] = functional.avg_pool2d(whole[None], 2)[0]
        elif sum(part.startswith("bsds") for part in found) < 6:
            found[f"bsds {name}"] = whole
        if not group:
            found[name] = whole
    side = SIDE + 2 * BEYOND
    return {name: centre(whole, side) for name, whole in found.items()}


def centre(image, side):
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


def psnr(found, sharp):
    return -10 * (found.clamp(0, 1) - sharp).square().mean().log10().item()


def of_skimage(blurred, psf):
    """Yield scikit-image's answers at many settings, the picture continued so that none rings."""
    kernel = psf.double().numpy()
    height, width = blurred.shape
    # Mirrored, a picture is periodic without a step.
    tiled = np.pad(blurred.double().numpy(), ((0, height), (0, width)), mode="symmetric")
    for balance in np.geomspace(1e-3, 1, 16):
        yield restoration.wiener(tiled, kernel, balance, clip=False)
    for seed in range(3):
        yield restoration.unsupervised_wiener(tiled, kernel, clip=False, rng=seed)[0]
    rim = len(kernel)
    padded = np.pad(blurred.double().numpy(), rim, mode="symmetric").clip(1e-3, 1)
    for count in (10, 20, 40, 80):
        yield restoration.richardson_lucy(padded, kernel, count)[rim:, rim:]


def best_of_skimage(blurred, sharp, psf):
    height, width = blurred.shape
    answers = (torch.from_numpy(found[:height, :width]) for found in of_skimage(blurred, psf))
    return max(psnr(found, sharp) for found in answers)


def scene(image, sigma, number):
    """Return a picture blurred, its noise drawn by its number, with its surroundings."""
    rng = torch.Generator().manual_seed(number)
    soft = blur.blur_uniform(image, blur.gaussian_psf(sigma, truncate=8.0))
    return blur.add_noise(soft, NOISE, rng=rng)


def report(title, values):
    mean, least = np.mean(values), min(values)
    print(f"{title:44}{mean:8.2f}{least:8.2f}{max(values):8.2f}", flush=True)


def gain(scenes):
    """Gain over scikit-image's best; the bars: 0.8 and 0.4 dB, and 512 x 512 in 2 s."""
    for sigma in SIGMAS:
        psf, gains = blur.gaussian_psf(sigma), []
        for number, image in enumerate(scenes.values()):
            blurred, sharp = centre(scene(image, sigma, number), SIDE), centre(image, SIDE)
            found = psnr(restore.sparse_gradients(blurred, psf), sharp)
            gains.append(found - best_of_skimage(blurred, sharp, psf))
        report(f"gain, sigma {sigma}, 8 textures", gains[:8])
        report(f"gain, sigma {sigma}, 12 photographs", gains[8:])
        report(f"gain, sigma {sigma}, all", gains)


def rim(scenes):
    """Loss in the rim against the same with more of the scene around; the bar: 0.15 dB."""
    outer = torch.ones(SIDE, SIDE, dtype=torch.bool)
    outer[RIM:-RIM, RIM:-RIM] = False
    for sigma in SIGMAS:
        psf, losses = blur.gaussian_psf(sigma), []
        for number, image in enumerate(scenes.values()):
            blurred, sharp = scene(image, sigma, number), centre(image, SIDE)
            more = centre(restore.sparse_gradients(blurred, psf), SIDE)
            alone = restore.sparse_gradients(centre(blurred, SIDE), psf)
            losses.append(psnr(more[outer], sharp[outer]) - psnr(alone[outer], sharp[outer]))
        report(f"loss in the rim, sigma {sigma}", losses)


def map_(scenes):
    """Gain over the blurred picture of a ramp of sigma with the true map; the bars: 5 and 2.6."""
    gains = []
    for number, image in enumerate(scenes.values()):
        field = blur.ramp_field(image.shape)
        field = 0.1 + 2.9 * (field - field.min()) / (field.max() - field.min())
        rng = torch.Generator().manual_seed(number)
        soft = blur.VaryingBlur(field, truncate=8.0).forward(image)
        blurred = centre(blur.add_noise(soft, MAP_NOISE, rng=rng), SIDE)
        sharp = centre(image, SIDE)
        found = restore.deblur(blurred, centre(field, SIDE))
        gains.append(psnr(found, sharp) - psnr(blurred, sharp))
    report("gain with a map, 8 textures", gains[:8])
    report("gain with a map, 12 photographs", gains[8:])


def seconds(scenes):
    """Time 512 x 512, and 12 megapixels by one of their tiles; the bars: 2 and 60 s."""
    image = torch.cat([torch.cat(list(scenes.values())[8:12], 1)] * 4)[:1024, :1024]
    colour = scene(image, 2.0, 0).expand(3, -1, -1)
    field = blur.sin2d_field(image.shape)
    tiles = 12e6 / 896**2  # of 1024 x 1024 with their halos
    for title, restored, times in (
        ("seconds, 512 x 512, one PSF",
         lambda: restore.sparse_gradients(colour[0, :512, :512], blur.gaussian_psf(2.0)), 1),
        ("seconds, 12 megapixels in colour, one sigma", lambda: restore.deblur(colour, 2.0), tiles),
        ("seconds, 12 megapixels in colour, a map", lambda: restore.deblur(colour, field), tiles),
    ):  # fmt: skip
        start, busy = time.perf_counter(), time.process_time()
        restored()
        spent = time.perf_counter() - start, time.process_time() - busy
        line = f"{times * spent[0]:8.1f}, all processors together {times * spent[1]:.1f}"
        print(f"{title:44}{line}", flush=True)


PARTS = {"gain": gain, "rim": rim, "map": map_, "seconds": seconds}

if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    scenes = pictures(folder)
    print(f"{torch.get_num_threads()} threads{'mean':>43}{'least':>8}{'most':>8}")
    for name in names or PARTS:
        PARTS[name](scenes)
