"""The explorer's Python side: traits both ways, the mime bundle, errors that lose nothing."""

import html
import json
import re
import subprocess
import sys

import comm
import pytest
import torch
from comm.base_comm import BaseComm
from traitlets import TraitError

from blurlib.blur import blur_uniform, disk_psf, gaussian_psf, motion_psf
from blurlib.widgets import PSFExplorer
from blurlib.widgets.png import from_data_uri, to_data_uri


class RecordingComm(BaseComm):
    """Stands in for the front-end: keeps what the kernel sends."""

    def __init__(self, *args, **kwargs):
        self.sent = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data or {}))


@pytest.fixture
def explorer(monkeypatch):
    monkeypatch.setattr(comm, "create_comm", lambda **options: RecordingComm(**options))
    return PSFExplorer()


def sent_state(widget):
    state = {}
    for _, data in widget.comm.sent:
        state.update(data.get("state", {}))
    return state


def test_opening_sends_the_module_and_the_state(explorer):
    state = sent_state(explorer)
    assert "as default}" in state["_esm"] and ".bw" in state["_css"]
    assert (state["shape"], state["sigma"]) == ("gaussian", 1.5)
    assert from_data_uri(state["picture"]).shape == (128, 128)


def test_python_moves_the_view(explorer):
    explorer.comm.sent.clear()
    explorer.sigma = 2
    explorer.shape = "disk"
    assert sent_state(explorer) == {"sigma": 2.0, "shape": "disk"}


def test_the_view_moves_python(explorer):
    state = {"length": 12, "angle": 30, "shape": "motion"}
    data = {"method": "update", "state": state, "buffer_paths": []}
    explorer.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert explorer.get_state(list(state)) == state
    torch.testing.assert_close(explorer.psf, motion_psf(12, 30))


@pytest.mark.parametrize(
    ("traits", "psf"),
    [
        ({"sigma": 0.7}, gaussian_psf(0.7)),
        ({"sigma": 0.7, "truncate": 2}, gaussian_psf(0.7, truncate=2)),
        ({"shape": "disk", "sigma": 1.3}, disk_psf(2.6)),
        ({"shape": "motion", "length": 7, "angle": 20}, motion_psf(7, 20)),
    ],
)
def test_psf_and_picture_are_those_of_blurlib(traits, psf):
    explorer = PSFExplorer(**traits)
    torch.testing.assert_close(explorer.psf, psf)
    torch.testing.assert_close(explorer.blurred, blur_uniform(explorer.sharp, psf))


def test_mime_bundle_holds_the_live_view_and_the_page(explorer):
    data, _ = explorer._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    page = data["text/html"]
    assert len(page) < 60_000
    assert 'data-module="psf_explorer"' in page
    state = json.loads(html.unescape(re.search('data-state="([^"]*)"', page)[1]))
    names = ["angle", "extent", "length", "picture", "seed", "shape", "sigma", "truncate"]
    assert state == explorer.get_state(names)
    assert "effective sigma 1.50 px" in re.search('alt="([^"]*)"', page)[1]


def test_state_cannot_break_out_of_its_attribute(explorer, monkeypatch):
    monkeypatch.setattr(explorer, "get_state", lambda names: {"shape": "\"'><script>&amp;"})
    page = explorer.to_html()
    assert "<script" not in page
    state = re.search('data-state="([^"]*)"', page)[1]
    assert json.loads(html.unescape(state)) == {"shape": "\"'><script>&amp;"}


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("sigma", -1, "sigma must be .* from 0 to 5 px, got -1"),
        ("sigma", float("nan"), "sigma must be a finite number"),
        ("length", 31, "length must be .* from 0 to 30 px, got 31"),
        ("seed", 1000, "seed"),
        ("extent", 16, "extent must be .* from 0 to 15 px, got 16"),
        ("angle", "flat", "angle must be .* got str: flat"),
        ("truncate", 3, "truncate.*2.*4.*3"),
        ("shape", "square", "gaussian.*disk.*motion.*shake.*square"),
        ("picture", torch.zeros(4, 40, 40), r"must have shape \(H, W\).*\(4, 40, 40\)"),
        ("picture", torch.full((40, 40), 7.0), r"must lie in \[0, 1\]"),
        ("picture", torch.full((40, 40), float("nan")), "NaN"),
        ("picture", torch.zeros(40, 31), "got 40 x 31 pixels; pass at least 32"),
        ("picture", torch.zeros(400, 40), "no side more than 4 times the other"),
        ("picture", None, "must have shape"),
        ("picture", "camera.png", "expected a text that starts with"),
        ("picture", "data:image/png;base64,AAAA", "cannot be read"),
    ],
)
def test_a_bad_value_is_named_and_loses_nothing(explorer, trait, value, said):
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=f"(?s){said}"):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_a_colour_png_is_refused():
    uri = to_data_uri(torch.full((40, 40), float("nan")))  # grey with transparency
    with pytest.raises(ValueError, match="mode LA"):
        from_data_uri(uri)


def test_an_unknown_argument_is_named():
    with pytest.raises(
        TypeError, match="sigam.*angle, extent, length, picture, seed, shape, sigma, truncate"
    ):
        PSFExplorer(sigam=2)


def test_a_large_picture_is_averaged_down():
    picture = torch.rand(300, 200, generator=torch.Generator().manual_seed(0))
    explorer = PSFExplorer(picture)
    assert explorer.sharp.shape == (128, 85)
    assert abs(explorer.sharp.mean() - picture.mean()) < 0.01


@pytest.mark.parametrize("missing", ["anywidget", "traitlets"])
def test_without_the_extra_the_error_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; import blurlib.widgets as w; w.PSFExplorer"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "blurlib[widgets]"' in run.stderr.splitlines()[-1]
