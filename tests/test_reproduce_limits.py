"""The record of the physical limit: errors beside bounds, of what was drawn and of no scans."""

import pytest
import torch

from blurlib import maps
from blurlib.blur import blur_uniform, thesis_psf
from blurlib.learn import pretrained
from blurlib.theory import crlb_power_law
from reproduce import limits


class PackagedNetworks:
    """Stands for a experiment: hands out the packaged networks, and has no scans."""

    def network(self, name):
        return pretrained(name)[0]

    def each(self, things, name):
        return things


@pytest.fixture
def record(monkeypatch):
    for name, value in {
        "SIGMAS": (1.0, 1.75, 2.0), "TEXTURES": ((-2.0, 0.1),), "NUMBER": 24, "NUMBER_LARGE": 1,
        "SIDE": 48, "LIMIT_NETWORKS": ("spectrum-30", "sigma-net"),
    }.items():  # fmt: skip
        monkeypatch.setattr(limits, name, value)
    return limits.limit(PackagedNetworks())


def test_every_answer_stands_beside_its_bound(record):
    (texture,) = record["textures"]
    bound = crlb_power_law(-2.0, 0.1, 1.75, truncate=2.0)
    assert texture["bounds"]["power law, repeating"][1] == pytest.approx(bound, abs=1e-4)
    for kind in ("repeating", "cut_out"):
        assert set(texture[kind]) == {"spectrum-30", "sigma-net", "likelihood"}
        found = texture[kind]["spectrum-30"]
        against = texture["bounds"][f"power law, {kind}"]
        for rmse, ratio, least in zip(found["rmse"], found["ratio"], against, strict=True):
            assert ratio == pytest.approx(rmse / least, rel=0.02)
            assert 0.5 < ratio < 20
    assert texture["repeating"]["likelihood"]["ratio"][1] < 2
    assert set(texture["large"]) == {"sigma-net, one place", "sigma-net, mean"}


def test_ratios_are_root_mean_squares(record):
    (texture,) = record["textures"]
    for name, found in texture["repeating"].items():
        ratios = torch.tensor(found["ratio"])
        for key, some in (("ratio", ratios), ("ratio_at_steps", ratios[::2])):
            expected = some.square().mean().sqrt().item()
            assert record[key]["repeating"][name] == pytest.approx(expected, abs=2e-3)


def test_the_answers_are_those_of_the_package():
    rng = torch.Generator().manual_seed(0)
    network = pretrained("spectrum-30")[0]
    patches = torch.rand(2, 32, 32, generator=rng)
    answers = limits._answers({"spectrum-30": network}, patches, "repeating")
    expected = maps.predict_sigma_map(network, patches[1])
    torch.testing.assert_close(answers["spectrum-30"][1:], expected[0], rtol=0, atol=1e-4)


def test_a_network_on_crops_answers_for_the_middle_in_nominal_sigma():
    rng = torch.Generator().manual_seed(0)
    network = pretrained("sigma-net")[0]
    patches = blur_uniform(torch.rand(2, 32, 32, generator=rng), thesis_psf(2.0))
    found = limits._answers({"sigma-net": network}, patches, "repeating")["sigma-net"]
    for patch, sigma in zip(patches, found, strict=True):
        expected = maps.estimator_of(network).predict(patch, border="valid").to("nominal").sigma
        torch.testing.assert_close(sigma[None, None], expected, rtol=0, atol=1e-4)
