"""The record of a network that regresses."""

import pytest
import torch

from blurlib import data, learn
from reproduce.experiment import Experiment
from reproduce.regression import OTHER_KINDS, regression

NAMES = ("grass", "gravel", "brick", "coins", "camera", "coffee", "rocket")


@pytest.fixture
def scans():
    """Return pieces with texture of some pictures, each of another material."""
    return [
        data.Picture(name, name, lambda name=name: data.packaged_image(name)[96:296, 100:300])
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
    within = record["uncertainty"]["coverage"]
    assert list(within) == [*record["rows"], *OTHER_KINDS]
    assert all(0 <= shares["1"] <= shares["2"] <= 1 for shares in within.values())
    assert record == regression("sigma-net-small", case_of(scans, aside))


def test_other_scans_are_not_taken_for_those_of_the_training(scans):
    seen, aside = learn.split_scans(scans)
    for there, tested in ((seen, aside), (scans, seen[:2])):
        record = regression("sigma-net-small", case_of(there, tested))
        assert record["rows_on_training_scans"] is None


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_kind_gives_8_bits_and_a_std_at_every_pixel(kind, rng):
    scans = torch.rand(2, 256, 256, generator=rng)
    image, std = OTHER_KINDS[kind](*scans, rng.manual_seed(3))
    assert image.shape == std.shape and min(image.shape) >= 64
    assert torch.allclose(255 * image, (255 * image).round(), atol=1e-4)
    assert std.min() >= 0 and 0.2 < std.max() < 9
    again, same = OTHER_KINDS[kind](*scans, rng.manual_seed(3))
    assert torch.equal(image, again) and torch.equal(std, same)


def test_the_nearer_and_the_farther_scan_have_the_std_of_their_lens(rng):
    scans = torch.rand(2, 384, 384, generator=rng)
    seen = set()
    for seed in range(8):
        image, std = OTHER_KINDS["layered scenes"](*scans, rng.manual_seed(seed))
        low, high = std.unique().tolist()
        texture = image.diff(dim=1)
        assert texture[std[:, 1:] == low].std() > texture[std[:, 1:] == high].std()
        seen.add(low == 0)
    assert seen == {True, False}  # one of both in focus, or none


def test_clipped_light_is_white_and_points_lie_on_a_dark_ground(rng):
    scans = 0.3 + 0.4 * torch.rand(2, 256, 256, generator=rng)
    image, std = OTHER_KINDS["clipped light"](*scans, rng)
    assert 0.015 < (image == 1).double().mean() < 0.3 and std[0, 0] < std[0, -1]
    image, std = OTHER_KINDS["points of light"](*scans, rng)
    assert image.max() == 1 and len(std.unique()) == 1 and image.median() < 0.5
