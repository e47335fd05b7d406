"""Every widget module is one text without imports, carried by the page's script."""

import json
import re
from types import SimpleNamespace

import pytest

from blurlib.widgets import bundle


@pytest.mark.parametrize("name", bundle.module_names())
def test_a_module_stands_alone(name):
    source = bundle.module_source(name)
    assert not re.search(r"^\s*import\b", source, re.MULTILINE)
    assert source.count("export default") == 1
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", source)


def test_an_unknown_module_is_named():
    with pytest.raises(ValueError, match="no widget module 'lens'; choose from .*psf_explorer"):
        bundle.module_source("lens")


def test_a_shared_part_comes_once_and_a_foreign_import_is_refused(tmp_path, monkeypatch):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/b.js").write_text("export const b = 1;\n")
    (tmp_path / "parts/a.js").write_text('import { b } from "./b.js";\nexport const a = b;\n')
    good = (
        'import { a } from "./parts/a.js";\nimport { b } from "./parts/b.js";\nexport default a;\n'
    )
    (tmp_path / "good.js").write_text(good)
    (tmp_path / "bad.js").write_text('import d3 from "d3";\n')
    monkeypatch.setattr(bundle, "_FOLDER", tmp_path)
    assert bundle.module_source("good") == (
        "export const b = 1;\nexport const a = b;\nexport default a;\n"
    )
    with pytest.raises(ValueError, match="cannot inline 'import d3"):
        bundle.module_source("bad")


def test_the_page_script_carries_every_module(extension, tmp_path):
    extension.write_assets(tmp_path)
    script = (tmp_path / extension.SCRIPT).read_text(encoding="utf-8")
    carried = json.loads(script.removeprefix("window.blurlibWidgets = ").removesuffix(";\n"))
    assert carried == {name: bundle.module_source(name) for name in bundle.module_names()}
    assert sorted(p.name for p in tmp_path.iterdir()) == [extension.STYLE, extension.SCRIPT]


@pytest.mark.parametrize(
    ("body", "wanted"), [('<div class="blurlib-widget">', 3), ("<p>A blurlib-widget.</p>", 0)]
)
def test_only_a_page_with_a_widget_loads_them(extension, body, wanted):
    added = []
    app = SimpleNamespace(
        add_css_file=added.append, add_js_file=lambda name, **options: added.append(name)
    )
    state = SimpleNamespace(attributes={"type": extension.STATE})
    scripts = [state, other := SimpleNamespace(attributes={})]
    extension.on_page(app, "page", "page.html", {"body": body, "script_files": scripts}, None)
    assert added == [extension.STYLE, extension.SCRIPT, extension.HOST][:wanted]
    assert scripts == [other]
