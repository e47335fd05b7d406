"""Every widget module is bundled by esbuild into one text, carried by the page's script."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from blurlib.widgets._page import BUILT

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in BUILT.parent.glob("*.js"))


def test_what_is_built_is_not_stale(tmp_path):
    """`make labs` would change nothing."""
    path = os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])
    npm = shutil.which("npm", path=path)
    assert npm, "no npm: run `make book`, which installs it"
    command = [npm, "run", "--silent", "--prefix", REPOSITORY / "book/_ext", "labs"]
    command += ["--", f"--outdir={tmp_path}"]
    done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    built, fresh = ({p.name: p.read_bytes() for p in d.iterdir()} for d in (BUILT, tmp_path))
    assert sorted(built) == sorted(fresh)
    stale = [name for name in fresh if built[name] != fresh[name]]
    assert not stale, f"run `make labs` and commit {stale}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_stands_alone(name):
    source = (BUILT / f"{name}.js").read_text(encoding="utf-8")
    assert not re.search(r"\bimport\s*[{\"'*(]", source)
    assert re.search(r"export\{[\w$]+ as default\}", source)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", source)


def test_the_page_script_carries_every_module(extension, tmp_path):
    extension.write_assets(tmp_path)
    script = (tmp_path / extension.SCRIPT).read_text(encoding="utf-8")
    carried = json.loads(script.removeprefix("window.blurlibWidgets = ").removesuffix(";\n"))
    assert carried == {name: (BUILT / f"{name}.js").read_text("utf-8") for name in MODULES}
    style = (tmp_path / extension.STYLE).read_text(encoding="utf-8")
    assert all((BUILT / f"{name}.css").read_text("utf-8") in style for name in ("base", *MODULES))
    assert sorted(p.name for p in tmp_path.iterdir()) == [extension.STYLE, extension.SCRIPT]
    assert sum(len(gzip.compress(p.read_bytes())) for p in tmp_path.iterdir()) < 80_000


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
