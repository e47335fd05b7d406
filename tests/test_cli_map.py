"""``blurlib map``: one image, folders, names that meet, many processes, little memory."""

import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from blurlib import blur, cli, data, learn, maps, plotting

POSIX = pytest.mark.skipif(os.name == "nt", reason="asks the shell for limits and closed streams")

# One thread in every process: sums are then made in the same order, to the last bit.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def texture(tmp_path):
    """Return the path of a sharp texture, 70 x 101 pixels."""
    return write(tmp_path / "grass.png")


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four textures of different sizes."""
    folder = tmp_path / "textures"
    folder.mkdir()
    for number, name in enumerate("abcd"):
        write(folder / f"{name}.png", 60 + 7 * number)
    return folder


def write(path, height=70):
    """Write the first rows of a texture, in the format that the name says."""
    levels = (data.packaged_image("grass").repeat(2, 1)[:height, :101] * 255).round().byte()
    Image.fromarray(levels.numpy()).save(path)
    return path


def run(capsys, *arguments):
    """Run the command line in this process; return status, output, complaints."""
    status = cli.main(["map", *map(str, arguments), "--stride", "8"])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def plain_pictures(monkeypatch):
    """Write maps as pictures without axes: to draw one takes ten times as long as the map."""

    def write_plain(file, sigma_map, **options):
        Image.fromarray((sigma_map * 60).byte().numpy()).save(file, format="png")

    monkeypatch.setattr(plotting, "write_sigma_map", write_plain)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def pairs(*stems):
    """Name what a map with its standard deviation consists of."""
    endings = ("sigma.npy", "sigma.png", "std.npy")
    return [f"{stem}_{ending}" for stem in stems for ending in endings]


def pairs_and_summary(*stems):
    """Name what several images leave."""
    return sorted([*pairs(*stems), "summary.csv"])


def read_summary(folder):
    """Return the lines of a summary, each a dictionary of texts."""
    with open(folder / "summary.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(path):
    return torch.from_numpy(np.load(path, allow_pickle=False))


def expected_map(path):
    return maps.estimate(path, stride=8).sigma


def test_map_writes_array_and_picture(tmp_path, texture, capsys):
    out = tmp_path / "new" / "maps"
    status, text, _ = run(capsys, texture, "--out", out, "--json")
    assert status == 0
    result = json.loads(text)
    sigma_map = np.load(result["map"], allow_pickle=False)
    assert sigma_map.dtype == np.float32 and sigma_map.shape == (70, 101)
    assert result["mean"] == pytest.approx(sigma_map.mean(), abs=1e-5)
    std = np.load(result["std"], allow_pickle=False)
    assert std.dtype == np.float32 and std.shape == (70, 101)
    hidden = maps.uncertainty.no_texture(read(result["map"]), read(result["std"]))
    assert result["no_texture"] == hidden.float().mean() == 0
    assert set(result) == {
        *("path", "map", "picture", "std", "no_texture"),
        *("height", "width", "mean", "min", "max"),
        *("median_sigma", "sharpest_tenth", "no_evidence", "profile", "moved"),
        *("kinds", "seconds"),
    }
    assert Image.open(result["picture"]).size[0] > 300
    assert names(out) == pairs("grass")
    torch.testing.assert_close(read(result["map"]), expected_map(texture), atol=1e-5, rtol=0)


def test_map_of_any_stride_is_quick_and_whole(tmp_path, texture, capsys):
    status = cli.main(["map", str(texture), "--out", str(tmp_path), "--stride", f"{2**31}"])
    assert status == 0 and read(tmp_path / "grass_sigma.npy").shape == (70, 101)


def test_a_folder_is_mapped_image_by_image(tmp_path, folder, texture, capsys, plain_pictures):
    out = tmp_path / "maps"
    status, text, err = run(capsys, folder, texture, folder / "b.png", "--out", out, "--json")
    assert status == 0 and err == ""
    results = [json.loads(line) for line in text.splitlines()]
    # In the order given, and what is named twice is mapped once.
    assert [Path(result["path"]).name for result in results] == [
        "a.png", "b.png", "c.png", "d.png", "grass.png",
    ]  # fmt: skip
    assert names(out) == pairs_and_summary("a", "b", "c", "d", "grass")
    for result in results:
        sigma_map = read(result["map"])
        assert sigma_map.shape == (result["height"], result["width"])
        torch.testing.assert_close(sigma_map, expected_map(result["path"]), atol=1e-5, rtol=0)


class Stated(maps.Estimator):
    """Takes what an image shows for its sigma, and states what the test says of it."""

    patch_size = 8

    def __init__(self, std=None, profile=None):
        self.std, self.profile = std, profile

    def answer(self, image, stride):
        sigma = 4 * image[4 : image.shape[0] - 3 : stride, 4 : image.shape[1] - 3 : stride]
        layers = [sigma]
        layers += [] if self.std is None else [self.std(sigma)]
        layers += [] if self.profile is None else [self.profile(sigma)]
        return torch.stack(layers)


@pytest.fixture
def stated(monkeypatch, plain_pictures):
    """Return a function that lets the command use such an estimator."""

    # Its pictures are numbers, drawn as stripes: nobody shall ask whether they moved.
    monkeypatch.setattr(cli.common, "MOVED", 2)

    def use(**layers):
        monkeypatch.setattr(maps, "load_estimator", lambda *_, **__: Stated(**layers))

    return use


def shades(folder, **images):
    """Write images of 40 x 40 pixels: each a list of (sigma, share of the columns)."""
    folder.mkdir(exist_ok=True)
    for name, parts in images.items():
        row = torch.cat([torch.full((round(40 * share),), sigma / 4) for sigma, share in parts])
        data.write_image(folder / f"{name}.png", row.expand(40, 40))
    return folder


def test_a_summary_begins_with_the_sharpest(tmp_path, capsys, stated):
    """What is sharp in a part is before what is even, and that before what nobody knows."""
    folder = shades(
        tmp_path / "shots",
        a=[(2, 1)], b=[(3.2, 1)], c=[(0.4, 0.25), (2.8, 0.75)], d=[(4, 1)], e=[(2, 1)],
    )  # fmt: skip
    for name, sigma in (("x", 1), ("summary", 1.2)):
        shades(folder, **{name: [(sigma, 1)]})
    stated(
        std=lambda sigma: torch.where(sigma > 3.5, 2.0, 0.1),
        profile=lambda sigma: (sigma > 1.9).float(),
    )
    out = tmp_path / "maps"
    status, text, err = run(capsys, folder, "--out", out, "--json")
    assert status == 0 and not err
    lines = read_summary(out)
    assert [Path(line["file"]).stem for line in lines] == ["c", "x", "summary", "a", "e", "b", "d"]
    assert set(lines[0]) == {
        "file", "median_sigma", "sharpest_tenth", "no_evidence", "profile", "moved", "seconds",
    }  # fmt: skip
    found = {Path(line.pop("file")).stem: line for line in lines}
    assert all(0 < float(line.pop("seconds")) < 60 for line in lines)
    assert all(0 <= float(line["moved"]) <= 1 for line in lines)
    assert [float(value) for value in list(found["a"].values())[:3]] == pytest.approx(
        [2, 2, 0], abs=0.01
    )
    assert found["d"] == {
        "median_sigma": "", "sharpest_tenth": "", "no_evidence": "1.0", "profile": "",
        "moved": found["d"]["moved"],
    }  # fmt: skip
    assert float(found["c"]["median_sigma"]) == pytest.approx(2.8, abs=0.01)
    assert float(found["c"]["sharpest_tenth"]) == pytest.approx(0.4, abs=0.01)
    assert [found[name]["profile"] for name in "xcab"] == ["gaussian", "disk", "disk", "disk"]
    # A picture of that name has maps, and the summary is not among them.
    assert names(out) == pairs_and_summary("a", "b", "c", "d", "e", "summary", "x")
    # What is said of each image is the same, but for the rounding.
    for result in map(json.loads, text.splitlines()):
        line = found[Path(result["path"]).stem]
        assert result["seconds"] > 0 and result["no_evidence"] == result["no_texture"]
        for column, value in line.items():
            if column == "profile" or not value:
                assert (result[column] or "") == value
            else:
                assert result[column] == pytest.approx(float(value), abs=1e-4)


def test_pixels_without_evidence_count_for_nothing_else(tmp_path, capsys, stated):
    folder = shades(tmp_path / "shots", a=[(0.4, 0.5), (2, 0.5)], b=[(2, 0.5), (3.6, 0.5)])
    stated(
        std=lambda sigma: torch.where(sigma < 1, 0.6, 0.1),
        profile=lambda sigma: torch.where(sigma < 1, 1.0, 0.4),
    )
    status, text, _ = run(capsys, folder, "--out", tmp_path / "maps")
    assert status == 0 and ", no evidence in 4" in text and "texture" not in text
    a, b = read_summary(tmp_path / "maps")
    assert Path(a["file"]).name == "a.png" and a["profile"] == "gaussian"
    # Between the halves the map is interpolated over eight pixels.
    assert 1 < float(a["sharpest_tenth"]) <= 2.01 and float(a["no_evidence"]) > 0.4
    assert float(a["median_sigma"]) == pytest.approx(2, abs=0.01) and b["no_evidence"] == "0.0"


def test_what_an_estimator_does_not_say_is_empty(tmp_path, folder, capsys, stated):
    for layers in ({}, {"std": lambda sigma: 0 * sigma + 0.1}):
        stated(**layers)
        status, text, _ = run(capsys, folder, "--out", tmp_path / "maps", "--json")
        assert status == 0
        for line, result in zip(
            read_summary(tmp_path / "maps"), map(json.loads, text.splitlines()), strict=True
        ):
            assert line["profile"] == "" and result["profile"] is None
            assert line["no_evidence"] == ("0.0" if layers else "")
            assert result["no_evidence"] == (0 if layers else None)
            assert float(line["median_sigma"]) >= float(line["sharpest_tenth"]) > 0


def test_smoothing_reaches_every_layer(tmp_path):
    path = shades(tmp_path, a=[(2, 0.6), (1, 0.4)]) / "a.png"
    options = SimpleNamespace(stride=2, smooth=None, iterations=3, max_pixels=10**6)
    estimator = Stated(std=lambda sigma: sigma / 8, profile=lambda sigma: (sigma < 1.5).float())
    raw, kinds = cli.sigma_map._estimate(path, options, estimator, progress=False)
    options.smooth = "jacobi"
    found, again = cli.sigma_map._estimate(path, options, estimator, progress=False)
    assert kinds == again and sum(kinds.values()) == pytest.approx(1, abs=1e-5)
    for name in ("sigma", "std", "profile"):
        smoothed = maps.smooth(getattr(raw, name), 3, "jacobi")
        assert not torch.equal(smoothed, getattr(raw, name))
        assert torch.equal(getattr(found, name), smoothed)


def test_names_in_a_summary_are_whole(tmp_path, capsys, stated):
    names_given = ["a,b.png", 'say "so".png', "=1+1.png"]
    names_given += ["two\nlines.png", "two\rlines.png"] if os.name != "nt" else []
    given = [shades(tmp_path, x=[(2, 1)]) / "x.png"]
    for name in names_given:
        given.append(tmp_path / name)
        given[-1].write_bytes(given[0].read_bytes())
    stated()
    assert run(capsys, *given, "--out", tmp_path / "maps")[0] == 0
    assert {line["file"] for line in read_summary(tmp_path / "maps")} == set(map(str, given))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux takes any bytes for a name")
def test_a_name_that_is_no_text_is_in_the_summary_as_on_the_disk(tmp_path, folder, capsys, stated):
    name = os.fsencode(folder) + b"/caf\xe9.png"
    with open(name, "wb") as file:
        file.write((folder / "a.png").read_bytes())
    stated()
    assert run(capsys, folder, "--out", tmp_path / "maps")[0] == 0
    assert name in (tmp_path / "maps" / "summary.csv").read_bytes()


def test_a_summary_stands_for_the_last_run_of_several(tmp_path, folder, capsys, stated):
    stated()
    (folder / "summary.csv").write_text("mine")  # beside the images, where nothing is written
    out = tmp_path / "maps"
    assert run(capsys, folder / "a.png", "--out", out)[0] == 0
    assert names(out) == ["a_sigma.npy", "a_sigma.png"]
    status, text, _ = run(capsys, folder, "--out", out)
    assert status == 0 and f"{out / 'summary.csv'}: 4 images, the sharpest first" in text
    assert run(capsys, folder / "a.png", folder / "b.png", "--out", out)[0] == 0
    assert len(read_summary(out)) == 2
    before = (out / "summary.csv").read_bytes()
    # One image, none that could be mapped, and a run that is stopped: they leave it as it is.
    assert run(capsys, folder / "c.png", "--out", out)[0] == 0
    stated(std=lambda sigma: sigma * torch.nan)
    assert run(capsys, folder, "--out", out)[0] == 2

    def stop(sigma):
        raise KeyboardInterrupt

    stated(std=stop)
    status, _, err = run(capsys, folder, "--out", out)
    assert status == 130 and "interrupted" in err
    assert (out / "summary.csv").read_bytes() == before
    assert (folder / "summary.csv").read_text() == "mine"


def test_a_summary_that_cannot_be_written_costs_no_map(tmp_path, folder, capsys, stated):
    out = tmp_path / "maps"

    def disturb(sigma):  # somebody else, while the images are mapped
        (out / "summary.csv").mkdir(exist_ok=True)
        return 0 * sigma + 0.1

    stated(std=disturb)
    status, _, err = run(capsys, folder, "--out", out)
    assert status == 2 and "cannot write" in err and "summary.csv" in err
    assert names(out) == pairs_and_summary("a", "b", "c", "d")


def test_smoothed_maps_are_those_of_the_library(tmp_path, texture, capsys):
    assert run(capsys, texture, "--out", tmp_path, "--smooth", "mean3x3", "--iterations", 4)[0] == 0

    raw = maps.load_estimator().predict(data.load_image(texture), stride=8)
    for name, layer in (("sigma", raw.sigma), ("std", raw.std)):
        layer = raw.upsample(maps.smooth(layer, 4))
        torch.testing.assert_close(read(tmp_path / f"grass_{name}.npy"), layer, atol=1e-5, rtol=0)


@pytest.mark.parametrize("estimator", ["sigma-net-small", "spectrum-30"])
def test_the_map_is_read_at_every_nth_pixel(tmp_path, texture, estimator, plain_pictures):
    """Whatever grid the estimator has: there, the map of a stride is the one of stride 1.

    But that a map of every pixel follows the picture's edges, if the estimator has a wider grid.
    """
    # Of these sides the last places of every fourth and every eighth pixel are the same.
    data.write_image(texture, data.load_image(texture)[:65, :97])
    found = {}
    for stride in (1, 2, 3, 4, 6, 8):
        out = tmp_path / str(stride)
        options = ["--estimator", estimator, "--stride", str(stride)]
        assert cli.main(["map", str(texture), "--out", str(out), *options]) == 0
        found[stride] = read(out / "grass_sigma.npy")[::stride, ::stride]
    image = data.load_image(texture)
    predicted = maps.load_estimator(estimator).predict(image)
    followed = predicted.full_size(image).sigma
    torch.testing.assert_close(found[1], followed, atol=1e-4, rtol=0)
    found[1] = predicted.full_size().sigma
    assert torch.equal(found[1], followed) == (predicted.stride == 1)
    for stride, sigma_map in found.items():
        expected = found[1][::stride, ::stride]
        torch.testing.assert_close(sigma_map, expected, atol=1e-4, rtol=0)


def test_large_images_are_asked_less_often_unless_a_step_is_named(
    tmp_path, texture, plain_pictures, monkeypatch
):
    asked, predict = [], maps.Estimator.predict

    def follow(self, image, *, stride=None, **options):
        found = predict(self, image, stride=stride, **options)
        asked.append(found.stride)
        return found

    monkeypatch.setattr(maps.Estimator, "predict", follow)
    for large in (10_000, 100):
        monkeypatch.setattr("blurlib.maps.pyramid._LARGE", large)
        for options in ([], ["--stride", "2"], ["--stride", "4"]):
            arguments = ["map", str(texture), "--out", str(tmp_path), *options]
            assert cli.main([*arguments, "--estimator", "sigma-net-small"]) == 0
    assert asked == [4, 4, 4, 8, 4, 4]


def test_a_gaussian_network_states_its_deviation(tmp_path, texture, capsys, rng):
    learn.save_network(tmp_path / "g.safetensors", learn.GaussianNetwork().initialise(rng))
    out, options = tmp_path / "maps", ["--estimator", tmp_path / "g.safetensors"]
    assert run(capsys, texture, "--out", out, *options)[0] == 0
    assert names(out) == pairs("grass") and read(out / "grass_std.npy").min() > 0


@POSIX
def test_what_fails_leaves_the_old_maps_as_they_were(tmp_path, texture, programs):
    """A file that grows beyond the limit fails like one on a full disk: none of three changes."""
    out = tmp_path / "maps"
    command = ["map", str(texture), "--out", str(out)]
    assert cli.main(command) == 0
    for options in ([], ["--estimator", "laplacian-variance"]):
        before = contents(out)
        done = programs.run(
            tmp_path, *command, "--smooth", "jacobi", *options, largest_file=8 * 1024
        )
        assert done.returncode == 2 and contents(out) == before
        (line,) = [one for one in done.stderr.splitlines() if "left out" in one]
        assert "cannot write" in line and str(out) in line and "File too large" in line


@POSIX
@pytest.mark.parametrize(("closed", "heard"), [(1, False), (2, True), (0, True)])
def test_closed_streams_lose_no_map(tmp_path, texture, programs, closed, heard):
    out = tmp_path / "maps"
    done = programs.run(
        tmp_path, "map", texture, "--out", out, "--stride", 8, streams={closed: None}
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert names(out) == pairs("grass")
    assert ("sigma" in done.stdout) == heard


@POSIX
def test_all_streams_closed_lose_no_map(tmp_path, texture):
    """As a shell starts it, which shows that the forks of the other tests are like it."""
    command = [sys.executable, "-m", "blurlib.cli", "map", str(texture), "--stride", "8",
               "--out", str(tmp_path / "maps")]  # fmt: skip
    shell = ["bash", "-c", f"{shlex.join(command)} >&- 2>&- <&-"]
    assert subprocess.run(shell, env=ENVIRONMENT).returncode == 0
    assert names(tmp_path / "maps") == pairs("grass")


@POSIX
def test_names_may_be_as_long_as_results_allow(tmp_path, capsys):
    image = write(tmp_path / f"{'a' * 238}.png", 40)
    assert run(capsys, image, "--out", tmp_path / "maps")[0] == 0
    assert names(tmp_path / "maps") == pairs("a" * 238)
    longer = write(tmp_path / f"{'a' * 250}.png", 40)
    status, _, err = run(capsys, longer, "--out", tmp_path / "maps")
    assert status == 2 and "File name too long; use a shorter name" in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("stream", [1, 2])
def test_a_full_disk_behind_a_stream_costs_no_map(tmp_path, folder, programs, stream):
    (folder / "bad.png").write_bytes(b"none")
    out = tmp_path / "maps"
    done = programs.run(
        tmp_path, "map", folder, "--out", out, "--stride", 8, streams={stream: "/dev/full"}
    )
    assert names(out) == pairs_and_summary("a", "b", "c", "d") and "Traceback" not in done.stderr
    assert done.returncode == (2 if stream == 1 else 1)
    if stream == 1:
        assert done.stderr.endswith("standard output: No space left on device\n")


def test_answers_that_are_no_numbers_are_no_map(tmp_path, texture, capsys, monkeypatch):
    monkeypatch.setattr(
        learn.SigmaNet, "decode",
        lambda self, prediction: [torch.nan * prediction[0][:, k] for k in range(3)],
    )  # fmt: skip
    status, out, err = run(capsys, texture, "--out", tmp_path / "maps")
    assert status == 2 and out == "" and "NaN or infinity" in err
    assert names(tmp_path / "maps") == []


def test_a_limit_of_pixels_can_be_raised_and_endings_are_named(
    tmp_path, folder, capsys, plain_pictures
):
    (folder / "notes.txt").write_text("")
    write(folder / "e.pnm")
    out = tmp_path / "maps"
    status, text, err = run(capsys, folder, "--out", out, "--max-pixels", 7000, "--json")
    assert status == 1 and "passed over a file" in err and ".txt" in err
    assert err.count("left out") == 3 and "--max-pixels" in err
    assert names(out) == pairs_and_summary("a", "b"), text
    assert run(capsys, folder, "--out", out, "--max-pixels", 10**9)[0] == 0
    assert names(out) == pairs_and_summary("a", "b", "c", "d", "e")


def test_the_pictures_scale_can_be_set(tmp_path, texture, capsys):
    pictures = []
    for scale in ([], ["--scale", 3], ["--scale", 0.5]):
        assert run(capsys, texture, "--out", tmp_path / "maps", *scale)[0] == 0
        pictures.append((tmp_path / "maps" / "grass_sigma.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--readout", "argmax"], "--readout has no effect: sigma-net has no classes"),
        (["--readout", "mean", "--estimator", "thesis-30"], ""),
        (["--readout", "mean", "--estimator", "laplacian-variance"], "--readout has no effect"),
    ],
)
def test_options_that_change_nothing_say_so(
    tmp_path, texture, capsys, plain_pictures, options, words
):
    status, _, err = run(capsys, texture, "--out", tmp_path / "maps", *options)
    assert status == 0 and words in err and (words or not err)


def test_a_bad_image_of_a_folder_is_named_and_left_out(tmp_path, folder, capsys, plain_pictures):
    (folder / "broken.png").write_bytes(b"no picture")
    data.write_image(folder / "small.png", torch.rand(15, 60))
    out = tmp_path / "maps"
    status, text, err = run(capsys, folder, "--out", out, "--json")
    assert status == 1 and names(out) == pairs_and_summary("a", "b", "c", "d")
    assert "left out" in err and "broken.png" in err and "small.png" in err and "16 pixels" in err
    results = [json.loads(line) for line in text.splitlines()]
    assert [Path(one["path"]).name for one in results if "error" in one] == [
        "broken.png", "small.png",
    ]  # fmt: skip
    assert run(capsys, folder / "small.png", "--out", out)[0] == 2
    status, text, err = run(capsys, folder / "small.png", folder / "broken.png", "--out", out)
    assert status == 2 and text == "" and "no image could be mapped" in err
    assert names(out) == pairs_and_summary("a", "b", "c", "d")


def test_names_with_sigma_in_them_keep_their_own_doubt(tmp_path, capsys, plain_pictures):
    small = "--estimator", "sigma-net-small"
    images = write(tmp_path / "a_sigma.png", 64), write(tmp_path / "a_std.png", 80)
    out = tmp_path / "maps"
    assert run(capsys, *images, "--out", out, *small)[0] == 0
    assert names(out) == pairs_and_summary("a_sigma", "a_std")
    assert read(out / "a_sigma_std.npy").shape == (64, 101)
    # Another estimator states no doubt: the old one must not stand beside its map.
    assert run(capsys, images[0], "--out", out, "--estimator", "laplacian-variance")[0] == 0
    assert names(out) == sorted(set(pairs_and_summary("a_sigma", "a_std")) - {"a_sigma_std.npy"})


def test_images_that_differ_in_their_ending_keep_it(tmp_path, folder, capsys, plain_pictures):
    write(folder / "a.jpg", 90)
    out = tmp_path / "maps"
    for _ in range(2):  # with maps in the folder as without
        assert run(capsys, folder, "--out", out)[0] == 0
        assert names(out) == pairs_and_summary("a.jpg", "a.png", "b", "c", "d")
        assert read(out / "a.jpg_sigma.npy").shape == (90, 101)
        assert read(out / "a.png_sigma.npy").shape == (60, 101)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["textures", "a.png", "--out", "maps"], "would both be named a.png_sigma"),
        (["textures/a.png", "a.png", "a.jpg", "--out", "m"], "rename one"),
        (["a.png", "a.jpg", "a.png.jpg", "--out", "m"], "would both be named a.png_sigma"),
        (["textures", "--out", "textures"], "name another, textures/maps"),
        (["textures", "--out", "textures/../textures"], "the images' own folder"),
        (["a.png", "a_sigma.png", "--out", "."], "would replace the image a_sigma.png"),
        (["textures", "nowhere.png", "--out", "maps"], "no file or folder nowhere.png"),
        (["textures", "--out", "theirs"], "holds a summary.csv that is not of this command"),
        (["textures", "--out", "older"], "move it away, or name another folder"),
        (["textures", "--out", "taken"], "holds a summary.csv that is not of this command"),
        (["a.png", "theirs/summary.csv", "--out", "theirs"], "holds a summary.csv"),
        (["a.png", "--out", "a.png"], "name a folder that can be written"),
        (["a.png", "--out", "/proc/maps"], "can be written"),
        (["a.png", "--out", "maps", "--iterations", "3"], "pass both"),
        (["a.png", "--out", "maps", "--estimator", "x"], "pass one of"),
        (["a.png", "--out", "maps", "--device", "tpu9"], "device"),
        (["a.png", "--out", "maps", "--device", "cuda:99"], "cuda:99 is not there"),
    ],
)
def test_complaints_are_one_line_before_any_work(
    tmp_path, folder, monkeypatch, capsys, arguments, words
):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a.jpg", "a.png.jpg", "a_sigma.png"):
        write(tmp_path / name)
    (tmp_path / "taken" / "summary.csv").mkdir(parents=True)
    for name, text in (("theirs", "file,rating\na.png,5\n"), ("older", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.csv").write_text(text)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    status, text, err = run(capsys, *arguments)
    assert status == 2 and text == ""
    assert err.startswith("blurlib: error: ") and words in err and err.count("\n") == 1
    after = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert after == before


def test_a_large_map_is_drawn_from_means_at_the_same_place(tmp_path, monkeypatch):
    row, column = torch.meshgrid(torch.arange(401), torch.arange(299), indexing="ij")
    sigma_map = 3 * column / 299 * (0.7 + 0.3 * torch.sin(row / 40))
    pictures = []
    for limit in (401, 140):  # all pixels; blocks of 3 x 3, the last ones smaller
        monkeypatch.setattr(plotting.files, "MAX_DRAWN", limit)
        plotting.write_sigma_map(tmp_path / "map.png", sigma_map)
        with Image.open(tmp_path / "map.png") as picture:
            pictures.append(np.asarray(picture.convert("RGB")).astype(int))
    whole, means = pictures
    assert whole.shape == means.shape and 0 < np.abs(whole - means).mean() < 0.5
    # Labels and the map's edge stand where they stood: nothing turns from white to coloured.
    assert ((whole == 255).all(-1) == (means == 255).all(-1)).all()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@POSIX
def test_two_processes_write_the_files_of_one(tmp_path, folder, capsys, one_thread, programs):
    write(folder / "a.jpg")  # five images: one process has more to do
    status, said_alone, _ = run(capsys, folder, "--out", tmp_path / "1", "--json")
    two = programs.run_together(
        tmp_path, 2, "map", folder, "--out", tmp_path / "2", "--json", "--stride", 8, trains=False
    )
    assert status == two.returncode == 0, two.stderr[-2000:]
    lines = [read_summary(tmp_path / number) for number in "12"]
    for line in (line for of_run in lines for line in of_run):
        assert float(line.pop("seconds")) > 0  # nothing else differs from run to run
    assert lines[0] == lines[1] and len(lines[0]) == 5
    files = [contents(tmp_path / number) for number in "12"]
    assert all(one.pop("summary.csv") for one in files) and files[0] == files[1]
    assert len(files[0]) == 15
    said = [
        {json.loads(line)["path"] for line in text.splitlines()}
        for text in (said_alone, two.stdout)
    ]
    assert said[0] == said[1] and len(said[0]) == 5


def test_a_process_whose_images_are_bad_does_not_stop_the_others(tmp_path, folder):
    """As torchrun itself starts it, which ends all processes as soon as one has failed."""
    # The second process has nothing but bad images and is through at once.
    for name in ("b.png", "d.png"):
        (folder / name).write_bytes(b"none")
    write(folder / "a.png", 900)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               "-m", "blurlib.cli", "map", str(folder), "--out", str(tmp_path / "maps"),
               "--stride", "8"]  # fmt: skip
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode != 0 and names(tmp_path / "maps") == pairs_and_summary("a", "c")
    assert done.stderr.count("blurlib: left out") == 2 and "no image" not in done.stderr
    listed = {Path(line["file"]).name for line in read_summary(tmp_path / "maps")}
    assert listed == {"a.png", "c.png"}


PEAK = """
import re, sys
from pathlib import Path
import torch
from blurlib import cli, learn
from blurlib.maps import estimators

def any_answer(network, image, *, stride):
    shape = [(side - 32) // stride + 1 for side in image.shape[-2:]]
    return torch.full((1, 30, *shape), 0.033).log_()

def any_features(network, image, stride):
    shape = [(side - 32) // stride + 1 for side in image.shape[-2:]]
    return torch.zeros(1, 1, *shape)

def any_scale(network, features, coarser, stride):
    return features.new_ones(1, 7 + network.carried, *features.shape[2:])

# A network takes minutes, and no more memory than a tile's.
estimators.run_sliding = any_answer
learn.SigmaNet.features, learn.SigmaNet.answer = any_features, any_scale
stride, estimator, out, *images = sys.argv[1:]
for image in images:
    status = cli.main(
        ["map", image, "--stride", stride, "--estimator", estimator, "--out", out]
    )
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(status, int(peak[1]) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux says the peak in /proc")
@pytest.mark.parametrize(
    ("stride", "estimator"), [(1, "spectrum-30"), (64, "spectrum-30"), (1, "sigma-net")]
)
def test_memory_grows_by_at_most_16_bytes_a_pixel(tmp_path, stride, estimator):
    # Then 10,000 x 10,000 pixels fit into 2 GB: 1.6 GB beside 0.4 GB of torch and matplotlib. Not
    # getrusage: its peak of a child starts at that of the parent, and pytest's may be larger.
    images = []
    for side in (1000, 4000):
        images.append(str(tmp_path / f"{side}.png"))
        ramp = torch.linspace(0, 255, side).byte()
        Image.fromarray(ramp.expand(side, side).numpy()).save(images[-1], compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(stride), estimator, str(tmp_path), *images],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = [line.split() for line in done.stdout.splitlines() if "sigma" not in line]
    (status, small), (status_large, large) = said
    assert status == status_large == "0"
    assert int(large) - int(small) < 16 * (4000**2 - 1000**2)
    assert int(large) - int(small) > 8 * (4000**2 - 1000**2)  # or nothing was measured


def test_a_picture_that_moved_is_named(tmp_path, capsys):
    texture = functional.avg_pool2d(data.packaged_image("gravel")[None], 2)[0]
    for name, psf in (("moved", blur.motion_psf(14, 30)), ("soft", blur.gaussian_psf(2))):
        data.write_image(tmp_path / f"{name}.png", blur.blur_uniform(texture, psf))
    pictures = [tmp_path / "moved.png", tmp_path / "soft.png"]
    status, text, _ = run(capsys, *pictures, "--out", tmp_path / "maps")
    moved, soft = (next(x for x in text.splitlines() if n in x) for n in ("moved_s", "soft_s"))
    sigma, std = (np.load(tmp_path / "maps" / f"moved_{x}.npy") for x in ("sigma", "std"))
    assert (np.abs(sigma - 14 / 24**0.5) < 2 * std).mean() > 0.9  # wrong, and not sure of it
    assert status == 0 and "looks moved or shaken (" in moved and "looks moved" not in soft
    shares = {Path(x["file"]).stem: float(x["moved"]) for x in read_summary(tmp_path / "maps")}
    assert shares["moved"] > 0.95 > 0.5 > shares["soft"]


def test_a_picture_too_small_for_motion_net_is_mapped(tmp_path, capsys):
    data.write_image(tmp_path / "small.png", data.packaged_image("grass")[:20, :24])
    arguments = ["map", str(tmp_path / "small.png"), "--out", str(tmp_path / "maps"), "--json"]
    assert cli.main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["kinds"] is None and result["moved"] is None and result["height"] == 20
