"""Printed text: seeded, inked, sharp to the pixel, in every font."""

import pytest
import torch

from blurlib import blur
from blurlib.data import text

EVERY_FONT = pytest.mark.parametrize("font", sorted(text.FONTS))


def draw(shape=(96, 160), seed=0, **options):
    return text.rendered_text(shape, rng=torch.Generator().manual_seed(seed), **options)


def detail(image):
    return image.diff(dim=1).square().mean() + image.diff(dim=0).square().mean()


@pytest.fixture(scope="module")
def page_of_font():
    """Return one page in each font, drawn once for all comparisons."""
    return {font: draw(font=font, size=16) for font in text.FONTS}


@EVERY_FONT
def test_page_is_seeded_and_its_font_shows(font, page_of_font):
    page = page_of_font[font]
    assert page.shape == (96, 160) and page.dtype == torch.float32
    assert torch.equal(page, draw(font=font, size=16))
    assert not torch.equal(page, draw(font=font, size=16, seed=1))
    others = [page_of_font[other] for other in text.FONTS if other != font]
    assert not any(torch.equal(page, other) for other in others)


@EVERY_FONT
@pytest.mark.parametrize("size", [8, 20, 96])
def test_page_is_dark_ink_on_light_paper(font, size):
    page = draw((256, 320), font=font, size=size)
    paper, darkest = page.max(), page.min()
    assert 0.85 <= paper <= 1 and darkest >= 0
    # Strokes of the smallest letters are thinner than a pixel and stay grey.
    assert darkest <= (0.2 if size > 8 else 0.6)
    ink = (page < paper - 0.3).float().mean()
    assert 0.02 < ink < 0.35


@EVERY_FONT
@pytest.mark.parametrize("size", [8, 12, 32, 96])
def test_page_is_sharp(font, size):
    page = draw((256, 256), font=font, size=size)
    blurred = blur.blur_uniform(page, blur.gaussian_psf(1.0))
    assert detail(blurred) < 0.5 * detail(page)


def test_large_letters_go_from_ink_to_paper_within_two_pixels():
    page = draw((200, 300), font="DejaVu Sans Bold", size=64)
    contrast = page.max() - page.min()
    assert (page[:, 2:] - page[:, :-2]).abs().max() > 0.99 * contrast
    # A pixel's share of an edge that crosses it is grey: without it, letters would be jagged.
    between = (page > page.min() + 0.1 * contrast) & (page < page.max() - 0.1 * contrast)
    assert 0.01 < between.float().mean() < 0.2


@pytest.mark.parametrize("size", [12, 40])
def test_size_is_the_height_of_a_line_of_letters(size):
    page = draw((400, 400), font="DejaVu Sans", size=size)
    inked = (page < page.max() - 0.2).any(dim=1).tolist()
    runs = "".join("x" if row else " " for row in inked[: inked.index(False, 300)]).split()
    # From the top of an l (0.76 of the size above the base line) to the foot of a p (0.21 below).
    assert len(runs) > 3
    for run in runs:
        assert 0.7 * size < len(run) < 1.15 * size


def test_font_and_size_are_drawn_when_none_is_asked_for():
    pages = {seed: draw(seed=seed) for seed in range(3)}
    named = 0
    for seed, page in pages.items():
        # Naming what was drawn must change nothing: so each page is among the named ones.
        named += any(
            torch.equal(page, draw(seed=seed, font=font, size=size))
            for font in text.FONTS
            for size in range(10, 33)
        )
    assert named == 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (7, 5), (16, 300), (300, 16)])
def test_any_shape_is_filled(shape):
    for size in (None, 8, 96):
        page = draw(shape, size=size)
        assert page.shape == shape and torch.isfinite(page).all()


def test_small_window_still_shows_letters():
    for seed in range(20):
        page = draw((32, 32), seed=seed)
        assert page.max() - page.min() > 0.3


def test_missing_font_is_named_with_those_that_are_there(monkeypatch):
    monkeypatch.setitem(text.FONTS, "Gone", "Gone.ttf")
    with pytest.raises(FileNotFoundError, match=r"'Gone'.*Gone\.ttf.*reinstall matplotlib"):
        draw(font="Gone")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"font": "Comic Sans"}, ValueError, "font must be one of DejaVu Sans.*'Comic Sans'"),
        ({"size": 7}, ValueError, "size must be an integer from 8 to 96, got 7"),
        ({"size": 97}, ValueError, "size must be an integer from 8 to 96, got 97"),
        ({"size": 12.5}, TypeError, "size must be an integer"),
        ({"shape": (0, 5)}, ValueError, "height"),
        ({"shape": 5}, ValueError, "shape"),
    ],
)
def test_bad_arguments_are_explained(options, error, words):
    with pytest.raises(error, match=words):
        draw(**options)


def test_rng_must_be_a_generator():
    with pytest.raises(TypeError, match="rng must be a torch.Generator"):
        text.rendered_text((20, 20), rng=0)
