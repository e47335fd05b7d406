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


@pytest.fixture
def notebook():
    """Return a chapter in small: a computation, and its number printed, rounded and stored."""
    made = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [
        new_code_cell("import math\nwidth = math.sqrt(2)"),
        new_code_cell(
            "print(f'width: {width:.2f} px')",
            metadata={"tags": TAGS},
            execution_count=1,
            outputs=[new_output("stream", name="stdout", text="width: 1.41 px\n")],
        ),
    ]
    return made


def test_only_a_number_changed_by_hand_fails(notebook, tmp_path):
    """A stripped one passes unseen: therefore a rule of test_notebooks.py wants a stored output."""
    nbformat.write(notebook, tmp_path / "true.ipynb")
    tagged_outputs(notebook)[0]["text"] = "width: 1.42 px\n"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    notebook.cells[1].update(outputs=[], execution_count=None)
    nbformat.write(notebook, tmp_path / "stripped.ipynb")
    result = nbval(tmp_path)
    assert result.returncode == 1 and "1 failed, 5 passed" in result.stdout, result.stdout
    assert "FAILED changed.ipynb::Cell 1" in result.stdout, result.stdout
    assert "1.42" in result.stdout and "1.41" in result.stdout


def test_a_real_chapter_fails_when_changed(tmp_path):
    """The first chapter that stores a number, with its first digit changed; cut off behind it."""
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
                nbformat.write(chapter, tmp_path / path.name)
                result = nbval(tmp_path)
                assert result.returncode == 1, result.stdout
                assert "1 failed" in result.stdout, result.stdout
                return
    pytest.fail("no chapter in book/blur stores a number for nbval to compare")
