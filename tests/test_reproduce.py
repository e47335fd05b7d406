"""Recorded results: each can be made again, and says how it was made."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import reproduce
from blurlib import blur, data, learn
from blurlib.data.sources import published
from reproduce import __main__ as command
from reproduce import catalogue, datasets, experiment, slides, studies

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
    monkeypatch.setattr(published, "BRODATZ", registry)
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
    assert data.places_also_trained_on(data.Dataset({}, train, test)) == 0.5


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
    monkeypatch.setattr(datasets, "LEAK_RUNS", {"spectrum": config})
    found = reproduce.reproduce("brodatz-leak", scans, out=tmp_path)["networks"]["spectrum"]
    for readout in ("mean", "argmax"):
        unseen = found["unseen"][readout]
        assert unseen["test"] == unseen["same_pictures"]  # its test is those pictures
        assert 0 < found["as-published"][readout]["same_pictures"] < 3


def test_the_slides_rows_are_scored_on_what_is_put_aside(scans, tmp_path, packaged_aside):
    record = reproduce.reproduce("slides-thesis-30", scans, out=tmp_path)
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
        assert all(reached) == ("dirichlet" in name and name != "columns, dirichlet_columns"), name
    for found in ways["jacobi, dirichlet"].values():
        assert found["after_12000"] < 1e-3 < 0.05 < found["raw"]


def record_of(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


@pytest.fixture
def quick_recipes(few_textures, monkeypatch):
    """Let every recipe end after two steps; drawing pages takes longer, so there are none."""
    for name, recipe in catalogue.RECIPES.items():
        config = replace(recipe.config, num_steps=2, batch_size=4)
        short = replace(recipe, config=config, num_fixed=min(recipe.num_fixed, 10), num_pages=0)
        monkeypatch.setitem(catalogue.RECIPES, name, short)


def test_one_pixels_spectrum_says_nothing(rng):
    network = learn.SpectrumNetwork(patch_size=1).initialise(rng)
    answers = network(torch.rand(50, 1, 1, 1, generator=rng))
    assert torch.equal(answers, answers[:1].expand_as(answers))


def test_networks_that_are_missing_are_trained_once(scans, tmp_path, quick_recipes, monkeypatch):
    monkeypatch.setattr(studies, "CURVE", ["thesis-30-75k"])
    weights = tmp_path / "weights"
    arguments = {"out": tmp_path, "weights": weights}
    record = reproduce.reproduce("training-curve", scans, **arguments)
    assert record["command"] == "python -m reproduce training-curve"
    names = {"thesis-30-75k", "thesis-30", "thesis-30-as-published"}
    assert set(record["runs"]) == set(record["training"]) == names
    files = {path: path.stat().st_mtime_ns for path in weights.glob("*.safetensors")}
    assert {path.stem for path in files} == names and not list(weights.glob("*.unfinished"))
    assert len((weights / "thesis-30.csv").read_text().splitlines()) == 1 + 2
    again = reproduce.reproduce("training-curve", scans, **arguments)
    assert again["runs"] == record["runs"]
    assert files == {path: path.stat().st_mtime_ns for path in weights.glob("*.safetensors")}


def test_choices_differ_in_what_they_say(scans, tmp_path, quick_recipes, monkeypatch):
    names = ("choice-default-initialisation", "choice-fixed-patches", "author-as-written")
    monkeypatch.setattr(studies, "CHOICES", names)
    training = reproduce.reproduce("training-choices", scans, out=tmp_path, weights=tmp_path)[
        "training"
    ]
    assert training["choice-fixed-patches"]["data"]["num_patches"] == 10
    base, other = (training[name]["recipe"] for name in ("thesis-30-300k", names[0]))
    assert {key for key in base if base[key] != other[key]} == {"initialisation"}
    assert training["author-as-written"]["recipe"]["config"]["optimizer"] == "adagrad"


def test_every_patch_size_is_scored(scans, tmp_path, quick_recipes, monkeypatch):
    names = ("spectrum-12px", "pixels-6px", "pixels-1px", "spectrum-1px")
    monkeypatch.setattr(studies, "SIZES", {name: catalogue.RECIPES[name] for name in names})
    record = reproduce.reproduce("patch-sizes", scans, out=tmp_path, weights=tmp_path / "w")
    assert set(record["networks"]) == set(names)
    assert record["constant_guess"] == pytest.approx(0.866, abs=0.02)  # of 30 classes up to 3


def test_readouts_are_scored_for_every_seed(scans, tmp_path, quick_recipes, monkeypatch):
    answers = ("classes-10", "ordinal-10", "direct", "gaussian")
    names = [f"readout-{answer}-{seed}" for answer in answers for seed in (0, 2)]
    monkeypatch.setattr(studies, "READOUT_STUDY", names)
    record = reproduce.reproduce("readouts", scans, out=tmp_path, weights=tmp_path / "w")
    found = record["answers"]
    assert tuple(found) == answers and set(record["training"]) == set(names)
    aside = {tuple(run["data"]["held_out"]) for run in record["training"].values()}
    assert aside == {tuple(record["textures"])}  # whatever the seed
    assert all(("argmax" in found[name]) == name.endswith("10") for name in answers)
    for score in found.values():
        seeds = score["mean"]["sin"]["seeds"]
        assert len(seeds) == 2 and seeds[0] != seeds[1]
        assert score["mean"]["sin"]["mean_rmse"] == pytest.approx(sum(seeds) / 2, abs=1e-4)
        assert len(score["mean"]["pieces"]["bias"]) == len(record["pieces"])
    # Two steps have taught it nothing: it answers the middle, whatever is asked.
    bias = [b for b in found["direct"]["mean"]["pieces"]["bias"] if b is not None]
    assert bias[0] > 0.5 and bias[-1] < -0.5
    within = found["gaussian"]["coverage"]
    assert 0 < within["1"] <= within["2"] <= 1


@pytest.fixture
def packaged_aside(monkeypatch):
    """Let two of the four pictures be those that were put aside when the networks were trained."""

    published = learn.pretrained

    def pretrained(name):
        network, record = published(name)
        return network, {**record, "data": {**record["data"], "held_out": ["D1.gif", "D3.gif"]}}

    monkeypatch.setattr(learn, "pretrained", pretrained)


def test_packaged_networks_are_tested_on_what_was_put_aside_for_them(scans, packaged_aside):
    found = experiment.Experiment(data.brodatz(scans))
    assert [scan.name for scan in found.held_out] == ["D1.gif", "D3.gif"]
    (scans / "D3.gif").unlink()
    with pytest.raises(reproduce.NoData, match=r"not there: D3\.gif"):
        _ = experiment.Experiment(data.brodatz(scans)).held_out


def test_files_under_another_name_are_refused(scans, tmp_path, quick_recipes):
    def run(name):
        reproduce.reproduce(name, scans, out=tmp_path, weights=tmp_path / "w")

    run("brodatz-unseen-spectrum-30")
    trained = tmp_path / "w" / "spectrum-30.safetensors"
    trained.rename(tmp_path / "w" / "thesis-30.safetensors")
    with pytest.raises(ValueError, match="not trained by today's recipe thesis-30"):
        run("slides-thesis-30")
    run("slides-thesis-10")
    (scans / "D4.gif").unlink()
    with pytest.raises(ValueError, match="other scans put aside"):
        run("slides-thesis-10")


def test_the_leak_is_trained_where_it_is_asked_to(scans, tmp_path, monkeypatch):
    asked = []

    def train(network, stream, config, *, device, progress):
        asked.append((str(device), str(stream.device)))
        return {name: [0.0] for name in ("loss", "rmse", "accuracy", "seconds")}

    monkeypatch.setattr(datasets, "train", train)
    monkeypatch.setattr(datasets, "LEAK_RUNS", {"spectrum": learn.TrainConfig(num_steps=1)})
    reproduce.reproduce("brodatz-leak", scans, out=tmp_path, device="cpu")
    assert asked == [("cpu", "cpu")] * 2


def test_what_cannot_be_made_is_named_and_the_rest_is_done(scans, tmp_path, capsys, monkeypatch):
    records = {name: reproduce.RECORDS[name] for name in ("slides-text", "brodatz-statistics")}
    monkeypatch.setattr(reproduce, "RECORDS", records)
    arguments = ["--data", str(scans), "--out", str(tmp_path), "--quick"]
    assert command.main(arguments) == 1
    assert "left out slides-text" in capsys.readouterr().err
    assert (tmp_path / "brodatz-statistics.json").is_file()


def test_a_weights_folder_that_is_none_is_named_first(scans, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    arguments = ["brodatz-statistics", "--data", str(scans), "--out", str(tmp_path)]
    assert command.main([*arguments, "--weights", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err
    assert not (tmp_path / "brodatz-statistics.json").exists()
    with pytest.raises(SystemExit):
        command.main([*arguments, "--weights", str(tmp_path), "--quick"])


def test_quick_trains_nothing(scans, tmp_path, capsys):
    with pytest.raises(reproduce.NotShipped, match="--quick"):
        reproduce.reproduce("patch-sizes", scans, out=tmp_path)
    arguments = ["--data", str(scans), "--out", str(tmp_path), "--quick"]
    assert command.main([*arguments, "training-curve"]) == 2
    assert "leave out --quick" in capsys.readouterr().err


def test_text_and_photographs_stand_beside_the_textures(scans, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no folder 'text'"):
        reproduce.reproduce("slides-text", scans, out=tmp_path)
    everything = tmp_path / "data"
    scans.rename(tmp_path / "brodatz")
    everything.mkdir()
    (tmp_path / "brodatz").rename(everything / "brodatz")
    sharp = data.packaged_image("grass")[:128, :128]
    for name in ("text", "defocus"):
        (everything / name).mkdir()
    data.write_image(everything / "text" / "a.png", sharp)
    for readers in ("READERS", "OF_PHOTOGRAPHS"):
        monkeypatch.setattr(slides, readers, ("spectrum-30",))
    record = reproduce.reproduce("slides-text", everything, out=tmp_path)
    assert 0 < record["networks"]["spectrum-30"]["mean"]["sin2d"]["mean_rmse"] < 0.4

    # The right half is blurred, and the mask says so.
    field = blur.step_field(sharp.shape, 0.3, 2.5)
    white = (field > 1).float()
    data.write_image(everything / "defocus" / "b.jpg", blur.blur_varying(sharp, field))
    data.write_image(everything / "defocus" / "b_mask.png", white)
    record = reproduce.reproduce("slides-photographs", everything, out=tmp_path)
    row = record["networks"]["spectrum-30"]
    assert row["mean_auc"] == row["auc"]["b.jpg"] > 0.9
    assert 50 < row["evidence_percent"]["b.jpg"] <= 100

    # Blank paper is scored too, and it is said how much of the picture that is.
    half_blank = blur.blur_varying(sharp, field)
    half_blank[64:] = 0.9
    data.write_image(everything / "defocus" / "b.jpg", half_blank)
    record = reproduce.reproduce("slides-photographs", everything, out=tmp_path)
    blank = record["networks"]["spectrum-30"]
    assert blank["auc"]["b.jpg"] < row["auc"]["b.jpg"] - 0.05
    assert blank["evidence_percent"]["b.jpg"] < row["evidence_percent"]["b.jpg"] - 20
    for bad in (torch.ones_like(white), white[:64]):
        data.write_image(everything / "defocus" / "b_mask.png", bad)
        with pytest.raises(ValueError, match=r"b_mask\.png must have the size of b\.jpg"):
            reproduce.reproduce("slides-photographs", everything, out=tmp_path)
    (everything / "defocus" / "b_mask.png").unlink()
    with pytest.raises(reproduce.NoData, match="no NAME_mask"):
        reproduce.reproduce("slides-photographs", everything, out=tmp_path)


def test_the_area_under_the_curve_is_a_share_of_pairs():
    sigma_map = torch.tensor([[1.0, 2.0, 3.0, 2.0]])
    blurred = torch.tensor([[False, True, True, False]])
    # Four pairs: three in order, one tie.
    assert slides.area_under_roc(sigma_map, blurred) == 3.5 / 4


def test_the_command_makes_what_is_not_there(scans, tmp_path, capsys):
    arguments = ["brodatz-statistics", "--data", str(scans), "--out", str(tmp_path)]
    assert command.main(arguments) == 0
    first = (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns
    assert command.main(arguments) == 0
    assert (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns == first
    assert "--again" in capsys.readouterr().err
    assert command.main([*arguments, "--again"]) == 0
    assert (tmp_path / "brodatz-statistics.json").stat().st_mtime_ns != first


def test_the_command_says_what_is_wrong(tmp_path, capsys, monkeypatch):
    assert command.main(["lena", "--out", str(tmp_path)]) == 2
    assert "brodatz-leak" in capsys.readouterr().err
    monkeypatch.setenv("BLURLIB_DATA", str(tmp_path / "nowhere"))
    assert command.main(["brodatz-statistics", "--out", str(tmp_path)]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_record_says_how_it_was_made(path):
    record = json.loads(path.read_text())
    assert record["name"] == path.stem in reproduce.RECORDS
    assert record["command"].removesuffix(" --quick") == f"python -m reproduce {path.stem}"
    assert record["data"]["files"] and record["device"] and record["versions"]["torch"]
    assert record["seconds"] > 0 and record["date"]
    assert path.name in (RESULTS / "README.md").read_text()


def test_every_record_is_there():
    assert {path.stem for path in RESULTS.glob("*.json")} == set(reproduce.RECORDS)
