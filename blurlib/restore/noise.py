"""How noisy a picture is, from the picture alone."""

import torch
from torch.nn import functional

from .._checks import check_choice, check_image, check_number
from .canvas import LEAST_NOISE, Canvas

#: Asked is half of a picture's sides, within these many pixels, of so many places along each.
_SIDES, _NUM_PLACES = (64, 768), 5

#: Smaller pictures have no frequency from which noise could be told.
MIN_SIDE = 5

#: A mask is asked in windows of the first of those sides, so many pixels apart.
_MASK_STEP = 8


def estimate_noise(image, sigma_map=None, psf="gaussian"):
    r"""Estimate the standard deviation of the noise in a blurred picture.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        At least 3 pixels a side, 5 with the blur known; all channels together.
    sigma_map : float or Tensor of shape (H, W), optional
        How blurred each pixel is, if that is known; of a PSF how much of each pixel it blurred.
    psf : {"gaussian", "disk"} or Tensor of shape (k, l), optional
        The map's profile; or one PSF.

    Returns
    -------
    noise_std : float
        In the image's own unit.

    Raises
    ------
    TypeError, ValueError
        If the image is none, the map of another size, or there is no such profile.

    Notes
    -----
    With the blur known, the noise is fitted together with the power law of the sharp picture, by
    Whittle's likelihood: what is left where the blur has taken everything else. Of bands of
    frequencies the noisiest counts: JPEG leaves its errors at middle frequencies and none at high
    ones, and deconvolution would raise them a thousandfold.

    Otherwise: second differences along both axes leave little of a picture whose PSF has a sigma of
    0.7 pixels or more; the median of their sizes ignores the edges [1]_. In *sharp* textures that
    takes the texture for noise, and after JPEG it sees none. scikit-image's `estimate_sigma` does
    the same with a wavelet, needs PyWavelets for it, and keeps more of the picture.

    References
    ----------
    .. [1] J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding
       64(2), 1996.

    Examples
    --------
    >>> import torch
    >>> noise = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    >>> round(estimate_noise(0.5 + 0.01 * noise), 3)
    0.01
    """
    check_image(image, min_side=3)
    if not isinstance(psf, torch.Tensor):
        check_choice(psf, "psf", ("gaussian", "disk"))
    shape = image.shape[-2:]
    if sigma_map is None and not isinstance(psf, torch.Tensor):
        curved = image.double().diff(n=2, dim=-1).diff(n=2, dim=-2)
        return curved.abs().median().item() / (6 * 0.6745)  # 6: the root of the mask's squares
    check_image(image, min_side=MIN_SIDE)
    masked = isinstance(psf, torch.Tensor) and sigma_map is not None and sigma_map.min() < 1
    if isinstance(psf, torch.Tensor):
        sigma_map = torch.ones(shape) if sigma_map is None else sigma_map
    elif not isinstance(sigma_map, torch.Tensor):
        sigma_map = torch.full(shape, check_number(sigma_map, "sigma_map", low=0, unit="pixels"))
    if sigma_map.shape != shape:
        raise ValueError(f"sigma_map must have the image's size, got {tuple(sigma_map.shape)}.")
    window = _inside(sigma_map) if masked else _blurriest(sigma_map)
    part = image[..., *window]
    if isinstance(psf, torch.Tensor):
        return Canvas.of_psf(part, psf).fit_noise()
    return Canvas.of_map(part, sigma_map[*window], psf).fit_noise()


def _inside(mask):
    """Return the rows and columns of the window that is most of all inside a mask."""
    sizes = [min(side, _SIDES[0]) for side in mask.shape]
    means = functional.avg_pool2d(mask[None], sizes, stride=_MASK_STEP)[0]
    places = divmod(means.argmax().item(), means.shape[1])
    starts = [_MASK_STEP * place for place in places]
    return [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]


def _blurriest(sigma_map):
    """Return the rows and columns of the blurriest window, the middle one if there is no other."""
    low, high = _SIDES
    starts, sides = [], []
    for side in sigma_map.shape:
        size = min(side, max(low, min(side // 2, high)))
        places = [round(k * (side - size) / (_NUM_PLACES - 1)) for k in range(_NUM_PLACES)]
        middle = (side - size) / 2
        starts.append(sorted(places, key=lambda place, middle=middle: abs(place - middle)))
        sides.append(size)
    windows = [
        (slice(top, top + sides[0]), slice(left, left + sides[1]))
        for top in starts[0]
        for left in starts[1]
    ]
    return max(windows, key=lambda window: round(sigma_map[*window].mean().item(), 2))


def resolve_noise(image, noise_std, sigma_map=None, psf="gaussian", least=LEAST_NOISE):
    """Return a noise that a caller gave, or the estimate; never less than rounding makes."""
    if noise_std is None:
        noise_std = max(estimate_noise(image, sigma_map, psf), least)
    return max(check_number(noise_std, "noise_std", low=0), LEAST_NOISE)
