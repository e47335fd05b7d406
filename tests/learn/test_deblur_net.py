"""The network that restores: any size, few weights, a file, a loss that counts decibels."""

import pytest
import torch

from blurlib import learn
from blurlib.learn import checkpoints
from blurlib.learn.deblur_net import NUM_PLANES, DeblurNet, planes_of


@pytest.fixture
def network(rng):
    return DeblurNet(widths=(8, 8, 8)).initialise(rng).eval()


@pytest.mark.parametrize("shape", [(3, 3), (17, 40), (64, 33)])
def test_any_size_comes_back(network, rng, shape):
    planes = torch.rand(2, NUM_PLANES, *shape, generator=rng)
    restored, log_variance = network(planes)
    assert restored.shape == log_variance.shape == (2, *shape)
    assert torch.isfinite(restored).all() and torch.isfinite(log_variance).all()


def test_it_begins_near_the_classical_answer(network, rng):
    pictures = torch.rand(3, 1, 24, 24, generator=rng)
    facts = torch.zeros(1, 24, 24), torch.zeros(1, 24, 24), torch.tensor([0.01]), torch.tensor([0])
    restored, _ = network(planes_of(*pictures, *facts))
    assert (restored - pictures[2]).abs().mean() < 0.2


def test_planes_tell_noise_and_kind(rng):
    pictures = torch.rand(3, 2, 9, 8, generator=rng)
    sigma, std = torch.full((2, 9, 8), 2.0), torch.full((2, 9, 8), 0.3)
    planes = planes_of(*pictures, sigma, std, torch.tensor([1, 4]) / 255, torch.tensor([1, 2]))
    assert planes.shape == (2, NUM_PLANES, 9, 8)
    torch.testing.assert_close(planes[:, 5, 0, 0], torch.tensor([1.0, 4.0]).log() / 2)
    assert planes[:, 6].mean((1, 2)).tolist() == [1, 0]
    assert planes[:, 7].mean((1, 2)).tolist() == [0, 1]


def test_the_loss_falls_by_the_same_for_every_halved_error(network, rng):
    truth = torch.rand(2, 32, 32, generator=rng)
    noise = torch.randn(2, 32, 32, generator=rng)
    stated = torch.full((2, 32, 32), -9.0)
    losses = [network.loss((truth + s * noise, 0 * stated), truth) for s in (0.4, 0.2, 0.1)]
    steps = torch.stack(losses).diff()
    assert steps[0] == pytest.approx(steps[1].item(), rel=0.2) and steps[0] < -0.5
    honest = network.loss((truth + 0.1 * noise, torch.full_like(stated, -4.6)), truth)
    assert honest < network.loss((truth + 0.1 * noise, stated), truth)
    found = network.metrics((truth + 0.1 * noise, torch.full_like(stated, -4.6)), truth)
    assert found["mse"] == pytest.approx((255 * 0.1) ** 2, rel=0.1)
    assert found["coverage"] == pytest.approx(0.68, abs=0.05)


def test_it_goes_into_a_file_and_back(network, tmp_path, rng):
    learn.save_network(tmp_path / "a.safetensors", network, {"a": 1})
    again, record = learn.load_network(tmp_path / "a.safetensors")
    assert type(again) is DeblurNet and again.widths == (8, 8, 8) and record == {"a": 1}
    planes = torch.rand(1, NUM_PLANES, 16, 16, generator=rng)
    torch.testing.assert_close(again(planes)[0], network(planes)[0], atol=1e-3, rtol=0)


def test_the_packaged_one_is_small_and_no_estimator():
    network, record = checkpoints.packaged("deblur-net")
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    assert record["recipe"]["network"] == "deblur" and record["data"]["development"]
    assert "deblur-net" not in learn.pretrained_names()
    with pytest.raises(ValueError, match="one of sigma-net"):
        learn.pretrained("deblur-net")
