"""Training crops: blurred in every way, seen by a camera, and how blurred each pixel is."""

import math

import torch
from torch.nn import functional

from .._checks import check_image, check_integer
from ..blur import VaryingBlur, pad
from ..blur.degrade import round_image
from . import camera
from .crop_config import FAINTEST, CropConfig
from .jpeg import compress
from .lens_bank import LensBank, blur_uniform_each
from .scenery import compose, outlines
from .stream import PatchStream, rows_of

#: How many point spread functions and outlines are drawn, once for all crops.
_NUM_PSFS, _NUM_OUTLINES = 600, 64

#: Share of the faint crops that are exposed anew, and the smallest range that is taken for detail.
_EXPOSED, _LEAST_DETAIL = 0.4, 0.004

#: How many numbers are drawn for each crop: 4 for its cut, 6 for what is mixed in, 5 for exposure,
#: light and kind, 20 for its blur, the others for the camera. Some are spare, so that a new effect
#: leaves the other draws as they are.
_NUM_DRAWS = 72


class CropStream(PatchStream):
    r"""Crops blurred as pictures are, with the true sigma and profile at every pixel.

    Every crop is cut from a random image, turned and mirrored, given a random contrast or left as
    it is, and blurred: by gaussians or disks whose sigma runs along one axis, by one lens, or as a
    nearer layer before a farther one. Then a camera does to it, now and then, what cameras do.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1]; one smaller than a crop and its blur's reach is mirrored.
    config : CropConfig, optional
        What the crops are like.
    rng : torch.Generator
        Source of every draw, on the CPU.
    weights : sequence of float, optional
        How often each image is cut from, in relation to the others; by default all equally.
    device : str or torch.device, optional
        Where the pictures lie and the crops are made.

    Raises
    ------
    TypeError, ValueError
        If there is no image, or an argument is out of range.

    References
    ----------
    .. [1] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.

    Examples
    --------
    >>> config = CropConfig(crop_size=64)
    >>> stream = CropStream([torch.rand(128, 120)], config, rng=torch.Generator().manual_seed(0))
    >>> crops, truth = stream.batch(2)
    >>> crops.shape, truth.shape
    (torch.Size([2, 1, 64, 64]), torch.Size([2, 2, 64, 64]))
    """

    def __init__(self, images, config=None, *, rng, weights=None, device="cpu"):
        self.config = config = CropConfig() if config is None else config
        images = [at_least(image, config.min_side) for image in images]
        super().__init__(
            images, sigma_range=(0.0, config.reach / 2), rng=rng, weights=weights,
            patch_size=config.crop_size, noise=config.noise_max, device=device)  # fmt: skip
        bank = LensBank(_NUM_PSFS, rng=rng, std_range=config.std_range, reach=config.reach)
        masks = outlines(_NUM_OUTLINES, rng=rng, size=config.min_side)
        stock = (x.to(self.device) for x in (bank.psfs, bank.std, bank.is_disk, masks))
        self._psfs, self._psf_std, self._psf_is_disk, self._masks = stock

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
        crops : Tensor of shape (size / world_size, 1, crop_size, crop_size)
            In [0, 1], most of them 8-bit levels.
        truth : Tensor of shape (size / world_size, 2, crop_size, crop_size)
            At every pixel the standard deviation of the point spread function along an axis, in
            pixels, and whether it is nearer a disk (1) than a gaussian (0).
        """
        config = self.config
        mine = rows_of(check_integer(size, "size"), rank, world_size)
        draws = torch.rand(_NUM_DRAWS, size, generator=self.rng, dtype=torch.float64)[:, mine]
        white = self._white(size)[mine], self._white(size)[mine]
        sharp = self._mixed(self._cut(draws[:4]), draws[4:10])
        rest = draws[10:].float().to(self.device)[..., None, None]
        gain = torch.where(rest[0] < 0.5, 1.0, config.contrast + (1 - config.contrast) * rest[1])
        sharp = camera.expose(sharp, gain, rest[2])
        is_light = (rest[3] < config.p_linear).flatten()
        sharp[is_light] = camera.to_light(sharp[is_light])
        kind = rest[4].flatten()
        is_field = kind < config.p_field
        is_layered = ~is_field & (kind < config.p_field + config.p_layers)
        crops = sharp.new_empty(len(sharp), config.crop_size, config.crop_size)
        truth = crops.new_empty(len(sharp), 2, *crops.shape[1:])
        for chosen, make in (
            (is_field, self._fields), (is_layered, self._layers),
            (~(is_field | is_layered), self._through_lens),
        ):  # fmt: skip
            if chosen.any():
                second = draws[4:10, chosen.cpu()]
                crops[chosen], truth[chosen] = make(sharp[chosen], rest[5:25, chosen], second)
        crops[is_light] = camera.to_levels(crops[is_light])
        crops = _exposed(crops, *rest[50:53])
        crops, truth = self._seen(crops, truth, rest[25:50], white)
        return crops[:, None], truth

    def _mixed(self, sharp, draws):
        """Mix second cuts into some, by 0.3 to 0.7."""
        share = torch.where(draws[4] < self.config.p_mix, 0.3 + 0.4 * draws[5], 0)
        chosen = share > 0
        if chosen.any():
            second = self._cut(draws[:4, chosen])
            share = share[chosen].float().to(self.device)[:, None, None]
            chosen = chosen.to(self.device)
            sharp[chosen] = torch.lerp(sharp[chosen], second, share)
        return sharp

    def _fields(self, sharp, draws, _):
        """Blur with a sigma that runs along the columns; turn half of the crops afterwards."""
        config = self.config
        sigma = self._courses(*draws[:5])  # (B, 1, C)
        full = draws[6] < config.p_full
        is_disk = (draws[6] > 1 - config.p_disk).flatten()
        truncate = torch.where(full, 4.0, 2.0)
        square = sigma.expand(-1, config.crop_size, -1)
        crops = sharp.new_empty(square.shape)
        std = torch.empty_like(sigma)
        for chosen, family in ((~is_disk, "gaussian"), (is_disk, "disk")):
            if chosen.any():
                options = {} if family == "disk" else {"truncate": truncate[chosen]}
                options["margin"] = config.reach
                blur = VaryingBlur(square[chosen], family, **options)
                crops[chosen] = blur.forward(sharp[chosen])
                std[chosen] = VaryingBlur(sigma[chosen], family, **options).std()
        profile = is_disk.float()[:, None, None]
        truth = torch.stack([std.expand_as(square), profile.expand_as(square)], 1)
        turned = (draws[7] < 0.5).flatten()
        crops[turned], truth[turned] = crops[turned].mT.clone(), truth[turned].mT.clone()
        return crops, truth

    def _courses(self, kind, first, second, phase, top):
        """Return rows of sigma: constants, ramps and waves; most up to the usual largest."""
        config, size = self.config, self.config.crop_size
        along = (torch.arange(size, device=self.device) + 0.5) / size - 0.5
        top = torch.where(top < 0.8, config.sigma_common_max, config.sigma_max)
        # Stretched beyond both ends and cut there: as many lie at an end as were asked for.
        low = config.p_extreme
        places = ((place - low) / (1 - 2 * low) for place in (first, second))
        first, second = (place.clamp(0, 1) * top for place in places)
        ramp = first + (second - first) * (along / 1.5 + 0.5)
        turns = 0.25 * 8 ** ((kind - 0.6) / 0.4).clamp(0, 1)  # of the wave, in a crop
        wave = torch.sin(2 * math.pi * (turns * along + phase))
        wave = (first + second) / 2 + (second - first) / 2 * wave
        return torch.where(kind < 0.2, first, torch.where(kind < 0.6, ramp, wave))

    def _lenses(self, width, in_focus):
        """Return PSFs, their std and profiles: of any width, or in focus."""
        low, high = self.config.std_range
        std = low * (high / low) ** width.flatten()
        number = torch.searchsorted(self._psf_std, std).clamp(max=len(self._psf_std) - 1)
        number = torch.where(in_focus.flatten() < self.config.p_sharp, 0, number)
        return self._psfs[number], self._psf_std[number], self._psf_is_disk[number]

    def _through_lens(self, sharp, draws, _):
        """Blur with one point spread function."""
        psfs, *facts = self._lenses(draws[0], draws[1])
        crops = blur_uniform_each(sharp, psfs)
        truth = torch.stack(facts, 1)[..., None, None].expand(-1, -1, *crops.shape[1:])
        return crops, truth

    def _layers(self, front, draws, cuts):
        """Show a nearer layer before a farther one, two pictures at different blur."""
        cuts = cuts.clone()
        cuts[0] = (cuts[0] + cuts[4]) % 1  # another picture than the one that is mixed in
        back = camera.expose(self._cut(cuts[:4]), 0.3 + 0.7 * draws[6], draws[7])
        masks = self._masks[(draws[4].flatten() * len(self._masks)).long()]
        near, *near_facts = self._lenses(draws[0], draws[1])
        far, *far_facts = self._lenses(draws[2], draws[3])
        crops = compose(front, back, masks, near, far)
        reach = self.config.reach
        is_near = masks[:, None, reach:-reach, reach:-reach] > 0
        facts = (torch.stack(x, 1)[..., None, None] for x in (near_facts, far_facts))
        return crops, torch.where(is_near, *facts)

    def _seen(self, crops, truth, draws, white):
        """Do what a camera does, to some: clip, noise, mosaic, denoise, sharpen, file, resize."""
        config, take = self.config, iter(draws)

        def drawn(share, others=0):
            """Return which crops it happens to, how far down its share each lies, and more."""
            place, *others = (next(take) for _ in range(1 + others))
            rows = (place < share).flatten()
            place = (place / max(share, 1e-9)).clamp(max=1)
            return rows, place[rows], *(other[rows] for other in others)

        rows, place, low, high = drawn(config.p_clip, 2)
        if rows.any():
            share = 0.3 * place**2
            crops[rows] = camera.clip_light(crops[rows], share * (low < 0.4), share * (high < 0.8))
        crops = crops.clamp(0, 1)
        rows, place = drawn(config.p_shot)
        if rows.any():
            light = camera.to_light(crops[rows])
            noisy = camera.shot_noise(light, 60 * 100**place, white[1][rows])
            crops[rows] = camera.to_levels(noisy.clamp(0, 1))
        rows, _, *colours = drawn(config.p_mosaic, 8)
        if rows.any():
            groups = colours[:3], colours[3:5], colours[5:]
            gains, phase, tint = (torch.cat(group, 2)[:, 0] for group in groups)
            light = camera.mosaic(
                camera.to_light(crops[rows]), 0.4 + 0.6 * gains, (2 * phase).long(),
                tint=1.4 * tint - 0.7)  # fmt: skip
            crops[rows] = camera.to_levels(light.clamp(0, 1))
        # Every order of magnitude of noise is as frequent: from a third of a level upward.
        rows, place = drawn(config.p_noise)
        level = FAINTEST * (config.noise_max / FAINTEST) ** place / 255
        crops[rows] += level * white[0][rows]
        rows, place, strength = drawn(config.p_denoise, 1)
        if rows.any():
            crops[rows] = camera.denoise(crops[rows], 0.02 * place, strength)
        rows, place, amount = drawn(config.p_sharpen, 1)
        if rows.any():
            crops[rows] = camera.sharpen(crops[rows], 0.5 + 1.5 * place, 0.2 + 1.3 * amount)
        rows, _ = drawn(config.p_unrounded)
        crops = torch.where(rows[:, None, None], crops.clamp(0, 1), round_image(crops))
        rows, place = drawn(config.p_jpeg)
        if rows.any():
            crops[rows] = compress(round_image(crops[rows]), 30 + 68 * place)
        rows, place = drawn(config.p_resize)
        for row, one in zip(rows.nonzero().flatten().tolist(), place.flatten(), strict=True):
            crops[row], truth[row] = _resized(crops[row], truth[row], one.item())
        rows, place, above, beside = drawn(config.p_bars, 2)
        if rows.any():
            bars = [0.3 * config.crop_size * wide for wide in (above, beside)] * 2
            crops[rows], _ = camera.letterbox(crops[rows], *bars, place.round())
        return crops, truth


def _exposed(crops, chance, spread, ground):
    """Expose some faint crops anew: points of light, noise and wide blur leave few levels."""
    darkest, brightest = crops.amin((1, 2), keepdim=True), crops.amax((1, 2), keepdim=True)
    wanted = 0.2 + 0.75 * spread
    again = (chance < _EXPOSED) & (brightest - darkest < wanted)
    bright = (crops - darkest) / (brightest - darkest).clamp_min(_LEAST_DETAIL) * wanted
    return torch.where(again, bright + ground * (1 - wanted), crops)


def at_least(image, side):
    """Return an image, mirrored at its ends where it is smaller than that."""
    check_image(image, "each image", ndim=2)
    below, right = (max(0, side - length) for length in image.shape)
    return pad(image, (0, below, 0, right), "symmetric") if below or right else image


def _resized(crop, truth, place):
    """Resize a crop by 1/2 to 2: of a larger one the middle stays, a smaller one is mirrored."""
    size = crop.shape[-1]
    factor = 2 ** (2 * place - 1)
    kept = min(size, round(size / factor))
    first = (size - kept) // 2
    window = (slice(first, first + kept),) * 2
    made = min(size, round(size * factor)) if factor < 1 else size
    options = {"size": (made, made), "mode": "bicubic" if place > 0.3 else "bilinear"}
    options |= {"antialias": True, "align_corners": False}
    crop = functional.interpolate(crop[window][None, None], **options)[0, 0]
    truth = functional.interpolate(truth[:, *window][None], size=(made, made), mode="nearest")[0]
    truth = truth * truth.new_tensor([made / kept, 1])[:, None, None]
    frame = 0, size - made, 0, size - made
    return tuple(pad(layer, frame, "symmetric") for layer in (round_image(crop), truth))
