"""The Sigma lab: the browser's numbers are torch's, from a file as well; what is wrong is said."""

import base64
import importlib.util
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import skimage
import torch
from PIL import Image
from scipy.interpolate import RegularGridInterpolator

from blurlib import blur, data, learn
from blurlib.maps import uncertainty
from blurlib.widgets import SigmaLab
from tests.book.axe import WCAG, broken

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 120_000  # ms; other tests may keep the processor

# Ask the worker by itself, for the map of one picture in one band and in several.
IN_BANDS = """async ([width, height, levels]) => {
  const { ort, worker: own, ...parts } = window.blurlibSigmaLab;
  const worker = new Worker(URL.createObjectURL(new Blob([ort, "\\n", own])));
  const ask = (message, wanted) => new Promise((done) => {
    worker.onmessage = ({ data }) => (data.kind === wanted || data.kind === "error") && done(data);
    worker.postMessage(message);
  });
  await ask({ kind: "start", ...parts }, "ready");
  const data = Float32Array.from(levels, (level) => (level + 0.3) / 256);
  const [picture, scale] = [{ width, height, data }, 2 ** 16 - 1];
  const rounded = Uint16Array.from(data, (value) => Math.round(scale * value));
  const words = { width, height, scale, data: rounded };
  const maps = [];
  for (const [of, inABand] of [[picture, 1e9], [picture, 1200], [words, 1e9]]) {
    maps.push(await ask({ kind: "map", picture: of, inABand }, "map"));
  }
  return maps.map(({ sigma, std, rows, text }) => ({ text, rows, layers: [[...sigma], [...std]] }));
}"""

# Ask the worker by itself for the preview of a grey picture, by a map of its own.
PREVIEW = """async ([width, height, levels, map]) => {
  const { ort, worker: own, ...parts } = window.blurlibSigmaLab;
  const worker = new Worker(URL.createObjectURL(new Blob([ort, "\\n", own])));
  const picture = { width, height, data: Float32Array.from(levels) };
  const answer = await new Promise((done) => {
    worker.onmessage = ({ data }) => data.kind !== "progress" && done(data);
    worker.postMessage({ kind: "deblur", picture, ...map });
  });
  return { text: answer.text, noise: answer.noise, data: [...(answer.data ?? [])] };
}"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """Write the script with onnxruntime-web and the network, once."""
    spec = importlib.util.spec_from_file_location("lab", REPOSITORY / "book/_ext/sigma_lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    script = module.write_runtime(tmp_path_factory.mktemp("runtime"))
    before = script.stat().st_mtime_ns
    assert module.write_runtime(script.parent).stat().st_mtime_ns == before  # nothing changed
    return script


@pytest.fixture(scope="module")
def fragment():
    return SigmaLab(("camera",)).to_html()


@pytest.fixture
def lab(write_page, open_page, runtime, fragment, served, tmp_path):
    """Return a function that opens the lab; at the end no request went to another host."""
    path = write_page(fragment)
    os.link(runtime, tmp_path / runtime.name)
    asked = []

    def open_lab(scheme="file", rest="", **options):
        address = path.as_uri() if scheme == "file" else served
        page = open_page(address + rest, **options)
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_selector(".sigma-lab")
        return page

    yield open_lab
    foreign = [url for url in asked if not re.match(r"file:|blob:|data:|http://127\.0\.0\.1:", url)]
    assert not foreign


def choose(page, file):
    """Give the lab a file, and wait for what it says of it."""
    page.get_by_label("Choose a photograph").set_input_files(file)
    name = re.escape(Path(file).stem)
    done = re.compile(rf"{name}.*, mapped in")
    page.get_by_role("status").get_by_text(done).or_(page.get_by_role("alert")).first.wait_for()
    alert = page.get_by_role("alert")
    return alert.inner_text() if alert.is_visible() else page.get_by_role("status").inner_text()


def numbers(page):
    """Save the numbers, and return them: sigma and std."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the numbers").click()
    assert download.value.suggested_filename.endswith("_sigma_std.npy")
    return np.load(download.value.path())


def save(path, array):
    Image.fromarray(array).save(path)
    return path


def by_torch(path):
    """Return what torch says of a picture file, (2, rows, columns)."""
    network, _ = learn.pretrained("sigma-net-small")
    sigma, std, _ = network.estimate(data.load_image(path)[None, None])
    return torch.cat([sigma, std]).numpy()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_browser_answers_as_torch(lab, tmp_path, scheme):
    page = lab(scheme)
    colours = skimage.data.chelsea()
    camera = skimage.data.camera()
    pictures = {"cat": colours[:211, 60:333], "odd": camera[100:231, 100:177], "text": camera[:96]}
    for name, array in list(pictures.items())[:: 1 if scheme == "file" else 3]:
        path = save(tmp_path / f"{name}.png", array)
        assert "mapped in" in choose(page, path)
        found, wanted = numbers(page), by_torch(path)
        assert found.shape == wanted.shape and found.dtype == np.float32
        assert np.abs(found - wanted).max() < 1e-3


def test_bands_and_16_bits_make_the_same_map(open_page, runtime):
    page = runtime.with_name("bands.html")
    page.write_text(
        '<!doctype html><title>Bands</title><link rel="icon" href="data:,">'
        f'<script src="{runtime.name}"></script>'
    )
    camera = skimage.data.camera()[:200, :180]
    sent = [180, 200, camera.flatten().tolist()]
    whole, bands, words = open_page(page.as_uri()).evaluate(IN_BANDS, sent)
    assert whole["rows"] == 51 and not whole["text"]
    np.testing.assert_allclose(bands["layers"], whole["layers"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(words["layers"], whole["layers"], rtol=0, atol=1e-3)


def undone(picture, sigma, std, stride, rim=32):
    """Return the preview and its noise, the whole picture at once and by other means."""
    corners = (3 * [[1, -2, 1]]) * np.array([[1], [-2], [1]])
    every = max(1, picture.size // 250_000)
    second = np.abs(scipy.signal.correlate2d(picture, corners, "valid"))[::every]
    noise = max(1 / 255, np.sort(second, axis=None)[second.size // 2] / 0.6745 / 6)
    rows = np.arange(1, len(picture) - 1, every)
    slopes = [np.diff(picture[rows, 1:]) ** 2, (picture[rows + 1] - picture[rows])[:, 1:-1] ** 2]
    balance = noise**2 / max(np.mean(slopes[0] + slopes[1]) - 4 * noise**2, noise**2)
    evidence = std <= np.maximum(0.5, sigma / 4)
    less = np.where(evidence, np.sqrt(np.maximum(0, sigma**2 - 5 * std**2)), 0)
    places = [np.arange(side) / stride for side in picture.shape]
    grid = RegularGridInterpolator([np.arange(n) for n in less.shape], less, fill_value=None)
    at = np.minimum.reduce  # the last place stands for what lies beyond it
    down, along = (at([p, np.full_like(p, n - 1)]) for p, n in zip(places, less.shape, strict=True))
    told = grid(tuple(np.meshgrid(down, along, indexing="ij")))

    padded = np.pad(picture, rim, mode="reflect")
    angles = [2 * np.pi * np.fft.fftfreq(side) for side in padded.shape]
    row, column = np.meshgrid(*angles, indexing="ij")
    steps = (0, 0.4, 0.8, 1.2, 1.6, 2, 2.5, 3, 4, 5, 6)
    answers = [picture]
    for step in steps[1:]:
        otf = np.exp(-(step**2) * (row**2 + column**2) / 2)
        factor = otf / (otf**2 + balance * (4 - 2 * np.cos(row) - 2 * np.cos(column)))
        answer = np.fft.ifft2(factor * np.fft.fft2(padded)).real
        answers.append(answer[rim:-rim, rim:-rim])
    number = np.interp(told, steps, range(len(steps)))
    shares = [np.maximum(0, 1 - np.abs(number - k)) for k in range(len(steps))]
    return sum(a * b for a, b in zip(answers, shares, strict=True)), noise


@pytest.mark.parametrize("shape", [(300, 412), (90, 470)])
def test_the_preview_is_what_numpy_computes(open_page, runtime, shape):
    page = runtime.with_name("preview.html")
    page.write_text(
        '<!doctype html><title>Preview</title><link rel="icon" href="data:,">'
        f'<script src="{runtime.name}"></script>'
    )
    sharp = data.packaged_image("camera")[: shape[0], : shape[1]]
    ramp = blur.ramp_field(sharp.shape, high=3.0)
    rng = torch.Generator().manual_seed(0)
    blurred = blur.VaryingBlur(ramp).forward(sharp)
    blurred = blur.quantize(blur.add_noise(blurred, 1.5 / 255, rng=rng)).numpy()
    sigma = ramp[::4, ::4].numpy().astype(float)
    std = np.full_like(sigma, 0.1)
    std[:4] = 0.9  # no evidence
    names = {"rows": sigma.shape[0], "columns": sigma.shape[1], "stride": 4}
    found = names | {"sigma": sigma.flatten().tolist(), "std": std.flatten().tolist()}
    sent = [shape[1], shape[0], blurred.flatten().tolist(), found]
    answer = open_page(page.as_uri()).evaluate(PREVIEW, sent)
    assert not answer["text"]
    wanted, noise = undone(blurred.astype(float), sigma, std, 4)
    assert answer["noise"] == pytest.approx(noise, rel=1e-6)
    got = np.reshape(answer["data"], shape)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-3)
    assert np.abs(got - blurred)[:8].max() < 1e-6
    errors = [np.sqrt(np.mean((one - sharp.numpy()) ** 2)) for one in (blurred, got)]
    assert errors[1] < 0.9 * errors[0]


def test_a_preview_is_made_compared_and_saved(lab, tmp_path):
    page = lab("http")
    soft = blur.blur_uniform(data.packaged_image("camera")[:200, 100:340], blur.gaussian_psf(1.5))
    path = save(tmp_path / "soft.png", (255 * soft).round().byte().numpy())
    assert "mapped in" in choose(page, path)
    found = numbers(page)
    page.get_by_role("button", name="Deblur").press("Enter")
    page.get_by_text("The preview is below").wait_for()
    assert "blurlib deblur does better" in page.locator(".bw-preview .bw-note").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the preview").click()
    assert download.value.suggested_filename == "soft_preview.png"
    got = np.asarray(Image.open(download.value.path()).convert("RGB"))[..., 0] / 255
    seen = np.asarray(Image.open(path).convert("L")) / 255
    wanted, _ = undone(seen, *found.astype(float), 4)
    np.testing.assert_allclose(got, wanted.clip(0, 1), rtol=0, atol=0.5 / 255 + 1e-3)
    slider = page.get_by_role("slider", name="From the photograph to the preview")
    assert slider.get_attribute("aria-valuetext").startswith("photograph on 50 %")
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext").startswith("photograph on 0 %")
    alone = choose(page, save(tmp_path / "small.png", large_part()))
    assert "mapped in" in alone and page.locator(".bw-preview").is_hidden()


def test_the_cursor_and_the_view_follow(lab, tmp_path):
    page = lab("file", "#lab-sigma_lab?layer=std&opacity=0.4&opacity2=1")
    path = save(tmp_path / "cat.png", skimage.data.chelsea()[:120, 100:260])
    assert "160 × 120 px" in choose(page, path)
    assert page.get_by_role("radio", name="Uncertainty").is_checked()
    assert page.get_by_role("slider", name="Opacity").input_value() == "0.4"
    sigma, std = numbers(page)
    sure = ~uncertainty.no_texture(torch.tensor(sigma), torch.tensor(std)).numpy()
    for button, pick in [("sharpest", np.argmin), ("softest", np.argmax)]:
        page.get_by_role("button", name=button).press("Enter")
        wrong = np.inf if pick is np.argmin else -np.inf
        row, column = np.unravel_index(pick(np.where(sure, sigma, wrong)), sigma.shape)
        said = page.locator(".bw-readout").inner_text()
        row, column = min(4 * row, 119), min(4 * column, 159)
        assert said.startswith(f"Row {row}, column {column}: sigma")
    canvas = page.get_by_role("application")
    canvas.click(position={"x": 2, "y": 2})
    assert page.locator(".bw-readout").inner_text().startswith("Row 0, column 0:")
    canvas.press("ArrowRight")
    canvas.press("Shift+ArrowDown")
    told = page.locator("[aria-live]").get_by_text("Row 40, column 4:")
    told.wait_for(state="attached")
    assert f"sigma {sigma[10, 1]:.2f} px, give or take {std[10, 1]:.2f}" in told.inner_text()
    assert "half of the values are below" in page.locator("svg").get_attribute("aria-label")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the picture").click()
    assert Image.open(download.value.path()).size == (160, 120)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("radio", name="Sigma").wait_for()
    assert page.get_by_role("radio", name="Sigma").is_checked()


CANCEL = """async () => {
  const begun = performance.now();
  document.querySelector(".bw-state button").click();
  while (!/^Cancelled/.test(document.querySelector("[role=status]").textContent)) {
    await new Promise((next) => setTimeout(next, 1));
  }
  return performance.now() - begun;
}"""


def until_workers(page, count):
    """Wait until a page has so many workers: to end one takes the browser a moment."""
    for _ in range(100):
        page.wait_for_timeout(50)
        if len(page.workers) == count:
            break
    assert len(page.workers) == count


def test_cancel_ends_at_once_and_the_next_map_comes(lab, tmp_path):
    page = lab("http")
    large = save(tmp_path / "large.png", np.tile(skimage.data.camera(), (3, 3)))
    page.get_by_label("Choose a photograph").set_input_files(large)
    page.wait_for_function("document.querySelector('progress').value > 0")
    assert page.evaluate(CANCEL) < 200
    assert page.locator("progress").is_hidden()
    until_workers(page, 0)
    assert "mapped in" in choose(page, large)
    page.get_by_role("button", name="Deblur").click()
    page.wait_for_function("document.querySelector('progress').value > 0")
    assert page.evaluate(CANCEL) < 200
    assert page.locator(".bw-preview").is_hidden()
    assert page.get_by_role("button", name="Deblur").is_enabled()
    assert "mapped in" in choose(page, save(tmp_path / "small.png", large_part()))
    until_workers(page, 1)  # the network's; that of the preview has gone


def large_part():
    return skimage.data.camera()[:64, :64]


DROP = """async (uri) => {
  const transfer = new DataTransfer();
  if (uri) transfer.items.add(new File([await (await fetch(uri)).blob()], "dropped.png"));
  const event = new DragEvent("drop", { dataTransfer: transfer, cancelable: true });
  document.querySelector(".bw-stage").dispatchEvent(event);
}"""


def test_what_is_wrong_with_a_file_is_said(lab, tmp_path):
    page = lab("file")
    text = tmp_path / "notes.png"
    text.write_text("no picture at all")
    assert "notes.png cannot be mapped: it is no picture" in choose(page, text)
    huge = tmp_path / "huge.png"
    Image.new("1", (10_000, 10_000)).save(huge)
    assert "it has 100 megapixels; the lab takes at most 32" in choose(page, huge)
    tiny = save(tmp_path / "tiny.png", large_part()[:20])
    assert "64 × 20 pixels; each side needs at least 32" in choose(page, tiny)
    clear = np.dstack([np.full((40, 40, 3), 99, np.uint8), np.full((40, 40), 200, np.uint8)])
    assert "partly transparent" in choose(page, save(tmp_path / "clear.png", clear))
    frames = [Image.fromarray(large_part()), Image.fromarray(255 - large_part())]
    for kind in ("avif", "gif", "webp", "png"):  # the last one is exact
        moving = tmp_path / f"moving_{kind}.{kind}"
        options = {"webp": {"lossless": True}, "avif": {"quality": 100}}.get(kind, {})
        frames[0].save(moving, save_all=True, append_images=frames[1:], duration=50, **options)
        said = choose(page, moving)
        assert "this is its first picture" in said and page.get_by_role("alert").is_hidden()
    wanted = by_torch(save(tmp_path / "first.png", large_part()))
    assert np.abs(numbers(page) - wanted).max() < 1e-3
    page.evaluate(DROP, "")
    assert "is no file" in page.get_by_role("alert").inner_text()
    page.evaluate(DROP, "data:image/png;base64," + png(large_part()))
    page.get_by_text(re.compile("^dropped, 64 × 64 px, mapped in")).wait_for()
    assert page.get_by_role("alert").is_hidden()


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_where_the_network_is_missing_it_says_so(browser, write_page, fragment, tmp_path):
    page = browser.new_page()
    page.goto(write_page(fragment).as_uri())  # without sigma_lab_runtime.js
    said = choose(page, save(tmp_path / "small.png", large_part()))
    assert "the network, sigma_lab_runtime.js, is missing" in said
    assert "There is no map." in page.get_by_role("status").inner_text()
    page.close()


GROUND = {"light": "#fff", "dark": "#14181e"}  # a page of the book has its own


@pytest.mark.parametrize("theme", GROUND)
def test_axe_finds_nothing_in_a_map_or_a_complaint(lab, tmp_path, theme):
    page = lab("file", color_scheme=theme)
    page.add_style_tag(content=f"body {{ background: {GROUND[theme]} }}")
    assert "mapped in" in choose(page, save(tmp_path / "small.png", large_part()))
    page.get_by_role("button", name="softest").press("Enter")
    page.get_by_role("button", name="Deblur").press("Enter")
    page.get_by_text("The preview is below").wait_for()
    assert not broken(page, "tag", WCAG)
    text = tmp_path / "notes.png"
    text.write_text("no picture at all")
    assert "no picture" in choose(page, text)
    assert not broken(page, "tag", WCAG)


def test_without_webassembly_it_says_so(browser, write_page, fragment):
    page = browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(write_page(fragment).as_uri())
    page.get_by_role("alert").wait_for()
    assert "no WebAssembly" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Choose a photograph").is_disabled()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_starts_small(lab, tmp_path, scheme):
    page = lab("file", viewport={"width": 360, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not page.workers and page.evaluate("!window.blurlibSigmaLab")  # nothing is loaded yet
    for target in page.locator(".sigma-lab :is(button, .bw-choose)").all():
        assert not target.is_visible() or target.bounding_box()["height"] >= 24
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "file"
    outline = "getComputedStyle(document.querySelector('.bw-choose')).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_without_javascript_the_poster_stands(write_page, open_page, fragment):
    page = open_page(write_page(fragment).as_uri(), java_script_enabled=False)
    assert "a cat, and its sigma map" in page.get_by_role("img").get_attribute("alt")
    assert page.get_by_role("img").is_visible()


def test_a_kernel_answers_with_the_same_network(tmp_path, monkeypatch):
    sent = []
    lab = SigmaLab(("camera",))
    monkeypatch.setattr(lab, "send", lambda content, buffers=None: sent.append((content, buffers)))
    path = save(tmp_path / "cat.png", skimage.data.chelsea()[:64, :80])
    lab._handle_custom_msg({"number": 3}, [memoryview(path.read_bytes())])
    [(content, buffers)] = sent
    assert content == {"number": 3, "rows": 17, "columns": 21, "stride": 4}
    found = np.stack([np.frombuffer(part, np.float32).reshape(17, 21) for part in buffers])
    np.testing.assert_allclose(found, by_torch(path), atol=1e-5)
    lab._handle_custom_msg({"number": 4}, [b"no picture"])
    assert sent[1][0]["number"] == 4 and "cannot identify" in sent[1][0]["error"]
