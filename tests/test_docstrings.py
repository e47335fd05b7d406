"""Every public function says what it takes and what it gives, in numpydoc's words."""

import ast
import importlib
import inspect
import textwrap

import pytest

ROOMS = ("blur", "data", "learn", "maps", "plotting")


def public_functions():
    for room in ROOMS:
        module = importlib.import_module(f"blurlib.{room}")
        for name in getattr(module, "__all__", dir(module)):
            thing = getattr(module, name)
            if inspect.isfunction(thing) and not name.startswith("_"):
                if thing.__module__.startswith(f"blurlib.{room}"):
                    yield pytest.param(thing, id=f"{room}.{name}")


def gives_a_value(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Return) and node.value for node in ast.walk(tree))


@pytest.mark.parametrize("function", list(public_functions()))
def test_docstring_has_its_sections(function):
    text = inspect.getdoc(function)
    sections = [line for line, under in zip(text.splitlines(), text.splitlines()[1:], strict=False)
                if set(under) == {"-"}]  # fmt: skip
    parameters = inspect.signature(function).parameters
    assert ("Parameters" in sections) == bool(parameters)
    assert ("Returns" in sections) == gives_a_value(function)
    described = text[text.find("Parameters\n") :]
    for name in parameters:
        assert name in described, f"{name} is not described"
