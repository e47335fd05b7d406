"""Sphinx extension: a book whose pages ask no other host, and whose outputs are never stale.

MathJax is copied into the built book from ``book/_ext/node_modules`` (``make book`` puts it there).
The script of thebe, which would load from a public host and which no page uses, is dropped.
What the theme's pages do wrong when they are opened as files is mended, and long names in code get
places where a narrow window may break them.
Outputs in the cache are forgotten as soon as the code that made them changes.
"""

import base64
import hashlib
import re
import shutil
from pathlib import Path

from sphinx.errors import ExtensionError

MATHJAX = Path(__file__).parent / "node_modules" / "mathjax" / "es5"
MATHJAX_PARTS = (
    "tex-chtml.js",
    "input/tex/extensions",
    "output/chtml/fonts/woff-v2",
)
CODE_OF_OUTPUTS = ("blurlib", "results", "constraints.txt")
CODE_OF_LOOKS = ("book/_static", "book/_ext/package-lock.json")
NO_SUMMARIES_FROM_FILES = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
# Fonts load when needed; their preload is a cross-origin request, which a file may not make.
FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')
# A long name in code, and where it may be broken: after a dot, a slash or an underscore.
NAME, JOINT = (
    re.compile(r'(?<=<span class="pre">)[^<]{16,}(?=</span>)'),
    re.compile(r"(?<=\w)[._/](?=[A-Za-z])"),
)
# Without a stored choice the theme logs an error and paints one light frame even for dark readers.
FIRST_VISIT = {
    'localStorage.getItem("mode") || ""': 'localStorage.getItem("mode") || "auto"',
    'localStorage.getItem("theme") || ""': 'localStorage.getItem("theme") || '
    '(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")',
}


def digest(root, names):
    """Return the SHA-256 of the named files, and of those in the named folders, under `root`."""
    files = [root / name for name in names]
    files += [path for folder in files for path in folder.rglob("*")]
    total = hashlib.sha256()
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(root).as_posix().encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def forget_stale_outputs(root, build):
    """Empty the cache if blurlib or its versions changed: the cache itself sees only notebooks."""
    code = digest(root, CODE_OF_OUTPUTS)
    stamp = build / "code_of_outputs.sha256"
    if not stamp.exists() or stamp.read_text() != code:
        shutil.rmtree(build / ".jupyter_cache", ignore_errors=True)
        build.mkdir(parents=True, exist_ok=True)
        stamp.write_text(code)
    return code


def on_config(app, config):
    """Let Sphinx know of the code: `execute.py` has run, or not, and the cache may be stale."""
    # Another value of the first makes Sphinx read every page again, of the second write every page.
    root = Path(app.srcdir)
    config.code_of_outputs = forget_stale_outputs(root, Path(app.outdir).parent)
    config.code_of_looks = digest(root, CODE_OF_LOOKS)


def copy_mathjax(app):
    """Copy MathJax's script, its extensions and its fonts beside the book's style sheet."""
    if app.builder.format != "html":
        return
    for part in MATHJAX_PARTS:
        source, target = (
            MATHJAX / part,
            Path(app.outdir) / "_static" / "mathjax" / part,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copy2(source, target)
        else:
            raise ExtensionError(
                f"{source} is missing; run `make book`, which fetches MathJax first."
            )


def drop_thebe(app, pagename, templatename, context, doctree):
    """Take thebe's scripts off the page; the theme adds them twice, which is an error as well."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe"
        not in f"{getattr(script, 'filename', '')}{getattr(script, 'attributes', '')}".lower()
    ]


def mend_pages(app, exception):
    """Rewrite those lines of the theme's template that no option reaches."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            mended = FONT_PRELOAD.sub("", text)
            mended = NAME.sub(
                lambda name: JOINT.sub(r"\g<0><wbr>", name[0]), mended
            )
            for old, new in FIRST_VISIT.items():
                mended = mended.replace(old, new)
            if mended != text:
                page.write_text(mended, encoding="utf-8")


def write_index(app, exception):
    """Lead from the bare address to the first page, with an icon: browsers ask for one anyway."""
    if exception is not None or app.builder.format != "html":
        return
    first = f"{app.config.root_doc}.html"
    # In the page itself: a request would be broken off when the next page is opened.
    icon = base64.b64encode(
        (Path(app.srcdir) / app.config.html_favicon).read_bytes()
    )
    (Path(app.outdir) / "index.html").write_text(
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{app.config.html_title}'
        f'</title>\n<link rel="icon" href="data:image/svg+xml;base64,{icon.decode()}">\n'
        f'<meta http-equiv="refresh" content="0; url={first}">\n'
        f'<p><a href="{first}">{app.config.html_title}</a></p>\n</html>\n',
        encoding="utf-8",
    )


def setup(app):
    """Register the parts with Sphinx."""
    app.add_config_value("code_of_outputs", "", "env")
    app.add_config_value("code_of_looks", "", "html")
    app.connect("config-inited", on_config)
    app.connect("builder-inited", copy_mathjax)
    app.connect("build-finished", mend_pages)
    # Before the table of contents' own extension, which writes one if there is none.
    app.connect("build-finished", write_index, priority=100)
    app.connect("html-page-context", drop_thebe, priority=900)
    # A page opened as a file may not read the other pages: there, search shows titles alone.
    app.add_js_file(None, body=NO_SUMMARIES_FROM_FILES)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
