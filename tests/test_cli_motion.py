"""``blurlib motion``: what it prints and writes, and what it refuses."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib import blur, cli, data
from blurlib.maps import motion


def run(capsys, *arguments):
    """Run the command line in this process; return status, output, complaints."""
    status = cli.main(["motion", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def picture(tmp_path):
    """Return the path of a picture that moved 9 pixels at 30 degrees."""
    image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(9, 30))
    levels = (255 * image[20:92, 20:116]).round().byte().numpy()
    Image.fromarray(levels).save(tmp_path / "road.png")
    return tmp_path / "road.png"


def test_it_prints_what_the_library_finds(picture, capsys):
    status, text, err = run(capsys, picture, "--json")
    assert (status, err) == (0, "")
    result, found = json.loads(text), motion.find_motion(data.load_image(picture))
    assert result["kind"] == "motion" and result["probabilities"] == found.probabilities
    assert (result["length"], result["angle_deg"]) == (found.length, found.angle)
    assert (result["length_std"], result["angle_std"]) == (found.length_std, found.angle_std)
    assert abs(result["length"] - 9) < 1 and abs(result["angle_deg"] - 30) < 5
    assert "road.png: motion (" in run(capsys, picture)[1]


def test_it_writes_the_field(tmp_path, picture, capsys):
    out = tmp_path / "new" / "field"
    status, text, _ = run(capsys, picture, "--window", 32, "--out", out, "--json")
    assert status == 0
    names = ["angle.npy", "angle_std.npy", "length.npy", "length_std.npy", "motion.png"]
    assert sorted(path.name for path in out.iterdir()) == [f"road_{name}" for name in names]
    assert sorted(json.loads(text)["files"]) == sorted(map(str, out.iterdir()))
    field = motion.motion_field(data.load_image(picture), window=32)
    for name in ("length", "angle", "length_std", "angle_std"):
        values = np.load(out / f"road_{name}.npy", allow_pickle=False)
        assert values.dtype == np.float32 and values.shape == (72, 96)
        torch.testing.assert_close(torch.from_numpy(values), field.full_size(name))
    assert Image.open(out / "road_motion.png").size[0] > 300


def test_the_smallest_picture_has_numbers_too(tmp_path, capsys):
    Image.new("L", (32, 33), 90).save(tmp_path / "flat.png")
    status, text, _ = run(capsys, tmp_path / "flat.png", "--json")
    result = json.loads(text)
    assert status == 0 and isinstance(result["length"], float)
    assert 0 <= result["angle_deg"] < 180 and result["angle_std"] > 30


def test_complaints_are_clear_and_nothing_is_lost(tmp_path, picture, capsys):
    Image.new("L", (31, 90)).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for arguments, words in (
        ([tmp_path / "nowhere.png"], "nowhere.png"),
        ([tmp_path / "broken.png"], "broken.png"),
        ([tmp_path], "is a folder; name a picture"),
        ([tmp_path / "small.png"], "32"),
        ([picture, "--max-pixels", 100], "pixels"),
        ([picture, "--out", picture], "cannot write in"),
    ):
        status, text, err = run(capsys, *arguments)
        assert status == 2 and text == "" and words in err, err
    with pytest.raises(SystemExit):
        run(capsys, picture, "--window", 31)
    assert "an integer from 32 to 256" in capsys.readouterr().err
