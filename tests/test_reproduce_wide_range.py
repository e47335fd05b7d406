"""The record of uniform blur, half a pixel to far beyond a window."""

import statistics
from types import SimpleNamespace

import pytest
import torch

from blurlib import blur, data
from blurlib.maps import Estimator
from reproduce import wide_range
from reproduce.experiment import Experiment


class Knowing(Estimator):
    """Answers with what it was told, except for the left third of its windows."""

    convention = "std"

    def __init__(self, sigma, left, std):
        self.sigma, self.left, self.std = sigma, left, std

    def answer(self, image, stride):
        rows, columns = ((side - self.patch_size) // stride + 1 for side in image.shape)
        sigma = torch.full((rows, columns), self.sigma)
        sigma[:, : columns // 3] = self.left
        return torch.stack([sigma, torch.full_like(sigma, self.std)])


@pytest.fixture
def experiment(rng):
    """Return an experiment with two small drawn pictures put aside."""
    scans = [
        SimpleNamespace(
            name=family, load=lambda family=family: data.procedural_texture(
                family, (192, 224), rng=rng.manual_seed(0)
            )
        )
        for family in ("cells", "dead_leaves")
    ]  # fmt: skip
    found = Experiment(scans)
    found.__dict__["held_out"] = scans
    return found


def test_every_network_is_scored_on_every_blur(experiment, monkeypatch):
    monkeypatch.setattr(wide_range, "WIDE_STDS", (2, 12))
    monkeypatch.setattr(wide_range, "WIDE_PICTURES", ())
    record = wide_range.wide_range(experiment)
    assert list(record["rows"]) == ["gaussian 2", "gaussian 12", "disk 2", "disk 12"]
    for row in record["rows"].values():
        assert list(row["estimators"]) == list(wide_range.WIDE_NETWORKS)
        for score in row["estimators"].values():
            medians = score["median_sigma"]
            assert list(medians) == ["cells", "dead_leaves"]
            errors = [abs(median / row["std"] - 1) for median in medians.values()]
            assert score["median_relative_error"] == pytest.approx(
                statistics.median(errors), abs=2e-4
            )
            assert 0 <= score["coverage"]["1"] <= score["coverage"]["2"] <= 1
    for shape in ("gaussian", "disk"):
        near, far = (record["rows"][f"{shape} {std}"]["estimators"] for std in (2, 12))
        assert near["sigma-net"]["median_relative_error"] < 0.2
        assert far["sigma-net"]["rmse"] > near["sigma-net"]["rmse"]
    assert record == wide_range.wide_range(experiment)


def test_scores_are_those_of_the_answers():
    answers = {
        name: wide_range._answers(Knowing(sigma, 3.0, 2.0), torch.zeros(96, 112))
        for name, sigma in (("a", 9.0), ("b", 12.0))
    }
    found = wide_range._score(answers, 10.0)
    assert len(answers["a"][0]) == 4 * 5  # places 16, 32, ... inside the rim
    wrong = 1 / 5
    assert wrong == (answers["a"][0] == 3).double().mean().item()
    assert found["median_sigma"] == {"a": 9.0, "b": 12.0}
    assert found["median_relative_error"] == pytest.approx(0.15)
    square = wrong * 49 + (1 - wrong) * (1 + 4) / 2
    assert found["rmse"] == pytest.approx(square**0.5, abs=1e-4)
    assert found["coverage"] == {"1": round(1 - wrong, 3), "2": round(1 - wrong, 3)}
    assert found["share_with_evidence"] == pytest.approx(1 - wrong, abs=1e-4)  # 2 of 3 is vague


@pytest.mark.parametrize("shape", wide_range._SHAPES)
@pytest.mark.parametrize("std", wide_range.WIDE_STDS)
def test_every_psf_has_its_std(shape, std):
    psf = wide_range.psf_of(shape, std)
    assert blur.effective_sigma(psf) == pytest.approx(std, rel=1e-4)
    assert (psf.max() / psf.sum()).item() == pytest.approx(psf[len(psf) // 2, len(psf) // 2].item())
