"""Chapters under nbval: longest first, threads shared out, and their outputs kept for the book.

``make test`` executes every chapter once. nbval compares the published numbers, and of a chapter
that it found right the outputs go where Sphinx looks for them (`book/_ext/execute.py`): the pages
show the very run that was compared.
"""

import os
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
KEEPS = bool(os.environ.get("BLURLIB_KEEP_OUTPUTS"))

# As in tests/conftest.py; kernels inherit it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault(
        "OMP_NUM_THREADS",
        str(max((os.cpu_count() or 1) // workers, 1)),
    )


def extension():
    """Return the module that fills the cache; its folder is Sphinx's, not Python's."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        import execute
    finally:
        sys.path.pop(0)
    return execute


def pytest_configure(config):
    if KEEPS and not hasattr(
        config, "workerinput"
    ):  # once, before any worker starts
        extension().forget_stale_outputs(ROOT, ROOT / "_build")


def pytest_collection_modifyitems(items):
    longest = extension().LONGEST
    items.sort(key=lambda item: item.path.stem not in longest)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if (
        KEEPS
        and item.path.suffix == ".ipynb"
        and report.when == "call"
    ):
        outputs, seconds = item.parent.__dict__.setdefault(
            "kept", ({}, [])
        )
        seconds.append(call.duration)
        if report.passed:
            outputs[item.cell_num] = item.test_outputs or []
            keep_if_whole(item.path, outputs, sum(seconds))
    return report


def keep_if_whole(path, outputs, seconds):
    """Put a chapter into the cache once every cell of it has run and was found right."""
    notebook = nbformat.read(path, as_version=4)
    cells = [
        cell for cell in notebook.cells if cell.cell_type == "code"
    ]
    if len(outputs) < len(cells):
        return
    for number, cell in enumerate(cells):
        cell.outputs, cell.execution_count = (
            outputs[number],
            number + 1,
        )
    execute = extension()
    cache = execute.get_cache(ROOT / "_build" / ".jupyter_cache")
    execute.keep(cache, path, notebook, seconds)
