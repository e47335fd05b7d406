"""The test of the test: nbval compares a tagged number, and fails when it is changed by hand."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

REPOSITORY = Path(__file__).parents[2]
TAGS = ["nbval-check-output", "keep_output"]


def nbval(folder):
    """Run nbval on a folder's notebooks as `make test` does, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder]
    command += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=120", folder]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def tagged_outputs(notebook):
    """Return the printed outputs that nbval is to compare."""
    return [
        output
        for cell in notebook.cells
        if set(TAGS) <= set(cell.metadata.get("tags", []))
        for output in cell.outputs
        if output.output_type == "stream"
    ]


def small_chapter(text, count=1):
    """Return a chapter in small: a computation, and its number printed, rounded and stored."""
    notebook = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    stored = [new_output("stream", name="stdout", text=text)] if text else []
    notebook.cells = [
        new_code_cell("import math\nwidth = math.sqrt(2)"),
        new_code_cell(
            "print(f'width: {width:.2f} px')",
            metadata={"tags": TAGS},
            execution_count=count,
            outputs=stored,
        ),
    ]
    return notebook


def changed_chapter():
    """Return the first chapter that stores a number, that changed, and cut off behind it."""
    for path in sorted((REPOSITORY / "book" / "blur").glob("*.ipynb")):
        chapter = nbformat.read(path, as_version=4)
        for output in tagged_outputs(chapter):
            text = output["text"]
            if digit := next((c for c in text if c.isdigit()), None):
                output["text"] = text.replace(digit, str((int(digit) + 1) % 10), 1)
                place = next(
                    n for n, c in enumerate(chapter.cells) if output in c.get("outputs", [])
                )
                del chapter.cells[place + 1 :]
                return chapter
    pytest.fail("no chapter in book/blur stores a number for nbval to compare")


def test_only_a_number_changed_by_hand_fails(tmp_path):
    """A stripped one passes unseen: therefore a rule of test_notebooks.py wants a stored output."""
    real = changed_chapter()
    chapters = {
        "true": small_chapter("width: 1.41 px\n"),
        "changed": small_chapter("width: 1.42 px\n"),
        "stripped": small_chapter("", count=None),
        "real": real,
    }
    for name, chapter in chapters.items():
        nbformat.write(chapter, tmp_path / f"{name}.ipynb")
    result = nbval(tmp_path)
    last = sum(cell.cell_type == "code" for cell in real.cells) - 1
    assert result.returncode == 1, result.stdout
    assert f"2 failed, {5 + last} passed" in result.stdout, result.stdout
    assert "FAILED changed.ipynb::Cell 1" in result.stdout, result.stdout
    assert f"FAILED real.ipynb::Cell {last}" in result.stdout, result.stdout
    assert "1.42" in result.stdout and "1.41" in result.stdout
