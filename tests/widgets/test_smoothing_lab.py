"""The smoothing laboratory's numbers are those of blurlib.maps.smooth."""

import numpy as np
import pytest
import torch
from traitlets import TraitError

from blurlib.maps import BOUNDARIES, NEIGHBOURHOODS, rmse, smooth
from blurlib.widgets import SmoothingLab

RUN = """async ([width, height, map, truth, ways, numbers]) => {
  const { smoother } = await import("/parts/waves.js");
  const [of, target] = [map, truth].map((data) => ({ width, height, data }));
  return ways.map(([way, border]) => {
    const { smoothed, error } = smoother(target, way, border)(of);
    return numbers.map((n) => [[...smoothed(n).data], error(n)]);
  });
}"""
NUMBERS = [0, 1, 2, 7, 100, 12_000]
WAYS = [(way, border) for way in NEIGHBOURHOODS for border in BOUNDARIES]


@pytest.fixture(scope="module")
def javascript(modules):
    rng = torch.Generator().manual_seed(0)
    values, truth = torch.rand(2, 12, 19, generator=rng, dtype=torch.float64)
    sent = [19, 12, *(part.flatten().tolist() for part in (values, truth)), WAYS, NUMBERS]
    return values, truth, modules.evaluate(RUN, sent)


@pytest.mark.parametrize("at", range(len(WAYS)), ids=map("-".join, WAYS))
def test_javascript_equals_python(javascript, at):
    values, truth, results = javascript
    way, border = WAYS[at]
    pinned = {} if border == "neumann" else {"dirichlet_values": truth}
    for n, (got, error) in zip(NUMBERS, results[at], strict=True):
        wanted = smooth(values, n, way, boundary=border, **pinned)
        np.testing.assert_allclose(np.reshape(got, wanted.shape), wanted, rtol=0, atol=1e-9)
        assert error == pytest.approx(rmse(wanted, truth), abs=1e-9)


@pytest.fixture(scope="module")
def widget():
    return SmoothingLab()


def test_the_page_shows_what_the_kernel_computes(widget, write_page, open_page):
    page = open_page(write_page(widget.to_html()).as_uri())
    page.wait_for_selector(".smoothing-lab")
    shown = page.locator(".bw-facts dd")
    before = rmse(widget.sigma_map, widget.truth)
    assert shown.nth(0).inner_text() == f"{before:.3f} px"
    assert shown.nth(1).inner_text() == f"{rmse(widget.smoothed, widget.truth):.3f} px"
    page.evaluate("""location.hash = '#lab-smoothing?neighbourhood=jacobi&border=dirichlet' +
        '&iterations=12000'""")
    moved = SmoothingLab(neighbourhood="jacobi", border="dirichlet", iterations=12_000)
    digits = f"{rmse(moved.smoothed, moved.truth):.2e}".replace("e-05", " · 10⁻⁵ px")
    page.locator(".bw-facts").get_by_text(digits, exact=True).wait_for()
    assert "12,000" in page.get_by_role("slider").get_attribute("aria-valuetext")


def test_the_map_is_in_steps_and_the_truth_is_not(widget):
    tenths = 10 * widget.sigma_map
    assert torch.equal(tenths, tenths.round()) and tenths.unique().numel() > 10
    assert widget.truth.shape == widget.sigma_map.shape == (97, 97)
    assert rmse(widget.sigma_map, widget.truth) < 0.2
    assert "RMSE 0.1" in widget.poster()[1]
    assert len(widget.to_html()) < 60_000
    with pytest.raises(TraitError):
        widget.iterations = 20_001
