"""Writing a changed picture as its file was: colours, 8 or 16 bits, EXIF and colour profile."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from .._checks import check_choice, check_image
from .._files import replacing
from ._decode import decode
from .images import MAX_PIXELS

#: Endings of pictures that can be written, and Pillow's words for them.
WRITABLE = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}

#: The tag that says how a picture is to be turned.
_TURNED = 0x0112


def write_alike(path, image, source, *, max_pixels=MAX_PIXELS):
    """Write a picture that was made from a file: with its depth, EXIF data and colour profile.

    Parameters
    ----------
    path : str or path-like
        Where to: a PNG or TIFF, 16 bits where the source has more than 8, or a JPEG, 8 bits.
    image : Tensor of shape (H, W) or (3, H, W)
        Intensities; clipped to [0, 1] and rounded.
    source : str or path-like
        The file that the picture was made from. `path` may be the same.
    max_pixels : int, optional
        As for `load_image`.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or the ending another.
    OSError
        If the folder cannot be written.

    Notes
    -----
    Pillow writes no colours of 16 bits: a PNG of them is put together here, a TIFF by tifffile,
    without EXIF data. A picture that EXIF data turned is written upright, and says so.
    """
    path, source = Path(path), Path(source)
    kind = WRITABLE[check_choice(path.suffix.lower(), "the ending of path", WRITABLE)]
    check_image(image)
    if image.ndim == 3 and len(image) != 3:
        raise ValueError(f"image must be (H, W) or (3, H, W), got {tuple(image.shape)}.")
    deep = kind != "JPEG" and decode(source, max_pixels).dtype != np.uint8
    white, dtype = (65535, np.uint16) if deep else (255, np.uint8)
    pixels = image.detach().cpu().double().clamp(0, 1).mul(white).add(0.5).floor().numpy()
    pixels = np.ascontiguousarray(np.moveaxis(pixels.astype(dtype), 0, -1) if image.ndim == 3
                                  else pixels.astype(dtype))  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its many pixels, which were allowed, and odd tags
        with Image.open(source) as picture:
            profile, exif = picture.info.get("icc_profile"), picture.getexif()
    # A profile speaks of grey or of colours; a grey one does not fit what has become another.
    if profile and (profile[16:20] == b"GRAY") != (image.ndim == 2):
        profile = None
    if _TURNED in exif:
        exif[_TURNED] = 1
    told = exif.tobytes() if len(exif) else b""
    with replacing(path) as file:
        if not deep:
            options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
            if profile:
                options["icc_profile"] = profile
            if told:
                options["exif"] = exif if kind == "TIFF" else told
            Image.fromarray(pixels).save(file, format=kind, **options)
        elif kind == "TIFF":
            colours = "rgb" if image.ndim == 3 else "minisblack"
            tifffile.imwrite(file, pixels, photometric=colours, iccprofile=profile, metadata=None)
        else:
            _write_png(file, pixels, profile, told)


def _write_png(file, pixels, profile, exif):
    """Write (H, W) or (H, W, 3) of 16 bits as a PNG."""
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (1, 0)))  # each row begins with its filter: none
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))]
    if profile:
        chunks.append((b"iCCP", b"profile\0\0" + zlib.compress(profile)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    chunks += [(b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")]
    file.write(b"\x89PNG\r\n\x1a\n")
    for name, content in chunks:
        checked = name + content
        file.write(struct.pack(">I", len(content)) + checked)
        file.write(struct.pack(">I", zlib.crc32(checked)))
