"""Pictures over each other: wiped or played; beside each other where no script runs."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib.widgets import Compare
from tests.book.axe import WCAG, broken

PAIR = {"dark": torch.zeros(40, 60), "grey": torch.full((40, 60), 128 / 255)}
PULL = {f"{level} px": torch.full((40, 60), 40 * level / 255) for level in range(6)}

GROUND = {"light": "#fff", "dark": "#14181e"}  # a page of the book has its own


@pytest.fixture(params=["http", "file"])
def opened(request, write_page, open_page, served):
    """Return a function that opens a page with such pictures and waits for the slider."""

    def give(pictures, rest="", **options):
        path = write_page(Compare(pictures, text="A wall").to_html())
        address = path.as_uri() if request.param == "file" else served
        page = open_page(address + rest, **options)
        page.wait_for_selector(".bw-compare")
        return page

    return give


def greys(page):
    """Return the grey that is seen at an eighth and at seven eighths of the width."""
    page.wait_for_timeout(60)  # a few frames
    seen = Image.open(io.BytesIO(page.locator(".bw-wipe").screenshot())).convert("L")
    row = np.asarray(seen)[5]
    return [int(row[len(row) // 8]), int(row[7 * len(row) // 8])]


def handle(page):
    return page.get_by_role("slider")


def test_two_are_wiped(opened):
    page = opened(PAIR)
    assert handle(page).get_attribute("aria-label") == "A wall: from dark to grey"
    assert (
        handle(page).get_attribute("aria-valuetext")
        == "dark on 50 % of the width, grey on the rest"
    )
    assert greys(page) == [0, 128]
    handle(page).press("End")
    assert greys(page) == [0, 0]
    handle(page).press("Home")
    assert greys(page) == [128, 128]
    box = page.locator(".bw-wipe").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 40)
    page.mouse.up()
    assert greys(page) == [0, 128]
    assert abs(float(handle(page).input_value()) - 60) <= 1
    page.wait_for_url("**#lab-compare?at=0.6*")
    assert page.get_by_role("button").count() == 0


def test_more_are_gone_through_and_played_once(opened):
    page = opened(PULL, "#lab-compare?at=0")
    assert greys(page) == [0, 0]
    page.wait_for_timeout(400)
    assert handle(page).input_value() == "0"  # nothing moves by itself
    handle(page).press("ArrowRight")
    assert greys(page) == [40, 40]
    assert handle(page).get_attribute("aria-valuetext") == "1 px"
    page.get_by_role("button", name="Play").press("Enter")
    shown = "[...document.querySelectorAll('.bw-wipe img')].find((x) => !x.style.visibility)"
    page.wait_for_function(f"{shown}.alt === 'A wall: 5 px'")  # asked at every frame
    page.get_by_role("button", name="Play").wait_for()  # there, and back
    assert greys(page) == [0, 0]
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.bw-wipe input').value === '2'")
    page.get_by_role("button", name="Pause").click()
    stood = handle(page).input_value()
    page.wait_for_timeout(400)
    assert handle(page).input_value() == stood
    page.get_by_role("button", name="Reset").press("Enter")
    page.wait_for_function("document.querySelector('.bw-wipe input').value === '3'")  # 0.5 of 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pictures", [PAIR, PULL], ids=["two", "more"])
def test_it_fits_a_phone_and_the_focus_is_seen(write_page, open_page, pictures, scheme):
    path = write_page(Compare(pictures, text="A wall").to_html())
    options = {"viewport": {"width": 360, "height": 800}, "color_scheme": scheme}
    page = open_page(path.as_uri(), reduced_motion="reduce", **options)
    page.wait_for_selector(".bw-compare")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.add_style_tag(content=f"body {{ background: {GROUND[scheme]} }}")
    assert not broken(page, "tag", WCAG)
    for target in page.locator(".bw-compare :is(input, button):visible").all():
        assert target.bounding_box()["height"] >= 24
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_without_a_script_they_stand_side_by_side(write_page, open_page):
    path = write_page(Compare(PULL, text="A wall").to_html())
    page = open_page(path.as_uri(), java_script_enabled=False)
    picture = page.get_by_role("img")
    assert picture.get_attribute("alt") == "A wall. On the left: 0 px; on the right: 5 px."
    assert picture.evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == [128, 40]


def test_other_shapes_or_one_picture_are_refused():
    for wrong in ({"a": torch.zeros(9, 9)}, {"a": torch.zeros(9, 9), "b": torch.zeros(9, 8)}):
        with pytest.raises(ValueError, match="two or more pictures of one shape"):
            Compare(wrong, text="A wall")
