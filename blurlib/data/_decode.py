"""From a picture file to an array that says what the file says, or an error that says why not."""

import logging
import sys
import threading
import warnings

import numpy as np
import tifffile
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

# What a file starts with, and who reads it. Pillow knows more formats, but some of them start other
# programs (EPS), and some scale their values in ways that we cannot tell (FITS). Its `Image.open`
# would also hold Pillow's own limit of pixels, one for the whole process, against `max_pixels`.
_READERS = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.jpeg_factory,
    b"GIF8": GifImagePlugin.GifImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    **dict.fromkeys([b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"], TiffImagePlugin.TiffImageFile),
    **dict.fromkeys([b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf"], PpmImagePlugin.PpmImageFile),
}

# Filters of warnings belong to the process: two threads that set and restore them at the same time
# would leave one's behind. So one file is decoded at a time.
_LOCK = threading.Lock()

# Tags of TIFF files.
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_ORIENTATION, _SAMPLES, _PLANES, _EXTRA_SAMPLES = 274, 277, 284, 338
_SAMPLE_FORMAT, _DEPTH, _DNG_VERSION = 339, 32997, 50706


class ImageError(ValueError):
    """A file or an array that is no single grey or colour picture."""


def decode(path, max_pixels):
    """Return the pixels of a file, turned upright, as an array that `as_image` takes.

    Parameters
    ----------
    path : Path
        A file, and no pipe.
    max_pixels : int
        More are refused before they are decoded.

    Returns
    -------
    array : ndarray of shape (H, W), (H, W, 3) or (H, W, 4)
        uint8, uint16 or floating point.

    Raises
    ------
    ImageError
        If the file is no picture, or one whose values would come out wrong.
    Exception
        Nearly any, if the file is damaged.
    """
    with path.open("rb") as file, _LOCK, warnings.catch_warnings():
        # What Pillow warns of is an odd tag, or becomes an error further on.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        try:
            return _decode(file, max_pixels)
        except (ImageError, MemoryError):
            raise
        except Exception:
            if (array := _decode_floats(file, max_pixels)) is None:
                raise
            return array


def _decode(file, max_pixels):
    """Return the pixels of an open file that Pillow can read."""
    picture = _open(file)
    _check_size(picture.width, picture.height, max_pixels)
    # A camera's MPO is a JPEG with a second view or a gain map behind it: the first is meant.
    # n_frames is not asked: it walks through all pages, and a hostile file has millions.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise ImageError(_SEVERAL)
    if picture.format == "TIFF":
        _check_tiff(picture)
    mode = _raw_mode(picture)
    array = _deep_colour(picture, file, mode) if _is_deep(picture, mode) else _pixels(picture)
    _check_clear_colour(picture, mode, array)
    return array


_SEVERAL = "it is animated or has several pages; save one of them as a file."
_WHITE_IS_ZERO = "its zero means white; save it with black as zero."


def _check_size(width, height, max_pixels):
    if width * height > max_pixels:
        raise ImageError(
            f"it has {width} x {height} = {width * height} pixels, more than "
            f"max_pixels={max_pixels}; cut it, or pass a larger max_pixels (on the command line "
            "--max-pixels)."
        )


def _decode_floats(file, max_pixels):
    """Return the pixels of a TIFF of floats that Pillow does not know, or say what else it holds.

    Pillow knows 32-bit floats in one channel. tifffile, which scikit-image brings, knows all that
    are not packed in an uncommon way; None if it can make nothing of the file either.
    """
    file.seek(0)
    if not file.read(4).startswith((b"II", b"MM")):
        return None
    file.seek(0)
    log = logging.getLogger("tifffile")
    silent, log.disabled = log.disabled, True  # its complaints are raised as well
    try:
        try:
            page, several = _first_page(tifffile.TiffFile(file))
        except Exception:  # damaged: what Pillow said of it stands
            return None
        _check_floats(page, several)
        _check_size(page.imagewidth, page.imagelength, max_pixels)
        try:
            array = page.asarray()
        except Exception:
            if page.compression in _PLAIN and page.predictor == 1:
                raise
            packed = getattr(page.compression, "name", page.compression)
            raise ImageError(
                f"its floats are packed ({packed}, predictor {int(page.predictor)}) in a way that "
                "few programs know; save it without compression."
            ) from None
        return np.moveaxis(array, 0, -1) if page.planarconfig == 2 and array.ndim == 3 else array
    finally:
        log.disabled = silent


#: Not packed, and packed by zlib, in TIFF's numbers.
_PLAIN = (1, 8, 32946)


def _first_page(tiff):
    page = tiff.pages[0]
    if page.dtype is None:
        raise ValueError("no type of pixels")
    return page, _has_a_second(tiff.pages)


def _check_floats(page, several):
    """Refuse what is no grey or colour picture of floats."""
    colours = {0: (1,), 1: (1,), 2: (3, 4)}.get(page.photometric, ())
    if page.dtype.kind != "f" or page.samplesperpixel not in colours or page.imagedepth > 1:
        channels = page.samplesperpixel
        raise ImageError(
            f"it is a TIFF with {channels} channel{'s' * (channels > 1)} of {page.dtype} "
            f"({getattr(page.photometric, 'name', page.photometric)}); save it as grey or RGB, "
            "with 8 or 16 unsigned bits or as floats in [0, 1]."
        )
    if several:
        raise ImageError(_SEVERAL)
    if page.photometric == 0:
        raise ImageError(_WHITE_IS_ZERO)
    if page.tags.valueof(_ORIENTATION, default=1) != 1:
        raise ImageError("it is stored turned; save it upright.")


def _has_a_second(pages):
    try:
        pages[1]
    except IndexError:
        return False
    return True


def _open(file):
    """Return the Pillow image of an open file, its pixels not yet decoded."""
    start = file.read(16)
    file.seek(0)
    for signature, reader in _READERS.items():
        if start.startswith(signature):
            # No file name: Pillow would map the file, and die if it is cut in the meantime.
            return reader(file)
    kind = "none of these" if start else "empty"
    raise ImageError(
        "pictures are BMP, GIF, JPEG, PGM, PNG, PPM, TIFF or WebP files, and it is "
        f"{kind}; convert it to PNG or TIFF."
    )


def _check_tiff(picture):
    """Refuse the TIFF files whose values Pillow would give wrongly, without a word."""
    tags, deep = picture.tag_v2, picture.mode in ("F", "I;16", "I;16B")
    if tags.get(_SUBFILE, 0) & 1 or _DNG_VERSION in tags:
        raise ImageError(
            "it starts with a thumbnail, as a camera's raw file does; develop it to PNG or TIFF."
        )
    if picture.mode == "I":
        raise ImageError(
            "it holds signed or 32-bit integers, whose white level nobody knows; save it with "
            "16 unsigned bits."
        )
    if tags.get(_DEPTH, 1) > 1:
        raise ImageError("it is a volume of several slices; save one of them as a file.")
    if tags.get(_SAMPLES, 1) == 2 and not {1, 2} & set(tags.get(_EXTRA_SAMPLES, ())):
        raise ImageError("it has 2 channels, which are no picture; save one of them as grey.")
    if 2 in tags.get(_SAMPLE_FORMAT, ()):
        raise ImageError("it holds signed integers; save it with 8 or 16 unsigned bits.")
    bits = max(tags.get(_BITS, (1,)))
    if bits == 12:
        raise ImageError("it has 12 bits a pixel; save it with 8 or 16.")
    if deep and tags.get(_PHOTOMETRIC) == 0:
        raise ImageError(_WHITE_IS_ZERO)
    if bits == 16 and tags.get(_PLANES) == 2:
        raise ImageError("its colours lie in separate planes; save them pixel by pixel.")


def _raw_mode(picture):
    """Return how the file codes its pixels, in Pillow's words; "" where that says nothing more."""
    arguments = picture.tile[0][3] if picture.tile else ""
    return str(arguments if isinstance(arguments, str) else arguments[0])


def _is_deep(picture, mode):
    """Say whether a colour picture has more than 8 bits, which Pillow would cut to 8."""
    if picture.mode in ("1", "L", "F") or picture.mode.startswith("I"):
        return False
    if picture.format == "PPM":
        return any(tile[0].startswith("ppm") and tile[3][1] > 255 for tile in picture.tile)
    return picture.format in ("PNG", "TIFF") and ";16" in mode


def _deep_colour(picture, file, mode):
    """Return 16-bit colours: Pillow keeps one byte of two, so it is asked once for each.

    The last letter of the mode, B(ig), L(ittle) or N(ative), says which byte is the high one, which
    Pillow keeps. Told the other order, it keeps the low one.
    """
    if mode[:-1] not in ("RGB;16", "RGBA;16", "RGBX;16"):
        raise ImageError(
            "its colours have 16 bits in a way that would be cut to 8; save it as 16-bit RGB PNG "
            "or TIFF, or with 8 bits."
        )
    high = _pixels(picture)
    file.seek(0)
    again = _open(file)
    native = "L" if sys.byteorder == "little" else "B"
    other = mode[:-1] + {"B": "L", "L": "B"}[mode[-1].replace("N", native)]
    again.tile = [
        # Tiles are plain tuples in older Pillows, named ones since.
        getattr(tile, "_make", tuple)(
            (*tile[:3], other if isinstance(tile[3], str) else (other, *tile[3][1:]))
        )
        for tile in again.tile
    ]
    return high.astype(np.uint16) << 8 | _pixels(again)


def _pixels(picture):
    """Decode an open Pillow image."""
    if picture.format == "TIFF":
        # Pillow holds its own limit against every TIFF for which it gets the memory.
        size = picture.tag_v2[_WIDTH], picture.tag_v2[_HEIGHT]
        picture.im = Image.core.new(picture.mode, size)
    picture.load()  # libtiff may print a line about a damaged file; its error reaches us as well
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("L", "F", "RGB", "RGBA"):
        return np.asarray(picture)
    transparent = picture.mode in ("LA", "PA", "La") or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if transparent else "RGB"))


def _check_clear_colour(picture, mode, array):
    """Refuse pixels of the one level or colour that the file declares transparent."""
    clear = picture.info.get("transparency")
    if clear is None or not (picture.mode in ("L", "RGB") or picture.mode.startswith("I")):
        return
    if mode in ("L;2", "L;4"):  # the file counts in fewer levels than Pillow's 256
        clear *= {"L;2": 85, "L;4": 17}[mode]
    same = array == np.asarray(clear)
    if (same.all(-1) if array.ndim == 3 else same).any():
        raise ImageError("the image has transparent pixels; flatten it on a background first.")
