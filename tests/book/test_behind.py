"""Under each figure of a chapter stands the code behind it, and all its links lead somewhere."""

import re
import sys
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import reproduce

REPOSITORY = Path(__file__).parents[2]
CHAPTERS = sorted((REPOSITORY / "book").rglob("*.ipynb"))
FOLD = re.compile(r'<details class="behind">.*?</details>', flags=re.DOTALL)
LINK = re.compile(r'<a href="([^"#]*)#([^"]+)"')


@pytest.fixture(scope="module")
def behind():
    """Import the extension as Sphinx does."""
    sys.path.insert(0, str(REPOSITORY / "book" / "_ext"))
    import behind

    yield behind
    sys.path.pop(0)


def made_by(behind, *sources):
    """Return {number of a cell: the names that the last cell has from it}."""
    statements = behind.statements_of([new_code_cell(source) for source in sources])
    found = {}
    for one, names in behind.behind(statements, len(sources) - 1).items():
        found.setdefault(one.cell, set()).update(names)
    return found


DRAW = "axis.plot(a)"
TRACED = {
    "assigned last": (("a = 1", "a = 2", "b = 3", DRAW), {1: {"a"}}),
    "from others": (("b = 1", "a = f(b)", DRAW), {0: {"b"}, 1: {"a"}}),
    "changed by index": (("a = {}", "a[1] = 2", DRAW), {0: {"a"}, 1: {"a"}}),
    "changed by attribute": (("a = x()", "a.b = 2", DRAW), {0: {"a"}, 1: {"a"}}),
    "appended in a loop": (
        ("a = []", "s = [2]", "for x in s:\n    a.append(x)", DRAW),
        {0: {"a"}, 1: {"s"}, 2: {"a"}},
    ),
    "a part is changed": (
        ("a = {1: []}", "for n, line in a.items():\n    line.append(n)", DRAW),
        {0: {"a"}, 1: {"a"}},
    ),
    "added to": (("a = 1", "a += 1", DRAW), {0: {"a"}, 1: {"a"}}),
    "trained": (("a = N()", "seen = bl.learn.train(a, s)", DRAW), {0: {"a"}, 1: {"a"}}),
    "in a function": (
        ("k = 1", "def f(k):\n    return k + n", "n = 2", "a = f(3)", DRAW),
        {1: {"f"}, 2: {"n"}, 3: {"a"}},
    ),
    "in a comprehension": (("x = 1", "s = [2]", "axis.plot([x for x in s])"), {1: {"s"}}),
    "a loop's own name": (
        ("x = 1", "a = [2]", "for x in a:\n    axis.plot(x)"),
        {1: {"a"}},
    ),
    "drawn elsewhere": (("a = [1]", "for x in a:\n    axis.plot(x)\nprint(a)", DRAW), {0: {"a"}}),
    "imported": (("import a", DRAW), {}),
}


@pytest.mark.parametrize(("sources", "found"), TRACED.values(), ids=TRACED)
def test_names_are_traced_to_where_they_were_made(behind, sources, found):
    traced = made_by(behind, *sources)
    assert traced.pop(len(sources) - 1) is not None  # the figure's own
    assert traced == found


def records_of(behind, source):
    (statement,) = behind.statements_of([new_code_cell(source)])
    return behind.records_in(statement.node)


def test_records_are_known_however_they_are_named(behind):
    assert records_of(behind, 'bl.record("limits")["ratio"]') == ["limits"]
    thirty = ["slides-thesis-30", "slides-thesis-30-as-published"]
    assert records_of(behind, 'bl.record(f"slides-thesis-30{end}")') == thirty
    loop = 'a = {n: bl.record(n) for n in ("limits", "comparison")}'
    assert records_of(behind, loop) == ["limits", "comparison"]
    assert records_of(behind, 'bl.maps.load_estimator("sigma-net")') == []


def test_what_a_function_delegates_is_named_too(behind):
    names = [one.__name__ for one in behind.delegates("blurlib.maps.estimate")]
    assert {"SigmaNet", "folded_log_power", "run_dense"} <= set(names)  # three modules down
    families = behind.delegates("blurlib.data.procedural_texture")  # kept in a dict
    assert "weave" in {one.__name__.strip("_") for one in families}
    assert not {"check_image", "load_image", "_reach"} & set(names)
    assert behind.delegates("blurlib.data.TEST_TEXTURES") == ()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_figure_has_its_code_behind_it(path, book):
    cells = nbformat.read(path, as_version=4).cells
    figures = [
        number for number, cell in enumerate(cells) if "figure" in cell.metadata.get("mystnb", {})
    ]
    page = (book / path.relative_to(REPOSITORY)).with_suffix(".html")
    html = page.read_text(encoding="utf-8")
    folds = FOLD.findall(html)
    assert len(folds) == len(figures)
    for number, fold in zip(figures, folds, strict=True):
        assert f'<a href="#cell-{number}">this figure</a>' in fold
        for file, anchor in LINK.findall(fold):
            target = (page.parent / file).resolve() if file else page
            text = html if target == page else target.read_text(encoding="utf-8")
            assert f'id="{unescape(anchor)}"' in text, (file, anchor)


def test_a_figure_leads_to_cells_records_and_source(book):
    html = (book / "book/scoreboard.html").read_text(encoding="utf-8")
    fold = FOLD.findall(html)[0]
    assert '<a href="#cell-4"><code>endings</code>, <code>ours</code></a>' in fold
    found = set(re.findall(r"appendix/records.html#code-([\w-]+)", fold))
    assert found == {name for name in reproduce.RECORDS if name.startswith("slides-thesis")}
    html = (book / "book/start/your_first_sigma_map.html").read_text(encoding="utf-8")
    assert 'href="../../_modules/blurlib/maps/estimators.html#estimate"' in FOLD.findall(html)[0]
    assert 'href="../../_modules/blurlib/learn/sigma_net.html#SigmaNet"' in FOLD.findall(html)[0]
    assert "plotting" not in FOLD.findall(html)[0]
    assert "classical" not in FOLD.findall(html)[0]
    html = (book / "book/maps/ramp_and_sin.html").read_text(encoding="utf-8")
    assert "_modules/blurlib/learn/classifiers.html#ThesisNetwork" in FOLD.findall(html)[-1]
    html = (book / "book/maps/rivals_and_limits.html").read_text(encoding="utf-8")
    fold = next(fold for fold in FOLD.findall(html) if "code-limits" in fold)
    # Only a constant of the record's module says so.
    assert "_modules/blurlib/learn/classifiers.html#ThesisNetwork" in fold


def test_a_loss_stands_behind_what_is_trained_for_a_figure_alone(book):
    for part, chapter in (("maps", "rivals_and_limits"), ("learn", "class_mean_or_number")):
        html = (book / "book" / part / f"{chapter}.html").read_text(encoding="utf-8")
        found = ["gaussian_loss" in fold for fold in FOLD.findall(html)]
        assert any(found) == (part == "learn") and not all(found)


def test_a_link_to_a_record_opens_the_code_that_made_it(book, browser):
    page = browser.new_page()
    page.goto((book / "book/appendix/records.html").as_uri() + "#code-limits")
    page.wait_for_function("document.getElementById('code-limits').open")
    page.close()


def test_a_link_opens_a_folded_cell(book, browser):
    page = browser.new_page()
    page.goto((book / "book/scoreboard.html").as_uri())
    assert not page.locator("#cell-9 details.hide").evaluate("one => one.open")
    page.locator("details.behind summary").first.focus()
    page.keyboard.press("Enter")
    # Opened before the browser jumps: afterwards it would lie above the screen.
    page.evaluate("""document.querySelector('[href="#cell-9"]').addEventListener('click', () => {
        window.opened = document.querySelector('#cell-9 details.hide').open;
    })""")
    page.get_by_role("link", name="this figure").first.click()
    assert page.evaluate("window.opened")
    page.wait_for_function("document.querySelector('#cell-9 details.hide').open")
    assert page.locator("#cell-9 div.cell_input").is_visible()
    page.close()
