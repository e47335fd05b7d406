"""Where pictures come from, and what one may do with them."""

from dataclasses import dataclass

from ..images import PACKAGED_IMAGES
from .published import BRODATZ, PHOTOGRAPHS


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Attributes
    ----------
    title : str
        What it is.
    licence : str
        What one may do with the pictures.
    origin : str
        Where from.
    num_images : int or None
        How many there are; None if as many as one likes.
    """

    title: str
    licence: str
    origin: str
    num_images: int | None = None


#: Every source of pictures in the book and in blurlib, by name.
SOURCES = {
    "brodatz": Source(
        "Brodatz album, scans of 640 x 640 pixels, 8-bit grey",
        "copyright of the album's publisher; research use only, never packaged nor shown",
        "http://www.ux.uis.no/~tranden/brodatz/", len(BRODATZ),
    ),
    "photographs": Source(
        "photographs: the Kodak suite (24), and Berkeley's for training of segmentation (200)",
        "Kodak: unrestricted, as is generally understood; Berkeley: research and education only",
        "r0k.us/graphics/kodak; the BSDS page of Berkeley's computer vision group",
        len(PHOTOGRAPHS),
    ),
    "packaged": Source(
        "pictures that come with scikit-image",
        "public domain, CC0, no known restrictions, or not stated; see the data card for each",
        "scikit-image, skimage/data", len(PACKAGED_IMAGES),
    ),
    "procedural": Source(
        "textures drawn by rule and chance",
        "CC0: do what you like with them", "blurlib.data.procedural",
    ),
    "text": Source(
        "printed text: two packaged scans, and pages rendered in free fonts",
        "scans as packaged; rendered pages CC0; fonts under their own free licences",
        "scikit-image; blurlib.data.text with the fonts that matplotlib ships",
    ),
    "depth": Source(
        "a photograph with measured depth (motorcycle)",
        "Middlebury 2014: use and publication granted, citation requested",
        "scikit-image, skimage/data; vision.middlebury.edu/stereo/data/scenes2014", 1,
    ),
    "folder": Source("your own image files", "yours", "your disk")}  # fmt: skip
