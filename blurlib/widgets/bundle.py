"""Put a widget's JavaScript and style together from the files in this folder.

``NAME.js`` is a widget; what several widgets share lies in ``parts/`` and is imported by a line
``import { a, b } from "./parts/FILE.js";``. Neither a live notebook nor a page opened from a file
can follow such an import, so each import is replaced by the text of the file it names.
"""

import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?:parts/)?(\w+\.js)";\n', re.MULTILINE)


def module_names():
    """Name every widget module, sorted: ``"psf_explorer"``."""
    return sorted(path.stem for path in _FOLDER.glob("*.js"))


def module_source(name):
    """Give one widget's ES module as a single text without imports."""
    if name not in module_names():
        raise ValueError(f"no widget module {name!r}; choose from {', '.join(module_names())}")
    inlined = set()

    def inline(match):
        part = match[1]
        if part in inlined:
            return ""
        inlined.add(part)
        return _IMPORT.sub(inline, _read(f"parts/{part}"))

    source = _IMPORT.sub(inline, _read(f"{name}.js"))
    if left := re.search(r"^\s*import\b.*$", source, re.MULTILINE):
        raise ValueError(
            f"{name}.js: cannot inline {left[0].strip()!r}; "
            'write import { names } from "./parts/FILE.js"; on one statement'
        )
    return source


def style_source(*names):
    """Give the style of some widgets: the shared sheet, then each widget's own, if it has one."""
    own = [f"{name}.css" for name in names if (_FOLDER / f"{name}.css").exists()]
    return "\n".join(_read(sheet) for sheet in ["parts/base.css", *own])


def _read(name):
    return (_FOLDER / name).read_text(encoding="utf-8")
