"""Pictures from files, arrays and packages, as tensors (H, W), float32, grey, in [0, 1]."""

import warnings
from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from .._checks import check_choice, check_image
from .._files import replacing

#: scikit-image's packaged pictures that show something; they need no download.
PACKAGED = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "chelsea": "chelsea.png",
    "clock": "clock_motion.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "hubble": "hubble_deep_field.jpg",
    "ihc": "ihc.png",
    "moon": "moon.png",
    "motorcycle": "motorcycle_left.png",
    "page": "page.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
    "text": "text.png",
}

#: Textures that every estimator is tested on and none is trained on.
TEST_TEXTURES = ("brick", "grass", "gravel")

#: Endings by which a folder's images are known.
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

#: More pixels than this are refused before they are decoded: 512 MiB as float32.
MAX_PIXELS = 2**27

_LUMA = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709, as skimage.color.rgb2gray


class ImageError(ValueError):
    """A file or an array that is no single grey or colour picture."""


def as_image(array):
    """Turn an array into an image tensor.

    Parameters
    ----------
    array : array_like of shape (H, W), (H, W, 3) or (H, W, 4)
        Booleans, 8 or 16-bit unsigned integers, or floats in [0, 1]. Colour becomes grey
        (BT.709 luma); an alpha channel must be opaque.

    Returns
    -------
    image : Tensor of shape (H, W)
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
        raise ImageError(
            f"an image must have shape (H, W), (H, W, 3) or (H, W, 4), got {array.shape}; "
            "pass one picture at a time."
        )
    if array.dtype == bool:
        image = array.astype(np.float64)
    elif array.dtype in (np.uint8, np.uint16):
        image = array / np.float64(np.iinfo(array.dtype).max)
    elif np.issubdtype(array.dtype, np.floating):
        image = array.astype(np.float64)
        if not np.isfinite(image).all():
            raise ImageError("the image holds NaN or infinite values; replace or crop them first.")
        if image.min() < 0 or image.max() > 1:
            raise ImageError(
                f"a floating point image must lie in [0, 1], it runs from {image.min():g} to "
                f"{image.max():g}; divide it by its white level."
            )
    else:
        raise ImageError(
            f"an image must be boolean, uint8, uint16 or floating point, got {array.dtype}."
        )
    if array.shape[2:] == (4,):
        if image[..., 3].min() < 1:
            raise ImageError("the image has transparent pixels; flatten it on a background first.")
        image = image[..., :3]
    if image.ndim == 3:
        image = image @ _LUMA
    return torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))


def _decode(picture):
    """Return the pixels of an open Pillow image as an array that `as_image` takes."""
    if getattr(picture, "n_frames", 1) > 1:
        raise ImageError(
            f"it is animated or has pages ({picture.n_frames} frames); save one as a file."
        )
    if picture.width * picture.height > MAX_PIXELS:
        raise ImageError(
            f"it has {picture.width} x {picture.height} pixels, more than {MAX_PIXELS}; cut it."
        )
    if picture.mode == "I" and picture.format != "PNG":
        raise ImageError("it holds 32-bit integers, whose white level nobody knows; save 16 bits.")
    if picture.mode.startswith("RGB") and any(";16" in str(tile) for tile in picture.tile):
        raise ImageError("it has 16-bit colour, which would be cut to 8; save it as 16-bit grey.")
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode == "I":
        array = np.array(picture).astype(np.int64)
        if array.min() < 0 or array.max() > 65535:
            raise ImageError("it holds integers of more than 16 bits; save it with 16 or 8.")
        return array.astype(np.uint16)
    if picture.mode in ("L", "F", "RGB", "RGBA"):
        return np.array(picture)
    transparent = picture.mode in ("LA", "PA", "La", "RGBa") or "transparency" in picture.info
    return np.array(picture.convert("RGBA" if transparent else "RGB"))


def load_image(path):
    """Read an image file.

    Parameters
    ----------
    path : str or path-like
        8 or 16-bit, float, grey, colour, palette, CMYK; turned upright if its EXIF data says so.

    Returns
    -------
    image : Tensor of shape (H, W)
        Grey, float32, in [0, 1].

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImageError
        If it is no image, damaged, animated, partly transparent, out of range or enormous.

    Notes
    -----
    Values stay as coded in the file (gamma included): the thesis blurs those, and so do we.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not path.is_file():
        raise ImageError(f"cannot read {path}: it is a folder or a device; name a picture file.")
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures before we can; _decode has the limit, and an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return as_image(_decode(picture))
    except ImageError as error:
        raise ImageError(f"cannot use {path}: {error}") from None
    except Image.DecompressionBombError:
        raise ImageError(
            f"cannot use {path}: it has more than {MAX_PIXELS} pixels; cut it."
        ) from None
    except UnidentifiedImageError:
        raise ImageError(
            f"cannot read {path}: it is empty or no image that Pillow knows."
        ) from None
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise ImageError(f"cannot read {path}: {type(error).__name__}: {error}") from error


def list_images(paths):
    """Return the image files among the given files and folders.

    Parameters
    ----------
    paths : iterable of str or path-like
        A file stands for itself; a folder for the files in it (not below) with an image's ending.

    Returns
    -------
    files : list of Path
        In the order given, each folder's sorted by name.

    Raises
    ------
    TypeError
        If `paths` is a single path.
    FileNotFoundError
        If a path does not exist, or a folder holds no image.
    """
    if isinstance(paths, str | Path):
        raise TypeError(f"paths must be a list of files and folders, got the single {paths!r}.")
    files = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {path}")
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(
            item for item in path.iterdir() if item.is_file() and item.suffix.lower() in SUFFIXES
        )
        if not found:
            raise FileNotFoundError(f"the folder {path} holds no image ({', '.join(SUFFIXES)})")
        files.extend(found)
    return files


def packaged_image(name):
    """Return one of scikit-image's packaged pictures; no download.

    Parameters
    ----------
    name : str
        One of `blurlib.data.PACKAGED`.

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
    check_choice(name, "name", PACKAGED)
    return load_image(Path(skimage.__file__).parent / "data" / PACKAGED[name])


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
    check_image(image, ndim=2)
    levels = np.floor(image.detach().cpu().double().clamp(0, 1).numpy() * 255 + 0.5).astype(
        np.uint8
    )
    with replacing(path) as file:
        Image.fromarray(levels).save(file, format="PNG")
