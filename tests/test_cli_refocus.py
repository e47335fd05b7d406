"""``blurlib refocus``: what it writes is what the library computes, and what it refuses."""

import json

import numpy as np
import pytest
import torch

from blurlib import blur, cli, data, restore


def run(capsys, *arguments):
    """Run the command line in this process; return status, output, complaints."""
    status = cli.main(["refocus", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def picture(tmp_path):
    """Write a picture in colour and its map, sharp in the left half; return both paths."""
    image = data.load_image(data.images.packaged_path("chelsea"), colour=True)[:, 60:120, 90:180]
    sigma = np.zeros((60, 90), np.float32)
    sigma[:, 45:] = 1.5
    data.write_alike(tmp_path / "cat.png", image, data.images.packaged_path("chelsea"))
    np.save(tmp_path / "cat_sigma.npy", sigma)
    return tmp_path / "cat.png", tmp_path / "cat_sigma.npy"


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--background", 3], {"factor": 3.0}),
        (["--front"], {"sign": -1}),
        (["--factor", 1, "--focus", 5, 80], {"factor": 1.0, "focus": (5, 80)}),
    ],
)
def test_it_writes_what_the_library_computes(tmp_path, picture, capsys, flags, options):
    path, sigma_map = picture
    out = tmp_path / "out.png"
    status, text, err = run(capsys, path, "--sigma-map", sigma_map, *flags, "--out", out, "--json")
    assert (status, err) == (0, "")
    result = json.loads(text)
    assert result["out"] == str(out) and result["sign"] == options.get("sign", 1)
    image = data.load_image(path, colour=True)
    sigma = torch.from_numpy(np.load(sigma_map))
    wanted = blur.quantize(restore.refocus(image, sigma, **options))
    torch.testing.assert_close(data.load_image(out, colour=True), wanted)


def test_a_folder_goes_through_by_the_estimator(tmp_path, picture, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    picture[0].rename(folder / "cat.png")
    status, text, _ = run(capsys, folder, "--out", tmp_path / "out")
    assert status == 0 and "2 times the blur, focus kept" in text
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cat.png"]


def test_complaints_are_clear_and_nothing_is_lost(tmp_path, picture, capsys):
    path, sigma_map = picture
    before, out = path.read_bytes(), tmp_path / "out.png"
    np.save(tmp_path / "small.npy", np.ones((3, 4)))
    for arguments, words in (
        (["--sigma-map", sigma_map, "--out", path], "is the picture itself"),
        (["--sigma-map", tmp_path / "small.npy", "--out", out], "image's height and width"),
        (["--sigma-map", sigma_map, "--focus", 60, 3, "--out", out], "the row of focus"),
    ):
        status, _, err = run(capsys, path, *arguments)
        assert status == 2 and words in err, err
        assert not out.exists() and path.read_bytes() == before
    with pytest.raises(SystemExit):
        run(capsys, path, "--factor", 11, "--out", out)
    assert "a number from 0 to 10" in capsys.readouterr().err
