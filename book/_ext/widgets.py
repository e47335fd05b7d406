"""Carry blurlib's widgets into the pages of the book, where they run without a kernel.

Two files are written once a build: every widget's bundled ES module as text in a classic script (a
page opened from a file cannot import a module from another file) and their style. Only a page that
contains a widget loads them, together with the host script ``widget_host.js``.
"""

import json
import os
from pathlib import Path

import blurlib.widgets

BUILT = Path(blurlib.widgets.__file__).parent / "built"
SCRIPT, STYLE, HOST = (
    "blurlib_widgets.js",
    "blurlib_widgets.css",
    "widget_host.js",
)
MARK = 'class="blurlib-widget"'
STATE = "application/vnd.jupyter.widget-state+json"


def write_assets(folder):
    """Write the modules' script and their style into a folder, which is made if need be."""
    modules = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(BUILT.glob("*.js"))
    }
    script = f"window.blurlibWidgets = {json.dumps(modules, indent=1)};\n"
    sheets = ("base", *modules)
    style = "".join(
        (BUILT / f"{name}.css").read_text(encoding="utf-8") for name in sheets
    )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {SCRIPT: script, STYLE: style}.items():
        temporary = folder / f"{name}.part"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, folder / name)


def on_builder_inited(app):
    if app.builder.format == "html":
        write_assets(Path(app.outdir) / "_static")


def on_page(app, pagename, templatename, context, doctree):
    # myst-nb embeds the kernel's whole widget state for ipywidgets' own scripts, which the book
    # does not load; ours travels in the widget's div.
    scripts = context.get("script_files", [])
    scripts[:] = [
        script for script in scripts if _attributes(script).get("type") != STATE
    ]
    if MARK in context.get("body", ""):
        app.add_css_file(STYLE)
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_js_file(HOST, loading_method="defer")


def _attributes(script):
    return getattr(script, "attributes", {})


def setup(app):
    app.connect("builder-inited", on_builder_inited)
    app.connect(
        "html-page-context", on_page, priority=600
    )  # after myst-nb has added its scripts
    return {
        "version": "1",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
