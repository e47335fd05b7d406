"""Sphinx extension: ``recorded-results`` shows every record of ``results``, a section each.

What a record holds is said in the table of ``results/README.md``, and nowhere else.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import blurlib

RESULTS = Path(__file__).parents[2] / "results"
LINE = re.compile(r"^\| (`[^|]+`) \| (.+) \|$", flags=re.MULTILINE)


def descriptions(text):
    """Return {name of a record: what it records}, as the table of the README has it."""
    return {
        name: what
        for files, what in LINE.findall(text)
        for name in re.findall(r"`([\w-]+)\.json`", files)
    }


class RecordedResults(SphinxDirective):
    """Show what each record holds, how it was made, and its numbers."""

    def run(self):
        readme = RESULTS / "README.md"
        self.env.note_dependency(str(readme))
        told = descriptions(readme.read_text(encoding="utf-8"))
        if set(told) != set(blurlib.reproduce.RECORDS):
            odd = sorted(set(told) ^ set(blurlib.reproduce.RECORDS))
            raise ExtensionError(f"{readme.name} and the records differ in {odd}")
        sections = []
        for name, what in told.items():
            self.env.note_dependency(str(RESULTS / f"{name}.json"))
            section = nodes.section(ids=[nodes.make_id(f"record-{name}")])
            section += nodes.title("", name)
            paragraph = nodes.paragraph("", f"{what[0].upper()}{what[1:]}.")
            section += paragraph
            table = blurlib.record(name).table()
            html = (
                f"<details><summary>{len(table.rows)} rows</summary>"
                f'<div class="record">{table._repr_html_()}</div></details>'
            )
            section += nodes.raw("", html, format="html")
            sections.append(section)
        return sections


def setup(app):
    """Register the directive."""
    app.add_directive("recorded-results", RecordedResults)
    return {"version": blurlib.__version__, "parallel_read_safe": True}
