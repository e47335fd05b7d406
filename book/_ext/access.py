"""Mend what the pages say to those who do not see them: names, lists, landmarks.

The theme, Sphinx and MyST-NB write some lines that no option reaches and that break WCAG; each is
rewritten when the pages are built. ``tests/book/test_access.py`` asks axe-core whether any is left.
"""

import html
import re
from pathlib import Path

NESTED = re.compile(r"</ul>(?=<li>|</ul>)")
TAG = re.compile("<.*?>")
MENDS = {
    # The name is what is read on the button, so that one can say it.
    r'(<button class="btn search-button-field[^>]*?) aria-label="Search"': r"\1",
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # The arrow that opens a part of the table of contents has no name.
    r'(<a class="[^"]*reference internal" href="[^"]*">(.*?)</a><details[^>]*>)<summary>': (
        lambda found: (
            f'{found[1]}<summary aria-label="Pages of “'
            f'{html.escape(html.unescape(TAG.sub("", found[2])))}”">'
        )
    ),
    # The book's name stands beside the table of contents, outside any landmark.
    r'<div class="(bd-sidebar-primary[^"]*)">': (
        r'<div class="\1" role="region" aria-label="Sidebar">'
    ),
    # A signature's parameters are written as definitions of nothing.
    r"<dl>\n((?:<dd>.*sig-param.*</dd>\n)+)</dl>": lambda found: (
        f'<div class="sig-params">\n{found[1].replace("dd>", "div>")}</div>'
    ),
    # The role of an entry is deprecated, and a list holds items.
    r'role="doc-biblioentry"': 'role="listitem"',
}
# The theme lets code that is scrolled be reached by keyboard, but not what a fold hid at first.
FOLDS = """addEventListener("toggle", ({ target }) => {
  for (const code of target.querySelectorAll("pre")) {
    code.tabIndex = code.scrollWidth > code.clientWidth ? 0 : -1;
  }
}, true);"""
PATTERNS = {re.compile(old): new for old, new in MENDS.items()}


def mend(text):
    """Return a page's HTML, mended; a mended page stays as it is."""
    for pattern, new in PATTERNS.items():
        text = pattern.sub(new, text)
    return text


def nest(text):
    """Return the list of modules, mended: it holds lists beside its items, not in them."""
    return NESTED.sub("</ul></li>", text.replace("</li>\n<ul>", "\n<ul>"))


def mend_pages(app, exception):
    """Mend every page that was built."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            mended = mend(text)
            if page.parent.name == "_modules" and page.stem == "index":
                mended = nest(mended)
            if mended != text:
                page.write_text(mended, encoding="utf-8")


def setup(app):
    """Register the mending with Sphinx."""
    app.add_js_file(None, body=FOLDS)
    app.connect("build-finished", mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
