"""Networks that answer with ordered classes, or with sigma itself."""

import math
from dataclasses import replace

import pytest
import torch

from blurlib import data, learn, maps
from reproduce import catalogue

OTHER_ANSWERS = ("direct", "gaussian", "ordinal")


@pytest.mark.parametrize("kind", OTHER_ANSWERS)
def test_a_head_sees_what_the_classifier_sees(kind, rng):
    patches = torch.rand(3, 1, 16, 16, generator=rng)
    head, classifier = learn.NETWORKS[kind](patch_size=16), learn.SpectrumNetwork(patch_size=16)
    assert torch.equal(head.features(patches), classifier.features(patches))
    shapes = [[p.shape for p in network.layers[:4].parameters()] for network in (head, classifier)]
    assert shapes[0] == shapes[1]


def test_ordinal_readouts_are_mean_and_class():
    network = learn.OrdinalNetwork(num_classes=3, sigma_max=3.0)
    logits = torch.tensor([[0.9, 0.4], [0.8, 0.6]]).logit()[:, :, None]
    # P(sigma = 1, 2, 3) = 0.1, 0.5, 0.4 and 0.2, 0.2, 0.6.
    torch.testing.assert_close(network.decode(logits)[0], torch.tensor([[2.3], [2.4]]))
    assert network.decode(logits, "argmax")[0].tolist() == [[2.0], [3.0]]
    classes = learn.SpectrumNetwork(num_classes=3, sigma_max=3.0)
    log_probabilities = torch.tensor([[0.1, 0.5, 0.4], [0.2, 0.2, 0.6]]).log()[:, :, None]
    for readout in learn.READOUTS:
        own, theirs = network.decode(logits, readout), classes.decode(log_probabilities, readout)
        torch.testing.assert_close(own, theirs)
    with pytest.raises(ValueError, match="readout must be"):
        network.decode(logits, "mode")


def test_the_ordinal_loss_knows_how_far_off_an_answer_is():
    network = learn.OrdinalNetwork(num_classes=4)
    answers = torch.tensor([[9.0, -9.0, -9.0], [9.0, 9.0, -9.0], [9.0, 9.0, 9.0]])
    losses = [network.loss(answers[[k]], torch.tensor([1])).item() for k in range(3)]
    assert losses[0] < 0.01 and losses[2] == pytest.approx(2 * losses[1], rel=0.01)
    answers, truth = torch.zeros(2, 3), torch.tensor([0, 3])
    metrics = network.metrics(answers, truth)
    assert network.loss(answers, truth).item() == pytest.approx(math.log(2))
    assert metrics["accuracy"] == 0.5
    assert metrics["mse"].item() == pytest.approx((1.5 * 0.75) ** 2)


def test_the_direct_loss_is_the_squared_error():
    network = learn.DirectNetwork()
    answers, truth = torch.tensor([[1.0], [2.04]]), torch.tensor([1.5, 2.0])
    loss, metrics = network.loss(answers, truth), network.metrics(answers, truth)
    assert loss == metrics["mse"] and loss.item() == pytest.approx((0.25 + 0.0016) / 2)
    assert metrics["within_tol"] == 0.5
    sigma, std = network.decode(torch.tensor([[-0.3], [0.7]]))
    assert sigma.tolist() == pytest.approx([0, 0.7]) and std is None
    with pytest.raises(ValueError, match="readout must be"):
        network.decode(torch.zeros(1, 1), "mode")


@pytest.mark.parametrize("kind", ["direct", "gaussian"])
def test_networks_without_classes_refuse_them(kind):
    network = learn.NETWORKS[kind]()
    with pytest.raises(TypeError, match="learns from sigmas in pixels, got classes"):
        network.loss(torch.zeros(2, network.num_outputs), torch.tensor([0, 1]))
    for change in ({"num_classes": 10}, {"source": "as-published"}):
        with pytest.raises(ValueError, match=f"the network '{kind}' has no classes"):
            learn.Recipe(kind, **change)


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="num_classes must be an integer of at least 2"):
        learn.OrdinalNetwork(num_classes=1)
    with pytest.raises(ValueError, match="beta must be"):
        learn.GaussianNetwork(beta=2)
    with pytest.raises(ValueError, match="sigma_max must be"):
        learn.DirectNetwork(sigma_max=0)


def test_beta_decides_how_much_a_doubted_patch_counts():
    truth = torch.tensor([2.0, 2.0])
    pulls = {}
    for beta in (0.0, 0.5, 1.0):
        network = learn.GaussianNetwork(beta=beta)
        answers = torch.tensor([[1.5, math.log(0.01)], [1.5, math.log(0.25)]], requires_grad=True)
        network.loss(answers, truth).backward()
        metrics = network.metrics(answers, truth)
        pulls[beta] = (answers.grad[0, 0] / answers.grad[1, 0]).item()
        assert metrics == {
            "mse": 0.25,
            "coverage": 0,
        }  # the second lies at its deviation, not within
        # The variance that fits the error best is the squared error itself.
        assert answers.grad[0, 1] < 0 and answers.grad[1, 1].abs() < 1e-6
        torch.testing.assert_close(network.decode(answers.detach())[1], torch.tensor([0.1, 0.5]))
    assert pulls == pytest.approx({0.0: 25, 0.5: 5, 1.0: 1}, rel=1e-3)


def test_a_head_begins_in_the_middle_and_repeats_with_its_seed():
    first, again, other = (
        learn.DirectNetwork(sigma_max=4.0).initialise(torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert first.layers[-1].bias.item() == 2.0
    assert torch.equal(first.layers[0].weight, again.layers[0].weight)
    assert not torch.equal(first.layers[0].weight, other.layers[0].weight)


@pytest.mark.parametrize("kind", OTHER_ANSWERS)
def test_a_head_learns_in_seconds_and_makes_maps(kind, rng, tmp_path):
    images = data.training_images(rng=rng, num_each=1)
    config = learn.TrainConfig(num_steps=120, batch_size=64, lr=5e-3)
    network, record = learn.run_recipe(learn.Recipe(kind, config=config), images=images)
    assert record["history"]["rmse"][-1] < 0.4 < 0.7 < record["history"]["rmse"][0] < 1.2
    path = tmp_path / "head.safetensors"
    learn.save_network(path, network, record)
    again, _ = learn.load_network(path)
    assert again.settings == network.settings and type(again) is learn.NETWORKS[kind]
    image = torch.rand(40, 50, generator=rng)
    found = maps.load_estimator(str(path)).predict(image, stride=4, border="valid").sigma
    window = image[None, None, 4:36, 8:40]
    alone = network.decode(network(window))[0].item()
    assert found.shape == (3, 5) and found[1, 2].item() == pytest.approx(alone, abs=0.02)


def test_what_is_drawn_for_a_head_is_what_it_learns():
    recipe = learn.Recipe("direct", textures_each=1)
    _, stream, _ = learn.prepare_recipe(recipe)
    assert stream.continuous and stream.sigmas.tolist() == [0, 3]
    network, stream, _ = learn.prepare_recipe(replace(recipe, network="ordinal", num_classes=7))
    assert not stream.continuous and torch.equal(stream.sigmas, network.sigmas)


def test_the_study_differs_in_answers_and_seeds_only():
    alike = {
        (recipe.source, recipe.num_pages, recipe.textures_each, recipe.patch_size, recipe.config)
        for recipe in catalogue.READOUT_STUDY.values()
    }
    assert len(alike) == 1
    for answer in ("classes-120", "ordinal-10", "direct", "gaussian"):
        seeds = {catalogue.READOUT_STUDY[f"readout-{answer}-{seed}"].seed for seed in range(3)}
        assert seeds == {0, 1, 2}
    assert catalogue.READOUT_STUDY["readout-ordinal-120-2"].num_classes == 120
