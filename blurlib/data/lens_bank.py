"""Point spread functions that lenses have: disks, blades, soft rims, gaussians, and in between."""

import math

import torch
from torch.nn import functional

from .._checks import check_generator, check_integer, check_range
from ..blur import effective_sigma, gaussian_psf

#: How often each family is drawn.
_FAMILY_SHARES = {"gaussian": 0.4, "disk": 0.2, "blades": 0.1, "soft": 0.2, "mixture": 0.1}

#: Samples along each side of a pixel.
_FINE = 4


class LensBank:
    """Point spread functions of every kind and width, drawn from `rng`, and what they are.

    `std_range` are the smallest and the largest standard deviation, in pixels; every order of
    magnitude is as frequent. `reach` is how far a PSF may reach on each side; wider ones are cut
    off there.

    Attributes
    ----------
    psfs : Tensor of shape (num, 2 reach + 1, 2 reach + 1)
        Each sums to 1; by rising standard deviation. The first does nothing.
    std : Tensor of shape (num,)
        Root of half the trace of the second-moment matrix as sampled, in pixels: sampling and
        cutting change what was drawn.
    is_disk : Tensor of shape (num,)
        1 where the PSF is nearer to a disk than to a gaussian of the same std, 0 elsewhere.
    """

    def __init__(self, num, *, rng, std_range, reach):
        check_integer(num, "num")
        rng = check_generator(rng, cpu=True)
        self.reach = check_integer(reach, "reach", high=256)
        low, high = check_range(std_range, "std_range", low=0.05, high=reach / 2, unit="pixels")
        draws = torch.rand(8, num, generator=rng, dtype=torch.float64)
        ends = torch.tensor(list(_FAMILY_SHARES.values()), dtype=torch.float64).cumsum(0)
        kinds = torch.searchsorted(ends, draws[0] * ends[-1], right=True).tolist()
        names = [list(_FAMILY_SHARES)[kind] for kind in kinds]
        wide = low * (high / low) ** draws[1]
        drawn = zip(names, wide.tolist(), draws[2:].T.tolist(), strict=True)
        psfs = [self._draw(name, std, shape) for name, std, shape in drawn]
        psfs[0] = self._framed(gaussian_psf(0.0))
        std = torch.tensor([effective_sigma(psf) for psf in psfs])
        order = std.argsort()
        self.psfs, self.std = torch.stack(psfs)[order], std[order]
        near = [self._is_disk(psf, std) for psf, std in zip(self.psfs, self.std, strict=True)]
        self.is_disk = torch.tensor(near, dtype=torch.float32)

    def _draw(self, name, std, shape):
        """Return one PSF of about this std; `shape` are six numbers in [0, 1)."""
        if name == "gaussian":
            return self._framed(gaussian_psf(std, truncate=2 + 2.5 * shape[0]))
        if name == "mixture":
            share = 0.2 + 0.6 * shape[0]
            parts = self._aperture(std, shape, 0), gaussian_psf(std * (0.5 + shape[1]))
            return share * parts[0] + (1 - share) * self._framed(parts[1])
        blades = 5 + int(4 * shape[1]) if name == "blades" else 0
        return self._aperture(std, shape, blades, soft=name == "soft")

    def _aperture(self, std, shape, blades, soft=False):
        """Return an aperture's image, each pixel the mean of 4 x 4 samples."""
        radius = 2 * std
        half = min(self.reach, math.ceil(1.6 * radius) + 1)  # a soft rim ends there
        side = 2 * half + 1
        place = (torch.arange(_FINE * side, dtype=torch.float64) + 0.5) / _FINE - side / 2
        away = torch.hypot(place[:, None], place)
        if blades:  # a polygon in the circle, its sides more or less rounded
            angle = torch.atan2(place[:, None], place) + 2 * math.pi * shape[2]
            sector = 2 * math.pi / blades
            side_on = torch.cos(angle % sector - sector / 2) / math.cos(sector / 2)
            away = away * torch.lerp(torch.ones_like(away), side_on, shape[3])
        # A rim of one sample is sharp; a soft one fades over up to the whole radius.
        rim = 1 / _FINE + (radius * shape[4] if soft else 0)
        tilt = (shape[5] - 0.5) * (1 if soft else 0)  # brighter or darker towards the rim
        fine = ((radius - away) / rim + 0.5).clamp(0, 1) * (1 + tilt * (away / radius).clamp(max=1))
        psf = fine.unflatten(0, (side, _FINE)).unflatten(2, (side, _FINE)).sum((1, 3))
        if psf.sum() < 1e-9:
            psf[half, half] = 1
        return self._framed((psf / psf.sum()).float())

    def _framed(self, psf):
        """Return a PSF in the bank's frame; what reaches beyond is cut off."""
        half = len(psf) // 2
        if half > self.reach:
            kept = slice(half - self.reach, half + self.reach + 1)
            return psf[kept, kept] / psf[kept, kept].sum()
        return functional.pad(psf, (self.reach - half,) * 4)

    def _is_disk(self, psf, std):
        """Return whether a disk of this std comes closer than a gaussian."""
        std = std.item()
        disk = self._aperture(std, [0.0] * 6, 0)
        gaussian = self._framed(gaussian_psf(std))
        return float((psf - disk).square().sum() < (psf - gaussian).square().sum())


def blur_uniform_each(images, psfs):
    """Blur each image (B, H, W) with a PSF of its own (B, k, k); their reach is lost all round."""
    shape = images.shape[-2:]
    spectrum = torch.fft.rfft2(images) * torch.fft.rfft2(psfs.to(images), s=shape)
    blurred = torch.fft.irfft2(spectrum, s=shape)
    lost = psfs.shape[-1] - 1
    return blurred[..., lost:, lost:]
