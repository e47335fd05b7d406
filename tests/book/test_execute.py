"""Chapters are executed beside each other, kept for Sphinx, and a fault is named with its place."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SCRIPT = Path(__file__).parents[2] / "book" / "_ext" / "execute.py"
GOOD = ["value = 6 * 7", "print(value)"]


def write_chapter(path, *cells):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    chapter = new_notebook(metadata=metadata, cells=[new_markdown_cell("# A title")])
    chapter.cells += [new_code_cell(source, metadata={"tags": ["kept"]}) for source in cells]
    nbformat.write(chapter, path)


@pytest.fixture
def small_book(tmp_path):
    """Return the folder of a book of two chapters, the second of which fails."""
    for folder in ("blurlib", "results", "book/part"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "blurlib" / "code.py").write_text("")
    (tmp_path / "constraints.txt").write_text("")
    (tmp_path / "_config.yml").write_text("execute: {timeout: 60}\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\n"
        "chapters: [{file: book/part/good}, {file: book/part/bad}]\n"
    )
    (tmp_path / "book" / "intro.md").write_text("# Intro\n")
    write_chapter(tmp_path / "book/part/good.ipynb", *GOOD)
    write_chapter(tmp_path / "book/part/bad.ipynb", "a = 1", "a / 0")
    return tmp_path


def execute(book):
    """Execute the chapters as `make book` does, in a process of its own."""
    return subprocess.run([sys.executable, SCRIPT, book], capture_output=True, text=True)


@pytest.fixture
def execute_here(small_book, monkeypatch, capfd):
    """Return a function that does so in this process: (status, output, complaints)."""
    monkeypatch.syspath_prepend(SCRIPT.parent)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # it would set it for good
    script = runpy.run_path(str(SCRIPT))
    return lambda: (script["main"](small_book), *capfd.readouterr())


def test_chapters_are_executed_once_and_faults_are_named(small_book, execute_here):
    status, out, err = execute_here()
    assert status == 1
    lines = sorted(line.split("]")[1].split() for line in out.splitlines())
    assert lines[0] == ["part/bad", "FAILED"] and lines[1][0] == "part/good"
    assert "part/bad, cell 2: " in err and "ZeroDivisionError" in err
    assert "encryption" not in err and "part/good" not in err
    reports = small_book / "_build" / "html" / "reports"
    assert "ZeroDivisionError" in (reports / "part" / "bad.err.log").read_text()

    # As Sphinx will: the notebook without outputs, completed from the cache.
    chapter = nbformat.read(small_book / "book/part/good.ipynb", as_version=4)
    cache = get_cache(small_book / "_build" / ".jupyter_cache")
    _, found = cache.merge_match_into_notebook(chapter)
    assert [cell.execution_count for cell in found.cells[1:]] == [1, 2]
    assert found.cells[2].outputs[0].text == "42\n"

    # Mended, and the package has changed: both are executed, and then neither.
    write_chapter(small_book / "book/part/bad.ipynb", "a = 1", "a / 1")
    (small_book / "blurlib" / "code.py").write_text("changed = True")
    status, out, _ = execute_here()
    assert status == 0 and out.count("/2] ") == 2 and not list(reports.rglob("*.log"))
    assert execute_here()[:2] == (0, "")


def test_what_nbval_found_right_is_what_the_book_shows(small_book):
    """`make test` executes a chapter once: its outputs are compared, and go where Sphinx looks."""
    for name in ("conftest.py", "_ext/execute.py", "_ext/offline.py"):
        (small_book / "book" / name).parent.mkdir(exist_ok=True)
        shutil.copy(SCRIPT.parents[1] / name, small_book / "book" / name)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    command += ["--nbval-lax", "--nbval-current-env"]
    for keep, chapters in (("", "book/part/good.ipynb"), ("1", "book")):
        subprocess.run(
            [*command, chapters], cwd=small_book, capture_output=True,
            env={**os.environ, "BLURLIB_KEEP_OUTPUTS": keep},
        )  # fmt: skip
        assert (small_book / "_build").exists() == bool(keep)
    cache = get_cache(small_book / "_build" / ".jupyter_cache")
    good, bad = (
        nbformat.read(small_book / f"book/part/{name}.ipynb", as_version=4)
        for name in ("good", "bad")
    )
    _, found = cache.merge_match_into_notebook(good)
    assert [cell.execution_count for cell in found.cells[1:]] == [1, 2]
    assert found.cells[2].outputs[0].text == "42\n"
    with pytest.raises(KeyError):
        cache.match_cache_notebook(bad)
    # What is there is not executed again, and what failed is.
    last = execute(small_book)
    assert last.returncode == 1
    assert [line.split("] ")[1] for line in last.stdout.splitlines()] == ["part/bad  FAILED"]
