"""Print how long each chapter is, and fail where one is too long: ``python tests/book/lengths.py``.

Words are those of the prose: no code, no equations, no captions; a quiz has a count of its own.
Visible lines are those of code that a reader need not unfold. Page heights and run times are those
of the last ``make book``; where there is none, they are left out.
"""

import importlib
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
#: What a chapter may have: words, those of its quiz, visible lines, letters in the longest of
#: them, pixels, seconds.
LIMITS = {"words": 2200, "quiz": 200, "lines": 150, "longest": 70, "height": 9000, "seconds": 30}
#: Words of all chapters together, without the quizzes, which are folded.
LIMIT_OF_ALL = 39_000
_FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_NO_PROSE = (
    (r"^([`:]{3,})\{math\}.*?^\1", re.DOTALL | re.MULTILINE),
    (r"^(`{3,})\w*$.*?^\1", re.DOTALL | re.MULTILINE),  # code
    (r"^\s*:[\w-]+:.*$|^\s*[`:]{3,}.*$|^\(.*\)=$", re.MULTILINE),  # of directives, and labels
    (r"\{[\w:]+\}(?=`)", 0),
)


def words_of(text):
    """Count the words of a Markdown text."""
    for pattern, flags in _NO_PROSE:
        text = re.sub(pattern, " ", text, flags=flags)
    text = re.sub(r"\$[^$]*\$", "formula", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def measure(path):
    """Return words, visible lines and the longest of them, of one notebook."""
    cells = nbformat.read(path, as_version=4).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    name = (
        path.relative_to(ROOT / "book").with_suffix("").as_posix() if ROOT in path.parents else ""
    )
    quizzes = extension("course").quizzes()
    visible = [
        line
        for cell in cells
        if cell.cell_type == "code" and not _FOLDED & set(cell.metadata.get("tags", ()))
        for line in cell.source.splitlines()
        if line.strip()
    ]
    return {
        "words": sum(map(words_of, prose)),
        "quiz": words_of(extension("course").text_of(name)) if name in quizzes else 0,
        "lines": len(visible),
        "longest": max(map(len, visible), default=0),
    }


def heights_of(names, html=ROOT / "_build" / "html"):
    """Return the height of each chapter's page at 1280 pixels, by its name."""
    pages = {name: html / "book" / f"{name}.html" for name in names}
    if not all(page.is_file() for page in pages.values()):
        return {}
    sys.path.insert(0, str(ROOT))
    from playwright.sync_api import sync_playwright

    from tests.conftest import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        heights = {}
        for name, file in pages.items():
            page.goto(file.as_uri())
            page.wait_for_load_state("networkidle")
            heights[name] = page.evaluate("document.documentElement.scrollHeight")
        browser.close()
    return heights


def seconds_of(paths):
    """Return how long each chapter ran, by its name."""
    from jupyter_cache import get_cache

    if not (folder := ROOT / "_build" / ".jupyter_cache").is_dir():
        return {}
    cache, found = get_cache(folder), {}
    for name, path in paths.items():
        try:
            record = cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            continue
        found[name] = record.data.get("execution_seconds")
    return found


def extension(name):
    """Return a module of book/_ext, whose folder is Sphinx's."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


def chapter_files():
    """Return the chapters of the table of contents, by name, in its order."""
    paths = extension("execute").chapters(ROOT)
    return {path.relative_to(ROOT / "book").with_suffix("").as_posix(): path for path in paths}


def main():
    """Print the table; return 1 if a limit is passed, else 0."""
    paths = chapter_files()
    found = {name: measure(path) for name, path in paths.items()}
    for key, values in (("height", heights_of(paths)), ("seconds", seconds_of(paths))):
        for name, value in values.items():
            found[name][key] = value
    print(f"{'':32s}" + "".join(f"{key:>9s}" for key in LIMITS))
    faults = 0
    for name, values in found.items():
        row = ""
        for key, limit in LIMITS.items():
            value = values.get(key)
            too_much = value is not None and value > limit
            faults += too_much
            row += f"{'' if value is None else f'{value:.0f}':>8s}{'!' if too_much else ' '}"
        print(f"{name:32s}{row}")
    total, quiz = (sum(values[key] for values in found.values()) for key in ("words", "quiz"))
    print(f"{'all':32s}{total:8d}{'!' if total > LIMIT_OF_ALL else ' '}{quiz:8d}")
    return int(faults > 0 or total > LIMIT_OF_ALL)


if __name__ == "__main__":
    sys.exit(main())
