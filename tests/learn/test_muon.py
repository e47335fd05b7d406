"""Muon makes the momentum of wide layers orthogonal, and leaves the rest to AdamW."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from blurlib import learn
from blurlib.learn.muon import is_wide, orthogonal

CONFIG = learn.TrainConfig(
    num_steps=3, batch_size=1, lr=1e-3, optimizer="muon", schedule="constant"
)


@pytest.mark.parametrize("shape", [(24, 40), (40, 24), (32, 32)])
def test_all_but_the_faintest_singular_values_come_near_one(shape, rng):
    values = torch.logspace(0, -2, min(shape))
    values[-1] = 1e-5
    left, right = (torch.linalg.qr(torch.randn(n, n, generator=rng))[0] for n in shape)
    matrix = 5 * left[:, : len(values)] * values @ right[: len(values)]
    found = orthogonal(matrix)
    assert found.shape == shape
    *near, faint = torch.linalg.svdvals(found).tolist()
    assert 0.6 < min(near) and max(near) < 1.3 and faint < 0.1
    # The same singular vectors: what is left in their frame is a diagonal.
    inner = left.T @ found @ right.T
    k = torch.arange(len(values))
    inner[k, k] = 0
    assert inner.abs().max() < 1e-4


def test_of_nothing_it_makes_nothing():
    assert torch.equal(orthogonal(torch.zeros(16, 20)), torch.zeros(16, 20))


def test_what_has_faded_is_nothing(rng):
    matrix = torch.randn(20, 24, generator=rng)
    faded = matrix.clone()
    faded[3] *= 1e-38  # below what float32 holds in full, and a hundred times as slow
    matrix[3] = 0
    assert torch.equal(orthogonal(faded), orthogonal(matrix))


def test_a_wide_layer_steps_alike_in_all_directions_the_others_as_with_adamw(rng):
    layer, twin = nn.Linear(40, 24), nn.Linear(40, 24)
    twin.load_state_dict(layer.state_dict())
    before = layer.weight.detach().clone()
    optimizers = [
        kind(net.parameters(), lr=0.01, weight_decay=0.0)
        for kind, net in ((learn.Muon, layer), (torch.optim.AdamW, twin))
    ]
    inputs = torch.randn(3, 40, generator=rng)  # a gradient of rank 3 at most
    for net, optimizer in zip((layer, twin), optimizers, strict=True):
        net(inputs).square().mean().backward()
        optimizer.step()
        assert net.weight.grad.abs().max() > 0  # it stays for whoever wants to look at it
    assert torch.equal(layer.bias, twin.bias)
    moved = torch.linalg.svdvals(before - layer.weight.detach())
    assert (moved[:3] > 0.6 * 0.01 * 0.2 * 40**0.5).all()
    assert moved[3:].max() < 1e-4 * moved[0]


def test_it_remembers_former_gradients_and_looks_ahead(rng):
    convolution = nn.Conv2d(20, 18, 3).to(memory_format=torch.channels_last)
    optimizer = learn.Muon(convolution.parameters(), lr=0.1, weight_decay=0.01, momentum=0.9)
    expected = convolution.weight.detach().flatten(1).clone()
    memory = torch.zeros_like(expected)
    for gradient in torch.randn(3, 18, 20, 3, 3, generator=rng):
        convolution.weight.grad = gradient.clone()
        optimizer.step()
        flat = gradient.flatten(1)
        memory = 0.9 * memory + 0.1 * flat
        direction = orthogonal(0.1 * flat + 0.9 * memory)
        expected = (1 - 0.1 * 0.01) * expected - 0.1 * 0.2 * 180**0.5 * direction
    torch.testing.assert_close(convolution.weight.detach().flatten(1), expected)


def test_weights_decay_and_narrow_layers_are_not_its_own(rng):
    wide, narrow = nn.Linear(20, 16), nn.Linear(20, 2)
    assert is_wide(wide.weight) and not is_wide(narrow.weight) and not is_wide(wide.bias)
    optimizer = learn.Muon([*wide.parameters(), *narrow.parameters()], lr=0.1, weight_decay=0.5)
    for net in (wide, narrow):
        net.weight.grad = torch.zeros_like(net.weight)
    before = [net.weight.detach().clone() for net in (wide, narrow)]
    optimizer.step()
    for old, net in zip(before, (wide, narrow), strict=True):
        torch.testing.assert_close(net.weight.detach(), 0.95 * old)


def test_what_it_does_not_take():
    layer = nn.Linear(20, 16)
    with pytest.raises(ValueError, match="without a closure"):
        learn.Muon(layer.parameters(), lr=0.1).step(lambda: 0)
    for momentum in (1.5, float("nan"), -0.1):
        with pytest.raises(ValueError, match="momentum"):
            learn.Muon(layer.parameters(), lr=0.1, momentum=momentum)
    with pytest.raises(TypeError, match="without groups"):
        learn.Muon([{"params": layer.parameters()}], lr=0.1)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, rng):
    recipe = replace(learn.Recipe("sigma"), config=CONFIG)
    images = [torch.rand(200, 200, generator=rng)]

    def begin():
        network, stream, _ = learn.prepare_recipe(recipe, images=images)
        return learn.TrainingRun(network, stream, CONFIG)

    whole, first, second = begin(), begin(), begin()
    for run in (whole, first):
        run.advance()
        run.advance()
    checkpoint = learn.Checkpoint(tmp_path / "run", {"recipe": recipe.as_dict()})
    checkpoint.save(first)
    checkpoint.restore(second)
    start = [p.detach().clone() for p in second.network.parameters()]
    for run in (whole, second):
        run.advance()
    assert all(map(torch.equal, second.network.parameters(), whole.network.parameters()))
    moved = zip(start, second.network.parameters(), strict=True)
    assert max((p - q).abs().max() for p, q in moved) > 1e-4
