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

from blurlib import data, restore
from reproduce import blind as record

PICTURES = (
    "kodak/kodim05.png",
    "kodak/kodim19.png",
    "bsds-train/100075.jpg",
    "bsds-train/105019.jpg",
)


def cases(folder):
    """Yield a picture, itself shaken, and the PSF."""
    for place, name in enumerate(PICTURES):
        image = data.load_image(Path(folder) / name)
        for number in range(8):
            yield record.shake(image, 6 + number, number, 10 * place + number)


def main(folder, size=None):
    ratios, psnrs, seconds = [], [], []
    for sharp, shaken, psf in cases(folder):
        start = time.perf_counter()
        found = restore.estimate_psf(shaken, int(size or len(psf)))
        seconds.append(time.perf_counter() - start)
        answers = shaken, *(restore.sparse_gradients(shaken, one) for one in (found, psf))
        errors = [record.least_error(answer, sharp) for answer in answers]
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
