"""What every laboratory has from its base: reset, its state in the address and told."""

import pytest

from blurlib.widgets import DeblurLab, GuessLab, PSFExplorer, SmoothingLab, SpectrumLab

LABS = {
    "guess": lambda: GuessLab(),
    "wiener": lambda: DeblurLab(),
    "richardson-lucy": lambda: DeblurLab(method="richardson-lucy"),
    "gaussian": lambda: PSFExplorer(),
    "motion": lambda: PSFExplorer(shape="motion"),
    "shake": lambda: PSFExplorer(shape="shake"),
    "smoothing": lambda: SmoothingLab(),
    "spectrum": lambda: SpectrumLab(noise=1),
}
DRAWN = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
  [...document.querySelectorAll("canvas")].map((one) => one.toDataURL()).join() +
  [...document.querySelectorAll("svg")].map((one) => one.outerHTML).join()))))"""


def slider(page, name="Sigma"):
    return page.get_by_role("slider", name=name)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_address_sets_a_lab_and_follows_it(write_page, open_page, served, scheme):
    path = write_page(PSFExplorer().to_html())
    address = path.as_uri() if scheme == "file" else served
    page = open_page(f"{address}#lab-psf_explorer?shape=disk&sigma=2.5&length=99&angle=x&no=1")
    page.wait_for_selector(".psf-explorer")
    page.get_by_text("2.50 px, radius 5.00 px").wait_for()
    slider(page).press("ArrowRight")
    page.wait_for_url("**#lab-psf_explorer?shape=disk&sigma=2.55")
    page.evaluate("location.hash = '#lab-psf_explorer?shape=motion&length=4'")  # a link in the page
    slider(page, "Length").wait_for()
    assert slider(page, "Length").input_value() == "4"
    page.get_by_role("button", name="Reset").press("Enter")
    page.get_by_text("1.50 px", exact=True).first.wait_for()
    page.wait_for_url("**#lab-psf_explorer?")
    assert page.get_by_role("radio", name="Gaussian").is_checked()


def test_a_link_moves_only_its_lab(write_page, open_page):
    path = write_page(PSFExplorer().to_html(), PSFExplorer().to_html())
    page = open_page(f"{path.as_uri()}#lab-psf_explorer-2?sigma=4")
    page.wait_for_function("document.querySelectorAll('.psf-explorer').length === 2")
    assert [one.input_value() for one in slider(page).all()] == ["1.5", "4"]


def test_a_link_opens_the_fold_that_holds_the_lab(write_page, open_page):
    folded = f"<details><summary>Open</summary>{PSFExplorer().to_html()}</details>"
    path = write_page("<p>Text.</p>" * 100, folded)
    page = open_page(path.as_uri())
    page.wait_for_selector(".psf-explorer", state="attached")
    assert not slider(page).is_visible()
    page.evaluate("location.hash = '#lab-psf_explorer?sigma=3'")
    page.get_by_text("3.00 px", exact=True).first.wait_for()
    view = page.locator(".bw-psf canvas")
    assert view.is_visible() and view.bounding_box()["width"] > 100
    assert page.evaluate("scrollY") > 500


def test_what_changed_is_told_once_it_rests(write_page, open_page):
    page = open_page(write_page(PSFExplorer().to_html()).as_uri())
    page.wait_for_selector(".psf-explorer")
    assert page.get_by_role("status").inner_text() == ""
    slider(page).fill("2")
    said = page.get_by_role("status").get_by_text("effective sigma 2.00 pixels")
    said.wait_for(state="attached")
    assert slider(page).get_attribute("aria-valuetext") == "2.00 px"


@pytest.mark.parametrize("name", LABS)
def test_targets_are_large_and_the_focus_is_seen(name, write_page, open_page):
    viewport = {"width": 360, "height": 800}
    page = open_page(write_page(LABS[name]().to_html()).as_uri(), viewport=viewport)
    page.wait_for_selector(".bw-look")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in page.locator(".bw :is(input[type=range], .bw-segmented span, button)").all():
        assert not target.is_visible() or target.bounding_box()["height"] >= 24
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    assert page.evaluate(outline) == "solid"


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", LABS)
def test_every_control_moves_the_drawing(name, write_page, open_page, served, scheme):
    """By keyboard and by pointer; `open_page` fails on any error in the console."""
    path = write_page(LABS[name]().to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.wait_for_selector(".bw-look")
    drawn = page.evaluate(DRAWN)

    def moved(control):
        nonlocal drawn
        before, drawn = drawn, page.evaluate(DRAWN)
        assert drawn != before, control

    for control in page.get_by_role("slider").all():
        if not control.is_visible():
            continue
        label = control.get_attribute("aria-label")
        control.press(
            "PageDown" if control.input_value() == control.get_attribute("max") else "End"
        )
        moved(f"{label} by keyboard")
        box = control.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
        moved(f"{label} by pointer")
    page.get_by_role("button", name="Reset").click()
    moved("Reset by pointer")
    for group in page.get_by_role("radiogroup").all():
        if not group.is_visible():
            continue
        label = group.get_attribute("aria-label")
        group.locator("input:checked").press("ArrowRight")
        moved(f"{label} by keyboard")
        group.locator("label:has(input:not(:checked))").first.click()
        moved(f"{label} by pointer")
    page.locator("input[type=range]:visible").first.press("End")
    moved("back to a setting of its own")
    page.get_by_role("button", name="Reset").press("Enter")
    moved("Reset by keyboard")
