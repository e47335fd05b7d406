"""Score estimators of motion on the pictures set apart for development, never to publish.

python benchmarks/motion.py DATA [COUNT]    at 200 pictures a row five minutes on one core

DATA holds the folders brodatz and photographs. Blur is made by numpy and scipy, not by the package:
the share of time that a finely sampled path spends in each pixel, on halved pictures and whole
scans, cut from what is beyond their borders too, then noise and 8 bits. Shares are in per cent.
"""

import sys

import numpy as np
import torch
from scipy import signal

from blurlib import data, learn
from blurlib.maps import motion

ESTIMATORS = {
    "cepstrum": motion.cepstrum_motion,
    "radon": motion.radon_motion,
    "likelihood": motion.fit_motion,
}
#: Side in pixels, noise in grey levels, bars: within 2 px and 5 degrees; angle within 10 degrees.
ROWS = ((64, 1.0, 92, None), (64, 2.55, 88, None), (128, 2.55, 97, None), (32, 1.0, None, 85))


def pictures(folder, development=True):
    """Return sharp pictures by kind: scans, and everything halved."""
    split = learn.development_split(data.brodatz(folder), data.photographs(folder))
    found = {}
    for picture in split[development]:
        group, image = picture.name.rpartition("/")[0], picture.load().double().numpy()
        height, width = (side // 2 for side in image.shape)
        half = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean((1, 3))
        found.setdefault(f"{group or 'scans'} halved", []).append(half)
        if not group:
            found.setdefault("scans", []).append(image)
    return found


def line(length, angle):
    """Return how long a point stays in each pixel of its straight path."""
    side, count = 2 * int(np.ceil(length / 2)) + 3, 64 * int(np.ceil(length))
    along = length * ((np.arange(count) + 0.5) / count - 0.5)
    across, up = np.cos(np.deg2rad(angle)) * along, np.sin(np.deg2rad(angle)) * along
    ends = [(-side / 2, side / 2)] * 2
    return np.histogram2d(-up, across, bins=side, range=ends)[0] / count


def disk(radius, fine=15):
    half = int(np.ceil(radius + 0.5))
    place = ((np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5) ** 2
    psf = (place[:, None] + place <= radius**2).reshape(2 * half + 1, fine, -1, fine)
    return psf.mean((1, 3)) / psf.mean((1, 3)).sum()


def gaussian(sigma):
    place = np.arange(-np.ceil(4 * sigma), np.ceil(4 * sigma) + 1)
    row = np.exp(-(place**2) / (2 * sigma**2))
    return np.outer(row, row) / row.sum() ** 2


def scene(found, psf, side, noise, rng, number):
    """Return a crop, blurred with what surrounds it, that shows something (8 grey levels)."""
    group = sorted(found)[number % len(found)]
    need = side + len(psf) - 1
    for _ in range(100):
        image = found[group][rng.integers(len(found[group]))]
        top, left = (rng.integers(length - need + 1) for length in image.shape)
        part = image[top : top + need, left : left + need]
        if part.std() > 8 / 255:
            break
    levels = 255 * signal.fftconvolve(part, psf, mode="valid")
    levels = levels + noise * rng.standard_normal(levels.shape)
    return torch.from_numpy(np.floor(np.clip(levels, 0, 255) + 0.5) / 255).float()


def score(found, side, noise, count, low=6, high=24, angle=None):
    """Return off (methods, count, 4): length and angle, each with the deviation stated."""
    rng, off = np.random.default_rng(0), {name: [] for name in ESTIMATORS}
    for number in range(count):
        length = rng.uniform(low, high)
        truth = rng.uniform(0, 180) if angle is None else angle
        image = scene(found, line(length, truth), side, noise, rng, number)
        for name, find in ESTIMATORS.items():
            answer = find(image)
            turned = (answer.angle - truth + 90) % 180 - 90
            stated = answer.length_std, answer.angle_std
            off[name].append((answer.length - length, turned, *stated))
    return {name: np.array(rows) for name, rows in off.items()}


def share(right):
    return 100 * np.mean(right)


def main(folder, count=200):
    found, count = pictures(folder), int(count)
    head = "   both  length   angle  length<2std  angle<2std"
    for side, noise, both, turn in ROWS:
        limits = (2, 5) if turn is None else (np.inf, 10)
        wanted = f"bar {both if turn is None else turn}"
        print(f"{side} x {side}, noise {noise}, {wanted:10}{head}", flush=True)
        high = 24 if turn is None else 12
        for name, off in score(found, side, noise, count, 3 if turn else 6, high).items():
            right = np.abs(off[:, :2]) <= limits
            within = np.abs(off[:, :2]) <= 2 * off[:, 2:]
            values = [right.all(1), *right.T, *within.T]
            print(f"  {name:28}" + "".join(f"{share(v):8.1f}" for v in values), flush=True)
    print("128 x 128, noise 1, length 10 at 45 degrees: worst of 20 (bar 0.7 px, 2 degrees)")
    for name, off in score(found, 128, 1.0, 20, 10, 10, 45).items():
        print("  {:28}{:8.2f}{:8.2f}".format(name, *np.abs(off[:, :2]).max(0)), flush=True)
    rng, right = np.random.default_rng(1), {kind: [] for kind in motion.BLUR_KINDS}
    for number in range(count):
        kind = motion.BLUR_KINDS[number // 4 % 4]
        psf = {
            "sharp": np.ones((1, 1)), "gaussian": gaussian(rng.uniform(1, 4)),
            "disk": disk(rng.uniform(2, 8)),
            "motion": line(rng.uniform(4, 24), rng.uniform(0, 180)),
        }[kind]  # fmt: skip
        answer = motion.fit_motion(scene(found, psf, 128, rng.uniform(0.5, 2.55), rng, number))
        right[kind].append(answer.kind == kind)
    words = ", ".join(f"{kind} {share(values):.1f}" for kind, values in right.items())
    print(f"kind, 128 x 128, noise 0.5 to 2.55: {words}; bar 95 with shaking as a fifth")


if __name__ == "__main__":
    main(*sys.argv[1:])
