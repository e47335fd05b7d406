"""The record of what breaks a sigma map."""

from types import SimpleNamespace

import pytest
import torch

from blurlib import data
from blurlib.maps import classical
from reproduce import robustness
from reproduce.experiment import Experiment


@pytest.fixture
def experiment():
    """Return a experiment with two small pictures put aside."""
    scans = [
        SimpleNamespace(name=name, load=lambda name=name: data.packaged_image(name)[:128, :128])
        for name in ("grass", "gravel")
    ]
    found = Experiment(scans)
    found.__dict__["held_out"] = scans
    return found


def test_every_estimator_is_scored_on_every_corruption(experiment, monkeypatch):
    monkeypatch.setattr(robustness, "ROBUSTNESS_NETWORKS", ("spectrum-30", "sigma-net"))
    levels = {"noise": (0, 5), "kernel": ("disk",), "resize": (0.75,)}
    monkeypatch.setattr(robustness, "LEVELS", levels)
    record = robustness.robustness(experiment)
    rows = record["rows"]
    assert list(rows) == ["clean", "noise 5", "kernel disk", "resize 0.75"]
    for row in rows.values():
        assert list(row["estimators"]) == record["estimators"]
        for score in row["estimators"].values():
            assert set(score["images"]) == {"grass", "gravel"}
            assert abs(score["bias"]) <= score["mean_rmse"]
        within = row["uncertainty"]["coverage"]
        assert (
            0 <= row["uncertainty"]["share_rejected"] <= 1 and 0 <= within["1"] <= within["2"] <= 1
        )
    # Noise poses as sharpness for those that did not learn with it.
    noisy, clean = rows["noise 5"]["estimators"], rows["clean"]["estimators"]
    assert noisy["spectrum-30"]["bias"] < -0.5 < noisy["sigma-net"]["bias"]
    assert noisy["spectrum-30"]["mean_rmse"] > 3 * clean["spectrum-30"]["mean_rmse"]
    assert rows["noise 5"]["uncertainty"]["rms_std"] > rows["clean"]["uncertainty"]["rms_std"]


def test_the_same_noise_in_every_run(experiment, monkeypatch):
    monkeypatch.setattr(robustness, "ROBUSTNESS_NETWORKS", ("sigma-net",))
    monkeypatch.setattr(robustness, "LEVELS", {"noise": (4,)})
    assert robustness.robustness(experiment) == robustness.robustness(experiment)


def test_std_is_summed_up_over_all_places():
    errors = torch.tensor([0.1, -0.1, 2.0, 2.0])
    deviations = torch.tensor([0.2, 0.2, 0.9, 1.5])
    truth = torch.zeros(4)
    found = robustness._uncertainty(errors, deviations, truth)
    assert found["share_rejected"] == 0.5 and found["rmse_not_rejected"] == 0.1
    assert found["coverage"] == {"1": 0.5, "2": 0.75}
    everywhere = robustness._uncertainty(errors, torch.full_like(errors, 0.7), truth)
    assert everywhere["share_rejected"] == 1 and everywhere["rmse_not_rejected"] is None
    wide = robustness._uncertainty(errors, torch.full_like(errors, 0.7), truth + 4)
    assert wide["share_rejected"] == 0  # 0.7 of 4 pixels is known well


def test_the_estimators_are_known():
    assert robustness.STATES_STD in robustness.ROBUSTNESS_NETWORKS
    assert set(robustness.ROBUSTNESS_CLASSICAL) <= set(classical.CLASSICAL)
    assert robustness.row_name("jpeg", 75) == "jpeg 75"
