"""The explorer in a real browser: its numbers are Python's, and it works without a kernel."""

import re

import numpy as np
import pytest
import torch

from blurlib.blur import (
    blur_uniform,
    disk_psf,
    effective_sigma,
    gaussian_psf,
    motion_psf,
    otf,
    quantize,
)
from blurlib.widgets import PSFExplorer


def cut_psf(sigma, truncate, dtype=torch.float32):
    return gaussian_psf(sigma, truncate=truncate, dtype=dtype)


def drawn_shake(extent, seed, dtype=torch.float32):
    psf = PSFExplorer(shape="shake", extent=extent, seed=seed).psf
    return psf.to(dtype) / psf.to(dtype).sum()


CASES = [("gaussianPsf", gaussian_psf, (sigma,)) for sigma in (0, 0.1, 0.3, 0.5, 0.75, 1, 2.35, 5)]
CASES += [("gaussianPsf", cut_psf, (sigma, 2)) for sigma in (0.3, 1, 2.35)]
CASES += [("diskPsf", disk_psf, (r,)) for r in (0, 0.2, 0.5, 0.6, 1, 1.5, 2.7, 4, 10)]
CASES += [("shakePsf", drawn_shake, case) for case in ((0, 0), (3.5, 1), (8, 2), (15, 999))]
CASES += [
    ("motionPsf", motion_psf, (length, angle))
    for length in (0, 0.5, 1, 7.5, 10, 30)
    for angle in (0, 30, 45, 90, 137, 180)
]

RUN = """async ([cases, picture]) => {
  const module = await import("/parts/psf.js");
  return cases.map(([name, args]) => {
    const psf = module[name](...args);
    const blurred = picture && psf.size < 2 * picture.height ? module.convolve(picture, psf) : null;
    return {
      size: psf.size, data: [...psf.data], sigma: module.effectiveSigma(psf),
      cuts: [0, 1].map((axis) => module.otfCut(psf, [0, 0.125, 0.25, 0.375, 0.5], axis)),
      blurred: blurred && [...blurred.data],
      changed: blurred && module.changedPixels(picture, blurred),
    };
  });
}"""


@pytest.fixture(scope="module")
def javascript(modules):
    """Compute every case once: PSF, effective sigma, OTF cuts and a blurred picture."""
    picture = torch.rand(41, 53, generator=torch.Generator().manual_seed(0))
    sent = {"width": 53, "height": 41, "data": picture.double().flatten().tolist()}
    cases = [[name, args] for name, _, args in CASES]
    return picture, modules.evaluate(RUN, [cases, sent])


@pytest.mark.parametrize("index", range(len(CASES)), ids=[f"{n}{a}" for n, _, a in CASES])
def test_javascript_equals_python(javascript, index):
    picture, results = javascript
    _, make, args = CASES[index]
    got, psf = results[index], make(*args, dtype=torch.float64)
    assert got["size"] == len(psf)
    np.testing.assert_allclose(np.reshape(got["data"], psf.shape), psf, rtol=0, atol=1e-6)
    assert got["sigma"] == pytest.approx(effective_sigma(psf), abs=1e-6)
    transfer = otf(psf, (64, 64))
    transfer = transfer.abs() if CASES[index][0] == "shakePsf" else transfer.real
    np.testing.assert_allclose(got["cuts"][0], transfer[0, 0:33:8], atol=1e-6)
    np.testing.assert_allclose(got["cuts"][1], transfer[0:33:8, 0], atol=1e-6)
    blurred = blur_uniform(picture, make(*args), padding_mode="reflect")
    np.testing.assert_allclose(
        np.reshape(got["blurred"], blurred.shape), blurred, rtol=0, atol=1e-5
    )
    changed = 100 * (quantize(blurred) != quantize(picture)).double().mean()
    assert got["changed"] == pytest.approx(changed.item(), abs=0.1)  # one pixel of 2173: 0.05


def pixels(page, panel):
    """Give what a canvas shows, as (H, W) levels at the picture's own scale."""
    width, levels = page.locator(f".{panel} canvas").first.evaluate(
        """canvas => {
          const small = document.createElement("canvas");
          Object.assign(small, { width: canvas.width / 4, height: canvas.height / 4 });
          const context = small.getContext("2d");
          context.imageSmoothingEnabled = false;
          context.drawImage(canvas, 0, 0, small.width, small.height);
          const levels = context.getImageData(0, 0, small.width, small.height).data;
          return [small.width, Array.from(levels.filter((_, i) => i % 4 === 0))];
        }"""
    )
    return np.reshape(levels, (-1, width))


def shown_sigma(page):
    return page.locator(".bw-facts dd").first.inner_text()


def settle(page):
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_without_a_kernel_the_picture_follows(write_page, open_page, served, scheme):
    explorer = PSFExplorer(sigma=1.5)
    path = write_page(explorer.to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.wait_for_selector(".psf-explorer")

    def check():
        settle(page)
        wanted = torch.round(255 * explorer.blurred.clamp(0, 1))
        assert np.abs(pixels(page, "bw-blurred") - wanted.numpy()).max() <= 1
        assert shown_sigma(page) == f"{effective_sigma(explorer.psf):.2f} px"

    check()
    page.get_by_role("slider", name="Sigma").fill("3")
    explorer.sigma = 3
    check()
    page.get_by_text("2 sigma", exact=True).click()
    explorer.truncate = 2
    check()
    page.get_by_text("Disk").click()
    explorer.shape = "disk"
    check()
    assert "radius 6.00 px" in page.locator(".bw-value").first.inner_text()
    page.get_by_text("Motion").click()
    page.get_by_role("slider", name="Sigma").wait_for(state="hidden")
    page.get_by_role("slider", name="Length").fill("17.5")
    page.get_by_role("slider", name="Angle").fill("120")
    page.get_by_role("slider", name="Angle").press("ArrowRight")
    explorer.shape, explorer.length, explorer.angle = "motion", 17.5, 121
    check()
    page.get_by_text("Camera shake").click()
    page.get_by_role("slider", name="Extent").fill("6.5")
    page.get_by_role("button", name="Redraw").press("Enter")
    explorer.shape, explorer.extent, explorer.seed = "shake", 6.5, 2
    check()


def test_widgets_on_one_page_are_independent(write_page, open_page):
    path = write_page(PSFExplorer(sigma=1).to_html(), PSFExplorer(shape="disk", sigma=2).to_html())
    page = open_page(path.as_uri())
    page.wait_for_function("document.querySelectorAll('.psf-explorer').length === 2")
    first, second = page.locator(".psf-explorer").all()
    first.get_by_text("Motion").click()
    first.get_by_role("slider", name="Length").wait_for()
    assert second.get_by_role("radio", name="Disk").is_checked()
    assert second.get_by_role("slider", name="Sigma").is_visible()


def test_sliders_have_the_limits_of_the_traits(write_page, open_page):
    page = open_page(write_page(PSFExplorer().to_html()).as_uri())
    page.wait_for_selector(".psf-explorer")
    for name in ("sigma", "length", "angle", "extent"):
        slider = page.get_by_label(name.capitalize(), exact=True)
        trait = PSFExplorer.class_traits()[name]
        assert float(slider.get_attribute("min")) == trait.low
        assert float(slider.get_attribute("max")) == trait.high


def test_without_javascript_the_poster_stands(write_page, open_page):
    path = write_page(PSFExplorer().to_html())
    page = open_page(path.as_uri(), java_script_enabled=False)
    poster = page.get_by_role("img")
    assert poster.is_visible() and poster.bounding_box()["height"] > 100
    assert "effective sigma" in poster.get_attribute("alt")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((r"psf_explorer\b", "nonesuch"), 'no module named "nonesuch"'),
        (("data-state=.", 'data-state="!'), "JSON"),
        (("iVBOR", "AAAAA"), "could not start"),
    ],
)
def test_an_error_stands_in_place_of_the_widget(write_page, open_page, change, said):
    path = write_page(re.sub(*change, PSFExplorer().to_html(), count=1))
    page = open_page(path.as_uri())
    note = page.get_by_role("alert")
    note.wait_for()
    assert "This interactive figure could not start" in note.inner_text()
    assert said in note.inner_text()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_and_is_readable(write_page, open_page, width, scheme):
    path = write_page(PSFExplorer(shape="motion").to_html())
    viewport = {"width": width, "height": 900}
    page = open_page(path.as_uri(), viewport=viewport, color_scheme=scheme)
    page.wait_for_selector(".psf-explorer")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink = page.locator(".psf-explorer").evaluate("e => getComputedStyle(e).color")
    level = np.mean([int(part) for part in re.findall(r"\d+", ink)[:3]])
    assert level < 80 if scheme == "light" else level > 180


@pytest.mark.parametrize(("width", "scale"), [(1280, 1), (390, 1), (390, 3)])
def test_the_psf_has_whole_pixels_of_the_screen(write_page, open_page, width, scale):
    viewport = {"width": width, "height": 900}
    path = write_page(PSFExplorer(sigma=1.5).to_html())
    page = open_page(path.as_uri(), viewport=viewport, device_scale_factor=scale)
    page.wait_for_selector(".psf-explorer")
    settle(page)
    pixels_across, shown, room = page.locator(".bw-psf canvas").evaluate(
        "one => [one.width, one.clientWidth, one.parentElement.clientWidth]"
    )
    assert pixels_across % 21 == 0
    assert pixels_across == pytest.approx(shown * scale, abs=scale)
    assert room - 2 - 21 / scale < shown <= room - 2 + 1
