"""Recorded results: each can be made again, and says how it was made."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from blurlib import cli, data, learn, reproduce
from blurlib.data import sources

RESULTS = Path(__file__).parents[1] / "results"


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """Return a folder of four small pictures that pass for the published scans."""
    folder, registry = tmp_path / "scans", {}
    folder.mkdir()
    for k, name in enumerate(("brick", "grass", "gravel", "coins"), 1):
        path = folder / f"D{k}.gif"
        data.write_image(path, data.packaged_image(name)[:128, :128])
        digest = hashlib.sha1(path.read_bytes()).hexdigest()
        registry[path.name] = {"sha1": digest, "material": name}
    monkeypatch.setattr(sources, "BRODATZ", registry)
    return folder


def test_the_dataset_record_counts_what_the_protocol_says(scans, tmp_path):
    record = reproduce.reproduce("brodatz-dataset", scans, out=tmp_path / "results")
    kept, test = data.count_patches((128, 128), data.DatasetConfig())
    published = record["protocols"]["as-published"]
    assert published["counts"] == {"train": 4 * 30 * (kept - test), "test": 4 * 30 * test}
    assert 0 < published["places_also_trained_on"] <= 1
    assert record["protocols"]["unseen"]["places_also_trained_on"] == 0
    assert record["changed_pixels"]["0.2"]["max"] == 0 < record["changed_pixels"]["0.4"]["min"]
    assert json.loads((tmp_path / "results" / "brodatz-dataset.json").read_text()) == record


def test_places_are_counted_as_pairs_of_picture_and_place():
    def side(pictures, places):
        count = len(places)
        return data.Patches(
            torch.zeros(count, 1, 2, 2), *torch.zeros(2, count), torch.tensor(pictures),
            torch.tensor(places),
        )  # fmt: skip

    train, test = side([2, 2, 0], [0, 5, 1]), side([2, 0, 1, 0], [0, 0, 5, 1])
    assert reproduce.places_also_trained_on(data.Dataset({}, train, test)) == 0.5


def test_damaged_scans_are_not_passed_over(scans, tmp_path):
    (scans / "D2.gif").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged scans: D2.gif"):
        reproduce.reproduce("brodatz-statistics", scans, out=tmp_path)


def test_the_statistics_record_names_every_scan(scans, tmp_path):
    record = reproduce.reproduce("brodatz-statistics", scans, out=tmp_path)
    assert list(record["scans"]) == record["data"]["files"] == [f"D{k}.gif" for k in range(1, 5)]
    assert record["scans"]["D2.gif"] == data.texture_statistics(data.load_image(scans / "D2.gif"))


def test_the_leak_is_measured_on_the_same_pictures(scans, tmp_path, monkeypatch):
    config = learn.TrainConfig(num_steps=20, batch_size=32)
    monkeypatch.setattr(reproduce, "LEAK_RUNS", {"spectrum": config})
    found = reproduce.reproduce("brodatz-leak", scans, out=tmp_path)["networks"]["spectrum"]
    for readout in ("mean", "argmax"):
        unseen = found["unseen"][readout]
        assert unseen["test"] == unseen["same_pictures"]  # its test is those pictures
        assert 0 < found["as-published"][readout]["same_pictures"] < 3


def test_the_slides_rows_are_scored_on_what_is_put_aside(scans, tmp_path):
    record = reproduce.reproduce("slides-thesis-30-unseen", scans, out=tmp_path)
    assert record["trained_on_them"] is False and 0 < len(record["textures"]) < 4
    rows = record["rows"]
    assert set(rows["ramp"]) == {"raw"}
    assert len(rows["sin"]) == 1 + 2 * 3 and set(rows["sin"]["raw"]["images"]) == set(
        record["textures"]
    )
    assert rows["sin"]["columns, 1"]["mean_rmse"] <= rows["sin"]["raw"]["mean_rmse"]


def test_the_third_row_needs_the_truth_at_the_border(scans, tmp_path):
    ways = reproduce.reproduce("slides-third-row", scans, out=tmp_path)["ways"]
    for name in record_of("slides-third-row")["ways"]:
        reached = [found["reaches"] for found in ways[name].values()]
        # Free borders forget the ramp, and columns that average downward never hear of their ends.
        assert all(reached) == ("pinned" in name and name != "columns, pinned-columns"), name
    for found in ways["jacobi, pinned"].values():
        assert found["after_12000"] < 1e-3 < 0.05 < found["raw"]


def record_of(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def test_the_command_makes_what_is_not_there(scans, tmp_path, capsys):
    arguments = ["reproduce", "brodatz-statistics", "--data", str(scans), "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    first = (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns
    assert cli.main(arguments) == 0
    assert (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns == first
    assert "--again" in capsys.readouterr().err
    assert cli.main([*arguments, "--again"]) == 0
    assert (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns != first


def test_the_command_says_what_is_wrong(tmp_path, capsys, monkeypatch):
    assert cli.main(["reproduce", "lena", "--out", str(tmp_path)]) == 2
    assert "brodatz-leak" in capsys.readouterr().err
    monkeypatch.setenv("BLURLIB_DATA", str(tmp_path / "nowhere"))
    assert cli.main(["reproduce", "brodatz-statistics", "--out", str(tmp_path)]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_record_says_how_it_was_made(path):
    record = json.loads(path.read_text())
    assert record["name"] == path.stem in reproduce.RECORDS
    assert record["command"] == f"blurlib reproduce {path.stem}"
    assert record["data"]["files"] and record["device"] and record["versions"]["torch"]
    assert record["seconds"] > 0 and record["date"]
    assert path.name in (RESULTS / "README.md").read_text()


def test_every_record_is_there():
    assert {path.stem for path in RESULTS.glob("*.json")} == set(reproduce.RECORDS)
