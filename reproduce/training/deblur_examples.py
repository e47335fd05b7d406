"""What the learned restorer learns from: blurred crops, both classical answers, the truth."""

import math

import torch

from blurlib.blur import VaryingBlur, blur_uniform, effective_sigma, motion_psf, shake_psf
from blurlib.blur.degrade import round_image
from blurlib.data.jpeg import compress
from blurlib.data.scenery import outlines
from blurlib.data.stream import PatchStream
from blurlib.learn.deblur_net import OTHER_PSF, planes_of
from blurlib.restore.answers import both_on
from blurlib.restore.canvas import Canvas
from blurlib.restore.learned import MAP_STEPS, PSF_STEPS, careful
from blurlib.restore.noise import resolve_noise

#: Side of an example, how far a PSF reaches, and how many outlines of nearer things are drawn.
_EXAMPLE_SIDE, _EXAMPLE_REACH, _NUM_MASKS = 128, 32, 64

#: Side of the smallest picture that one is cut from.
SMALLEST = _EXAMPLE_SIDE + 2 * _EXAMPLE_REACH

#: Sigma runs between these, in pixels, and noise between these, in levels; orders of magnitude are
#: equally frequent.
_SIGMA, _EXAMPLE_NOISE = (0.3, 8.0), (0.3, 8.0)

#: Share of the examples with one PSF instead of a map, and of the others that are made of disks or
#: have a step of sigma, that are compressed, whose noise is not estimated but known, whose map is
#: the true one, and of the wrong ones those that do not say so.
_P_PSF, _P_DISK, _P_STEP, _P_JPEG, _P_KNOWN, _P_TRUE = 0.2, 0.25, 0.2, 0.12, 0.4, 0.4
_P_SILENT = 0.4

#: Largest relative deviation of a map that says so, and of one that does not.
_SAID, _UNSAID = 0.25, 0.08


class Examples(PatchStream):
    """Blurred crops with both classical answers, made once and shown turned and mirrored.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1], at least 192 pixels a side.
    num : int
        How many are made: some tenth of a second each.
    rng : torch.Generator
        Source of every draw, on the CPU.
    weights : sequence of float, optional
        How often each image is cut from.
    rank, world_size : int, optional
        Of several processes each makes every so-manieth and learns from its own.
    """

    def __init__(self, images, num, *, rng, weights=None, rank=0, world_size=1):
        # A patch stream's gaussians reach twice as far as their sigma.
        super().__init__(
            images,
            sigma_range=(0.0, _EXAMPLE_REACH / 2),
            rng=rng,
            patch_size=_EXAMPLE_SIDE,
            weights=weights,
        )
        masks = outlines(_NUM_MASKS, rng=rng, size=_EXAMPLE_SIDE)
        seeds = torch.randint(2**62, (num,), generator=rng)[rank::world_size].tolist()
        made = [self._example(torch.Generator().manual_seed(seed), masks) for seed in seeds]
        *made, silent = zip(*made, strict=True)
        self._planes, self._truth = (torch.stack(x).half() for x in made)
        self._silent = torch.tensor(silent)

    def trust(self):
        """Leave out three in four of the examples whose map is wrong and does not say so."""
        kept = ~self._silent | (torch.arange(len(self._silent)) % 4 == 0)
        self._planes, self._truth, self._silent = (
            x[kept] for x in (self._planes, self._truth, self._silent)
        )

    def batch(self, size, *, rank=0, world_size=1):
        """Draw `size` examples, or this process' share: planes (B, 8, H, W) and truth (B, H, W)."""
        number = torch.randint(len(self._truth), (size // world_size,), generator=self.rng)
        turns = torch.randint(8, number.shape, generator=self.rng).tolist()
        shown = []
        for k, turn in zip(number.tolist(), turns, strict=True):
            both = torch.cat([self._planes[k], self._truth[k][None]]).float()
            both = torch.rot90(both, turn % 4, (1, 2))
            shown.append(both.flip(2) if turn > 3 else both)
        shown = torch.stack(shown)
        return shown[:, :-1], shown[:, -1]

    def _example(self, rng, masks):
        def draw(low=0.0, high=1.0):
            return torch.rand((), generator=rng).item() * (high - low) + low

        def order(low, high):
            return low * (high / low) ** draw()

        sharp = self._cut(torch.rand(4, 1, generator=rng, dtype=torch.float64))[0]
        gain = draw(0.4, 1) if draw() < 0.3 else 1.0
        sharp = gain * sharp + (1 - gain) * draw()
        truth = sharp[_EXAMPLE_REACH:-_EXAMPLE_REACH, _EXAMPLE_REACH:-_EXAMPLE_REACH]
        psf, kind = None, OTHER_PSF
        if draw() < _P_PSF:
            extent = order(1.5, 14)
            psf = (
                shake_psf(extent, rng=rng) if draw() < 0.6 else motion_psf(2 * extent, draw(0, 180))
            )
            field = torch.full_like(truth, effective_sigma(psf))
            clean = blur_uniform(sharp, psf)[
                _EXAMPLE_REACH:-_EXAMPLE_REACH, _EXAMPLE_REACH:-_EXAMPLE_REACH
            ]
        else:
            kind = int(draw() < _P_DISK)
            field = self._field(rng, draw, order, masks)
            family = "disk" if kind else "gaussian"
            clean = VaryingBlur(field, family, margin=_EXAMPLE_REACH).forward(sharp)
        noise_std = order(*_EXAMPLE_NOISE) / 255
        noise = torch.randn(clean.shape, generator=rng)
        blurred = round_image(clean + noise_std * noise)
        if draw() < _P_JPEG:
            blurred = compress(blurred[None], torch.tensor([[[draw(60, 98)]]]))[0]
        sigma, std, silent = field, torch.zeros_like(field), False
        if psf is None and draw() > _P_TRUE:
            silent = draw() < _P_SILENT
            std = field * (_UNSAID if silent else draw(0, _SAID))
            wave = self._wave(rng, draw)
            error = 0.7 * torch.randn((), generator=rng) + wave
            sigma = (field + std * error).clamp_min(0)
            std = 0 * std if silent else std
        sigma = careful(sigma, std)
        known = noise_std if draw() < _P_KNOWN else None
        noise_std = resolve_noise(blurred, known, sigma, family if psf is None else psf)
        if psf is None:
            canvas, steps = Canvas.of_map(blurred, sigma, family), MAP_STEPS
        else:
            canvas, steps = Canvas.of_psf(blurred, psf), PSF_STEPS
        answers = (canvas.crop(x) for x in both_on(canvas, noise_std, num_iter=steps))
        tensors = (x[None] for x in (blurred, *answers, sigma, std))
        planes = planes_of(*tensors, torch.tensor([noise_std]), torch.tensor([kind]))
        return planes[0], truth, silent

    def _wave(self, rng, draw):
        """Return a smooth course (H, W) from -1 to 1, at random."""
        place = (torch.arange(_EXAMPLE_SIDE) + 0.5) / _EXAMPLE_SIDE - 0.5
        angle, turns, phase = draw(0, 2 * math.pi), draw(0, 2), draw()
        along = math.cos(angle) * place[:, None] + math.sin(angle) * place
        return torch.sin(2 * math.pi * (turns * along + phase))

    def _field(self, rng, draw, order, masks):
        """Return a field of sigma: constant, smooth, or with a step."""
        low, high = sorted((order(*_SIGMA), order(*_SIGMA)))
        kind = draw()
        if kind < 0.4:
            return torch.full((_EXAMPLE_SIDE, _EXAMPLE_SIDE), high)
        if kind < 0.4 + _P_STEP:
            mask = masks[int(draw(0, len(masks)))]
            return low + (high - low) * (mask if draw() < 0.5 else 1 - mask)
        return (low + high) / 2 + (high - low) / 2 * self._wave(rng, draw)
