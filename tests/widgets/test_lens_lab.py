"""The lens laboratory's numbers and its picture are those of blurlib.blur."""

import math

import numpy as np
import pytest
import torch
from traitlets import TraitError

from blurlib.blur import VaryingBlur, coc_diameter, coc_diameter_to_sigma
from blurlib.widgets import LensLab

DEPTHS = [0.11, 0.2, 0.5, 1.0, 2.25, 3.0, 5.0, 40.0]
LENSES = [(s, N, f) for s in (0.2, 1.0, 2.25, 5.0) for N in (1.4, 5.6, 16) for f in (0.004, 0.05)]
SIGMAS = [0, 0.2, 0.25, 0.4, 1.3, 3.7, 6.0]

RUN = """async ([lenses, depths, picture, levels, sigmas]) => {
  const { spot, sigmaAt, twoDepths, gatherer, gather } = await import("/parts/lens.js");
  const of = ([focus, number, length]) => ({ focus, number, length, pitch: 1e-4 });
  const way = gatherer({ ...picture, data: Float64Array.from(picture.data) }, levels, sigmas);
  return {
    spots: lenses.map((one) => depths.map((depth) => spot(of(one), depth))),
    sigmas: lenses.map((one) => depths.map((depth) => sigmaAt(of(one), depth))),
    pairs: lenses.map((one) => depths.map((depth) => twoDepths(of(one), depth).map(String))),
    seen: [...gather(way).data],
    rough: [...gather(way, 3).data],
  };
}"""


@pytest.fixture(scope="module")
def javascript(modules):
    rng = torch.Generator().manual_seed(0)
    picture = torch.rand(19, 26, generator=rng, dtype=torch.float64)
    levels = torch.randint(len(SIGMAS), (19, 26), generator=rng)
    sent = {"width": 26, "height": 19, "data": picture.flatten().tolist()}
    told = [LENSES, DEPTHS, sent, levels.flatten().tolist(), SIGMAS]
    return picture, levels, modules.evaluate(RUN, told)


@pytest.mark.parametrize("at", range(len(LENSES)), ids=map(str, LENSES))
def test_javascript_equals_python(javascript, at):
    _, _, got = javascript
    focus, number, length = LENSES[at]
    lens = {"focus_distance": focus, "f_number": number, "focal_length": length}
    depths = torch.tensor(DEPTHS, dtype=torch.float64)
    diameters = coc_diameter(depths, **lens)
    np.testing.assert_allclose(np.abs(got["spots"][at]), diameters, rtol=1e-9, atol=1e-15)
    assert (np.sign(got["spots"][at]) == torch.sign(depths - focus).numpy()).all()
    wanted = coc_diameter_to_sigma(diameters, pixel_pitch=1e-4)
    np.testing.assert_allclose(got["sigmas"][at], wanted, rtol=1e-9, atol=1e-12)
    for depth, diameter, pair in zip(DEPTHS, diameters, got["pairs"][at], strict=True):
        near, far = map(float, (one.replace("Infinity", "inf") for one in pair))
        assert 0 < near <= focus <= far and min(abs(near - depth), abs(far - depth)) < 1e-9
        assert coc_diameter(near, **lens) == pytest.approx(diameter.item(), rel=1e-9)
        if far < math.inf:
            assert coc_diameter(far, **lens) == pytest.approx(diameter.item(), rel=1e-6, abs=1e-15)
        else:
            assert coc_diameter(math.inf, **lens) <= diameter * (1 + 1e-12)


def test_each_pixel_gathers_its_own_disk(javascript):
    picture, levels, got = javascript
    field = torch.tensor(SIGMAS, dtype=torch.float64)[levels]
    wanted = VaryingBlur(field, "disk").forward(picture)
    np.testing.assert_allclose(np.reshape(got["seen"], wanted.shape), wanted, rtol=0, atol=1e-6)
    rough = np.reshape(got["rough"], wanted.shape)
    np.testing.assert_allclose(rough[::3, ::3], wanted[::3, ::3], rtol=0, atol=1e-6)
    between = (2 * wanted[0, :-3:3] + wanted[0, 3::3]) / 3
    np.testing.assert_allclose(rough[0, 1:-1:3], between, rtol=0, atol=1e-6)


LEVELS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return Array.from({ length: (width * height) / 9 }, (_, i) =>
    data[4 * ((3 * Math.floor((3 * i) / width) + 1) * width + ((3 * i) % width) + 1)]);
}"""


def check_picture(page, lab):
    """What is seen is what Python sees, to a grey level, but for the ring."""
    down, across = (torch.arange(float(size)) for size in lab.sharp.shape)
    clear = torch.hypot(*torch.meshgrid(down - lab.row, across - lab.column, indexing="ij")) > 8
    wanted = (255 * lab.blurred.clamp(0, 1)).round()[clear].numpy()
    for _ in range(100):  # a wide blur comes in slices
        got = page.locator(".bw-seen canvas").evaluate(LEVELS)
        off = np.abs(np.reshape(got, lab.sharp.shape)[clear.numpy()] - wanted).max()
        if off <= 1:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{off} grey levels off")


def check_numbers(page, lab):
    near, far = lab.depths
    shown = page.locator(".bw-facts dd")
    pair = f"{near:.2f} m" + (" only" if math.isinf(far) else f" or {far:.2f} m")
    shown.nth(0).get_by_text(f"{lab.sigma:.2f} px", exact=True).wait_for()
    shown.nth(2).get_by_text(pair, exact=True).wait_for()
    assert shown.nth(3).inner_text() == f"{lab.depth[lab.row, lab.column]:.2f} m"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_sees_what_the_kernel_sees(write_page, open_page, served, scheme):
    lab = LensLab()
    path = write_page(lab.to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.wait_for_selector(".lens-lab")
    check_picture(page, lab)
    check_numbers(page, lab)
    page.evaluate("location.hash = '#lab-lens?focus_distance=0.5&f_number=2.8&row=190&column=250'")
    lab.focus_distance, lab.f_number, lab.row, lab.column = 0.5, 2.8, 190, 250
    check_numbers(page, lab)
    check_picture(page, lab)
    slider = page.get_by_role("slider", name="Focal length")
    slider.fill("24")
    slider.press("ArrowRight")
    lab.focal_length = 25
    check_numbers(page, lab)


def test_a_tap_or_a_key_takes_another_pixel(write_page, open_page):
    lab = LensLab(focus_distance=3.0)
    page = open_page(write_page(lab.to_html()).as_uri())
    page.wait_for_selector(".lens-lab")
    canvas = page.get_by_role("application")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    page.wait_for_url("**#lab-lens?column=*&row=*")
    lab.column, lab.row = (int(one.split("=")[1]) for one in page.url.split("?")[1].split("&"))
    assert abs(lab.row - 56) <= 1 and abs(lab.column - 216) <= 1
    check_numbers(page, lab)
    for key in ("ArrowDown", "Shift+ArrowLeft", "ArrowRight", "Shift+ArrowUp"):
        canvas.press(key)
    lab.row, lab.column = lab.row + 2 - 20, lab.column - 20 + 2
    check_numbers(page, lab)
    assert f"row {lab.row}, column {lab.column}" in canvas.get_attribute("aria-label")
    told = page.get_by_role("status").get_by_text(f"row {lab.row}, column {lab.column}")
    told.wait_for(state="attached")
    for _ in range(8):
        canvas.press("Shift+ArrowUp")
    lab.row = 0  # the picture ends
    check_numbers(page, lab)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.get_by_role("button", name="Reset").click()
    check_numbers(page, LensLab(focus_distance=3.0))


def test_the_depths_are_two_and_the_limits_hold():
    lab = LensLab(f_number=2.8)
    for focus in (2.25, 2.6, 5):
        lab.focus_distance = focus
        lens = {k: v for k, v in lab.lens.items() if k != "pixel_pitch"}
        for depth in lab.depths:
            if depth < math.inf:
                spot = coc_diameter(depth, **lens)
                sigma = coc_diameter_to_sigma(spot, pixel_pitch=lab.lens["pixel_pitch"])
                assert sigma == pytest.approx(lab.sigma, rel=1e-5, abs=1e-9)
    lab.row, lab.column = 223, 150  # nearer than half of the distance in focus
    assert lab.depths[1] == math.inf
    with pytest.raises(TraitError, match="focus_distance must be .* from 0.2 to 5 m"):
        lab.focus_distance = 0.1
    assert "sharp and through a lens of 50 mm at f/2.8" in lab.poster()[1]
    assert len(lab.to_html()) < 200_000
