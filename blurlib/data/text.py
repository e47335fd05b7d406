"""Printed text: a page of words in free fonts, drawn by us, sharp to the pixel.

As in the procedural textures, the page is drawn at twice the resolution and 2x2 blocks are
averaged, as a sensor's pixel averages the light that falls on it.
"""

import importlib.util
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional

from .._checks import check_choice, check_generator, check_integer, check_shape
from .images import as_image
from .procedural._canvas import uniform

#: Smallest and largest height of the letters that may be asked for, in pixels.
SMALLEST_LETTERS, LARGEST_LETTERS = 8, 96

#: Heights that are drawn when none is asked for, in pixels.
_USUAL_LETTERS = (10, 32)

#: The fonts by name: files that matplotlib ships, all free (see its LICENSE_DEJAVU, LICENSE_STIX).
FONTS = {
    "DejaVu Sans": "DejaVuSans.ttf", "DejaVu Sans Bold": "DejaVuSans-Bold.ttf",
    "DejaVu Sans Oblique": "DejaVuSans-Oblique.ttf", "DejaVu Sans Mono": "DejaVuSansMono.ttf",
    "DejaVu Sans Mono Bold": "DejaVuSansMono-Bold.ttf", "DejaVu Serif": "DejaVuSerif.ttf",
    "DejaVu Serif Bold": "DejaVuSerif-Bold.ttf", "DejaVu Serif Italic": "DejaVuSerif-Italic.ttf",
    "STIX General": "STIXGeneral.ttf", "STIX General Bold": "STIXGeneralBol.ttf",
    "STIX General Italic": "STIXGeneralItalic.ttf"}  # fmt: skip

_WORDS = """
Light leaves every point of a scene in all directions; a lens collects some of it and bends it
back to a point. If the sensor lies a little too near or too far, the point becomes a disk, and
each disk overlaps its neighbours: that is blur. At f/2.8 the disk is twice as wide as at f/5.6, and
its area four times as large. "Sharp" means: smaller than a pixel, say 4 or 5 microns (0.005 mm).
Dust, fog, a shaking hand (1/15 s is long!) and a quick bicycle do the same in other ways. Who
looks at the edge of a letter sees how far black ink has crept into white paper; what remains of
the thin strokes tells the rest. Why not measure it? A window of 32 x 32 pixels holds 1024 numbers,
enough for a guess; 96 % of them may be dull. Zoom, judge, verify & keep the best: No. 7, 68 or 93.
""".split()


def _font_file(name):
    """Return the path of a font, found without importing matplotlib: that takes a second."""
    folder = Path(importlib.util.find_spec("matplotlib").origin).parent
    path = folder / "mpl-data" / "fonts" / "ttf" / FONTS[name]
    if not path.is_file():
        raise FileNotFoundError(f"the font {name!r} is not at {path}; reinstall matplotlib.")
    return path


def _integer(rng, low, high):
    """Draw an integer from `low` to `high`, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def _line(font, room, rng):
    """Return random words that fill a line of `room` pixels; one at least, however long."""
    line = _WORDS[_integer(rng, 0, len(_WORDS) - 1)]
    while font.getlength(longer := f"{line} {_WORDS[_integer(rng, 0, len(_WORDS) - 1)]}") <= room:
        line = longer
    return line


def _page(height, width, font, size, rng):
    """Return the ink of a page: a Pillow picture, 255 where there is ink."""
    page = Image.new("L", (width, height))
    pen = ImageDraw.Draw(page)
    # On a small picture the margin must leave room for the letters.
    left = min(uniform(rng, 0.5, 1.5) * size, width / 12)
    top = min(uniform(rng, 0.3, 1.2) * size, height / 12)
    leading = uniform(rng, 1.15, 1.5) * size
    row, lines = top, _integer(rng, 3, 8)
    indent = 0.0
    while row < height - top:
        room = width - 2 * left - indent
        lines -= 1
        if lines == 0:  # a paragraph's last line is short
            room *= uniform(rng, 0.3, 0.9)
        pen.text((round(left + indent), round(row)), _line(font, room, rng), fill=255, font=font)
        row, indent = row + leading, 0.0
        if lines == 0:
            lines = _integer(rng, 3, 8)
            row, indent = row + 0.4 * leading, min(1.5 * size, width / 12)
    return page


def rendered_text(shape, *, rng, font=None, size=None):
    """Draw a page of printed text: dark ink on light paper.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    rng : torch.Generator
        Source of all that is random in it: words, margins, paragraphs, tones of ink and paper.
    font : str, optional
        One of `blurlib.data.FONTS`; by default drawn at random.
    size : int, optional
        Height of the font in pixels, from 8 to 96: from the top of tall letters to the bottom of
        hanging ones, about twice the height of an x. By default drawn at random from 10 to 32.

    Returns
    -------
    page : Tensor of shape (H, W)
        float32 in [0, 1]; the paper has 0.85 or more, the ink 0.2 or less.

    Raises
    ------
    TypeError, ValueError
        If the font is unknown, shape or size are out of range, or `rng` is no
        torch.Generator.
    FileNotFoundError
        If matplotlib, or the font's file in it, is not there.

    Notes
    -----
    The words come from a paragraph of our own, so the page is free. The same seed gives the same
    page on one installation; another version of FreeType may round the letters' edges otherwise.
    Between lines the page is blank, and on a blank place nothing can tell a blur.

    Examples
    --------
    >>> page = rendered_text((40, 60), rng=torch.Generator().manual_seed(0), size=12)
    >>> page.shape
    torch.Size([40, 60])
    """
    height, width = check_shape(shape)
    check_generator(rng, cpu=True)
    # Drawn even when given, so that naming the font that was drawn changes nothing else.
    drawn = tuple(FONTS)[_integer(rng, 0, len(FONTS) - 1)]
    usual = _integer(rng, *_USUAL_LETTERS)
    font = check_choice(drawn if font is None else font, "font", FONTS)
    size = usual if size is None else size
    size = check_integer(size, "size", low=SMALLEST_LETTERS, high=LARGEST_LETTERS)
    paper, ink = uniform(rng, 0.85, 1.0), uniform(rng, 0.0, 0.2)
    # Pillow's own layout, since the other one is not in every build of it.
    letters = ImageFont.truetype(_font_file(font), 2 * size, layout_engine=ImageFont.Layout.BASIC)
    fine = as_image(_page(2 * height, 2 * width, letters, 2 * size, rng))
    covered = functional.avg_pool2d(fine[None, None], 2)[0, 0]
    return (paper + (ink - paper) * covered).clamp(0, 1)
