"""Every public function says what it takes, gives and raises, in numpydoc's words."""

import ast
import importlib
import inspect
import re
import textwrap

import pytest

ROOMS = ("blur", "data", "learn", "maps", "restore", "plotting")


def public_functions():
    for room in ROOMS:
        module = importlib.import_module(f"blurlib.{room}")
        for name in getattr(module, "__all__", dir(module)):
            thing = getattr(module, name)
            if inspect.isfunction(thing) and not name.startswith("_"):
                if thing.__module__.startswith(f"blurlib.{room}"):
                    yield pytest.param(thing, id=f"{room}.{name}")


def sections_of(docstring):
    """Split a docstring at its underlined headings: {heading: the lines that are not indented}."""
    parts = re.split(r"^(\w[\w ]*)\n-+$", docstring, flags=re.MULTILINE)
    return {
        heading: re.findall(r"^\S.*", text, flags=re.MULTILINE)
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def names_in(entries):
    """Give the names before the colons: `low, high : float` and `**options` are three."""
    return [name.lstrip("*") for entry in entries for name in entry.split(" : ")[0].split(", ")]


def statements(function):
    """Walk through a function's own statements, not through those of functions inside it."""
    todo = list(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body)
    while todo:
        yield (node := todo.pop())
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)


def faults_of(function):
    """Say what a function's docstring leaves out or makes up."""
    sections = sections_of(inspect.getdoc(function) or "")
    taken = list(inspect.signature(function).parameters)
    described = names_in(sections.get("Parameters", []))
    if sorted(taken) != sorted(described):
        yield f"takes {taken}, describes {described}"
    gives = any(
        isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value
        for node in statements(function)
    )
    if gives != bool({"Returns", "Yields"} & sections.keys()):
        yield "gives a value and does not say so, or the other way round"
    named = set(names_in(sections.get("Raises", [])))
    for node in statements(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
            raised = raised.split(".")[-1]
            # Another name's case is a variable's or a helper's: the class is not to be seen here.
            if raised[0].isupper() and raised not in named:
                yield f"raises {raised}, which it does not name among {sorted(named)}"


@pytest.mark.parametrize("function", list(public_functions()))
def test_docstring_is_true(function):
    faults = list(faults_of(function))
    assert not faults, "\n".join(faults)


def forgetful(sigma, sigma_map):
    """Forget one of two names, of which one is part of the other, the result and the error.

    Parameters
    ----------
    sigma_map : float
        Says nothing of sigma.
    """
    if sigma_map < 0:
        raise ValueError("negative")
    return sigma


def test_a_false_docstring_is_seen():
    takes, gives, raises = faults_of(forgetful)
    assert "describes ['sigma_map']" in takes
    assert gives.startswith("gives a value") and raises.startswith("raises ValueError")
