"""The API pages document every public name, and pages link to them, in prose and in code."""

import inspect
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from sphinx.application import Sphinx

import blurlib
import reproduce

REPOSITORY = Path(__file__).parents[2]
EXTENSIONS = REPOSITORY / "book" / "_ext"
PAGES = REPOSITORY / "book" / "appendix" / "api"


@pytest.fixture(scope="module")
def api():
    """Import the extension as Sphinx does."""
    sys.path.insert(0, str(EXTENSIONS))
    import api

    yield api
    sys.path.remove(str(EXTENSIONS))


@pytest.fixture(scope="module")
def small_book(api, tmp_path_factory):
    """Build a page that uses names, and the pages of two rooms: (folder of the pages, warnings)."""
    source = tmp_path_factory.mktemp("source")
    (source / "book/appendix/api").mkdir(parents=True)
    for room in ("blur", "widgets", "exercises"):
        text = (PAGES / f"{room}.rst").read_text()
        (source / f"book/appendix/api/{room}.rst").write_text(text)
    (source / "conf.py").write_text("")
    (source / "index.rst").write_text(
        "Title\n=====\n\n``blur.blur_varying(sharp, sigma)``, ``blur_uniform``, ``pad``, "
        "``blur.nothing``, ``blurlib.blur.psf``\n\n.. code-block:: python\n\n"
        "   import blurlib as bl\n   soft = bl.blur.quantize(data.items)\n\n"
        ".. toctree::\n   :glob:\n   :hidden:\n\n   book/appendix/api/*\n"
    )
    settings = yaml.safe_load((REPOSITORY / "_config.yml").read_text())["sphinx"]
    names = ("autodoc", "napoleon", "default_role", "add_module", "maximum")
    config = {k: v for k, v in settings["config"].items() if k.startswith(names)}
    config |= {"extensions": ["api", *settings["extra_extensions"]], "html_theme": "basic"}
    # Chapters are not part of this book.
    config |= {"nitpicky": True, "suppress_warnings": ["ref.doc"]}
    out = source / "_build"
    with open(source / "warnings", "w") as warnings:
        app = Sphinx(
            source, source, out, source / "_doctrees", "html", config, None, warning=warnings
        )
        app.build()
    return out, (source / "warnings").read_text()


def test_docstrings_are_valid(small_book):
    assert small_book[1] == ""


def test_every_public_name_has_an_entry(small_book, api):
    for room in ("blur", "widgets", "exercises"):
        text = (small_book[0] / f"book/appendix/api/{room}.html").read_text()
        for name in api.public_names(f"blurlib.{room}"):
            assert f'id="blurlib.{room}.{name}"' in text, name
    text = (small_book[0] / "book/appendix/api/blur.html").read_text()
    assert "_modules/blurlib/blur/convolve.html#blur_varying" in text


def test_names_become_links_and_other_words_do_not(small_book):
    text = (small_book[0] / "index.html").read_text()
    links = set(re.findall(r'href="book/appendix/api/blur.html#([^"]+)"', text))
    assert {"blurlib.blur.blur_varying", "blurlib.blur.blur_uniform"} <= links
    assert "code-of-blurlib-blur-psf" in links and "blurlib.blur.pad" not in links
    (code,) = re.findall(r'<a class="api" href="([^"]+)">(.*?)</a>', text)
    assert code[0].endswith("#blurlib.blur.quantize")
    assert re.sub("<.*?>", "", code[1]) == "blur.quantize"


def test_a_method_is_known_though_several_classes_have_it(api):
    def known(*names, code=""):
        objects = {
            f"blurlib.{name}": SimpleNamespace(
                objtype="method", docname="page", node_id=name.rpartition(".")[0]
            )
            for name in names
        }
        objects |= {
            f"blurlib.learn.{name}": SimpleNamespace(
                objtype="class", docname="page", node_id=f"learn.{name}"
            )
            for name in ("BlurNetwork", "PatchNetwork")
        }
        env = SimpleNamespace(domaindata={"py": {"objects": objects}})
        return {name: place[1] for name, place in api.known_methods(env, code).items()}

    assert known("maps.Estimator.predict") == {"predict": "maps.Estimator"}
    # What torch and Python have as well stays as it is, but for a name that is ours in chapters.
    assert known("maps.SigmaMap.to", "records.Record.items") == {}
    assert known("data.Patches.select") == {"select": "data.Patches"}
    assert known("learn.BlurNetwork.initialise", "learn.SigmaNet.initialise") == {
        "initialise": "learn.BlurNetwork"
    }
    streams = "data.StoredPatches.batch", "data.CropStream.batch", "data.PatchStream.batch"
    assert known(*streams) == {"batch": "data.PatchStream"}  # which CropStream is
    assert known(*streams, code="bl.data.StoredPatches()") == {"batch": "data.StoredPatches"}
    losses = "learn.BlurClassifier.loss", "learn.DirectNetwork.loss"
    assert known(*losses, code="ThesisNetwork()") == {"loss": "learn.BlurClassifier"}
    assert known(*losses) == {"loss": "learn.PatchNetwork"}  # neither: what both are
    fields = "maps.motion.MotionField.full_size", "maps.SigmaMap.full_size"
    assert known(*fields, code="bl.maps.estimate(x)") == {"full_size": "maps.SigmaMap"}
    assert known(*fields, code="bl.maps.motion.f(x)") == {"full_size": "maps.motion.MotionField"}


def test_every_record_leads_to_its_code(book):
    text = (book / "book/appendix/records.html").read_text(encoding="utf-8")
    for name in reproduce.RECORDS:
        assert f'id="record-{name}"' in text
    link = r'made it</summary><p>From <a href="../../(_modules/[^"#]+)#(\w+)">reproduce/'
    links = re.findall(link, text)
    assert len(links) == len(reproduce.RECORDS)
    for file, anchor in links:
        assert f'id="{anchor}"' in (book / file).read_text(encoding="utf-8")
    chapter = (book / "book/maps/ramp_and_sin.html").read_text(encoding="utf-8")
    assert 'href="../appendix/records.html#record-slides-thesis-30"' in chapter
    board = (book / "book/scoreboard.html").read_text(encoding="utf-8")
    assert (
        '<a class="api" href="appendix/records.html#record-slides-text"><span class="s2">' in board
    )
    # A name that is put together leads to the first that it may be.
    assert '#record-slides-thesis-10"><span class="sa">f</span>' in board


def section(text, name):
    return text.split(f'<section id="record-{name}">')[1].split("</section>")[0]


def test_a_records_code_is_whole_and_leads_on(book):
    text = (book / "book/appendix/records.html").read_text(encoding="utf-8")
    choices = section(text, "training-choices")
    plain = re.sub("<.*?>", "", choices)
    assert "def _score(experiment, name):" in plain and "def _score_all(" in plain
    for name in ("catalogue.html#CHOICES", "experiment.html#Experiment.scores",
                 "experiment.html#mean_and_std"):  # fmt: skip
        assert f'href="../../_modules/reproduce/{name}"' in choices
        file, _, anchor = name.partition("#")
        page = (book / "_modules/reproduce" / file).read_text(encoding="utf-8")
        assert f'id="{anchor}"' in page
    for file, anchor in set(re.findall(r'href="../../(_modules/[^"#]+)#([^"]+)"', text)):
        assert f'id="{anchor}"' in (book / file).read_text(encoding="utf-8"), (file, anchor)
    comparison = section(text, "comparison")
    assert "_SIDE, _TIMES = 512, 3" in re.sub("<.*?>", "", comparison)
    assert 'href="api/maps.html#blurlib.maps.rms"' in comparison
    for path in (REPOSITORY / "reproduce").glob("[!_]*.py"):
        assert (book / f"_modules/reproduce/{path.stem}.html").is_file(), path.name


def test_records_in_prose_are_links_and_networks_are_not(book):
    def linked(page):
        text = (book / f"book/maps/{page}.html").read_text(encoding="utf-8")
        return re.findall(
            r'#record-([\w-]+)"><code class="docutils[^>]*><span class="pre">\1', text
        )

    assert {"comparison", "limits", "patch-sizes"} <= set(linked("rivals_and_limits"))
    assert linked("how_sure").count("sigma-net") == 1  # in the box
    assert "sigma-net" not in linked("robustness")


def test_an_abstract_method_names_what_implements_it(book):
    text = (book / "book/appendix/api/maps.html").read_text(encoding="utf-8")
    for method in ("answer", "predict"):
        entry = text.split(f'id="blurlib.maps.Estimator.{method}"')[1].split('<dt class="sig')[0]
        for name in ("Patch", "Regression"):
            assert f'href="#blurlib.maps.{name}Estimator.answer"' in entry
        assert "classical.ClassicalEstimator.answer" in entry


def test_a_constant_leads_to_its_source(book):
    text = (book / "book/appendix/api/maps.html").read_text(encoding="utf-8")
    assert 'href="../../../_modules/blurlib/maps/smoothing.html#NEIGHBOURHOODS"' in text
    page = (book / "_modules/blurlib/maps/smoothing.html").read_text(encoding="utf-8")
    assert 'id="NEIGHBOURHOODS"' in page
    assert "/.html#" not in page  # no way back to an entry that there is not


def test_every_room_has_a_page_that_the_book_shows():
    toc = (REPOSITORY / "_toc.yml").read_text()
    assert {path.stem for path in PAGES.glob("*.rst")} == set(blurlib._ROOMS)
    for room in blurlib._ROOMS:
        assert f"file: book/appendix/api/{room}\n" in toc
        assert f".. api-room:: blurlib.{room}\n" in (PAGES / f"{room}.rst").read_text()


def test_every_public_thing_has_a_docstring(api):
    for room in api.rooms():
        for full, home in api.offered(room):
            lines = api.describe(full, home)  # a constant without a comment is refused here
            assert lines[0].endswith(full)
            module, _, name = full.rpartition(".")
            thing = getattr(sys.modules[module], name)
            if inspect.isclass(thing) or inspect.isroutine(thing):
                assert (thing.__doc__ or "").strip(), full


def test_every_public_name_in_a_chapters_code_is_a_link(book):
    for path in sorted((book / "book").rglob("*.html")):
        html = path.read_text(encoding="utf-8")
        code = " ".join(re.findall(r"<pre>.*?</pre>", html, flags=re.DOTALL))
        plain = re.sub("<.*?>", "", re.sub(r'<a class="api".*?</a>', "", code, flags=re.DOTALL))
        assert not re.findall(r"\bbl\.\w+\.\w+", plain), path.name
