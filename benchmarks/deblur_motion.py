"""Score `deblur(psf="motion")` on development pictures whose blur numpy and scipy make.

python -m benchmarks.deblur_motion DATA [COUNT]    COUNT pictures a row, 6 by default

DATA holds the folders brodatz and photographs. Two rows: one motion of 8 to 20 pixels everywhere,
and an ellipse of another picture that moves before a still one, laid on it with its own coverage;
then noise of one level and 8 bits. PSNR in dB before and after, of the whole picture, of the
object and of the still rest; beside it that with the true motion (and the coverage as the mask).
"""

import sys
import time

import numpy as np
import torch
from scipy import signal
from torch.nn import functional

from blurlib import data, learn, restore
from reproduce.motion import path_psf

SIDE, RIM = 320, 12


def pictures(folder):
    """Return halved photographs by where they come from."""
    found = {}
    for picture in learn.development_split(data.brodatz(folder), data.photographs(folder))[1]:
        group = picture.name.rpartition("/")[0]
        if group:
            half = functional.avg_pool2d(picture.load()[None], 2)[0].double().numpy()
            found.setdefault(group, []).append(half)
    return found


def part(found, rng, number, need):
    """Return a crop that shows something (8 grey levels)."""
    group = sorted(found)[number % len(found)]
    for _ in range(100):
        image = found[group][rng.integers(len(found[group]))]
        if min(image.shape) < need:
            image = np.pad(image, [(0, max(0, need - side)) for side in image.shape], "symmetric")
        top, left = (rng.integers(length - need + 1) for length in image.shape)
        crop = image[top : top + need, left : left + need]
        if crop.std() > 8 / 255:
            return crop
    return crop


def seen(levels, rng):
    levels = 255 * levels + rng.standard_normal(levels.shape)
    return torch.from_numpy(np.floor(np.clip(levels, 0, 255) + 0.5) / 255).float()


def cases(found, count, layered, side=SIDE):
    """Yield a sharp picture, the blurred one, the coverage, length and angle."""
    rng = np.random.default_rng(int(layered))
    for number in range(count):
        length, angle = rng.uniform(8, 20), rng.uniform(0, 180)
        psf = path_psf(length, angle)
        need, frame = side + len(psf) - 1, slice(len(psf) // 2, len(psf) // 2 + side)
        sharp, share = part(found, rng, number, need), np.ones((need, need))
        blurred = signal.fftconvolve(sharp, psf, "valid")
        if layered:
            rows, columns = (np.mgrid[:need, :need] - need / 2) / need
            share = ((rows / 0.3) ** 2 + (columns / 0.36) ** 2 < 1).astype(float)
            front = share * part(found, rng, number + 1, need)
            coverage = signal.fftconvolve(share, psf, "valid").clip(0, 1)
            blurred = signal.fftconvolve(front, psf, "valid")
            blurred = blurred + (1 - coverage) * sharp[frame, frame]
            sharp, share = front + (1 - share) * sharp, coverage
        else:
            share = share[frame, frame]
        layers = (torch.from_numpy(x.copy()).float() for x in (sharp[frame, frame], share))
        sharp, share = layers
        yield sharp, seen(blurred, rng), share, length, angle


def psnr(found, sharp, where):
    """Return the PSNR of some pixels, a rim left out."""
    inner = slice(RIM, -RIM)
    off = (found - sharp)[inner, inner].square()[where[inner, inner]]
    return -10 * off.mean().log10().item() if len(off) else np.nan


def main(folder, count=6):
    found = pictures(folder)
    for layered in (False, True):
        print("a moving object" if layered else "one motion")
        print("  true motion    found motion  kind      share  before/after: all, object, rest")
        rows = []
        for sharp, blurred, share, length, angle in cases(found, int(count), layered):
            start = time.perf_counter()
            motion, psf, mask = restore.find_moved(blurred)
            seconds = time.perf_counter() - start
            after = restore.deblur(blurred, psf=psf, mask=mask)
            known = restore.deblur(
                blurred, psf=torch.from_numpy(path_psf(length, angle)).float(), mask=share
            )
            places = torch.ones_like(share) > 0, share > 0.5, share < 0.01
            values = [psnr(x, sharp, at) for at in places for x in (blurred, after, known)]
            rows.append(values)
            print(
                f"  {length:5.1f} {angle:5.0f}    {motion.length:5.1f} {motion.angle:5.0f}"
                f"  {motion.kind:9}{mask.mean():6.2f}"
                + "".join(f"{value:7.2f}" for value in values) + f"  {seconds:.1f} s",
                flush=True,
            )  # fmt: skip
        print("  mean" + " " * 34 + "".join(f"{value:7.2f}" for value in np.mean(rows, 0)))


if __name__ == "__main__":
    main(*sys.argv[1:])
