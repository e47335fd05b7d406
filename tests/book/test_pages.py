"""Every built page in a real browser: over http and as a file, light and dark, wide and narrow.

Set BLURLIB_SCREENSHOTS=1 to keep a picture of each under _build/screenshots.
"""

import functools
import http.server
import itertools
import os
import re
import threading
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
WIDTHS = {"wide": 1280, "narrow": 390}
# A page is loaded once for each scheme, so that a load in either theme and at either width is seen.
# Then it is shown to other readers: over http to all, as a file to one more.
LOADED_AS = {"http": ("light", "wide"), "file": ("dark", "narrow")}
VARIANTS = [
    *(("http", theme, width) for theme in ("light", "dark") for width in WIDTHS),
    ("file", *LOADED_AS["file"]),
    ("file", *LOADED_AS["http"]),
]
RAW_FORMULA = re.compile(r"\\[()\[\]]|\$\$|\\(?:frac|sigma|sum)\b")

# What a reader sees of formulas, pictures, width and contrast, read off the page itself.
LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")


# Scripts hear of a new theme or width within a frame; what then fades is sent to its end at once,
# and so is what fades because of that.
SETTLED = """async () => {
    for (let frame = 0; frame < 4; frame++) {
        await new Promise(requestAnimationFrame);
        const running = document.getAnimations().filter((one) => one instanceof CSSTransition);
        running.forEach((one) => one.finish());
    }
}"""


def toc_pages():
    """List the pages of the table of contents, in its order."""
    toc = yaml.safe_load((REPOSITORY / "_toc.yml").read_text(encoding="utf-8"))

    def files(entry):
        if "file" in entry:
            yield entry["file"]
        for key in ("parts", "chapters", "sections"):
            for child in entry.get(key, []):
                yield from files(child)

    return [toc["root"], *files(toc)]


PAGES = toc_pages()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def addresses(book):
    """Return where the book starts, for each scheme."""
    handler = functools.partial(QuietHandler, directory=book)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"http": f"http://127.0.0.1:{server.server_port}/", "file": book.as_uri() + "/"}
        server.shutdown()


@pytest.fixture(scope="module")
def contexts(browser):
    """Return one browser context for each theme and width."""
    return {
        (theme, width): browser.new_context(
            color_scheme=theme, viewport={"width": WIDTHS[width], "height": 900}
        )
        for theme, width in itertools.product(("light", "dark"), WIDTHS)
    }


class Visit:
    """A page in the browser, and everything that went wrong on it."""

    def __init__(self, context, home):
        self.home = home
        self.trouble = []
        self.page = context.new_page()
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.trouble.append(f"page error: {error}"))
        self.page.on("request", self.note_request)
        self.page.on("requestfailed", lambda r: self.trouble.append(f"failed request: {r.url}"))
        self.page.on("response", self.note_response)

    def note_console(self, message):
        if message.type == "error":
            self.trouble.append(f"console error: {message.text}")

    def note_request(self, request):
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.trouble.append(f"external request: {request.url}")

    def note_response(self, response):
        if response.status >= 400:
            self.trouble.append(f"status {response.status}: {response.url}")

    def open(self, path):
        self.page.goto(self.home + path, wait_until="load")
        self.page.wait_for_function("window.MathJax?.startup?.promise || !window.MathJax")
        self.page.evaluate(
            "() => window.MathJax?.startup?.promise?.then(() => document.fonts.ready)"
        )
        return self.page

    def show(self, theme, width):
        """Change the reader's preference and window, and wait until the page follows."""
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size({"width": WIDTHS[width], "height": 900})
        self.page.evaluate(SETTLED)

    def new_trouble(self):
        """Return what went wrong since this was last asked."""
        trouble, self.trouble[:] = list(self.trouble), []
        return trouble


@pytest.fixture
def visit(contexts, addresses):
    """Return a function that makes a visit; its page is closed after the test."""
    made = []

    def make(scheme="http", theme="light", width="wide"):
        made.append(Visit(contexts[theme, width], addresses[scheme]))
        return made[-1]

    yield make
    for one in made:
        one.page.close()


@pytest.fixture(scope="module")
def loaded(contexts, addresses):
    """Return a function that gives a page of the book, loaded anew only if it is another one."""
    held = {}

    def load(name, scheme):
        if (name, scheme) not in held:
            for one in held.values():
                one.page.close()
            held.clear()
            visited = Visit(contexts[LOADED_AS[scheme]], addresses[scheme])
            visited.open(f"{name}.html")
            held[name, scheme] = visited
        return held[name, scheme]

    return load


def look_at(page):
    """Return what stands on the page, as the script look.js sees it."""
    return page.evaluate(LOOK)


def faults_of(look, theme):
    """Say in words what is wrong with a page that look_at described."""
    faults = []
    if look["theme"] != theme:
        faults.append(f"the page is {look['theme']}, asked for {theme}")
    if look["pageWidth"] > look["windowWidth"]:
        faults.append(
            f"{look['pageWidth']} px wide in a window of {look['windowWidth']} px: {look['widest']}"
        )
    if raw := RAW_FORMULA.search(look["text"]):
        faults.append(f"formula not rendered: ...{look['text'][max(raw.start() - 40, 0) :][:80]!r}")
    faults += [f"formula not rendered: {text!r}" for text in look["unrenderedMath"]]
    faults += [f"formula with an error: {text!r}" for text in look["mathErrors"]]
    faults += [f"picture without alt text: {name}" for name in look["noAlt"]]
    faults += [f"picture does not load: {name}" for name in look["brokenImages"]]
    faults += [f"no sign that it scrolls: {box}" for box in look["unsigned"]]
    faults += [f"weak contrast {ratio:.2f}: {text!r} {kind}" for ratio, text, kind in look["weak"]]
    return faults


@pytest.mark.parametrize(("scheme", "theme", "width"), VARIANTS)
@pytest.mark.parametrize("name", PAGES)
def test_page(name, scheme, theme, width, loaded, book):
    assert (book / f"{name}.html").is_file(), f"{name} stands in _toc.yml but was not built"
    visited = loaded(name, scheme)
    visited.show(theme, width)
    page = visited.page
    if os.environ.get("BLURLIB_SCREENSHOTS"):
        folder = REPOSITORY / "_build" / "screenshots"
        path = folder / f"{name.replace('/', '-')}-{scheme}-{theme}-{width}.png"
        page.screenshot(path=path, full_page=True)
    faults = visited.new_trouble() + faults_of(look_at(page), theme)
    assert not faults, "\n".join(faults)


def test_a_printed_line_of_48_letters_fits_on_a_phone(visit):
    page = visit(width="narrow").open("book/blur/point_spread_function.html")
    hidden = page.locator("div.cell_output pre").first.evaluate(
        "pre => { pre.textContent = '0'.repeat(48); return pre.scrollWidth - pre.clientWidth; }"
    )
    assert hidden <= 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_comments_are_quiet_and_commands_of_one_colour(theme, visit):
    page = visit(theme=theme).open("book/intro.html")
    block, comment, built_in, muted = page.evaluate(
        """() => {
            const colour = (found) => getComputedStyle(document.querySelector(found)).color;
            document.body.style.color = "var(--pst-color-text-muted)";
            const parts = ["pre", ".c1", ".nb"].map((part) => colour(`.highlight-console ${part}`));
            return [...parts, getComputedStyle(document.body).color];
        }"""
    )
    assert comment == muted
    assert built_in == block


# The one is written with `dropdown`, the other with a folded `admonition`.
@pytest.mark.parametrize("name", ["blur/what_blur_removes", "learn/spectra"])
def test_folds_are_of_one_make(name, visit):
    page = visit().open(f"book/{name}.html")
    folds = page.locator(
        "article details:not(.behind) > summary, article .dropdown > .admonition-title"
    )
    heights = folds.evaluate_all("folds => folds.map(one => one.getBoundingClientRect().height)")
    assert len(heights) > 4
    assert max(heights) - min(heights) < 1


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_the_glossary(scheme, visit):
    visited = visit(scheme)
    page = visited.open("search.html?q=point+spread+function")
    page.wait_for_selector("#search-results li a", timeout=10_000)
    page.wait_for_load_state("networkidle")
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(a => a.href)")
    assert any("glossary" in link for link in found), found
    assert visited.trouble == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_index_leads_to_the_first_page(scheme, visit, book):
    visited = visit(scheme)
    visited.page.goto(visited.home + "index.html")
    visited.page.wait_for_url(f"**/{PAGES[0]}.html")
    assert visited.trouble == []
    # A headless browser asks for no icon; others do, and for /favicon.ico where none is named.
    (icon,) = re.findall('<link rel="icon" href="(.*)">', (book / "index.html").read_text())
    assert icon.startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>so \\(a &lt; b\\)</p>", "formula not rendered"),
        ('<span class="math">a</span>', "formula not rendered"),
        ("<mjx-merror>?</mjx-merror>", "formula with an error"),
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="a">', "does not load"),
        ('<img src="data:,">', "without alt text"),
        ('<div style="width: 2000px">wide</div>', "2000 px wide"),
        ('<p style="color: #999">pale</p>', "weak contrast 2.85"),
        ('<pre style="overflow: auto; width: 50px">a long line</pre>', "no sign that it scrolls"),
    ],
)
def test_a_faulty_page_is_seen(body, fault, contexts):
    page = contexts["light", "wide"].new_page()
    page.set_content(
        f'<html data-theme="light"><body style="margin: 0"><main>{body}</main></body></html>'
    )
    faults = faults_of(look_at(page), "light")
    page.close()
    assert any(fault in found for found in faults), faults


def test_trouble_on_a_page_is_noted(contexts, addresses):
    visited = Visit(contexts["light", "wide"], addresses["http"])
    visited.page.goto(addresses["http"] + "search.html")
    visited.page.evaluate(
        """() => {
            console.error("printed");
            setTimeout(() => { throw new Error("thrown"); });
            return Promise.allSettled([fetch("missing.js"), fetch("http://127.0.0.1:9/other")]);
        }"""
    )
    visited.page.wait_for_timeout(50)
    visited.page.close()
    for kind in ("console error: printed", "page error: thrown", "status 404", "external request"):
        assert any(kind in text for text in visited.trouble), (kind, visited.trouble)
