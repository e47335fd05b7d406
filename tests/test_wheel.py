"""The wheel is built, checked, installed without the sources, and used from an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from blurlib import blur, data

REPOSITORY = Path(__file__).parents[1]


def call(*command, **options):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    # From a copy of what git knows: a build leaves folders beside the sources.
    sources = tmp_path_factory.mktemp("sources")
    names = call("git", "ls-files", "-z", cwd=REPOSITORY).split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file() and not name.startswith(("book/", "results/", "tests/")):
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes((REPOSITORY / name).read_bytes())
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, sources)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory):
    """Return the installed program: the wheel's, with the packages that it needs from here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = Path(call(binaries / "python", "-c", ask).strip())
    # By a .pth file: the folder's own .pth files, the editable blurlib's among them, do not count.
    (site / "needed.pth").write_text(sysconfig.get_paths()["purelib"])
    pip = [sys.executable, "-m", "pip", "--python", binaries / "python"]  # quicker than its own
    call(*pip, "install", "--no-deps", "--no-index", "-q", wheel)
    return binaries / "blurlib"


def test_the_index_would_take_it(wheel):
    said = call(sys.executable, "-m", "twine", "check", "--strict", wheel)
    assert "PASSED" in said
    assert wheel.stat().st_size < 50e6


def test_its_commands_work_without_the_sources(program, tmp_path):
    picture, moved = tmp_path / "grass.png", tmp_path / "road.png"
    data.write_image(picture, data.packaged_image("grass")[:96, :96])
    gravel = blur.blur_uniform(data.packaged_image("gravel")[:72, :80], blur.motion_psf(9, 30))
    data.write_image(moved, gravel)
    where = call(
        program.with_name("python"), "-c", "import blurlib; print(blurlib.__file__)", cwd=tmp_path
    )
    assert Path(where.strip()).is_relative_to(program.parents[1])
    call(program, "map", picture, "--out", "maps", "--stride", 8, cwd=tmp_path)
    assert (tmp_path / "maps" / "grass_sigma.png").is_file()
    # What follows shares one start of Python, since each would import torch anew.
    command = ["evaluate", str(picture), "--field", "ramp", "--stride", "16", "--json"]
    arguments = ["--images", str(picture), "--steps", "1", "--batch", "2"]
    commands = [
        ["motion", str(moved), "--json"],
        ["deblur", str(moved), "--motion", "--out", "still.png", "--json"],
        ["deblur", str(moved), "--out", "sharp.png", "--json"],
        [*command, "--estimator", "thesis-30"],  # packed
        [*command, "--estimator", "boosted-trees"],  # fitted; the map's is plain
        ["train", *arguments, "--out", "net.safetensors"],
    ]
    code = f"from blurlib import cli\nfor one in {commands!r}: assert cli.main(one) == 0, one"
    said = call(program.with_name("python"), "-c", code, cwd=tmp_path)
    kind, still, sharp, *scores = (json.loads(line) for line in said.splitlines()[:5])
    assert kind["kind"] == "motion" and still["moved_share"] == 1
    before = moved.read_bytes()
    assert all((tmp_path / f"{name}.png").read_bytes() != before for name in ("still", "sharp"))
    assert sharp["path"] == str(moved)
    assert max(one["mean_rmse"] for one in scores) < 0.6
    assert (tmp_path / "net.safetensors").is_file()
