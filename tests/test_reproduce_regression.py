"""The record of a network that regresses."""

import pytest

from blurlib import data, learn
from blurlib.reproduce.experiment import Experiment
from blurlib.reproduce.regression import regression

NAMES = ("grass", "gravel", "brick", "coins", "camera", "coffee", "rocket")


@pytest.fixture
def scans():
    """Return pieces with texture of some pictures, each of another material."""
    return [
        data.Picture(name, name, lambda name=name: data.packaged_image(name)[150:246, 100:260])
        for name in NAMES
    ]


def case_of(scans, aside):
    experiment = Experiment(scans)
    experiment.__dict__["held_out"] = aside
    return experiment


def test_scans_put_aside_and_scans_learned_from_are_scored_apart(scans):
    seen, aside = learn.split_scans(scans)
    record = regression("sigma-net-small", case_of(scans, aside))
    for row in record["rows"].values():
        assert set(row["images"]) == {scan.name for scan in aside}
    for field in ("ramp", "sin"):
        learned = record["rows_on_training_scans"][field]
        assert set(learned["images"]) == {scan.name for scan in seen}
        assert 0 < learned["mean_rmse"] < 0.87  # a guess
    assert set(record["uncertainty"]["coverage"]) == set(record["rows"])
    assert record == regression("sigma-net-small", case_of(scans, aside))


def test_other_scans_are_not_taken_for_those_of_the_training(scans):
    seen, aside = learn.split_scans(scans)
    for there, tested in ((seen, aside), (scans, seen[:2])):
        record = regression("sigma-net-small", case_of(there, tested))
        assert record["rows_on_training_scans"] is None
