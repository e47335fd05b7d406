"""Sphinx extension: the package's public names in the appendix, and links to them from all pages.

``.. api-room:: blurlib.blur`` documents what a room offers, module by module: the names are read from
the package, the text from its docstrings. ``.. api-list::`` names all of them in one table. Where a
page has such a name in its prose or in a code cell, it becomes a link, so that the code behind a
figure is two clicks away: to the docstring, and from there to the source.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import symtable
import sys
from importlib.util import resolve_name
from pathlib import Path

import numpy as np
import torch
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

import blurlib
from blurlib.learn.checkpoints import OTHER_TASKS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # of what makes the records, which is not installed
import reproduce  # noqa: E402

# Modules whose sources have pages: the package, and what makes the records.
OURS = ("blurlib", "reproduce")
CARDS = Path(blurlib.__file__).parent / "learn" / "weights"
# A number, a text or a sequence is shown; of anything longer the comment has to do.
MAX_VALUE = 72
# In a docstring: a reference's number, and a chapter's file.
FOOTNOTE, FOOTNOTE_USE = re.compile(r"^\.\. \[(\d)\] "), re.compile(r"\[(\d)\]_")
CHAPTER = re.compile(r'(?:Chapter "([^"]+)", )?``(book/[\w/]+)\.ipynb``')
# In highlighted code: names joined by dots, as Pygments writes them, and a module in an import.
DOTTED = re.compile(
    r'<span class="n">\w+</span>(?:<span class="o">\.</span><span class="n">\w+</span>)*'
)
DOT = '<span class="o">.</span>'
IMPORTED = re.compile(r'<span class="nn">(blurlib[\w.]*)</span>')
CODE = re.compile(
    r'(<div class="highlight"><pre>)(.*?)(</pre></div>)', flags=re.DOTALL
)
# Code that is a module's own says so in a class of its block: its short names are known there.
OF_MODULE = re.compile(
    r'<div class="[^"]*\bof-((?:blurlib|reproduce)[\w-]*)[^"]*">\s*$'
)
# On a page of sources: the way back to an entry, where there is none.
UNUSED_BACK = re.compile(r'<a class="viewcode-back" href="[^"]*/\.html#.*?</a>\n')
# torch has these too, but no chapter asks a tensor for them.
OURS_TOO = {"select"}
PLAIN_NAME = re.compile(r"(?:bl\.)?([A-Za-z_][\w.]*)(?:\(.*\))?", flags=re.DOTALL)


@functools.cache
def home_of(module, name):
    """Return the module in which a name is made: imports are followed to where they begin."""
    found = importlib.import_module(module)
    package = module if hasattr(found, "__path__") else module.rpartition(".")[0]
    for node in ast.parse(inspect.getsource(found)).body:
        if not isinstance(node, ast.ImportFrom):
            continue
        origin = resolve_name(
            "." * node.level + (node.module or ""), package or module
        )
        names = [alias.asname or alias.name for alias in node.names]
        if names == ["*"]:
            names = getattr(importlib.import_module(origin), "__all__", names)
        if name in names:
            is_ours = origin.startswith(OURS)
            return home_of(origin, name) if is_ours else origin
    return (
        getattr(getattr(found, name), "__module__", module)
        if _is_code(found, name)
        else module
    )


def _is_code(module, name):
    thing = getattr(module, name)
    return inspect.isclass(thing) or inspect.isroutine(thing)


def public_names(module):
    """Return what a module offers: what it lists itself, or else what is made in it."""
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        return list(found.__all__)
    names = [name for name in vars(found) if not name.startswith("_")]
    names = [name for name in names if _is_code(found, name) or name.isupper()]
    return [name for name in names if home_of(module, name) == module]


def offered(module):
    """Yield (full name, home module) of everything in a room, its public modules' names included."""
    for name in public_names(module):
        full = f"{module}.{name}"
        if inspect.ismodule(getattr(importlib.import_module(module), name)):
            yield from offered(full)
        else:
            yield full, home_of(module, name)


def rooms():
    """Return the package's rooms by their full names, in the order in which data flows."""
    return [f"blurlib.{room}" for room in blurlib._ROOMS]


def by_module(room):
    """Group a room's names by the module that makes them; those of other rooms come last, alone."""
    own, others = {}, []
    for full, home in offered(room):
        if home == room or home.startswith(f"{room}."):
            own.setdefault(home, []).append(full)
        else:
            others.append((full, home))
    return dict(sorted(own.items())), others


def file_of(module):
    """Return a module's file as it is called in the repository."""
    path = Path(inspect.getsourcefile(importlib.import_module(module)))
    return path.relative_to(Path(blurlib.__file__).parents[1]).as_posix()


def docstring_of(module):
    """Return the lines of a module's docstring."""
    return (inspect.getdoc(importlib.import_module(module)) or "").splitlines()


def describe(full, home):
    """Return the reStructuredText that documents one public name."""
    module, _, name = full.rpartition(".")
    thing = getattr(importlib.import_module(module), name)
    if inspect.isclass(thing):
        return [f".. autoclass:: {full}", "   :members:", ""]
    if inspect.isroutine(thing):
        return [f".. autofunction:: {full}", ""]
    analyzer = ModuleAnalyzer.for_module(home)
    analyzer.analyze()
    comment, value = analyzer.attr_docs.get(("", name), []), repr(thing)
    lines = [f".. py:data:: {full}"]
    if isinstance(thing, int | float | str | tuple) and len(value) <= MAX_VALUE:
        lines.append(f"   :value: {value}")
    elif not comment:
        raise ExtensionError(
            f"{full} says nothing: put a comment `#: ...` before it in {home}."
        )
    keys = (
        f"Keys: {', '.join(f'``{key}``' for key in thing)}."
        if isinstance(thing, dict)
        else ""
    )
    return [*lines, "", *(f"   {line}" for line in [*comment, keys]), ""]


def source_of(full):
    """Return where the source of a public name stands: (page, anchor)."""
    thing = pkgutil.resolve_name(full)
    thing = getattr(thing, "fget", thing)
    if hasattr(thing, "__qualname__"):  # of a method, where it is defined
        return source_page(thing.__module__), thing.__qualname__
    module, _, name = full.rpartition(".")
    return source_page(home_of(module, name)), name


def source_page(module):
    """Return the page with a module's source."""
    return f"_modules/{module.replace('.', '/')}"


def public_part(full):
    """Return the longest beginning of a dotted name that is a public thing, or None."""
    thing, name, known = blurlib, "blurlib", None
    for part in full.split(".")[1:]:
        inside, name = inspect.isclass(thing), f"{name}.{part}"
        if not (inside or inspect.ismodule(thing)) or not hasattr(thing, part):
            break
        thing = getattr(thing, part)
        if not inside or inspect.isroutine(thing):
            known = None if inspect.ismodule(thing) else name
    return known


def constants_of(code):
    """Return {NAME: (kind, first line, last)} of a module's constants, as Sphinx tags the rest."""
    return {
        target.id: ("data", node.lineno, node.end_lineno)
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign)
        for target in ast.walk(ast.Tuple(node.targets))
        if isinstance(target, ast.Name) and target.id.isupper()
    }


def show_sources(app, env):
    """Have a page with the source of each module, and an anchor for all that is defined there."""
    # viewcode's own list: so far what the API pages document.
    modules = env._viewcode_modules
    for path in sorted(path for one in OURS for path in (ROOT / one).rglob("*.py")):
        if path.stem == "__main__":  # to import it is to run it
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if not modules.get(name):
            analyzer = ModuleAnalyzer.for_file(path, name)
            analyzer.find_tags()
            modules[name] = analyzer.code, analyzer.tags, {}, name
        code, tags, used, _ = modules[name]
        tags |= constants_of(code)
        for tag in tags:
            used.setdefault(tag, "")  # documented nowhere
    return []


def link_data(app, doctree, docname):
    """Lead from a constant's entry to its source, as Sphinx does from that of a function."""
    for entry in doctree.findall(addnodes.desc):
        if entry["objtype"] == "data":
            place = source_of(entry[0]["fullname"])
            link = nodes.reference("", "", internal=True)
            link["refuri"] = address(app, docname, place)
            link += nodes.inline("", "[source]", classes=["viewcode-link"])
            entry[0] += link


def names_of(node):
    """Return the global names that a statement (reads, assigns), inner scopes included."""
    return _names_of(symtable.symtable(ast.unparse(node), "", "exec"))


def _names_of(table):
    outer = table.get_type() == "module"
    symbols = table.get_symbols()
    reads = {
        s.get_name()
        for s in symbols
        if s.is_referenced() and (outer or s.is_global())
    }
    assigns = {
        s.get_name()
        for s in symbols
        if s.is_assigned() and (outer or s.is_declared_global())
    }
    for child in table.get_children():
        more = _names_of(child)
        reads, assigns = reads | more[0], assigns | more[1]
    return reads, assigns


class Generated(SphinxDirective):
    """A directive whose text is reStructuredText made from the package."""

    def parse(self, lines):
        container = nodes.section()
        container.document = self.state.document
        source = self.get_source_info()[0]
        nested_parse_with_titles(self.state, StringList(lines, source), container)
        return container.children


class ApiRoom(Generated):
    """Document a room: a section for each of its modules, an entry for each public name."""

    required_arguments = 1

    def run(self):
        room = self.arguments[0]
        own, others = by_module(room)
        part = room.rpartition(".")[2]
        lines = [*docstring_of(room), ""]
        chapters = sorted(
            name for name in self.env.found_docs if name.startswith(f"book/{part}/")
        )
        if chapters:
            listed = ", ".join(f":doc:`/{name}`" for name in chapters)
            lines += [f"Its chapters: {listed}.", ""]
        for module, names in own.items():
            title = module.removeprefix(f"{room}.") if module != room else part
            lines += [f".. _{anchor(module)}:", "", title, "-" * len(title), ""]
            lines += [f"``{file_of(module)}``", ""]
            lines += [*(docstring_of(module) if module != room else ()), ""]
            for full in names:
                lines += describe(full, module)
        if others:
            title = "From other rooms"
            lines += [title, "-" * len(title), ""]
            lines += [
                f"- ``{full}`` is ``{home_name(full, home)}``."
                for full, home in others
            ]
        return self.parse(lines)


class ApiList(Generated):
    """List every public name, a section for each room."""

    def run(self):
        lines = []
        for room in rooms():
            lines += [room, "-" * len(room), ""]
            lines += [f"Docstrings: :doc:`/{page_of(room)}`.", ""]
            for module, names in by_module(room)[0].items():
                links = ", ".join(
                    f"``{full.removeprefix('blurlib.')}``" for full in names
                )
                lines += [f"``{file_of(module)}``", f"   {links}", ""]
        return self.parse(lines)


def page_of(room):
    """Return the page that documents a room."""
    return f"book/appendix/api/{room.rpartition('.')[2]}"


class ModelCards(SphinxDirective):
    """Show the cards that lie beside the packaged weights, one section each."""

    def run(self):
        found = []
        # In the order of the table; what restores comes after what estimates.
        shown = [*blurlib.maps.estimator_names(), *OTHER_TASKS]
        for path in sorted(
            CARDS.glob("*.md"), key=lambda one: shown.index(one.stem)
        ):
            self.env.note_dependency(str(path))
            lines = path.read_text(encoding="utf-8").splitlines()
            section = nodes.section(ids=[nodes.make_id(path.stem)])
            section += nodes.title("", path.stem)
            self.state.nested_parse(StringList(lines[1:], str(path)), 0, section)
            found.append(section)
        return found


def anchor(module):
    """Return the label of a module's section."""
    return f"code-of-{module}"


def home_name(full, home):
    """Return the public name under which another room documents the same thing."""
    name = full.rpartition(".")[2]
    room = ".".join(home.split(".")[:2])
    return next(
        (
            one
            for one, place in offered(room)
            if place == home and one.endswith(f".{name}")
        ),
        full,
    )


def mend_docstring(app, what, name, obj, options, lines):
    """Write numpydoc's references as a list, and chapters that they name as links."""
    for number, line in enumerate(lines):
        line = FOOTNOTE_USE.sub(r"[\1]", FOOTNOTE.sub(r"\1. ", line))
        lines[number] = CHAPTER.sub(
            lambda found: (
                f":doc:`{found[1]} </{found[2]}>`"
                if found[1]
                else f":doc:`/{found[2]}`"
            ),
            line,
        )
    app.env.temp_data["docstring"] = list(lines)


def kinds_of(base):
    """Return the subclasses of a class, and theirs."""
    direct = base.__subclasses__()
    return [*direct, *(kind for one in direct for kind in kinds_of(one))]


def implementations(name, method):
    """Return the lines that say what implements an abstract method, or one that ends in it."""
    base = pkgutil.resolve_name(name.rpartition(".")[0])
    left = sorted(getattr(base, "__abstractmethods__", ()))
    if not left or method.__name__ not in (*left, "predict"):
        return []
    links = [
        f"`{one.__name__}.{abstract}`"
        for one in sorted(kinds_of(base), key=lambda one: one.__name__)
        for abstract in left
        if one.__module__.startswith("blurlib.") and abstract in vars(one)
    ]
    start = (
        "Implementations" if method.__name__ in left else "What answers in the end"
    )
    return ["", f"{start}: {', '.join(links)}.", ""]


def after_napoleon(app, what, name, obj, options, lines):
    """Undo what it makes of a property's one line: to it, words before a colon are a type."""
    if what == "property":
        lines[:] = app.env.temp_data["docstring"]
    if what == "method":
        lines += implementations(name, obj)


def known_names(env):
    """Return {what a page may call it: (page, anchor)} of all that the API pages document.

    A name is known by its whole path and by the ends of it, as long as only one thing ends so. The
    last part alone is enough if no other word looks like it: `blur_varying`, but not `pad`.
    """
    places = {
        name: (entry.docname, entry.node_id)
        for name, entry in env.domaindata["py"]["objects"].items()
    }
    for room in rooms():  # what a room offers of another one is documented there
        for full, home in by_module(room)[1]:
            if (entry := home_name(full, home)) in places:
                places[full] = places[entry]
    for name, room in blurlib._SHORTER.items():
        if (full := f"blurlib.{room}.{name}") in places:
            places[f"blurlib.{name}"] = places[full]
    labels = env.domaindata["std"]["anonlabels"]
    modules = {
        label.removeprefix("code-of-"): place[:2]
        for label, place in labels.items()
        if label.startswith("code-of-")
    }
    ends = {}
    for name in places:
        parts = name.split(".")
        for start in range(1, len(parts)):
            end = ".".join(parts[start:])
            if "." in end or re.search(r"[a-z0-9][_A-Z]|^[A-Z]+_", end):
                ends.setdefault(end, set()).add(places[name])
    short = {end: found.pop() for end, found in ends.items() if len(found) == 1}
    rooms_ = {
        room: (page_of(room), "")
        for room in rooms()
        if page_of(room) in env.found_docs
    }
    return short | modules | rooms_ | places


def known_methods(env, code=""):
    """Return {name: (page, anchor)} of methods that nothing else in Python has.

    In `estimator.predict(picture)` the class is not to be seen, but there is one `predict`. Where
    several classes have one, it is that of the class which `code` names, or of their base.
    """
    usual = set().union(
        *(dir(one) for one in (dict, list, str, Path, torch.nn.Module()))
    )
    usual |= set(dir(torch.Tensor)) | set(dir(np.ndarray))
    usual |= set(dir(torch.optim.Optimizer))
    found, entries = {}, env.domaindata["py"]["objects"]
    for name, entry in entries.items():
        last = name.rpartition(".")[2]
        if entry.objtype == "method" and last not in usual - OURS_TOO:
            found.setdefault(last, []).append(name)
    names = {
        last: chosen(methods, entries, code) for last, methods in found.items()
    }
    return {
        last: (entries[name].docname, entries[name].node_id)
        for last, name in names.items()
    }


def chosen(methods, entries, code):
    """Return which of several classes' methods of one name is meant, or else their base."""
    if len(methods) == 1:
        return methods[0]
    classes = {
        name: pkgutil.resolve_name(name.rpartition(".")[0]) for name in methods
    }
    words = set(re.findall(r"\w+", code))
    named = [
        name
        for name, one in classes.items()
        if words & {kind.__name__ for kind in (one, *kinds_of(one))}
    ]
    fit = [classes[name] for name in named or methods]
    common = [
        base for base in fit[0].__mro__ if all(issubclass(one, base) for one in fit)
    ]
    own = [name for name in methods if classes[name] in common]
    homes = ((base.__module__, base.__name__) for base in common)
    documented = [names_of_homes().get(home) for home in homes]
    bases = [name for name in documented if name in entries]

    def likelihood(name):  # of a room within a room, only if the code goes there
        rooms = name.split(".")[1:-2]
        deep = len(rooms) if f"{'.'.join(rooms)}." in code else -len(rooms)
        return len(kinds_of(classes[name])), deep

    most = max(named or methods, key=likelihood)
    return next(iter([*own[-1:], *bases, most]))


def link_prose(app, doctree, docname):
    """Make links of the public names that stand in a page's text as code."""
    names = known_names(app.env)
    for literal in list(doctree.findall(nodes.literal)):
        found = PLAIN_NAME.fullmatch(literal.astext())
        inside, parent = False, literal.parent
        while parent is not None and not inside:
            inside = isinstance(parent, nodes.reference | nodes.title)
            parent = parent.parent
        if found and not inside and found[1] in names:
            uri = address(app, docname, names[found[1]])
            link = nodes.reference("", "", internal=True, refuri=uri)
            literal.replace_self(link)
            link += literal


def address(app, docname, place):
    """Return the way from one page to a place on another."""
    page, node = place
    return app.builder.get_relative_uri(docname, page) + (
        f"#{node}" if node else ""
    )


def link_code(app, pagename, templatename, context, doctree):
    """Make links of the public names in a page's code, which is highlighted by now."""
    if doctree is None or app.builder.format != "html":
        return
    body = context.get("body", "")
    code = re.sub("<.*?>", "", " ".join(found[2] for found in CODE.finditer(body)))
    everywhere, methods = known_names(app.env), known_methods(app.env, code)
    names = everywhere

    def link_to(html, place):
        return f'<a class="api" href="{address(app, pagename, place)}">{html}</a>'

    def link(html, name):
        return html if name not in names else link_to(html, names[name])

    def link_dotted(found):
        pieces = re.findall(r"<span.*?>.*?</span>", found[0])
        words = re.findall(r">(\w+)<", found[0])
        start = 2 * (words[0] == "bl")
        for count in range(len(words), start // 2, -1):  # the longest that is known
            name = ".".join(words[start // 2 : count])
            if (
                start and f"blurlib.{name}" in names
            ):  # bl.record has no room before it
                name = f"blurlib.{name}"
            if name in names:
                end = 2 * count - 1
                linked = link("".join(pieces[start:end]), name)
                return "".join([*pieces[:start], linked, *pieces[end:]])
        after_dot = found.string[: found.start()].endswith(
            DOT
        )  # of list[0].predict
        if (len(words) > 1 or after_dot) and words[-1] in methods:
            return "".join([*pieces[:-1], link_to(pieces[-1], methods[words[-1]])])
        return found[0]

    def link_block(found):
        nonlocal names
        module = OF_MODULE.search(body[: found.start()][-200:])
        own = names_in(module[1].replace("-", "."), everywhere) if module else {}
        names = everywhere | own
        code = DOTTED.sub(link_dotted, found[2])
        return (
            found[1]
            + IMPORTED.sub(lambda one: link(one[0], one[1]), code)
            + found[3]
        )

    context["body"] = CODE.sub(link_block, body)


@functools.cache
def names_of_homes():
    """Return {(module, name): public name} of all that the API pages document."""
    return {
        (home, full.rpartition(".")[2]): full
        for room in rooms()
        for full, home in offered(room)
        if home.startswith(room)
    }


def names_in(module, places):
    """Return {name: (page, anchor)} of what a module takes from others of the package."""
    found = {}
    for name, thing in vars(importlib.import_module(module)).items():
        if inspect.ismodule(thing):
            if thing.__name__.startswith(OURS):
                found[name] = source_page(thing.__name__), ""
            continue
        home = home_of(module, name)
        if home.startswith(OURS) and home != module:
            full = names_of_homes().get((home, name))
            found[name] = places.get(full, (source_page(home), name))
    page = source_page("reproduce.experiment")
    for name in vars(reproduce.Experiment):  # what every record is given
        found[f"experiment.{name}"] = page, f"Experiment.{name}"
    for name in reproduce.Experiment.__dataclass_fields__:
        found[f"experiment.{name}"] = page, "Experiment"
    return found


def drop_back_links(app, pagename, templatename, context, doctree):
    """Take those off the pages of sources that would lead to no entry."""
    if pagename.startswith("_modules/"):
        context["body"] = UNUSED_BACK.sub("", context["body"])


def setup(app):
    """Register the directives and the links with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("api-room", ApiRoom)
    app.add_directive("api-list", ApiList)
    app.add_directive("model-cards", ModelCards)
    app.connect(
        "autodoc-process-docstring", mend_docstring, priority=400
    )  # before napoleon
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("env-updated", show_sources)
    app.connect("html-page-context", drop_back_links)
    app.connect("doctree-resolved", link_prose)
    app.connect("doctree-resolved", link_data)
    app.connect("html-page-context", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
