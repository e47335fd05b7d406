"""A visit to a built page in a real browser, and what is wrong with it."""

import os
import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
WIDTHS = {"wide": 1280, "narrow": 390}
# A page is loaded once for each scheme, so that a load in either theme and at either width is seen.
# Then it is shown to other readers: over http to all, as a file to one more.
LOADED_AS = {"http": ("light", "wide"), "file": ("dark", "narrow")}
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
    faults += [f"has to be scrolled: {box}" for box in look["scrolled"]]
    faults += [f"weak contrast {ratio:.2f}: {text!r} {kind}" for ratio, text, kind in look["weak"]]
    return faults


def check_page(name, scheme, theme, width, loaded, book):
    """Fail unless a page is whole for this reader."""
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
