"""What the network for motion learns from: pictures moved, out of focus, shaken, and layered."""

import math

import torch
from torch.nn import functional

from blurlib.blur import gaussian_psf, motion_psf, shake_psf
from blurlib.blur.degrade import round_image
from blurlib.data import camera
from blurlib.data.crops import at_least
from blurlib.data.jpeg import compress
from blurlib.data.lens_bank import LensBank, blur_uniform_each
from blurlib.data.scenery import compose, outlines
from blurlib.data.stream import PatchStream, rows_of
from blurlib.learn.motion_net import (
    BLUR_KINDS,
    LENGTHS,
    SPECTRUM_SIDE,
    log_spectra,
    observe,
    pooled,
)

#: Side of an example and what is more for the phase of JPEG's blocks; how far a PSF reaches.
_SEEN_SIDE, _PHASES, _REACH = 2 * SPECTRUM_SIDE, 8, 20

#: Side of the smallest picture that one is cut from.
SMALLEST_MOVED = _SEEN_SIDE + _PHASES + 2 * _REACH

#: How many PSFs of each kind are drawn, and how often one is met, of `BLUR_KINDS`.
_NUM_OF_KIND = {"sharp": 200, "lens": 1500, "motion": 4000, "other": 2000}
_CHANCES = {"sharp": 0.1, "gaussian": 0.15, "disk": 0.15, "motion": 0.4, "other": 0.2}

#: Shares of the examples that are an object before a background, or seen by a turning camera.
_P_LAYERED, _P_TURNED = 0.22, 0.18

#: How many pictures are averaged while the camera turns, and by how far, in radians, it may.
_NUM_MOMENTS, _MOST_TURN = 28, 0.25

#: What sampling adds to a path's second moments, in square pixels, and how much longer than wide
#: the mean of all paths' is if together they pass for one.
_OF_PIXELS, _STRAIGHT = 0.25, 0.9

#: Shares of the examples that are blurred as light, clipped, denoised, sharpened, compressed.
_P_LIGHT, _P_CLIPPED, _P_DENOISED, _P_SHARPENED, _P_COMPRESSED = 0.4, 0.08, 0.06, 0.08, 0.15

#: Noise of an example in grey levels; orders of magnitude are equally frequent.
_NOISE_STDS = (0.3, 6.0)


class MotionExamples(PatchStream):
    """Blurred crops, each observed four times: whole, in its middle, and there with less around.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1].
    rng : torch.Generator
        Source of every draw, on the CPU.
    weights : sequence of float, optional
        How often each image is cut from.
    device : str or torch.device, optional
        Where the examples are made.
    """

    def __init__(self, images, *, rng, weights=None, device="cpu"):
        super().__init__(
            [at_least(image, SMALLEST_MOVED) for image in images], rng=rng, weights=weights,
            sigma_range=(0.0, _REACH / 2), patch_size=_SEEN_SIDE + _PHASES, noise=_NOISE_STDS[1],
            device=device,
        )  # fmt: skip
        psfs, facts = _bank(rng)
        self._psfs, self._facts = psfs.to(self.device), facts.to(self.device)
        kinds = self._facts[:, 0].long()
        self._of_kind = [(kinds == k).nonzero()[:, 0] for k in range(len(BLUR_KINDS))]
        self._ends = torch.tensor(list(_CHANCES.values())).cumsum(0)
        self._masks = outlines(64, rng=rng, size=SMALLEST_MOVED).to(self.device)

    def batch(self, size, *, rank=0, world_size=1):
        """Draw `size` crops.

        Parameters
        ----------
        size : int
            Number of crops.
        rank, world_size : int, optional
            Which of how many equal shares of them to make: see `PatchStream.batch`.

        Returns
        -------
        observed : Tensor of shape (4 size / world_size, 4, 64, 33)
            See `blurlib.learn.motion_net.observe`.
        target : Tensor of shape (4 size / world_size, 7)
            See `MotionNet.loss`.
        """
        mine = rows_of(size, rank, world_size)
        draws = torch.rand(40, size, generator=self.rng, dtype=torch.float64)[:, mine]
        white = self._white(size)[mine]
        rest = draws[4:].float().to(self.device)
        sharp = self._exposed(self._cut(draws[:4]), rest[:3])
        light = (rest[3] < _P_LIGHT).nonzero()[:, 0]
        sharp[light] = camera.to_light(sharp[light])
        first = self._number(rest[4:6])
        crops, facts = blur_uniform_each(sharp, self._psfs[first]), self._facts[first].clone()
        shift = (rest[6:8] * _PHASES).long()
        changed = rest[8]
        layered = (changed < _P_LAYERED).nonzero()[:, 0]
        if len(layered):
            back = self._exposed(self._cut(draws[-4:, layered.cpu()]), rest[9:12, layered])
            bright = (rest[3, layered] < _P_LIGHT).nonzero()[:, 0]
            back[bright] = camera.to_light(back[bright])
            second = self._number(rest[12:14, layered])
            masks = self._masks[(rest[14, layered] * len(self._masks)).long()]
            crops[layered] = compose(
                sharp[layered], back, masks, self._psfs[first[layered]], self._psfs[second]
            )
            middle = _REACH + _SEEN_SIDE // 2 + shift[:, layered]
            behind = masks[torch.arange(len(masks)), middle[0], middle[1]] == 0
            facts[layered[behind]] = self._facts[second[behind]]
        whole = torch.cat([facts, torch.ones_like(facts[:, :1])], 1)
        whole[layered, -1] = 0  # as a whole it is neither of both
        turned = (changed > 1 - _P_TURNED).nonzero()[:, 0]
        if len(turned):
            crops[turned], facts[turned], whole[turned, :-1] = _turned(
                sharp[turned], rest[26:29, turned], shift[:, turned]
            )
        crops[light] = camera.to_levels(crops[light])
        crops = self._seen(crops, rest[15:26, :, None, None], white)
        places = shift[:, :, None] + torch.arange(_SEEN_SIDE, device=self.device)
        number = torch.arange(len(crops), device=self.device)[:, None, None]
        crops = crops[number, places[0][:, :, None], places[1][:, None]]
        return _observations(crops, facts, whole)

    def _exposed(self, sharp, draws):
        """Change the contrast of half of them."""
        gain = torch.where(draws[0] < 0.5, 1.0, 0.3 + 0.7 * draws[1])[:, None, None]
        return camera.expose(sharp, gain, draws[2, :, None, None])

    def _number(self, draws):
        """Draw a kind, and a PSF of that kind; return its number in the bank."""
        kinds = torch.searchsorted(self._ends, draws[0].cpu() * self._ends[-1], right=True)
        return torch.stack([
            self._of_kind[kind][int(place * len(self._of_kind[kind]))]
            for kind, place in zip(kinds.tolist(), draws[1].tolist(), strict=True)
        ])  # fmt: skip

    def _seen(self, crops, draws, white):
        """Do to them what a camera does."""
        rows = (draws[0] < _P_CLIPPED).flatten()
        if rows.any():
            share = 0.2 * draws[1, rows] ** 2
            crops[rows] = camera.clip_light(crops[rows], share * (draws[2, rows] < 0.5), share)
        low, high = _NOISE_STDS
        crops = crops.clamp(0, 1) + low * (high / low) ** draws[3] / 255 * white
        rows = (draws[4] < _P_DENOISED).flatten()
        if rows.any():
            crops[rows] = camera.denoise(crops[rows], 0.02 * draws[5, rows], draws[6, rows])
        rows = (draws[7] < _P_SHARPENED).flatten()
        if rows.any():
            crops[rows] = camera.sharpen(crops[rows], 0.5 + 1.5 * draws[8, rows], draws[9, rows])
        crops = round_image(crops)
        rows = (draws[10] < _P_COMPRESSED).flatten()
        if rows.any():
            crops[rows] = compress(crops[rows], 40 + 58 * draws[10, rows] / _P_COMPRESSED)
        return crops


def _turned(sharp, draws, shift):
    """Turn the camera; return the crops, and facts of their middles and of them as a whole."""
    length, about = 2.5 + 24 * draws[0] ** 1.5, 2 * math.pi * draws[2]
    far = torch.maximum(20 * 20 ** draws[1], length / _MOST_TURN)  # of the middle from the axis
    turn, half = (length / far)[:, None, None], sharp.shape[-1] / 2
    axis = _REACH + _SEEN_SIDE // 2 + shift + far * torch.stack([about.sin(), about.cos()])
    place = torch.arange(_SEEN_SIDE + _PHASES, device=sharp.device) + _REACH
    down, right = place[:, None] - axis[0, :, None, None], place - axis[1, :, None, None]
    crops = torch.zeros_like(down + right)
    for moment in ((torch.arange(_NUM_MOMENTS) + 0.5) / _NUM_MOMENTS - 0.5).tolist():
        cosine, sine = (turn * moment).cos(), (turn * moment).sin()
        rows, columns = cosine * down - sine * right, sine * down + cosine * right
        at = torch.stack([columns + axis[1, :, None, None], rows + axis[0, :, None, None]], 3)
        crops += functional.grid_sample(
            sharp[:, None], (at + 0.5) / half - 1, "bicubic", "reflection", align_corners=False
        )[:, 0] / _NUM_MOMENTS  # fmt: skip
    # Every point moves at a right angle to where it lies from the axis.
    angle = torch.pi / 2 - about
    middle = _facts((length * angle.sin())[:, None], (length * angle.cos())[:, None], length, angle)
    up, along = (turn * x for x in torch.broadcast_tensors(right[:, :, ::8], down[:, ::8]))
    whole = _facts(up.flatten(1), along.flatten(1), length, angle)
    return crops, middle, whole


def _facts(up, along, length, angle):
    """Return kind, length, angle, sigma and ellipse of paths (B, n) seen together."""
    rise, run, both = ((x * y).mean(1) / 12 for x, y in ((up, up), (along, along), (up, along)))
    trace = rise + run + _OF_PIXELS
    ellipse = torch.stack([run - rise, 2 * both], 1) / trace[:, None]
    straight = torch.hypot(rise - run, 2 * both) > _STRAIGHT * (rise + run)
    kind = torch.where(straight, BLUR_KINDS.index("motion"), BLUR_KINDS.index("other"))
    facts = [kind, straight * length, straight * (angle.rad2deg() % 180), (trace / 2).sqrt()]
    return torch.cat([torch.stack(facts, 1), ellipse], 1)


def _observations(crops, facts, whole):
    """Observe crops whole, in the middle with all around, and there without, in 64 and 32 px."""
    half = SPECTRUM_SIDE // 2
    windows = crops.unfold(1, SPECTRUM_SIDE, half).unfold(2, SPECTRUM_SIDE, half)
    spectra = log_spectra(windows)
    around, local = pooled(spectra, (1, 2)), spectra[:, 1, 1]
    narrow = log_spectra(crops[:, 3 * half // 2 : 5 * half // 2, 3 * half // 2 : 5 * half // 2])
    observed = [observe(*pair) for pair in (
        (around, around), (local, around), (local, local), (narrow, narrow)
    )]  # fmt: skip
    facts = torch.cat([facts, torch.ones_like(facts[:, :1])], 1)
    short = facts.clone()
    short[:, 1] *= short[:, 1] <= half // 2
    return torch.cat(observed), torch.cat([whole, facts, facts, short])


def _bank(rng):
    """Draw PSFs; return them, and of each kind, length, angle, sigma and ellipse."""

    def draw(low=0.0, high=1.0):
        return torch.rand((), generator=rng).item() * (high - low) + low

    psfs, facts = [], []

    def keep(psf, kind, length=0.0, angle=0.0):
        half = len(psf) // 2
        if half > _REACH:
            kept = slice(half - _REACH, half + _REACH + 1)
            psf = psf[kept, kept] / psf[kept, kept].sum()
        psfs.append(functional.pad(psf, (_REACH - len(psf) // 2,) * 4))
        facts.append([BLUR_KINDS.index(kind), length, angle])

    for _ in range(_NUM_OF_KIND["motion"]):
        length, angle = LENGTHS[0].item() + 0.5 + 29.5 * draw() ** 1.2, draw(0, 180)
        soft = draw(0.2, 0.7) * (draw() < 0.5)
        keep(_both(motion_psf(length, angle), gaussian_psf(soft)), "motion", length, angle)
    for _ in range(_NUM_OF_KIND["sharp"]):
        short = draw() < 0.3
        keep(motion_psf(draw(0, 2.3), draw(0, 180)) if short else gaussian_psf(draw(0, 0.68)),
             "sharp")  # fmt: skip
    lenses = LensBank(_NUM_OF_KIND["lens"], rng=rng, std_range=(0.72, 5), reach=_REACH)
    for psf, is_disk in zip(lenses.psfs[1:], lenses.is_disk[1:], strict=True):
        keep(psf, "disk" if is_disk else "gaussian")
    for number in range(_NUM_OF_KIND["other"]):
        if number % 2:
            length = draw(4, 30)
            sigma = max(0.9, draw(0.3, 1) * length / math.sqrt(12))
            defocus = lenses.psfs[(lenses.std - sigma).abs().argmin()]
            keep(_both(motion_psf(length, draw(0, 180)), defocus), "other")
        else:
            keep(_shaken(draw, rng), "other")
    psfs = torch.stack(psfs)
    return psfs, torch.cat([torch.tensor(facts), _moments(psfs)], 1)


def _shaken(draw, rng):
    """Return the PSF of a shake that is no straight line."""
    while True:
        psf = shake_psf(2 * 9 ** draw(), rng=rng)
        sigma, *ellipse = _moments(psf[None])[0].tolist()
        if sigma * math.sqrt(1 - math.hypot(*ellipse)) > 0.75:
            return psf


def _both(one, other):
    """Return the PSF of two blurs in turn."""
    return functional.conv2d(one[None, None], other[None, None], padding=len(other) - 1)[0, 0]


def _moments(psfs):
    """Return sigma and the ellipse (B, 3) of PSFs: their second moments about their means."""
    place = torch.arange(psfs.shape[-1], dtype=psfs.dtype) - psfs.shape[-1] // 2
    rows, columns = psfs.sum(2), psfs.sum(1)
    down, right = rows @ place, columns @ place
    of_rows, of_columns = rows @ place**2 - down**2, columns @ place**2 - right**2
    mixed = torch.einsum("bij,i,j->b", psfs, place, place) - down * right
    trace = (of_rows + of_columns).clamp_min(1e-9)
    return torch.stack([(trace / 2).sqrt(), (of_columns - of_rows) / trace, -2 * mixed / trace], 1)
