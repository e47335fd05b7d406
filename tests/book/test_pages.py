"""Every built page over http, in a real browser: light and dark, wide and narrow.

Set BLURLIB_SCREENSHOTS=1 to keep a picture of each under _build/screenshots.
"""

import itertools
import re

import pytest

from tests.book.visits import PAGES, WIDTHS, Visit, check_page, faults_of, look_at


@pytest.mark.parametrize(("theme", "width"), list(itertools.product(("light", "dark"), WIDTHS)))
@pytest.mark.parametrize("name", PAGES)
def test_page(name, theme, width, loaded, book):
    check_page(name, "http", theme, width, loaded, book)


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
        "article details:not(.behind, .choice) > summary, article .dropdown > .admonition-title"
    )
    heights = folds.evaluate_all("folds => folds.map(one => one.getBoundingClientRect().height)")
    assert len(heights) > 4
    assert max(heights) - min(heights) < 1


@pytest.mark.parametrize(("theme", "width"), list(itertools.product(("light", "dark"), WIDTHS)))
def test_exercises_and_quiz_can_be_read_when_they_are_open(theme, width, visit):
    visited = visit(theme=theme, width=width)
    page = visited.open("book/start/your_first_sigma_map.html")
    assert page.locator("details.quiz details.choice.right").count() == 3
    assert page.locator("section.exercise").count() > 2
    page.evaluate("document.querySelectorAll('#exercises details').forEach((d) => (d.open = true))")
    visited.show(theme, width)
    assert faults_of(look_at(page), theme) == []


def test_a_choice_says_by_keyboard_why_it_is_right_or_wrong(visit):
    page = visit().open("book/start/your_first_sigma_map.html")
    quiz = page.locator("details.quiz")
    reasons = quiz.locator(".choice .sd-card-body")
    quiz.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert reasons.count() == 9 and not any(one.is_visible() for one in reasons.all())
    said = set()
    for reason in reasons.all():
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert reason.is_visible()
        said.add(reason.inner_text().split()[0])
    assert said == {"Right.", "No."}


def test_folds_of_an_exercise_lie_in_a_row_while_closed(visit):
    page = visit().open("book/start/your_first_sigma_map.html")
    folds = page.locator("section.exercise").first.locator("summary")
    tops = folds.evaluate_all("folds => folds.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == 3 and max(tops) - min(tops) < 1


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
        (
            '<div class="cell_output"><pre style="overflow: auto; width: 50px">a long line</pre>',
            "has to be scrolled",
        ),
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
