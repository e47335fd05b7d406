"""Data flows one way: no room of the package imports one that comes after it."""

import ast
from pathlib import Path

import pytest

import blurlib

PACKAGE = Path(blurlib.__file__).parent
LAYERS = {
    "_checks": 0, "_files": 0, "_sealed": 0, "exercises": 0, "blur": 1, "data": 2, "learn": 3,
    "theory": 3, "maps": 4, "restore": 5, "plotting": 6, "records": 0, "widgets": 6, "cli": 7,
    "__main__": 8,
}  # fmt: skip
ONLY_IN = {"matplotlib": {"plotting"}, "anywidget": {"widgets"}, "traitlets": {"widgets"}}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path):
    """Return the first part of a module's name inside the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path):
    """Yield (room of blurlib or None, top-level name) of every import in a module."""
    inside = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((None, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield None, node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = [*inside[: len(inside) - node.level + 1], *(node.module or "").split(".")]
            base = [part for part in base if part]
            names = [base[0]] if base else [alias.name for alias in node.names]
            yield from ((name, "blurlib") for name in names if name != "__version__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_and_heavy_libraries_have_one_room(path):
    room = room_of(path)
    for other, library in imports_of(path):
        if other is not None and other != room:
            assert LAYERS[other] < LAYERS[room], f"{path.name} ({room}) imports {other}"
        assert room in ONLY_IN.get(library, {room}), f"{path.name} imports {library}"


def test_every_room_has_a_layer():
    assert {room_of(path) for path in MODULES} == set(LAYERS)
