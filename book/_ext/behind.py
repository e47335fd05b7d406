"""Sphinx extension: under each figure of a chapter, a fold with all the code behind it.

A figure is drawn by one cell from what others computed, far above it and folded. From the names that
its cell reads, the statements that made them are traced back, and the fold lists where they stand:
the cells, the records that they read and the parts of blurlib that they call.
"""

import ast
import builtins
import functools
import inspect
import pkgutil
import re
import sys
import textwrap
import types
from html import escape

import nbformat
from docutils import nodes

from api import (
    address,
    known_methods,
    names_of,
    public_part,
    reproduce,
    source_of,
    source_page,
)
from blurlib.learn.heads import NETWORKS
from blurlib.learn.recipes import SHIPPED
from blurlib.learn.training import train
from blurlib.maps.classical import CLASSICAL
from records import function_of, place_of, records_like

# What changes its object, or what it is given, even where its answer is kept.
CHANGES = set(
    "add append clear extend insert pop remove sort update "
    "fit_standardisation initialise step train".split()
)
# What shows, or hands on, computes nothing; diagrams are computed.
DRAWING = ("blurlib.plotting", "blurlib.widgets", "blurlib.record")
# What checks, reads or keeps, and computes nothing either.
KEEPING = (
    "blurlib._checks", "blurlib._files", "blurlib._sealed", "blurlib.blur.borders",
    "blurlib.data.images", "blurlib.data._decode", "blurlib.data.files",
    "blurlib.learn.checkpoints", "blurlib.maps.sigma_map", "blurlib.plotting",
    "blurlib.widgets",
)  # fmt: skip
FOLDED = {"remove-cell", "remove-input"}
SHOWN_NAMES = 3
OPEN = """
const unfold = (hash) => {
  const part = /^#(cell|code)-/.test(hash) && document.getElementById(hash.slice(1));
  const fold = part && (part.matches("details") ? part : part.querySelector("details.hide"));
  if (fold && !fold.open) { fold.open = true; return part; }
};
const follow = () => unfold(location.hash)?.scrollIntoView({behavior: "instant"});
addEventListener("hashchange", follow);
addEventListener("DOMContentLoaded", follow);
// Before the browser jumps: what unfolds while it scrolls would push the cell out of sight.
addEventListener("click", (event) => unfold(event.target.closest("details.behind a")?.hash ?? ""), true);
"""


def root_of(node):
    """Return the name that an expression like `a.b[0].c` begins with, or None."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def dotted(node):
    """Return `bl.maps.rmse` as a text; empty if it is no chain of names."""
    text = ast.unparse(node)
    return text if re.fullmatch(r"[\w.]+", text) else ""


def walk(node):
    """Yield the parts of a statement that run with it: no bodies of functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from walk(child)


def names_in(node):
    """Return the names in an expression or a target."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def changed(node):
    """Return the names whose things a statement changes in place."""
    found = set()
    for part in walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript):
            if isinstance(part.ctx, ast.Store | ast.Del):
                found.add(root_of(part))
        elif isinstance(part, ast.AugAssign):
            found.add(root_of(part.target))
        elif isinstance(part, ast.Call):
            last = getattr(part.func, "attr", "")
            if last in CHANGES or last.endswith("_"):  # torch's own sign
                found |= {root_of(part.func), *map(root_of, part.args)}
    for part in walk(node):  # of `for line in answers.values()`: the line is a part
        if isinstance(part, ast.For) and names_in(part.target) & found:
            found |= names_in(part.iter)
    return found - {None}


def in_order(node):
    """Yield the names of a statement about as they are met when it runs: values, then targets."""
    if isinstance(node, ast.Name):
        yield node
    for field in sorted(node._fields, key=lambda one: one not in ("value", "iter")):
        inner = getattr(node, field)
        for child in inner if isinstance(inner, list) else [inner]:
            if isinstance(child, ast.AST):
                yield from in_order(child)


def flow(node):
    """Return the names that a statement (reads before it makes them, makes anew)."""
    reads, makes = names_of(node)
    met = {}
    for name in in_order(node):
        met.setdefault(name.id, isinstance(name.ctx, ast.Load))
    for part in ast.walk(node):
        if isinstance(part, ast.AugAssign):
            met |= dict.fromkeys(names_in(part.target), True)
            reads |= names_in(part.target)
    if isinstance(node, ast.If):
        return reads, set()
    anew = {name for name in makes if not met.get(name)}
    return reads - anew, anew


class Statement:
    """A statement of a cell: what it reads, makes anew, and writes in any way."""

    def __init__(self, node, cell):
        """Read a parsed statement of the cell with that number."""
        self.node, self.cell = node, cell
        self.reads, self.anew = flow(node)
        self.reads -= set(dir(builtins))
        self.writes = names_of(node)[1] | changed(node)
        self.is_function = isinstance(node, ast.FunctionDef)


def statements_of(cells):
    """Return the statements of a notebook's code cells in order; imports are left out."""
    found, imported = [], set()
    for number, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {
                    (one.asname or one.name).partition(".")[0] for one in node.names
                }
            elif not isinstance(node, ast.Assert):
                found.append(Statement(node, number))
    for one in found:
        one.reads, one.writes = one.reads - imported, one.writes - imported
    return found


def behind(statements, number):
    """Return the statements that made what a cell shows, its own last: {statement: names}."""
    functions = {
        name: one.reads
        for one in statements
        if one.is_function
        for name in one.anew
    }

    needed, found = set(), {}
    for one in reversed([one for one in statements if one.cell <= number]):
        made = one.writes & needed
        if one.cell != number and not made:
            continue
        found[one] = made
        needed -= one.anew
        todo = set() if one.is_function else set(one.reads)
        while todo:  # a function reads its names when it is called
            needed |= todo
            todo = set().union(*(functions.get(name, ()) for name in todo)) - needed
    return dict(reversed(found.items()))


def records_in(node):
    """Return the names of the records that a statement may read."""
    found = []
    for part in ast.walk(node):
        if not isinstance(part, ast.Call) or dotted(part.func) != "bl.record":
            continue
        name = part.args[0]
        if isinstance(name, ast.Constant | ast.JoinedStr):
            patterns = ["".join(map(pattern, getattr(name, "values", [name])))]
        else:  # a loop's variable: what it runs over stands beside it
            texts = (one for one in ast.walk(node) if isinstance(one, ast.Constant))
            patterns = map(pattern, texts)
        found += [one for text in patterns for one in records_like(text)]
    return found


def pattern(part):
    """Return a regular expression for a part of a text: anything, where it is filled in."""
    return (
        re.escape(str(part.value))
        if isinstance(part, ast.Constant)
        else "[a-z0-9-]*"
    )


def calls_in(node, methods):
    """Return {public name: how it is called} of what a statement uses of blurlib."""
    found = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and dotted(part).startswith("bl."):
            full = public_part(f"blurlib{dotted(part)[2:]}")
            if full and ("draw_" in full or not full.startswith(DRAWING)):
                found[full] = full.removeprefix("blurlib.")
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            name = part.func.attr
            if name in methods and not dotted(part.func).startswith("bl."):
                full = methods[name][1]
                found[full] = ".".join(full.split(".")[-2:])
    return found


@functools.cache
def delegates(full):
    """Return what a part of blurlib calls of other modules, and those of others still."""
    first = pkgutil.resolve_name(full)
    first = getattr(first, "fget", first)
    if not isinstance(first, types.FunctionType | type):
        return ()
    seen = todo = [first]
    for one in todo:
        space = vars(sys.modules[one.__module__])
        for part in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one)))):
            if not isinstance(part, ast.Name | ast.Attribute):
                continue
            begin, *rest = dotted(part).split(".")
            thing = space.get(begin)
            for name in rest:
                thing = (
                    getattr(thing, name, None) if inspect.ismodule(thing) else None
                )
            for each in thing.values() if isinstance(thing, dict) else [thing]:
                if (
                    isinstance(each, types.FunctionType | type)
                    and each.__module__.startswith(("blurlib.", "reproduce."))
                    and not each.__module__.startswith(KEEPING)
                    and each not in seen
                ):
                    seen.append(each)
    return tuple(
        one
        for one in seen
        if one.__module__ != first.__module__
        and not one.__name__.startswith(("_", "check_"))
    )


def texts_in(statements):
    """Return the texts in statements, such as the names of networks."""
    parts = (part for one in statements for part in ast.walk(one.node))
    return {
        part.value for part in parts if isinstance(getattr(part, "value", 0), str)
    }


@functools.cache
def texts_of(module):
    """Return all texts in a module: whoever makes a record names its networks in constants."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    parts = (part for part in ast.walk(tree) if isinstance(part, ast.Constant))
    return {part.value for part in parts if isinstance(part.value, str)}


def called_by(calls, records, texts):
    """Return what public names, the makers of records and the networks named in texts lead to."""
    makers = [function_of(name) for name in dict.fromkeys(records)]
    callers = sorted(calls) + [f"{one.__module__}.{one.__name__}" for one in makers]
    found = [one for full in callers for one in delegates(full)]
    found += (
        [reproduce.Experiment] if makers else []
    )  # it predicts and scores for them
    texts = texts.union(*(texts_of(one.__module__) for one in makers))
    found += [NETWORKS[SHIPPED[name].network] for name in SHIPPED if name in texts]
    left_out = []
    if not texts & set(CLASSICAL):
        left_out.append("blurlib.maps.classical")
    trained = "blurlib.learn.train" in calls or train in found
    if not (
        trained or set(records) & set(reproduce.NEED_TRAINING)
    ):  # a loss has no part in it
        left_out.append("blurlib.learn.gaussian")
    found = [one for one in found if not one.__module__.startswith(tuple(left_out))]
    return list(dict.fromkeys(found))


def fold(app, docname, cells, number, statements, methods):
    """Return the fold under the figure of a cell, as HTML."""

    def link(place, text):
        return f'<a href="{escape(address(app, docname, place))}">{text}</a>'

    names, records, calls = {}, [], {}
    traced = behind(statements, number)
    for one, made in traced.items():
        names.setdefault(one.cell, []).extend(sorted(made))
        records += records_in(one.node)
        calls |= calls_in(one.node, methods)
    rows = {"Cells": [], "Records": [], "blurlib": []}
    for cell, made in names.items():
        if FOLDED & set(cells[cell].metadata.get("tags", ())):
            continue
        unique = list(dict.fromkeys(made))
        label = ", ".join(f"<code>{name}</code>" for name in unique[:SHOWN_NAMES])
        label += ", …" * (len(unique) > SHOWN_NAMES)
        label = "this figure" if cell == number else label
        rows["Cells"].append(f'<a href="#cell-{cell}">{label}</a>')
    for name in dict.fromkeys(records):
        page, _ = place_of(name)
        rows["Records"].append(link((page, f"code-{name}"), f"<code>{name}</code>"))
    for full, name in sorted(calls.items()):
        rows["blurlib"].append(link(source_of(full), f"<code>{name}</code>"))
    shown = {source_of(full)[0] for full in calls}
    rows["which call"] = [
        link(
            (source_page(one.__module__), one.__qualname__),
            f"<code>{one.__name__}</code>",
        )
        for one in called_by(calls, records, texts_in(traced))
        if source_page(one.__module__) not in shown
    ]
    listed = "".join(
        f"<p>{title}: {' · '.join(links)}</p>"
        for title, links in rows.items()
        if links
    )
    summary = "<summary>Code behind this figure</summary>"
    return f'<details class="behind">{summary}{listed}</details>'


def add_folds(app, doctree, docname):
    """Give every cell of a chapter an anchor, and every figure its fold."""
    path = app.env.doc2path(docname)
    if app.builder.format != "html" or not path.endswith(".ipynb"):
        return
    cells = nbformat.read(path, as_version=4).cells
    statements = statements_of(cells)
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    methods = known_methods(app.env, code)
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        number = cell["cell_index"]
        cell["ids"].append(f"cell-{number}")
        for figure in list(cell.findall(nodes.figure)):
            html = fold(app, docname, cells, number, statements, methods)
            index = figure.parent.index(figure)
            figure.parent.insert(index + 1, nodes.raw("", html, format="html"))


def setup(app):
    """Register the folds, and the script that opens a cell one is led to."""
    app.connect("doctree-resolved", add_folds)
    app.add_js_file(None, body=OPEN)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
