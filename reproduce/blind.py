"""Record of blur undone by `deblur` told nothing: gaussians, sharp pictures, shaken ones."""

import math
import statistics

import torch
from skimage.restoration import unsupervised_wiener
from torch.nn.functional import avg_pool2d

from blurlib.blur import add_noise, blur_uniform, gaussian_psf, quantize, shake_psf
from blurlib.data import TEST_TEXTURES, packaged_image, photographs
from blurlib.learn import development_split
from blurlib.maps import rms
from blurlib.restore import deblur
from blurlib.restore.blind import find_shake

from .experiment import rounded
from .restoration import BEYOND, MAP_NOISE, SCENE_SIDE, centre, psnr, scene_of

#: How many pictures are blurred, with gaussians of a sigma between these, in pixels.
NUM_BLURRED, BLIND_SIGMAS = 50, (0.5, 4)

#: How many are shaken, their side and the rim that is not scored, noise, the first path's seed.
NUM_SHAKEN, SHAKEN_SIDE, SHAKEN_RIM, SHAKEN_NOISE, SHAKEN_SEED = 16, 255, 14, 0.01, 100


def blind(experiment):
    """Score `deblur` where nobody tells it the blur."""
    split = development_split(experiment.scans, photographs(experiment.folder))[1]
    photos = {p.name: p.load() for p in sorted(split, key=lambda p: "kodak" not in p.name)}
    photos = {name: photo for name, photo in photos.items() if "/" in name}
    scans = [*experiment.held_out, *(p for p in split if "/" not in p.name)]
    wholes = {p.name: p.load() for p in scans} | {k: packaged_image(k) for k in TEST_TEXTURES}
    scenes = {name: scene_of(whole) for name, whole in (wholes | photos).items()}
    side = SCENE_SIDE + 2 * BEYOND  # of Kodak's photographs a corner too, as it is
    scenes |= {f"corner of {name}": photo[:side, :side] for name, photo in photos.items()}
    scenes = list(scenes.items())[:NUM_BLURRED]
    gaussian, shaken = {}, {}
    for k, (name, scene) in enumerate(experiment.each(scenes, "gaussian")):
        low, high = BLIND_SIGMAS  # each sigma once, mixed
        sigma = low + (high - low) * (7 * k % NUM_BLURRED) / (NUM_BLURRED - 1)
        gaussian[name] = _of_gaussian(scene, sigma, torch.Generator().manual_seed(k))
    for k, name in enumerate(experiment.each(list(photos)[:NUM_SHAKEN], "shaken")):
        shaken[name] = _of_shake(*shake(photos[name], 6 + k % 8, SHAKEN_SEED + k, k))

    rows = {}
    for key in ("gain", "scikit-image"):
        found = [one[key] for one in gaussian.values()]
        within = sum(gain >= -0.1 for gain in found)
        rows[key] = {"mean": statistics.mean(found), "worst": min(found), "within_bar": within}
    for key in ("sharp", "as it was"):
        found = [one[key] for one in gaussian.values()]
        rows[key] = {"worst": max(found), "within_bar": sum(change <= 1 for change in found)}
    scores = {key: [one[key] for one in shaken.values()] for key in next(iter(shaken.values()))}
    rows["shaken"] = {key: statistics.mean(x) for key, x in scores.items() if key != "ratio"}
    # Where no path is found, the last bits of sums are seen in the second decimal.
    rows["shaken"] = rounded(rows["shaken"], 1)
    within = sum(ratio < 3 for ratio in scores["ratio"])
    rows["shaken"] |= {"within_bar": within, "taken": sum(scores["taken"])}
    rows["as it was"] |= {"taken": sum(one["taken"] for one in gaussian.values())}
    return {
        "protocol": f"gain: `deblur(picture)` against the picture, PSNR in dB, {NUM_BLURRED} made "
        f"as those of `restoration`, none trained on, noise {MAP_NOISE} of 255; scikit-image: "
        "unsupervised_wiener, told the PSF; sharp: what the pictures, halved, are changed by, rms "
        f"in levels of 255; shaken: {NUM_SHAKEN} photographs of the development split, paths of "
        f"seeds that nothing was chosen by, noise {SHAKEN_NOISE:.0%}; what is taken for sharp is "
        "left alone, not taken, and scored so; PSNR at the best shift; Levin's are not there",
        "seed": 0, "rows": rounded(rows, 2),
        "gaussian": rounded(gaussian, 2), "shaken": rounded(shaken, 1),
    }  # fmt: skip


def _of_gaussian(scene, sigma, rng):
    wide, sharp = blur_uniform(scene, gaussian_psf(sigma, truncate=8.0)), centre(scene)
    blurred = quantize(add_noise(centre(wide), MAP_NOISE / 255, rng=rng))
    kernel = gaussian_psf(sigma).double().numpy()
    peer = unsupervised_wiener(blurred.double().numpy(), kernel, clip=False, rng=0)[0]
    still = {"sharp": avg_pool2d(scene[None], 2)[0], "as it was": sharp}  # the first surely is
    return {
        "sigma": sigma, "gain": psnr(deblur(blurred), sharp) - psnr(blurred, sharp),
        "scikit-image": psnr(torch.from_numpy(peer), sharp) - psnr(blurred, sharp),
        **{name: 255 * rms(deblur(image) - image) for name, image in still.items()},
        "taken": find_shake(sharp) is not None,
    }  # fmt: skip


def shake(photo, extent, path, seed):
    """Return the middle of a photograph, the same shaken, and the path's PSF."""
    inner = slice(SHAKEN_RIM, -SHAKEN_RIM)
    sharp = centre(photo, SHAKEN_SIDE + 2 * SHAKEN_RIM).contiguous()
    psf = shake_psf(extent, rng=torch.Generator().manual_seed(path))
    shaken, rng = blur_uniform(sharp, psf)[inner, inner], torch.Generator().manual_seed(seed)
    return sharp[inner, inner], quantize(add_noise(shaken, SHAKEN_NOISE, rng=rng)), psf


def _of_shake(sharp, shaken, psf):
    psfs = {"found": find_shake(shaken), "true": psf}
    answers = {k: shaken if one is None else deblur(shaken, psf=one) for k, one in psfs.items()}
    errors = {k: least_error(x, sharp) for k, x in ({"blurred": shaken} | answers).items()}
    psnrs = {name: -10 * math.log10(error) for name, error in errors.items()}
    ratio = errors["found"] / errors["true"]
    return psnrs | {"ratio": ratio, "taken": psfs["found"] is not None}


def least_error(found, sharp):
    """Return the mean squared error at the best shift by quarters of a pixel."""
    waves, inner = torch.fft.rfft2(found.clamp(0, 1)), slice(SHAKEN_RIM, -SHAKEN_RIM)
    rows, columns = torch.fft.fftfreq(len(sharp))[:, None], torch.fft.rfftfreq(sharp.shape[1])

    def shifted(shift):
        turn = torch.exp(2j * torch.pi * (rows * shift[0] + columns * shift[1]))
        moved = torch.fft.irfft2(waves * turn, s=sharp.shape)
        return (moved - sharp)[inner, inner].square().mean().item()

    best = 0.0, 0.0
    for steps in (torch.arange(-5, 6), torch.arange(-3, 4) / 4):
        grid = [(best[0] + down, best[1] + across) for down in steps for across in steps]
        best = min(grid, key=shifted)
    return shifted(best)
