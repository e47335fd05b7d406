"""Record of motion found: length, angle and kind, of blur that the package has not made."""

from functools import partial

import numpy as np
import torch
from scipy import ndimage, signal
from torch.nn import functional

from blurlib.data import photographs
from blurlib.learn import development_split
from blurlib.maps.motion import (
    BLUR_KINDS,
    angle_between,
    cepstrum_motion,
    find_motion,
    motion_field,
    radon_motion,
)  # fmt: skip

from .experiment import rounded

MOTION_METHODS = {"cepstrum": cepstrum_motion, "radon": radon_motion, "motion-net": find_motion}

#: Side of a crop, noise in grey levels, how long the motions are, within what an answer is right.
CASES = {
    "64 px, noise 1": (64, 1.0, (6, 24), (2, 5)),
    "64 px, noise 2.55": (64, 2.55, (6, 24), (2, 5)),
    "128 px, noise 2.55": (128, 2.55, (6, 24), (2, 5)),
    "32 px, noise 1": (32, 1.0, (3, 12), (np.inf, 10)),
}

#: Crops of a case, of each kind, of the slides' own motion, and scenes with two motions.
NUM_CROPS, NUM_EACH, NUM_SLIDES, NUM_SCENES = 200, 60, 20, 12

#: Side of a scene with an object, or seen by a camera that turns.
FIELD_SIDE = 256


def motion(experiment):
    """Score estimators of motion on the scans put aside and on photographs for choosing."""
    photos = development_split(experiment.scans, photographs(experiment.folder))[1]
    pictures = {
        "scans": [_halved(scan.load()) for scan in experiment.held_out],
        "photographs": [_halved(photo.load()) for photo in photos if "/" in photo.name],
    }
    rows = {
        name: _lengths(pictures, *case)
        for name, case in experiment.each(CASES.items(), "length and angle")
    }
    slides = _lengths(pictures, 128, 1.0, (10, 10), (0.7, 2), NUM_SLIDES, (45, 45))
    return {
        "protocol": "crops of pictures halved by means of 2 x 2, in turn of the scans put aside "
        "and of photographs that were chosen by, not trained on; blurred by numpy with the share "
        "of time that a fine path is in each pixel, and what is beyond the crop; noise, 8 bits; "
        "right: length within 2 px and angle within 5 degrees (32 px: angle within 10)",
        "seed": 0, "crops": NUM_CROPS, "rows": rows, "length 10 at 45 degrees": slides,
        "kinds": _kinds(pictures), "fields": {
            "moving object": _fields(pictures, _object), "turning camera": _fields(pictures, _turn),
        },
    }  # fmt: skip


def path_psf(length, angle):
    """Return how long a point stays in each pixel of its straight path."""
    side, count = 2 * int(np.ceil(length / 2)) + 3, 64 * int(np.ceil(length))
    along = length * ((np.arange(count) + 0.5) / count - 0.5)
    across, up = np.cos(np.deg2rad(angle)) * along, np.sin(np.deg2rad(angle)) * along
    ends = [(-side / 2, side / 2)] * 2
    return np.histogram2d(-up, across, bins=side, range=ends)[0] / count


def _round_psf(profile, half):
    """Return a round PSF whose pixels are means of 15 x 15 samples of a profile of the radius."""
    place = (np.arange((2 * half + 1) * 15) + 0.5) / 15 - half - 0.5
    psf = profile(np.hypot(place[:, None], place)).reshape(2 * half + 1, 15, -1, 15).mean((1, 3))
    return psf / psf.sum()


def _shake_psf(rng):
    """Return the PSF of a path whose velocity wanders, up to 12 px from its middle."""
    path = np.cumsum(ndimage.gaussian_filter1d(rng.standard_normal((600, 2)), 60, axis=0), 0)
    path -= path.mean(0)
    path *= rng.uniform(4, 12) / np.abs(path).max()
    return np.histogram2d(*path.T, bins=27, range=[(-13.5, 13.5)] * 2)[0] / len(path)


def _halved(image):
    return functional.avg_pool2d(image[None, None], 2)[0, 0].double().numpy()


def _crop(pictures, side, rng):
    """Return a part that shows something, more than eight grey levels."""
    group = list(pictures.values())[rng.integers(len(pictures))]
    for _ in range(1000):
        image = group[rng.integers(len(group))]
        if min(image.shape) < side:
            continue
        top, left = (rng.integers(length - side + 1) for length in image.shape)
        part = image[top : top + side, left : left + side]
        if part.std() > 8 / 255:
            return part
    raise ValueError(f"no picture shows anything in {side} x {side} pixels; use other pictures.")


def _seen(light, noise, rng):
    levels = 255 * light + noise * rng.standard_normal(light.shape)
    return torch.from_numpy(np.floor(np.clip(levels, 0, 255) + 0.5) / 255).float()


def _blurred(pictures, psf, side, noise, rng):
    part = _crop(pictures, side + len(psf) - 1, rng)
    return _seen(signal.fftconvolve(part, psf, mode="valid"), noise, rng)


def _lengths(pictures, side, noise, lengths, limits, count=NUM_CROPS, angles=(0, 180)):
    """Return of each method how often it is right, errors, and what its deviations are worth."""
    rng, off = np.random.default_rng(0), {name: [] for name in MOTION_METHODS}
    for _ in range(count):
        length, angle = rng.uniform(*lengths), rng.uniform(*angles)
        image = _blurred(pictures, path_psf(length, angle), side, noise, rng)
        for name, find in MOTION_METHODS.items():
            found = find(image)
            turned = angle_between(found.angle, angle)
            off[name].append((found.length - length, turned, found.length_std, found.angle_std))
    return {name: _scores(np.abs(np.array(errors)), limits) for name, errors in off.items()}


def _scores(off, limits):
    within = off[:, :2] <= 2 * off[:, 2:]
    right = off[:, :2] <= limits
    return rounded({
        "right": right.all(1).mean(), "length_median": np.median(off[:, 0]),
        "angle_median": np.median(off[:, 1]), "length_worst": off[:, 0].max(),
        "angle_worst": off[:, 1].max(), "length_within_two_std": within[:, 0].mean(),
        "angle_within_two_std": within[:, 1].mean(),
    }, 3)  # fmt: skip


def _kinds(pictures):
    """Return which kinds are taken for which, and what probabilities and deviations are worth."""
    rng, found = np.random.default_rng(1), []
    draw = {
        "sharp": lambda: np.ones((1, 1)),
        "gaussian": lambda: _gaussian(rng.uniform(1, 4)),
        "disk": lambda: _disk(rng.uniform(2, 8)),
        "motion": lambda: path_psf(rng.uniform(4, 24), rng.uniform(0, 180)),
        "other": lambda: _shake_psf(rng),
    }
    for number, kind in enumerate(NUM_EACH * BLUR_KINDS):
        psf = draw[kind]()
        answer = find_motion(_blurred(pictures, psf, 128, rng.uniform(0.5, 2.55), rng))
        place = np.arange(len(psf)) - len(psf) // 2
        trace = sum((psf.sum(a) * place**2).sum() - (psf.sum(a) * place).sum() ** 2 for a in (0, 1))
        off = abs(answer.sigma - np.sqrt(trace / 2)) <= 2 * answer.sigma_std
        found.append((number % 5, *answer.probabilities.values(), off))
    found = np.array(found)
    truth, shares, covered = found[:, 0].astype(int), found[:, 1:-1], found[:, -1]
    answers = shares.argmax(1)
    taken_for = {
        kind: dict(zip(BLUR_KINDS, np.bincount(answers[truth == k], minlength=5) / NUM_EACH,
                       strict=True))
        for k, kind in enumerate(BLUR_KINDS)
    }  # fmt: skip
    sure, right = shares.max(1), answers == truth
    bins = np.minimum((10 * sure).astype(int), 9)
    gaps = [abs(sure[bins == b].sum() - right[bins == b].sum()) for b in range(10)]
    coverage = {kind: covered[truth == k].mean() for k, kind in enumerate(BLUR_KINDS)}
    return rounded({
        "accuracy": right.mean(), "calibration_error": sum(gaps) / len(found),
        "sigma_within_two_std": coverage, "taken_for": taken_for,
    }, 3)  # fmt: skip


def _gaussian(sigma):
    return _round_psf(lambda radius: np.exp(-((radius / sigma) ** 2) / 2), int(np.ceil(4 * sigma)))


def _disk(radius):
    return _round_psf(lambda away: (away <= radius) * 1.0, int(np.ceil(radius + 0.5)))


def _object(pictures, rng):
    """Return a disk-shaped object that moves before a still scene, and the motion at each pixel."""
    length, angle = rng.uniform(6, 20), rng.uniform(0, 180)
    psf, row = path_psf(length, angle), np.arange(FIELD_SIDE)[:, None]
    middle, radius = (
        rng.uniform(FIELD_SIDE / 3, 2 * FIELD_SIDE / 3, 2),
        rng.uniform(FIELD_SIDE / 5, FIELD_SIDE / 3.2),
    )
    mask = (np.hypot(row - middle[0], row.T - middle[1]) < radius) * 1.0
    front, back = (_crop(pictures, FIELD_SIDE, rng) for _ in range(2))
    move = partial(signal.fftconvolve, in2=psf, mode="same")
    light = move(front * mask) + (1 - move(mask)) * back
    return light, mask * length, np.full(mask.shape, angle)


def _turn(pictures, rng):
    """Return a scene while the camera turns, and the motion at each pixel by its formula."""
    part, turn = _crop(pictures, FIELD_SIDE, rng), np.deg2rad(rng.uniform(4, 8))
    middle = (FIELD_SIDE - 1) / 2 + rng.uniform(-20, 20, 2)
    row, column = np.mgrid[:FIELD_SIDE, :FIELD_SIDE] - middle[:, None, None]
    light = np.zeros_like(part)
    for angle in turn * ((np.arange(64) + 0.5) / 64 - 0.5):
        cosine, sine = np.cos(angle), np.sin(angle)
        places = [cosine * row - sine * column, sine * row + cosine * column]
        places = [place + at for place, at in zip(places, middle, strict=True)]
        light += ndimage.map_coordinates(part, places, order=3, mode="mirror") / 64
    return light, turn * np.hypot(row, column), np.rad2deg(np.arctan2(column, row))


def _fields(pictures, make):
    """Return the mean distance between found and true motions, the ends of their paths."""
    rng, found = np.random.default_rng(2), []
    for _ in range(NUM_SCENES):
        light, length, angle = make(pictures, rng)
        image = _seen(light, 1.0, rng)
        field = motion_field(image)
        places = 32 + 32 * np.arange(len(field.length))
        truth = [torch.from_numpy(x[np.ix_(places, places)]) for x in (length, angle)]
        moving = field.probabilities.argmax(0) == BLUR_KINDS.index("motion")
        sliding = [[cepstrum_motion(part) for part in row]
                   for row in image.unfold(0, 64, 32).unfold(1, 64, 32)]  # fmt: skip
        answers = {
            "motion-net": (field.length * moving, field.angle),
            "cepstrum": tuple(
                torch.tensor([[getattr(x, name) for x in row] for row in sliding])
                for name in ("length", "angle")
            ),
        }
        clear = truth[0] > 3
        found.append({
            f"{name}, {where}": _distance(*answer, *truth)[chosen].mean().item()
            for name, answer in answers.items()
            for where, chosen in (("moving", clear), ("everywhere", clear | (truth[0] == 0)))
        })  # fmt: skip
    return rounded({key: np.mean([one[key] for one in found]) for key in found[0]}, 2)


def _distance(length, angle, true_length, true_angle):
    """Return how far the ends of two paths through one middle lie apart, in pixels."""
    turn = torch.deg2rad(2 * angle_between(angle, true_angle)) / 2
    square = length**2 + true_length**2 - 2 * length * true_length * turn.cos()
    return square.clamp_min(0).sqrt()
