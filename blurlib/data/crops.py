"""Training crops whose blur varies in space, degraded as real pictures are."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from .._checks import check_integer, check_number
from ..blur.degrade import round_image
from ..blur.operators import VaryingBlur
from ..blur.psf import gaussian_reach
from .stream import PatchStream, rows_of

#: JPEG's table for brightness, ITU-T T.81, table K.1.
_JPEG_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)

#: Standard deviation of the faintest noise, in grey levels: rounding alone has 0.29.
_FAINTEST = 0.3

#: Share of the crops that are not blurred as the author's: gaussians cut at four sigma, or disks.
_RARE = 0.2


@dataclass(frozen=True)
class CropConfig:
    """What training crops are like: their size, their blur, and what else is done to them.

    Attributes
    ----------
    crop_size : int
        Side of a crop in pixels, a multiple of 8.
    sigma_max, sigma_common_max : float
        Largest sigma, and that of four crops in five, in pixels.
    contrast : float
        Smallest factor of the random contrast that half of the crops get, in (0, 1].
    p_extreme : float
        Of the sigmas between which a field runs, the share that is 0, and the share that is the
        largest; the others are uniform between them. Up to 0.49. Constant fields lie there, waves
        may touch it, and ramps seldom get so far within a crop.
    p_disk : float
        Share of the crops that are blurred with disks, up to 0.2: their sigma is the disk's
        standard deviation along an axis, half of its radius.
    p_mix : float
        Share of the crops that are a mean of two cuts, as of paint on canvas: textures that no
        image holds.
    p_noise, p_jpeg : float
        Share of the crops that get noise, and JPEG.
    noise_max : float
        Largest standard deviation of the noise, in grey levels of 255.

    Raises
    ------
    TypeError, ValueError
        If one of them is out of range.
    """

    crop_size: int = 112
    sigma_max: float = 6.0
    sigma_common_max: float = 3.0
    contrast: float = 0.15
    p_extreme: float = 0.2
    p_disk: float = 0.1
    p_mix: float = 0.15
    p_noise: float = 0.3
    p_jpeg: float = 0.15
    noise_max: float = 6.0

    def __post_init__(self):
        if check_integer(self.crop_size, "crop_size") % 8:
            raise ValueError(f"crop_size must be a multiple of 8, got {self.crop_size}.")
        high = check_number(self.sigma_max, "sigma_max", low=0.1, unit="pixels")
        check_number(self.sigma_common_max, "sigma_common_max", low=0.1, high=high, unit="pixels")
        check_number(self.contrast, "contrast", low=1e-6, high=1)
        check_number(self.p_extreme, "p_extreme", low=0, high=0.49)
        check_number(self.p_disk, "p_disk", low=0, high=_RARE)
        for name in ("p_mix", "p_noise", "p_jpeg"):
            check_number(getattr(self, name), name, low=0, high=1)
        check_number(self.noise_max, "noise_max", low=_FAINTEST, high=255, unit="grey levels")

    @property
    def reach(self):
        """How far the widest gaussian, cut at two sigma, reaches, in pixels."""
        return int(gaussian_reach(torch.tensor(self.sigma_max), 2.0))

    @property
    def min_side(self):
        """Side of the smallest picture that a crop and its blur fit into, in pixels."""
        return self.crop_size + 2 * self.reach


class CropStream(PatchStream):
    r"""Crops with a smooth random field of sigma each, and that field.

    Every crop is cut from a random image, turned and mirrored, given a random contrast or left as
    it is, blurred with a gaussian whose sigma is constant, a ramp or a wave in a random direction,
    and rounded to 8 bits. A share of them is given noise, and a share goes through JPEG; some are
    blurred with disks instead, the defocus of an ideal lens.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1], each larger than a crop and its blur's reach.
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
        If there is no image, one is too small to cut from, or an argument is out of range.

    References
    ----------
    .. [1] ITU-T Recommendation T.81, "Digital compression and coding of continuous-tone still
       images", 1992, annex K.

    Examples
    --------
    >>> stream = CropStream(
    ...     [torch.rand(128, 120)], CropConfig(crop_size=64), rng=torch.Generator().manual_seed(0)
    ... )
    >>> crops, sigma_maps = stream.batch(2)
    >>> crops.shape, sigma_maps.shape
    (torch.Size([2, 1, 64, 64]), torch.Size([2, 64, 64]))
    """

    def __init__(self, images, config=None, *, rng, weights=None, device="cpu"):
        self.config = CropConfig() if config is None else config
        super().__init__(
            images, sigma_range=(0.0, self.config.sigma_max), rng=rng, weights=weights,
            patch_size=self.config.crop_size, noise=self.config.noise_max, device=device,
        )  # fmt: skip

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
            Blurred, 8-bit levels in [0, 1].
        sigma_maps : Tensor of shape (size / world_size, crop_size, crop_size)
            Nominal sigma at every pixel.
        """
        config = self.config
        mine = rows_of(check_integer(size, "size"), rank, world_size)
        draws = torch.rand(16, size, generator=self.rng, dtype=torch.float64)
        sharp = self._cut(draws[:4, mine])
        if config.p_mix:
            sharp = self._mix(sharp, torch.rand(6, size, generator=self.rng).double()[:, mine])
        draws = draws[4:, mine].float().to(self.device)[..., None, None]
        gain = torch.where(draws[0] < 0.5, 1.0, config.contrast + (1 - config.contrast) * draws[1])
        sharp = gain * sharp + (1 - gain) * draws[2]  # stays in [0, 1]
        sigma_maps = self._fields(*draws[3:9])
        # Most are cut at two sigma, as the author's; the others at four, as far as there is room.
        truncate = torch.where(draws[9] < 1 - _RARE, 2.0, 4.0)
        blurred = VaryingBlur(sigma_maps, truncate=truncate, margin=self.reach).forward(sharp)
        as_disk = (draws[9] > 1 - config.p_disk).flatten()
        if as_disk.any():
            disks = VaryingBlur(sigma_maps[as_disk], "disk", margin=self.reach)
            blurred[as_disk] = disks.forward(sharp[as_disk])
        # Every order of magnitude of noise is as frequent: from a third of a level upward.
        place = draws[10] / max(config.p_noise, 1e-9)
        level = _FAINTEST * (config.noise_max / _FAINTEST) ** place / 255
        level = torch.where(draws[10] < config.p_noise, level, 0)
        noisy = round_image(blurred + level * self._white(size)[mine])
        quality = (40 + 58 * draws[11] / max(config.p_jpeg, 1e-9)).clamp(max=100)
        crops = torch.where(draws[11] < config.p_jpeg, compress(noisy, quality), noisy)
        return crops[:, None], sigma_maps

    def _mix(self, sharp, draws):
        """Mix second cuts into some, by 0.3 to 0.7."""
        share = torch.where(draws[4] < self.config.p_mix, 0.3 + 0.4 * draws[5], 0)
        share = share.float().to(self.device)[:, None, None]
        return torch.lerp(sharp, self._cut(draws[:4]), share)

    def _fields(self, kind, first, second, angle, phase, top):
        """Return sigma maps: constants, ramps and waves; most of them up to the usual largest."""
        config, size = self.config, self.config.crop_size
        axis = (torch.arange(size, device=self.device) + 0.5) / size - 0.5
        # Half of the directions lie along an axis; the crop itself is turned by chance.
        angle = torch.where(angle < 0.5, 0.0, 4 * math.pi * angle)
        along = axis * torch.cos(angle) + axis[:, None] * torch.sin(angle)
        top = torch.where(top < 0.8, config.sigma_common_max, config.sigma_max)
        # Stretched beyond both ends and cut there: as many lie at an end as were asked for.
        first, second = (
            ((place - config.p_extreme) / (1 - 2 * config.p_extreme)).clamp(0, 1) * top
            for place in (first, second)
        )
        ramp = first + (second - first) * (along / 1.5 + 0.5)
        turns = 0.25 * 8 ** ((kind - 0.6) / 0.4).clamp(0, 1)  # of the wave, in a crop
        wave = torch.sin(2 * math.pi * (turns * along + phase))
        wave = (first + second) / 2 + (second - first) / 2 * wave
        return torch.where(kind < 0.2, first, torch.where(kind < 0.6, ramp, wave))


def compress(images, quality):
    """Do to grey images what JPEG does: round the cosines of 8 x 8 blocks.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        8-bit levels in [0, 1]; H and W are multiples of 8.
    quality : Tensor of shape (B, 1, 1)
        From 1 to 100, as libjpeg counts.

    Returns
    -------
    compressed : Tensor of shape (B, H, W)
        8-bit levels in [0, 1].

    Raises
    ------
    ValueError
        If a side is no multiple of 8, or a quality is out of range.
    """
    if images.shape[-2] % 8 or images.shape[-1] % 8:
        raise ValueError(f"sides must be multiples of 8, got {tuple(images.shape[-2:])}.")
    if quality.min() < 1 or quality.max() > 100:
        raise ValueError("quality must lie from 1 to 100.")
    number = torch.arange(8, device=images.device, dtype=torch.float64)
    cosines = torch.cos(math.pi / 8 * (number + 0.5) * number[:, None]) / 2
    cosines[0] /= math.sqrt(2)
    cosines = cosines.to(images)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = torch.tensor(_JPEG_TABLE, device=images.device, dtype=images.dtype)
    table = torch.floor((table * scale + 50) / 100).clamp(1, 255)[:, None]
    batch, height, width = images.shape
    blocks = functional.unfold(images[:, None] * 255 - 128, 8, stride=8)
    blocks = blocks.mT.reshape(batch, -1, 8, 8)
    kept = torch.round(cosines @ blocks @ cosines.T / table) * table
    blocks = (cosines.T @ kept @ cosines).reshape(batch, -1, 64).mT
    back = functional.fold(blocks, (height, width), 8, stride=8)[:, 0]
    return round_image((back + 128) / 255)
