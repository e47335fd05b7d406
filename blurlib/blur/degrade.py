"""What happens to a blurred image on its way to a file: noise, 8 bits, JPEG."""

import io

import numpy as np
import torch
from PIL import Image

from .._checks import check_generator, check_image, check_integer, check_number

#: Variance that rounding to whole levels adds, in square grey levels: that of a uniform draw.
QUANTIZATION_VARIANCE = 1 / 12


def quantize(image, levels=256):
    """Round an image to a number of grey levels between 0 and 1.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Intensities; values beyond [0, 1] are clipped, as a file would clip them.
    levels : int, optional
        Number of levels, 256 for 8 bits.

    Returns
    -------
    rounded : Tensor of shape (..., H, W)
        Halves go up, as in MATLAB.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or `levels` is no integer of at least 2.

    References
    ----------
    .. [1] Chapter "What blur removes", ``book/blur/what_blur_removes.ipynb``.

    Examples
    --------
    >>> quantize(torch.tensor([[0.2, 0.5, 1.7]]), levels=3)
    tensor([[0.0000, 0.5000, 1.0000]])
    """
    check_image(image)
    return round_image(image, check_integer(levels, "levels", low=2))


def round_image(image, levels=256):
    """Round as `quantize` does, but check nothing: for inner loops."""
    top = levels - 1
    return torch.floor(image.clamp(0, 1) * top + 0.5) / top


def add_noise(image, noise_std, *, rng):
    """Add white gaussian noise.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Intensities.
    noise_std : float
        Standard deviation of the noise, in the image's unit (1/255 is one 8-bit grey level).
    rng : torch.Generator
        Source of the random draws.

    Returns
    -------
    noisy : Tensor of shape (..., H, W)
        Neither clipped nor rounded.

    Raises
    ------
    TypeError, ValueError
        If the image is none, `noise_std` is negative, or `rng` is no torch.Generator.

    Examples
    --------
    >>> add_noise(torch.zeros(2, 3), 0.1, rng=torch.Generator().manual_seed(0)).shape
    torch.Size([2, 3])
    """
    check_image(image)
    noise_std = check_number(noise_std, "noise_std", low=0)
    check_generator(rng)
    # Drawn in one type where the generator lives, then moved: a seed gives one noise everywhere.
    noise = torch.randn(image.shape, generator=rng, dtype=torch.float64, device=rng.device)
    return image + noise_std * noise.to(image)


def jpeg(image, quality):
    """Compress a grey image as JPEG and read it back.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Intensities in [0, 1]; rounded to 8 bits first.
    quality : int
        From 1 to 100, Pillow's scale.

    Returns
    -------
    compressed : Tensor of shape (H, W)
        Same dtype and device as `image`.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W), or `quality` lies outside 1 to 100.

    Examples
    --------
    >>> jpeg(torch.full((16, 24), 0.5), 75).shape
    torch.Size([16, 24])
    """
    check_image(image, ndim=2)
    quality = check_integer(quality, "quality", high=100)
    levels = np.rint(quantize(image).detach().cpu().double().numpy() * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, format="JPEG", quality=quality)
    decoded = np.array(Image.open(file), dtype=np.float64) / 255
    return torch.from_numpy(decoded).to(image)
