"""The networks' shapes, sizes and receptive fields."""

import pytest
import torch
from torch import nn

from blurlib import learn
from reproduce import catalogue

WITH_CLASSES = ("pixels", "spectrum", "thesis")


def test_thesis_network_is_the_slides_layer_for_layer():
    network = learn.ThesisNetwork(30)
    assert len(network.layers) == 26
    shapes, x = [], torch.zeros(1, 1, 32, 32)
    for layer in network.layers:
        x = layer(x)
        if not isinstance(layer, nn.ReLU):
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [
        (4, 30, 30), (8, 28, 28), (16, 26, 26), (32, 24, 24), (64, 22, 22), (64, 20, 20),
        (64, 16, 16), (64, 8, 8), (64, 4, 4), (1024,), (1600,), (800,), (100,), (30,), (30,),
    ]  # fmt: skip
    assert sum(p.numel() for p in network.parameters()) == 3_270_426


@pytest.mark.parametrize("kind", WITH_CLASSES)
def test_networks_give_log_probabilities_and_see_the_whole_patch(kind, rng):
    network = learn.NETWORKS[kind](10).initialise(rng).eval()
    patches = torch.rand(3, 1, 32, 32, generator=rng).requires_grad_()
    answer = network(patches)
    torch.testing.assert_close(answer.exp().sum(1), torch.ones(3))
    answer[0].square().sum().backward()
    assert (patches.grad[0, 0] != 0).any(0).all() and (patches.grad[0, 0] != 0).any(1).all()
    assert patches.grad[1:].abs().max() == 0


@pytest.mark.parametrize("size", catalogue.PATCH_SIZES)
@pytest.mark.parametrize("kind", ["spectrum", "pixels"])
def test_small_networks_take_patches_of_any_size(kind, size, rng):
    network = learn.NETWORKS[kind](10, patch_size=size).initialise(rng)
    patches = torch.rand(200, 1, size, size, generator=rng)
    network.fit_standardisation(patches)
    answer = network(patches)
    assert answer.shape == (200, 10) and torch.isfinite(answer).all()


def test_the_thesis_network_takes_its_own_size_only():
    with pytest.raises(ValueError, match="32 x 32 pixels, not at 16"):
        learn.ThesisNetwork(patch_size=16)


def test_folded_spectra_are_those_of_a_plain_transform(rng):
    patches = torch.rand(3, 1, 6, 6, generator=rng)
    network = learn.SpectrumNetwork(patch_size=6)
    power = torch.fft.fft2(
        (patches[:, 0] - (patches[:, 0] * network.window).sum((1, 2), keepdim=True)
         / network.window.sum()) * network.window
    ).abs().square()  # fmt: skip
    # Rows 1 and 5, 2 and 4 are opposite; 0 and 3 are their own.
    folded = torch.stack([power[:, 0], (power[:, 1] + power[:, 5]) / 2,
                          (power[:, 2] + power[:, 4]) / 2, power[:, 3]], 1)[:, :, :4]  # fmt: skip
    floor = network.window.square().sum() / 12 / 255**2 / 3
    torch.testing.assert_close(network.features(patches), (folded + floor).log().flatten(1))


def test_default_initialisation_is_torch7s(rng):
    network = learn.ThesisNetwork(30).initialise(rng, "default")
    for layer in network.layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            bound = layer.weight[0].numel() ** -0.5
            largest = layer.weight.abs().max()
            assert 0.8 * bound < largest <= bound and layer.bias.abs().max() <= bound
    with pytest.raises(ValueError, match="kind must be"):
        network.initialise(rng, "zero")


@pytest.mark.parametrize("kind", WITH_CLASSES)
def test_initialisation_repeats_with_its_seed(kind):
    def draw(seed):
        network = learn.NETWORKS[kind](10).initialise(torch.Generator().manual_seed(seed))
        return torch.cat([p.flatten() for p in network.parameters()])

    assert torch.equal(draw(0), draw(0)) and not torch.equal(draw(0), draw(1))


def test_standardisation_takes_out_mean_and_deviation(rng):
    network = learn.SpectrumNetwork()
    patches = torch.rand(500, 1, 32, 32, generator=rng)
    network.fit_standardisation(patches)
    features = (network.features(patches) - network.mean) / network.std
    # Frequency 0 has no power once the mean is gone: it stays constant.
    torch.testing.assert_close(features.mean(0)[1:], torch.zeros(288), atol=1e-3, rtol=0)
    torch.testing.assert_close(
        features.std(0, correction=0)[1:], torch.ones(288), atol=1e-3, rtol=0
    )


def test_spectrum_network_does_not_see_brightness_or_mirrors(rng):
    network = learn.SpectrumNetwork().initialise(rng)
    patches = 0.5 * torch.rand(4, 1, 32, 32, generator=rng)
    torch.testing.assert_close(network(patches), network(patches + 0.3), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(network(patches), network(patches.flip(3)), atol=1e-3, rtol=1e-3)


def test_class_sigmas_are_the_thesis_steps():
    for num_classes, step in [(10, 0.3), (30, 0.1), (60, 0.05)]:
        sigmas = learn.class_sigmas(num_classes)
        assert sigmas[0].item() == pytest.approx(step) and sigmas[-1] == 3
    with pytest.raises(ValueError, match="num_classes must be"):
        learn.class_sigmas(0)
