"""The record of pictures as people have them, and of a scene with depth."""

import pytest
import torch

from blurlib import data, maps
from reproduce import cases, kinds
from reproduce.cases import Answer
from reproduce.experiment import Experiment


class Says(maps.Estimator):
    """Says the same everywhere."""

    convention = "std"

    def __init__(self, sigma, std):
        self.sigma, self.std = sigma, std

    def answer(self, image, stride):
        size = [(side - self.patch_size) // stride + 1 for side in image.shape]
        return torch.stack([torch.full(size, self.sigma), torch.full(size, self.std)])


def test_cases_are_counted_by_kind():
    right, wrong = Answer(2.0, 0.1, 2.0), Answer(3.0, 0.1, 2.0)
    answers = {"jpeg 30, brick": right, "jpeg 60, gravel": wrong, "halftone": wrong}
    assert kinds._counted(answers) == {
        "jpeg": {"of": 2, "right": 1},
        "halftone": {"of": 1, "right": 0},
    }


def test_all_kinds_are_counted():
    answers = dict.fromkeys(cases.CASES, Answer(1.0, 0.1, 1.0))
    found = kinds._counted(answers)
    assert sum(row["of"] for row in found.values()) == len(cases.CASES)
    assert {"clipped", "points", "half a pixel", "resized by", "jpeg"} <= set(found)


def test_a_scene_is_scored_where_its_depth_is_known():
    image = torch.zeros(64, 64)
    truth = torch.full((64, 64), 2.0)
    truth[:, 48:] = 9.0
    known = torch.ones(64, 64, dtype=torch.bool)
    known[:, 48:] = False
    scene = data.depth.DepthScene(image, truth, known)
    found = kinds._scene(Says(1.5, 0.4), image, truth, scene)
    assert found["rmse"] == pytest.approx(0.5)
    assert found["coverage"] == {"1": 0.0, "2": 1.0}
    assert found["share_with_evidence"] == 1
    assert kinds._scene(Says(1.5, 0.6), image, truth, scene)["share_with_evidence"] == 0


def test_every_case_is_asked_and_told(monkeypatch):
    few = {name: cases.CASES[name] for name in ("no evidence, dull sky", "linear light")}
    monkeypatch.setattr(cases, "CASES", few)
    monkeypatch.setattr(kinds, "_SCENES", {})
    monkeypatch.setattr(Experiment, "estimators", lambda *_: {"a": Says(2.0, 0.3)})
    record = kinds.kinds(Experiment([]))
    assert list(record["cases"]["a"]) == list(few)
    assert record["right"]["a"] == {
        "no evidence": {"of": 1, "right": 0},
        "linear light": {"of": 1, "right": 1},
    }
    assert record["cases"]["a"]["no evidence, dull sky"]["truth"] is None
