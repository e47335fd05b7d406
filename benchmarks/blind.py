"""Score the blind estimate of a camera's shake: 32 cases, made as Levin's are, on other pictures.

python benchmarks/blind.py PHOTOGRAPHS [SIZE]    three minutes on one core

PHOTOGRAPHS holds the folders kodak and bsds-train; SIZE is the side that the estimate is told, by
default each true PSF's own. Eight shakes of 13 to 27 pixels, four pictures of 255 x 255 cut out of
larger ones, noise of 1 %, 8 bits. The error ratio is the squared error after `sparse_gradients`
with the estimated PSF over that with the true one, a rim of 14 pixels left out, each at the best
shift by quarters of a pixel.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from blurlib import blur, data, restore

PICTURES = (
    "kodak/kodim05.png",
    "kodak/kodim19.png",
    "bsds-train/100075.jpg",
    "bsds-train/105019.jpg",
)
RIM, SIDE, NOISE = 14, 255, 0.01


def cases(folder):
    """Yield a picture, itself shaken, and the PSF."""
    inner = slice(RIM, -RIM)
    psfs = [
        blur.shake_psf(6 + number, rng=torch.Generator().manual_seed(number)) for number in range(8)
    ]
    for place, name in enumerate(PICTURES):
        image = data.load_image(Path(folder) / name)
        top, left = ((side - SIDE - 2 * RIM) // 2 for side in image.shape)
        image = image[top : top + SIDE + 2 * RIM, left : left + SIDE + 2 * RIM].contiguous()
        for number, psf in enumerate(psfs):
            rng = torch.Generator().manual_seed(10 * place + number)
            shaken = blur.add_noise(blur.blur_uniform(image, psf)[inner, inner], NOISE, rng=rng)
            yield image[inner, inner], blur.quantize(shaken), psf


def error(found, sharp):
    """Return the mean squared error at the best shift."""
    waves, inner = torch.fft.rfft2(found.clamp(0, 1)), slice(RIM, -RIM)
    rows, columns = torch.fft.fftfreq(SIDE)[:, None], torch.fft.rfftfreq(SIDE)

    def shifted(shift):
        turn = torch.exp(2j * torch.pi * (rows * shift[0] + columns * shift[1]))
        moved = torch.fft.irfft2(waves * turn, s=sharp.shape)
        return (moved - sharp)[inner, inner].square().mean().item()

    best = 0.0, 0.0
    for steps in (torch.arange(-5, 6), torch.arange(-3, 4) / 4):
        grid = [(best[0] + down, best[1] + across) for down in steps for across in steps]
        best = min(grid, key=shifted)
    return shifted(best)


def main(folder, size=None):
    ratios, psnrs, seconds = [], [], []
    for sharp, shaken, psf in cases(folder):
        start = time.perf_counter()
        found = restore.estimate_psf(shaken, int(size or len(psf)))
        seconds.append(time.perf_counter() - start)
        answers = shaken, *(restore.sparse_gradients(shaken, one) for one in (found, psf))
        errors = [error(answer, sharp) for answer in answers]
        ratios.append(errors[1] / errors[2])
        psnrs.append([-10 * np.log10(one) for one in errors])
        print(
            f"{len(psf):3}{ratios[-1]:8.2f}" + "{:8.2f}{:8.2f}{:8.2f}".format(*psnrs[-1]),
            flush=True,
        )
    shares = ", ".join(
        f"{100 * np.mean(np.less(ratios, most)):.0f} % below {most}" for most in (1.5, 2, 3)
    )
    print(f"error ratio: median {np.median(ratios):.2f}, {shares}")
    means = "{:.2f} shaken, {:.2f} estimated, {:.2f} true".format(*np.mean(psnrs, 0))
    print(f"PSNR: {means} PSF; {np.mean(seconds):.1f} s an estimate")


if __name__ == "__main__":
    main(*sys.argv[1:])
