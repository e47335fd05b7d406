"""What training crops are like: their size, their blur, and what a camera does to them."""

from dataclasses import dataclass

from .._checks import check_integer, check_number, check_range

#: Standard deviation of the faintest noise, in grey levels: rounding alone has 0.29.
FAINTEST = 0.3


@dataclass(frozen=True)
class CropConfig:
    """What training crops are like: their size, their blur, and what else is done to them.

    Attributes
    ----------
    crop_size : int
        Side of a crop in pixels, a multiple of 8.
    reach : int
        How far a point spread function may reach, in pixels.
    p_field, p_layers : float
        Share of the crops whose sigma varies along one axis, and of those that show a nearer layer
        before a farther one. The others are blurred by one lens.
    sigma_max, sigma_common_max : float
        Largest sigma of a field, and that of four in five, in pixels.
    p_extreme : float
        Of the sigmas between which a field runs, the share that is 0, and the share that is the
        largest; the others are uniform between them. Up to 0.49. Constant fields lie there, waves
        may touch it, and ramps seldom get so far within a crop.
    p_full, p_disk : float
        Share of the fields whose gaussians are cut at four sigma instead of the author's two, and
        of those that are made of disks.
    std_range : (float, float)
        Of the lenses' point spread functions, in pixels; orders of magnitude are equally frequent.
    p_sharp : float
        Share of the lenses that are in focus.
    contrast : float
        Smallest factor of the random contrast that half of the crops get, in (0, 1].
    p_mix : float
        Share of the crops that are a mean of two cuts, as of paint on canvas: textures that no
        image holds.
    p_linear, p_clip, p_shot, p_mosaic : float
        Share of the crops that are blurred as light rather than as levels, whose brightest or
        darkest parts are clipped, that have the noise of light, and that a Bayer mosaic sees.
    p_noise, noise_max : float
        Share of the crops that get white noise, and its largest standard deviation, in grey levels
        of 255.
    p_denoise, p_sharpen, p_unrounded, p_jpeg, p_resize, p_bars : float
        Share of the crops that are denoised, sharpened, not rounded to 8 bits, put through JPEG,
        resized by half to double afterwards, and that get bars at their borders.

    Raises
    ------
    TypeError, ValueError
        If one of them is out of range.
    """

    crop_size: int = 128
    reach: int = 32
    p_field: float = 0.6
    p_layers: float = 0.15
    sigma_max: float = 6.0
    sigma_common_max: float = 3.0
    p_extreme: float = 0.2
    p_full: float = 0.35
    p_disk: float = 0.1
    std_range: tuple = (0.25, 14.0)
    p_sharp: float = 0.15
    contrast: float = 0.15
    p_mix: float = 0.15
    p_linear: float = 0.06
    p_clip: float = 0.06
    p_shot: float = 0.04
    p_mosaic: float = 0.02
    p_noise: float = 0.3
    noise_max: float = 8.0
    p_denoise: float = 0.02
    p_sharpen: float = 0.03
    p_unrounded: float = 0.04
    p_jpeg: float = 0.16
    p_resize: float = 0.03
    p_bars: float = 0.02

    def __post_init__(self):
        if check_integer(self.crop_size, "crop_size") % 8:
            raise ValueError(f"crop_size must be a multiple of 8, got {self.crop_size}.")
        check_integer(self.reach, "reach", high=256)
        high = check_number(self.sigma_max, "sigma_max", low=0.1, unit="pixels")
        check_number(self.sigma_common_max, "sigma_common_max", low=0.1, high=high, unit="pixels")
        check_number(self.contrast, "contrast", low=1e-6, high=1)
        check_number(self.p_extreme, "p_extreme", low=0, high=0.49)
        for name, share in vars(self).items():
            if name.startswith("p_"):
                check_number(share, name, low=0, high=1)
        if self.p_field + self.p_layers > 1 or self.p_full + self.p_disk > 1:
            raise ValueError("p_field and p_layers, p_full and p_disk may add up to 1 at most.")
        check_range(self.std_range, "std_range", low=0.05, high=self.reach / 2, unit="pixels")
        check_number(self.noise_max, "noise_max", low=FAINTEST, high=255, unit="grey levels")

    @property
    def min_side(self):
        """Side of the smallest picture that a crop and its blur fit into, in pixels."""
        return self.crop_size + 2 * self.reach
