"""Pictures from files, arrays and packages, as tensors (H, W), float32, grey, in [0, 1]."""

import stat
from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image

from .._checks import check_choice, check_image
from .._files import replacing
from ._decode import TRANSPARENT, ImageError, decode

#: scikit-image's packaged pictures that show something; they need no download.
PACKAGED_IMAGES = (
    "astronaut", "brick", "camera", "chelsea", "clock", "coffee", "coins", "grass", "gravel",
    "hubble", "ihc", "moon", "motorcycle", "page", "retina", "rocket", "text")  # fmt: skip

# Their files, where these are not the name and ".png".
_FILES = {
    "clock": "clock_motion.png", "hubble": "hubble_deep_field.jpg",
    "motorcycle": "motorcycle_left.png", "retina": "retina.jpg", "rocket": "rocket.jpg",
}  # fmt: skip

#: Textures that every estimator is tested on and none is trained on.
TEST_TEXTURES = ("brick", "grass", "gravel")

#: More pixels than this are refused before they are decoded: 512 MiB as float32.
MAX_PIXELS = 2**27

_LUMA = (0.2125, 0.7154, 0.0721)  # ITU-R BT.709, as skimage.color.rgb2gray
_STRIP = 2**16  # so many pixels become grey at a time


def as_image(array, *, colour=False):
    """Turn an array into an image tensor.

    Parameters
    ----------
    array : array_like of shape (H, W), (H, W, 3) or (H, W, 4)
        Booleans, 8 or 16-bit unsigned integers, or floats in [0, 1]. Colour becomes grey
        (BT.709 luma); an alpha channel must be opaque.
    colour : bool, optional
        Whether colour stays colour.

    Returns
    -------
    image : Tensor of shape (H, W), or (3, H, W) of a colour picture that stays one
        float32 in [0, 1].

    Raises
    ------
    ImageError
        If the shape, type or range is another, a value is NaN, or a pixel is transparent.

    Examples
    --------
    >>> as_image(np.array([[0, 51, 255]], dtype=np.uint8))
    tensor([[0.0000, 0.2000, 1.0000]])
    """
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu()
        array = (array.float() if array.is_floating_point() else array).numpy()
    array = np.asarray(array)
    if array.size == 0 or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        shapes = f"(H, W), (H, W, 3) or (H, W, 4), got {array.shape}"
        raise ImageError(f"an image must have shape {shapes}; pass one picture at a time.")
    if array.dtype.kind not in "bf" and array.dtype.str[1:] not in ("u1", "u2"):
        kinds = f"boolean, uint8, uint16 or floating point, got {array.dtype}"
        raise ImageError(f"an image must be {kinds}; convert it, white being 255, 65535 or 1.0.")
    white = np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1
    if array.dtype.kind == "f":
        low, high = array.min(), array.max()  # NaN if one value is NaN
        if not np.isfinite([low, high]).all():
            raise ImageError("the image holds NaN or infinite values; replace or crop them first.")
        check_white(low, high)
    if array.shape[2:] == (4,) and array[..., 3].min() < white:
        raise ImageError(TRANSPARENT)
    if array.ndim == 3 and not colour:
        return torch.from_numpy(_luma(array, white))
    if array.ndim == 3:
        array = np.moveaxis(array[..., :3], -1, 0)
    # One division in float32 rounds as well as one in float64 and a rounding (tested).
    return torch.from_numpy(np.divide(array, white, dtype=np.float32, order="C"))


def check_white(low, high, beyond=0):
    """Raise unless white is 1: a picture's values, `low` to `high`, lie in [0, 1], or nearly."""
    if low < -beyond or high > 1 + beyond:
        span = f"it runs from {low:.8g} to {high:.8g}; divide it by its white level."
        raise ImageError(f"a floating point image must lie in [0, 1], {span}")


def _luma(array, white):
    """Return the grey of colours: summed in float64, and strip by strip to need little memory."""
    pixels = array.reshape(-1, array.shape[2])
    grey = np.empty(len(pixels), np.float32)
    for start in range(0, len(pixels), _STRIP):
        red, green, blue = (pixels[start : start + _STRIP, :3].astype(np.float64) / white).T
        # Added one by one, not as a product of matrices: that sums in another order, or in fewer
        # roundings, on another processor, and a hash or a rounded level would tell.
        grey[start : start + _STRIP] = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    return grey.reshape(array.shape[:2])


def to_grey(image):
    """Return a picture's grey: of colours (..., 3, H, W) the luma that `as_image` takes.

    Parameters
    ----------
    image : Tensor of shape (H, W) or (3, H, W)
        Of any other number of channels the mean is taken.

    Returns
    -------
    grey : Tensor of shape (H, W)

    Examples
    --------
    >>> to_grey(torch.ones(3, 4, 5)).shape
    torch.Size([4, 5])
    """
    check_image(image)
    if image.ndim == 3 and len(image) == 3:
        red, green, blue = image
        return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    return image.reshape(-1, *image.shape[-2:]).mean(0)


def path_in_words(path):
    """Return a path for a message: as it is, or quoted where it would break the line."""
    return str(path) if str(path).isprintable() else repr(str(path))


def load_image(path, *, max_pixels=MAX_PIXELS, colour=False):
    """Read an image file.

    Parameters
    ----------
    path : str or path-like
        A BMP, GIF, JPEG, PGM, PNG, PPM, TIFF or WebP file; 8 or 16-bit, float, grey, colour,
        palette, CMYK; turned upright if its EXIF data says so. The content counts, not the ending.
    max_pixels : int, optional
        A larger picture is refused before it is decoded. The default, `MAX_PIXELS`, is 2**27.
    colour : bool, optional
        Whether colour stays colour.

    Returns
    -------
    image : Tensor of shape (H, W), or (3, H, W) of a colour picture that stays one
        Grey unless asked, float32, in [0, 1].

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImageError
        If it is no image, damaged, animated, partly transparent, out of range or enormous.

    Notes
    -----
    Values stay as coded in the file (gamma included): the thesis blurs those, and so do we.

    Of a camera's multi-picture JPEG (MPO: a stereo pair, a gain map) the first picture is read.
    Other files with several pictures are refused.

    Pillow's own limit, ``PIL.Image.MAX_IMAGE_PIXELS``, belongs to the whole process; it is neither
    asked nor changed. WebP is the exception: Pillow asks by itself, and for more than twice that
    limit it must be raised as well.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image(f"{folder}/small.png", torch.zeros(2, 3))
    ...     load_image(f"{folder}/small.png")
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    path = Path(path)
    name = path_in_words(path)
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        what = "behind the link" if path.is_symlink() else "at"
        raise FileNotFoundError(f"there is no file {what} {name}") from None
    except (OSError, ValueError) as error:  # a loop of links, a name too long, a null character
        raise ImageError(f"cannot read {name}: {_one_line(error)}; name a picture file.") from None
    if not regular:  # opening a pipe would wait for its writer, perhaps for ever
        raise ImageError(f"cannot read {name}: it is a folder or a device; name a picture file.")
    try:
        return as_image(decode(path, max_pixels), colour=colour)
    except ImageError as error:
        raise ImageError(f"cannot use {name}: {error}") from None
    except MemoryError:
        why = "it needs more memory than there is; scale it down."
    except PermissionError:
        why = "you may not; change its permissions."
    except Exception as error:  # damaged files make decoders raise nearly anything
        why = f"it is damaged or packed in a way that few programs know ({_one_line(error)}); "
        why += "save it again as PNG or as TIFF without compression."
    raise ImageError(f"cannot read {name}: {why}")


def _one_line(error):
    """Return an error's type and first words, whatever line breaks it holds."""
    words = "".join(sign if sign.isprintable() else " " for sign in str(error))
    return f"{type(error).__name__}: {words}"[:200]


def packaged_image(name):
    """Return one of scikit-image's packaged pictures; no download.

    Parameters
    ----------
    name : str
        One of `blurlib.data.PACKAGED_IMAGES`.

    Returns
    -------
    image : Tensor of shape (H, W)
        Grey, float32, in [0, 1].

    Raises
    ------
    ValueError
        If the name is unknown.

    References
    ----------
    .. [1] S. van der Walt et al., "scikit-image: image processing in Python", PeerJ 2:e453, 2014;
       key ``scikitimage2014``. The folder ``skimage/data`` tells each picture's origin.

    Examples
    --------
    >>> packaged_image("camera").shape
    torch.Size([512, 512])
    """
    return load_image(packaged_path(name))


def packaged_path(name):
    """Return the file of one of scikit-image's packaged pictures."""
    check_choice(name, "name", PACKAGED_IMAGES)
    return Path(skimage.__file__).parent / "data" / _FILES.get(name, f"{name}.png")


def to_levels(image):
    """Round an image to 8-bit grey levels.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1].

    Returns
    -------
    levels : Tensor of shape (H, W)
        Whole numbers from 0 to 255, uint8; halves go up, as in MATLAB.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W).

    Examples
    --------
    >>> to_levels(torch.tensor([[0.0, 0.5, 1.0]]))
    tensor([[  0, 128, 255]], dtype=torch.uint8)
    """
    check_image(image, ndim=2)
    return torch.floor(image.double().clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def write_image(path, image):
    """Write an image as 8-bit grey PNG; an old file stays whole until the new one is.

    Parameters
    ----------
    path : str or path-like
        Where to.
    image : Tensor of shape (H, W)
        Intensities; clipped to [0, 1] and rounded.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W).
    OSError
        If the folder cannot be written.
    """
    levels = to_levels(image).detach().cpu().numpy()
    with replacing(path) as file:
        Image.fromarray(levels).save(file, format="PNG")
