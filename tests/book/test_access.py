"""What axe-core finds on the built pages: nothing, of WCAG A and AA and of its best practices.

Folds are opened first, so that what they hold is judged too. In the dark only the rules of colour
are asked again: nothing else changes. No rule is left out.
"""

import importlib.util

import pytest

from tests.book.axe import COLOURS, TAGS, broken
from tests.book.visits import PAGES, REPOSITORY

# Of the API pages, all of one make, these two; of those that Sphinx adds, one of each kind.
SAMPLE = ("book/appendix/api/blur", "book/appendix/api/widgets")
ADDED = ("search", "genindex", "_modules/index", "_modules/blurlib/blur/psf")
NAMES = [*(name for name in PAGES if "/api/" not in name), *SAMPLE, *ADDED]
NARROW = ("book/start/your_first_sigma_map", "book/appendix/labs", "book/appendix/sigma_lab")
# Folds that are opened: no chapter has more, and those of the records are of one make.
FOLDS = {"book/appendix/records": 6}


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(name, visit):
    visited = visit()
    page = visited.open(f"{name}.html")
    page.wait_for_function("!document.querySelector('.bw-poster')")  # every lab runs
    found = broken(page, "tag", TAGS, FOLDS.get(name, 100))
    visited.show("dark", "wide")
    found += broken(page, "rule", COLOURS, FOLDS.get(name, 100))
    if name in NARROW:
        visited.show("dark", "narrow")
        page.wait_for_timeout(400)  # the theme's script hears of the width after 300 ms
        found += broken(page, "tag", TAGS)
    assert not found, "\n".join(found)


FAULTS = {
    "image-alt": '<img src="data:,">',
    "color-contrast": '<p style="color: #999">pale</p>',
    "summary-name": "<details><summary></summary>text</details>",
    "heading-order": "<h1>One</h1><h3>Three</h3>",
    "region": "</main><p>beside</p>",
    "target-size": '<button style="width: 9px; height: 9px; padding: 0">a</button>' * 2,
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_faulty_page_is_seen(rule, contexts):
    page = contexts["light", "wide"].new_page()
    page.set_content(f'<html lang="en"><title>A</title><main><h1>A</h1><p>b</p>{FAULTS[rule]}')
    assert any(said.startswith(f"{rule}:") for said in broken(page, "tag", TAGS))
    page.close()


def test_a_mended_page_stays_as_it_is(book):
    spec = importlib.util.spec_from_file_location("access", REPOSITORY / "book/_ext/access.py")
    access = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(access)
    for name in ("book/appendix/api/blur", "book/appendix/bibliography"):
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        assert access.mend(text) == text
        assert "Pages of “The package: API”" in text
    text = (book / "_modules/index.html").read_text(encoding="utf-8")
    assert access.nest(text) == text
