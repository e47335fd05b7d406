"""The window laboratory's answers are those of the packaged networks."""

import base64
import copy

import numpy as np
import pytest
import torch
from traitlets import TraitError

from blurlib.blur import hann_window
from blurlib.learn import pretrained
from blurlib.maps import crop_to_windows, rmse
from blurlib.widgets import WindowLab

SIZES = (8, 16, 32)
RUN = """async ([networks, patches]) => {
  const { readNetwork, features, probabilities } = await import("/parts/spectrum_net.js");
  return Object.fromEntries(Object.entries(patches).map(([size, some]) => {
    const network = readNetwork(networks[size]);
    const seen = some.map((patch) => features(network, Float64Array.from(patch)));
    return [size, seen.map((one) => [[...one], [...probabilities(network, one)]])];
  }));
}"""


@pytest.fixture(scope="module")
def lab():
    return WindowLab()


@pytest.fixture(scope="module")
def javascript(lab, modules):
    """Compute patches of both pictures, noise, and one grey without any detail."""
    rng, patches = torch.Generator().manual_seed(0), {}
    for size in SIZES:
        cut = [torch.rand(size, size, generator=rng), torch.full((size, size), 0.5)]
        for name in ("ramp", "step"):
            lab.field = name
            cut += [lab.picture[r:, c:][:size, :size] for r in (0, 61) for c in (0, 55, 130)]
        patches[size] = torch.stack(cut)
    sent = {str(size): some.flatten(1).tolist() for size, some in patches.items()}
    return patches, modules.evaluate(RUN, [lab.networks, sent])


@pytest.mark.parametrize("size", SIZES)
def test_javascript_equals_the_network(lab, javascript, size):
    patches, got = javascript
    single = lab._networks[size]
    network = copy.deepcopy(single).double()
    network.window = hann_window((size, size), dtype=torch.float64)
    given = patches[size][:, None]
    seen = (network.features(given.double()) - network.mean) / network.std
    with torch.no_grad():
        wanted, rounded = network(given.double()).exp(), single(given).exp()
    assert wanted.max(1).values.min() < 0.5 < wanted.max()  # sure of some, unsure of others
    for i, (features, probabilities) in enumerate(got[str(size)]):
        np.testing.assert_allclose(features, seen[i], rtol=0, atol=1e-5)
        np.testing.assert_allclose(probabilities, wanted[i], rtol=0, atol=1e-5)
        # In single precision the network's own answer is less exact: the power at frequency 0 is
        # always the floor, and what rounding adds to it is divided by a thousandth.
        np.testing.assert_allclose(probabilities, rounded[i], rtol=0, atol=0.01)
        assert abs((probabilities - rounded[i].numpy()) @ single.sigmas.numpy()) < 0.002


def test_the_weights_in_the_page_are_the_packaged_ones(lab):
    network, _ = pretrained("spectrum-30")
    same = zip(lab._networks[32].state_dict().values(), network.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in same)
    halves = np.frombuffer(base64.b64decode(lab.networks["32"]["weights"]), "<f2")
    sent = np.concatenate([p.detach().numpy().ravel() for p in network.parameters()])
    assert np.array_equal(halves.astype(np.float32), sent)


def check_window(page, lab):
    """The numbers beside the window are those of the kernel."""
    shares = lab.probabilities.double()
    sigmas = torch.arange(1, 31, dtype=torch.float64) / 10
    shown = page.locator(".bw-facts dd")
    shown.nth(0).get_by_text(f"{(shares * sigmas).sum():.2f} px", exact=True).wait_for()
    shown.nth(1).get_by_text(f"{sigmas[shares.argmax()]:.1f} px", exact=True).wait_for()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_answers_as_the_kernel(write_page, open_page, served, scheme):
    lab = WindowLab()
    path = write_page(lab.to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.wait_for_selector(".window-lab")
    check_window(page, lab)
    for size in SIZES:
        page.get_by_text(f"{size} px", exact=True).click()
        lab.size = size
        check_window(page, lab)
    page.get_by_text("Step", exact=True).click()
    lab.field = "step"
    canvas = page.get_by_role("application")
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowDown"):
        canvas.press(key)
    lab.row, lab.column = lab.row + 4, lab.column - 44
    check_window(page, lab)
    place = f"row {lab.row}, column {lab.column}"
    assert place in canvas.get_attribute("aria-label")
    page.wait_for_url(f"**#lab-window?column={lab.column}&field=step&row={lab.row}")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def painted(page):
    return page.locator(".bw-facts dd").nth(4)


COLOURED = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((alpha, i) => i % 4 === 3 && alpha > 0).length;
}"""


def test_a_window_is_dragged_and_reset_forgets(write_page, open_page):
    lab = WindowLab()
    page = open_page(write_page(lab.to_html()).as_uri())
    page.wait_for_selector(".window-lab")
    assert painted(page).inner_text() == "1 of 1,025"
    box = page.get_by_role("application").bounding_box()

    def at(row, column):
        return box["x"] + box["width"] * column / 192, box["y"] + box["height"] * row / 128

    page.mouse.move(*at(64, 96))
    page.mouse.down()
    page.mouse.move(*at(40, 140), steps=5)
    page.mouse.move(*at(-500, 1000))  # beyond the corner, where the last window lies
    page.mouse.up()
    lab.row, lab.column = 0, 192 - 32
    check_window(page, lab)
    assert 2 < int(painted(page).inner_text().split()[0]) < 20
    page.get_by_role("button", name="Reset").click()
    painted(page).get_by_text("1 of 1,025").wait_for()
    check_window(page, WindowLab())
    assert page.locator(".bw-map canvas").evaluate(COLOURED) == 4**2 * 4**2  # pixels, enlarged


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
@pytest.mark.parametrize(("field", "size"), [("ramp", 32), ("step", 8)])
def test_play_paints_the_map_of_the_estimator(write_page, open_page, motion, field, size):
    lab = WindowLab(field=field, size=size)
    page = open_page(write_page(lab.to_html()).as_uri(), reduced_motion=motion)
    page.wait_for_selector(".window-lab")
    page.evaluate("""() => {
      const count = document.querySelectorAll(".bw-facts dd")[4];
      window.counts = [];
      const note = () => counts.push(count.textContent);
      new MutationObserver(note).observe(count, { childList: true });
    }""")
    page.get_by_text("Play", exact=True).click()
    count = lab.sigma_map.numel()
    painted(page).get_by_text(f"{count:,} of {count:,}").wait_for(timeout=120_000)
    truth = torch.tensor(lab.fields[field]["truth"]).expand(128, 192)
    error = rmse(lab.sigma_map, crop_to_windows(truth, patch_size=size, stride=4))
    assert page.locator(".bw-facts dd").nth(5).inner_text() == f"{error:.2f} px"
    check_window(page, lab)  # the reader's own again
    between = [one for one in page.evaluate("counts") if not one.startswith((f"{count:,}", "0"))]
    assert bool(between) == (motion == "no-preference")
    page.get_by_role("button", name="Reset").click()
    painted(page).get_by_text(f"1 of {count:,}").wait_for()


def test_values_have_limits_and_the_poster_tells_them():
    lab = WindowLab(field="step", size=16, row=121 - 8, column=3)
    assert torch.equal(lab.patch, lab.picture[112:128, 4:20])
    assert lab.probabilities.sum().item() == pytest.approx(1, abs=1e-5)
    assert tuple(lab.sigma_map.shape) == (29, 45)
    assert "of 16 x 16 pixels" in lab.poster()[1]
    assert len(lab.to_html()) < 700_000
    with pytest.raises(TraitError):
        lab.size = 12
