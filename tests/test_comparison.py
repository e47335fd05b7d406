"""The record of all estimators side by side, and that of their calibration."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from blurlib import data, learn, maps
from blurlib.maps import classical
from reproduce import NoData, classical_fit, comparison
from reproduce.experiment import Experiment


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Return a experiment with two small pictures put aside, and a page of text beside them."""
    (tmp_path / "data" / "text").mkdir(parents=True)
    pictures = {name: data.packaged_image(name)[:128, :128] for name in ("grass", "coins")}
    data.write_image(tmp_path / "data" / "text" / "a.png", pictures["coins"])
    scans = [
        SimpleNamespace(name=name, load=lambda image=image: image)
        for name, image in pictures.items()
    ]
    experiment = Experiment(scans, tmp_path / "data")
    experiment.__dict__["held_out"] = scans
    monkeypatch.setattr(comparison, "COMPARED_NETWORKS", ("spectrum-30",))
    monkeypatch.setattr(comparison, "COLLECTION", ("gravel",))
    monkeypatch.setattr(comparison, "_SIDE", 64)
    for module in (data, data.sources.collection):
        monkeypatch.setattr(module, "packaged_image", lambda name: pictures["grass"])
    return experiment


def test_every_estimator_is_scored_on_every_row(experiment):
    record = comparison.comparison(experiment)
    assert list(record["estimators"]) == ["spectrum-30", *classical.CLASSICAL]
    assert record["textures"] == ["grass", "coins"] and set(experiment.used) == {"spectrum-30"}
    for found in record["estimators"].values():
        rows = found["rows"]
        assert set(rows["ramp"]["images"]) == {"grass", "coins"}
        assert set(rows["collection, sin"]["images"]) == {"gravel"}
        assert set(rows["text, sin2d"]["images"]) == {"a.png"}
        assert all(0 < row["mean_rmse"] < 2.5 for row in rows.values())
        assert found["seconds_512"] > 0
        assert set(rows["scans halved, JPEG 75"]["images"]) == {"grass", "coins"}
        # The same picture under another name has the same error.
        halved = rows["collection halved"]["images"]["gravel"]
        assert halved == rows["scans halved"]["images"]["grass"] != rows["ramp"]["images"]["grass"]
        assert rows["collection, ramp"]["images"]["gravel"] == rows["ramp"]["images"]["grass"]
    ramp = {
        name: found["rows"]["ramp"]["mean_rmse"] for name, found in record["estimators"].items()
    }
    assert ramp["boosted-trees"] < ramp["laplacian-variance"]


def test_a_picture_is_halved_before_it_is_blurred():
    sharp = data.packaged_image("grass")[:130, :128]
    image, truth = comparison._halved_test_image(sharp, "ramp")
    halves = functional.avg_pool2d(sharp[None], 2)[0]
    expected, field = maps.make_test_image(halves, "ramp")
    assert torch.equal(image, expected) and torch.equal(truth, field) and truth.shape == (64, 64)


def test_text_has_to_be_there(experiment):
    (experiment.folder / "text" / "a.png").unlink()
    (experiment.folder / "text").rmdir()
    with pytest.raises(NoData, match="no folder 'text'"):
        comparison.comparison(experiment)


def test_a_fit_is_compared_with_the_packaged_one(experiment, tmp_path, monkeypatch):
    fitted = classical_fit.fit_calibration(images=[experiment.scans[0].load()], num_cuts=100)
    monkeypatch.setattr(classical_fit, "fit_calibration", lambda **_: fitted)
    object.__setattr__(experiment, "weights", tmp_path / "weights")
    record = comparison.calibration(experiment)
    differences = record["differs_from_packaged"]["most"]
    assert set(differences) == set(classical.CLASSICAL)
    assert all(0 < most < 3.5 for most in differences.values())  # another data set: another curve
    again = classical.load_calibration(tmp_path / "weights" / "classical.safetensors")
    monkeypatch.setattr(classical, "load_calibration", lambda: again)
    same = comparison.calibration(experiment)["differs_from_packaged"]["most"]
    assert set(same.values()) == {0.0}


def test_fitting_without_scikit_learn_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(RuntimeError, match=r"scikit-learn.*\[fit\]"):
        classical_fit.fit_calibration(images=[data.packaged_image("grass")], num_cuts=100)


def test_what_is_put_aside_is_not_fitted_on():
    facts = classical.load_calibration().record["data"]
    assert facts["held_out"] == learn.pretrained("thesis-30")[1]["data"]["held_out"]
