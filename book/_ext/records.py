"""Sphinx extension: ``recorded-results`` shows every record of ``results``, a section each.

What a record holds is said in the table of ``results/README.md``, and nowhere else. Where a page
says ``python -m reproduce NAME``, this becomes a link to that section, which also has the code.
"""

import ast
import functools
import inspect
import itertools
import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import blurlib
from api import address, names_of, reproduce, source_page

RESULTS = Path(__file__).parents[2] / "results"
LINE = re.compile(r"^\| (`[^|]+`) \| (.+) \|$", flags=re.MULTILINE)


COMMAND = re.compile(r"python -m reproduce ([\w-]+)")
# In highlighted code: the name in a call of `bl.record`, which may be put together.
CALL = re.compile(
    r'(record(?:</span>|</a>)*<span class="p">\(</span>)'
    r'((?:<span class="sa">f</span>)?<span class="s2">(?:"|&quot;).*?(?:"|&quot;)</span>)'
    r'(?=<span class="p">\))'
)
# Of its escaped text: what is filled in.
FILLED = re.compile(r"\\\{.*?\\\}")
# In prose: "the record `a`", "records `a`, `b` and `c`"; what is code is left out of the text.
NAMED = re.compile(
    r"\brecords?\b(?:[\s:]|`|python -m reproduce|with|,|and|or|\()*$", re.IGNORECASE
)
PAGE = "book/appendix/records"


def function_of(name):
    """Return the function that makes a record."""
    function = reproduce.RECORDS[name]
    while isinstance(function, functools.partial):
        function = function.func
    return function


def code_of(function):
    """Return the source of a function, with what it needs of its module's own, in its order."""
    text = inspect.getsource(inspect.getmodule(function))
    made = {}
    for node in ast.parse(text).body:
        targets = getattr(node, "targets", [node])
        for target in targets:
            for one in getattr(target, "elts", [target]):
                name = getattr(one, "id", getattr(one, "name", None))
                if name and not isinstance(node, ast.Import | ast.ImportFrom):
                    made[name] = node
    needed, todo = set(), [function.__name__]
    while todo:
        if (node := made[todo.pop()]) not in needed:
            needed.add(node)
            todo += sorted(names_of(node)[0] & set(made))
    lines, pieces = text.splitlines(), []
    for node in sorted(needed, key=lambda node: node.lineno):
        first = min(
            [node, *getattr(node, "decorator_list", ())], key=lambda n: n.lineno
        )
        start = first.lineno - 1
        while lines[start - 1].startswith("#"):
            start -= 1
        pieces.append("\n".join(lines[start : node.end_lineno]))
    return "\n\n".join(pieces)


def records_like(pattern):
    """Return the records whose names match a pattern."""
    return [name for name in reproduce.RECORDS if re.fullmatch(pattern, name)]


def place_of(name):
    """Return the section of a record: (page, anchor)."""
    return PAGE, nodes.make_id(f"record-{name}")


def descriptions(text):
    """Return {name of a record: what it records}, as the table of the README has it."""
    return {
        name: what
        for files, what in LINE.findall(text)
        for name in re.findall(r"`([\w-]+)\.json`", files)
    }


def html_of(table):
    """Return a record's table; its corner, which names nothing, is no header."""
    return table._repr_html_().replace("<th></th>", "<td></td>")


class RecordedResults(SphinxDirective):
    """Show what each record holds, how it was made, and its numbers."""

    def run(self):
        readme = RESULTS / "README.md"
        self.env.note_dependency(str(readme))
        told = descriptions(readme.read_text(encoding="utf-8"))
        if set(told) != set(reproduce.RECORDS):
            odd = sorted(set(told) ^ set(reproduce.RECORDS))
            raise ExtensionError(f"{readme.name} and the records differ in {odd}")
        sections = []
        for name, what in told.items():
            self.env.note_dependency(str(RESULTS / f"{name}.json"))
            section = nodes.section(ids=[nodes.make_id(f"record-{name}")])
            section += nodes.title("", name)
            # Every second part stands between backticks.
            kinds = itertools.cycle(
                (nodes.Text, functools.partial(nodes.literal, ""))
            )
            parts = f"{what[0].upper()}{what[1:]}.".split("`")
            said = [kind(part) for kind, part in zip(kinds, parts, strict=False)]
            section += nodes.paragraph("", "", *said)
            table = blurlib.record(name).table()
            html = (
                f"<details><summary>{len(table.rows)} rows</summary>"
                f'<div class="record" role="region" tabindex="0" aria-label="{name}">'
                f"{html_of(table)}</div></details>"
            )
            section += nodes.raw("", html, format="html")
            function = function_of(name)
            file = f"{function.__module__.replace('.', '/')}.py"
            self.env.note_dependency(str(RESULTS.parent / file))
            place = source_page(function.__module__), function.__name__
            uri = address(self.env.app, PAGE, place)
            fold = (
                f'<details id="code-{name}"><summary>The code that made it</summary>'
                f'<p>From <a href="{uri}">{file}</a>:</p>'
            )
            section += nodes.raw("", fold, format="html")
            code = code_of(function)
            block = nodes.literal_block(code, code, language="python")
            block["classes"].append(f"of-{function.__module__.replace('.', '-')}")
            section += block
            section += nodes.raw("", "</details>", format="html")
            sections.append(section)
        return sections


def link_names(app, doctree, docname):
    """Lead from the name of a record in prose, or the command that makes it, to its section.

    A network may be called as its record is, and a chapter too: such a name counts where the text
    before it says "record".
    """
    for literal in list(doctree.findall(nodes.literal)):
        text, parent = literal.astext(), literal.parent
        found = COMMAND.match(text)
        if isinstance(parent, nodes.reference | nodes.title):
            continue
        alone = "-" in text and text not in blurlib.learn.SHIPPED
        if not found and alone:
            found = re.match("(.*)", text)
        elif not found and text in reproduce.RECORDS:
            before = parent.children[: parent.index(literal)]
            said = "".join("`" if is_code(one) else one.astext() for one in before)
            found = NAMED.search(said) and re.match("(.*)", text)
        if found and found[1] in reproduce.RECORDS:
            uri = address(app, docname, place_of(found[1]))
            link = nodes.reference("", "", internal=True, refuri=uri)
            literal.replace_self(link)
            link += literal


def is_code(node):
    """Tell whether a node is code, or a link around it."""
    return isinstance(node, nodes.literal) or (
        isinstance(node, nodes.reference) and isinstance(node[0], nodes.literal)
    )


def link_calls(app, pagename, templatename, context, doctree):
    """Lead from the name of a record in a chapter's code to its section.

    One that is put together leads to the first of those that it may be.
    """
    if doctree is None or app.builder.format != "html":
        return

    def link(found):
        name = re.sub("<.*?>", "", found[2]).replace("&quot;", '"')
        literal = re.escape(name.removeprefix("f").strip('"'))
        like = records_like(FILLED.sub("[a-z0-9-]*", literal))
        if not like:
            return found[0]
        uri = address(app, pagename, place_of(like[0]))
        return f'{found[1]}<a class="api" href="{uri}">{found[2]}</a>'

    context["body"] = CALL.sub(link, context.get("body", ""))


def setup(app):
    """Register the directive and the links."""
    app.add_directive("recorded-results", RecordedResults)
    app.connect("doctree-resolved", link_names)
    app.connect("html-page-context", link_calls)
    return {"version": blurlib.__version__, "parallel_read_safe": True}
