"""From a picture file to an array that says what the file says, or an error that says why not."""

import itertools
import logging
import sys
import threading
import warnings

import numpy as np
import tifffile
from PIL import Image, ImageOps, TiffImagePlugin, WebPImagePlugin  # noqa: F401  Pillow lists them

# Pillow knows more formats, but some of them start other programs (EPS), and some scale their
# values in ways that we cannot tell (FITS). Its `Image.open` would also hold Pillow's own limit of
# pixels, one for the whole process, against `max_pixels`.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
Image.preinit()

# Filters of warnings belong to the process: two threads that set and restore them at the same time
# would leave one's behind. So one file is decoded at a time.
_LOCK = threading.Lock()

# Tags and values of TIFF files.
_WIDTH, _HEIGHT, _ORIENTATION, _DNG_VERSION = 256, 257, 274, 50706
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_SEPARATE_PLANES = 2

_SEVERAL = "it is animated or has several pages; save one of them as a file."
TRANSPARENT = "the image has transparent pixels; flatten it on a background first."


class ImageError(ValueError):
    """A file or an array that is no single grey or colour picture."""


def decode(path, max_pixels):
    """Return the pixels of a file, turned upright, as an array that `as_image` takes.

    uint8, uint16 or floating point, (H, W), (H, W, 3) or (H, W, 4). The file must be no pipe; more
    than `max_pixels` are refused before they are decoded. Raises an ImageError if it is no picture,
    or one whose values would come out wrong, and nearly anything if it is damaged.
    """
    with path.open("rb") as file, _LOCK, warnings.catch_warnings():
        # What Pillow warns of is an odd tag, or becomes an error further on.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        kind, reader = _identify(file)
        if kind == "TIFF" and (array := _read_tiff(file, max_pixels)) is not None:
            return array
        # No file name: Pillow would map the file, and die if it is cut in the meantime.
        picture = reader(file)
        _check_size(picture.width, picture.height, max_pixels)
        # A camera's MPO is a JPEG with a second view or a gain map behind it: the first is meant.
        # n_frames is not asked: it walks through all pages, and a hostile file has millions.
        if picture.format != "MPO" and getattr(picture, "is_animated", False):
            raise ImageError(_SEVERAL)
        mode = _raw_mode(picture)
        deep = _is_deep(picture, mode)
        array = _deep_colour(picture, file, reader, mode) if deep else _pixels(picture)
        _check_clear_colour(picture, mode, array)
        return array


def _identify(file):
    """Return a file's format and what reads it, by its first bytes."""
    start = file.read(16)
    for kind in _FORMATS:
        reader, accepts = Image.OPEN[kind]
        if start and accepts(start):
            file.seek(0)
            return kind, reader
    what = f"it is {'none of these' if start else 'empty'}; convert it to PNG or TIFF"
    raise ImageError(f"pictures are BMP, GIF, JPEG, PGM, PNG, PPM, TIFF or WebP files, and {what}.")


def _check_size(width, height, max_pixels):
    if width * height > max_pixels:
        size = f"{width} x {height} = {width * height} pixels"
        raise ImageError(f"it has {size}, more than {max_pixels=}; cut it, or raise --max-pixels.")


def _read_tiff(file, max_pixels):
    """Refuse a TIFF whose values would come out wrong; return what Pillow cannot read, or None.

    Pillow knows floats of 32 bits in one channel, and no planes of 16 bits. tifffile, which
    scikit-image brings, knows all that are not packed in an uncommon way.
    """
    log = logging.getLogger("tifffile")
    silent, log.disabled = log.disabled, True  # its complaints are raised as well
    try:
        pages = tifffile.TiffFile(file).pages
        page = pages.first
        _check_size(page.imagewidth, page.imagelength, max_pixels)
        several = len([*itertools.islice(pages, 2)]) > 1  # len(pages) would read them all
        if fault := _tiff_fault(page) or (several and _SEVERAL):
            raise ImageError(fault)
        planes = page.dtype == "uint16" and page.planarconfig == _SEPARATE_PLANES
        if page.dtype.kind != "f" and not planes:
            return None
        if page.tags.valueof(_ORIENTATION, default=1) != 1:
            raise ImageError("it is stored turned; save it upright.")
        array = page.asarray(maxworkers=1)
        separate = page.planarconfig == _SEPARATE_PLANES and array.ndim == 3
        return np.moveaxis(array, 0, -1) if separate else array
    finally:
        log.disabled = silent
        file.seek(0)


def _tiff_fault(page):
    """Say what keeps a page from being a grey or colour picture; "" if nothing does."""
    channels, ink = page.samplesperpixel, page.photometric
    if page.is_reduced or _DNG_VERSION in page.tags:
        return "it starts with a thumbnail, as a camera's raw file does; develop it to PNG or TIFF."
    if page.imagedepth > 1:
        return "it is a volume of several slices; save one of them as a file."
    if page.dtype in ("bool", "uint8"):  # colours of all kinds, which Pillow turns into RGB
        known = channels in (1, 3, 4) or (channels == 2 and {1, 2} & set(page.extrasamples))
    else:
        known = page.dtype in ("uint16", "float16", "float32", "float64") and channels in {
            _WHITE_IS_ZERO: (1,), _BLACK_IS_ZERO: (1,), _RGB: (3, 4),
        }.get(ink, ())  # fmt: skip
    if not known or page.bitspersample == 12:
        kind = f"{channels} channel{'s' * (channels > 1)} of {page.dtype}"
        kind += f" ({page.bitspersample} bits, {getattr(ink, 'name', ink)})"
        return f"it is a TIFF with {kind}; save it as grey or RGB, 8 or 16 bits, or floats."
    if ink == _WHITE_IS_ZERO and page.dtype not in ("bool", "uint8"):
        return "its zero means white; save it with black as zero."
    return ""


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


def _deep_colour(picture, file, reader, mode):
    """Return 16-bit colours: Pillow keeps one byte of two, so it is asked once for each.

    The last letter of the mode, B(ig), L(ittle) or N(ative), says which byte is the high one, which
    Pillow keeps. Told the other order, it keeps the low one.
    """
    if mode[:-1] not in ("RGB;16", "RGBA;16", "RGBX;16"):
        raise ImageError("its 16 bits would be cut to 8; save it as 16-bit RGB PNG or TIFF.")
    high = _pixels(picture)
    file.seek(0)
    again = reader(file)
    native = "L" if sys.byteorder == "little" else "B"
    other = mode[:-1] + {"B": "L", "L": "B"}[mode[-1].replace("N", native)]
    for number, (*place, arguments) in enumerate(again.tile):
        arguments = other if isinstance(arguments, str) else (other, *arguments[1:])
        # Tiles are plain tuples in older Pillows, named ones since.
        again.tile[number] = getattr(again.tile[number], "_make", tuple)((*place, arguments))
    return high.astype(np.uint16) << 8 | _pixels(again)


def _pixels(picture):
    """Decode an open Pillow image."""
    if picture.format == "TIFF":
        # Pillow holds its own limit against every TIFF for which it gets the memory.
        picture.im = Image.core.new(picture.mode, (picture.tag_v2[_WIDTH], picture.tag_v2[_HEIGHT]))
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
        raise ImageError(TRANSPARENT)
