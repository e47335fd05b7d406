"""The network that regresses: a scale pyramid, coarse to fine."""

import pytest
import torch

from blurlib import blur, data, learn
from blurlib.data import crops
from blurlib.learn import pyramid_loss, scales, sigma_net

SMALL = {"hidden": (32, 16), "channels": 16, "dilations": (1, 2), "carried": 4}


@pytest.fixture
def network(rng):
    """Return a small network with drawn weights, standardised on noise."""
    network = learn.SigmaNet(**SMALL).initialise(rng)
    network.fit_standardisation(torch.rand(4, 1, 64, 64, generator=rng))
    with torch.no_grad():  # what it learns is not small; every answer shall matter
        for layer in (network.second, network.carry, *network.context):
            layer.weight *= 10
    return network.eval()


def test_it_answers_at_every_fourth_pixel_from_the_first_past_the_last(rng):
    network = learn.SigmaNet().initialise(rng)
    answers = network.estimate(torch.rand(2, 1, 33, 70, generator=rng))
    assert all(answer.shape == (2, 9, 19) for answer in answers)
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    sizes = [sum(p.numel() for p in kind().parameters()) for kind in
             (learn.SigmaNet, learn.SmallSigmaNet)]  # fmt: skip
    assert sizes[0] / sizes[1] == pytest.approx(7, abs=0.5)


def test_pictures_are_halved_as_long_as_a_window_fits():
    for sides, number in (
        ((32, 500), 1), ((63, 64), 1), ((64, 64), 2), ((126, 200), 2), ((127, 200), 3),
        ((255, 300), 4), ((257, 256), 4),
    ):  # fmt: skip
        pictures = scales.pyramid(torch.zeros(1, 1, *sides))
        assert len(pictures) == number, sides
        for fine, coarse in zip(pictures, pictures[1:], strict=False):
            assert [-(-side // 2) for side in fine.shape[2:]] == list(coarse.shape[2:])


@pytest.mark.parametrize("sides", [(64, 64), (75, 134)])
def test_every_scale_answers_on_a_grid_of_its_own(network, rng, sides):
    answers = network(torch.rand(1, 1, *sides, generator=rng), 4)
    assert len(answers) == 2
    for answer, picture, step in zip(answers, (sides, [-(-s // 2) for s in sides]), (4, 8),
                                     strict=True):  # fmt: skip
        shape = [scales.num_places(side, step) for side in picture]
        assert list(answer.shape) == [1, 7 + 4, *shape]


def test_a_finer_grid_is_the_same_function(network, rng):
    # The last places of both grids coincide: so do those that the convolutions repeat.
    image = torch.rand(1, 1, 81, 97, generator=rng)
    with torch.no_grad():
        fine, coarse = (network(image, stride)[0] for stride in (4, 8))
    torch.testing.assert_close(fine[..., ::2, ::2], coarse, atol=1e-4, rtol=1e-4)
    # Elsewhere they agree as far as no convolution looks past the last place.
    image = torch.rand(1, 1, 150, 147, generator=rng)
    with torch.no_grad():
        fine, coarse = (network(image, stride)[0] for stride in (4, 8))
    seen = [count - 1 - network.halo for count in coarse.shape[2:]]
    fine = fine[..., ::2, ::2][..., : seen[0], : seen[1]]
    torch.testing.assert_close(fine, coarse[..., : seen[0], : seen[1]], atol=1e-4, rtol=1e-4)


def test_pictures_of_a_batch_are_answered_one_by_one(network, rng):
    images = torch.rand(3, 1, 70, 64, generator=rng)
    together = network.estimate(images)
    for k in range(3):
        for one, all_of_them in zip(network.estimate(images[k : k + 1]), together, strict=True):
            torch.testing.assert_close(one[0], all_of_them[k], atol=1e-5, rtol=1e-5)


def test_it_looks_no_further_than_its_halo(network, rng):
    image = torch.rand(1, 1, 62, 300, generator=rng)  # too low for a half
    other = image.clone()
    other[..., 150:] = 0.3
    one, two = (network.estimate(x)[0] for x in (image, other))
    reach = sigma_net.WINDOWS[0] // 2 + 8 * network.halo
    same = (one == two)[0].all(0)
    last = (150 - reach) // 4
    assert same[: last + 1].all() and not same[last + 2 : 37].all()


def test_the_surer_scale_counts(network, rng):
    features = network.features(torch.rand(1, 1, 64, 64, generator=rng))
    with torch.no_grad():
        # What was learned on top is taken off: what the deviations say is left.
        network.second.weight.zero_()
        network.second.bias.zero_()
        alone = network.answer(features, None, 8)
        torch.testing.assert_close(alone[:, 4:6], alone[:, 2:4])
        own, own_log_variance = alone[:, 2], alone[:, 3]
        coarser = torch.zeros(1, 3 + 4, *features.shape[2:])
        coarser[:, 0], coarser[:, 2] = 20.0, 0.9
        coarser[:, 1] = -40.0
        sigma, profile = network.answer(features, coarser, 8)[:, [4, 6]].unbind(1)
        torch.testing.assert_close(sigma, torch.full_like(sigma, 20.0))
        torch.testing.assert_close(profile, torch.full_like(profile, 0.9))
        coarser[:, 1] = 40.0
        sigma, profile = network.answer(features, coarser, 8)[:, [4, 6]].unbind(1)
        torch.testing.assert_close(sigma, own)
        torch.testing.assert_close(profile, torch.full_like(profile, 0.5))
        coarser[:, 1] = own_log_variance  # equally sure: half of each
        both = network.answer(features, coarser, 8)[:, 4:6].unbind(1)
        half = scales.mixed(torch.tensor(0.5), own, coarser[:, 0], *[own_log_variance] * 2)
        torch.testing.assert_close(both, half)
        # A coarser scale that does not exist after all, in an exported file, changes nothing.
        torch.testing.assert_close(network.answer(features, coarser, 8, 0.0), alone)


def test_what_is_handed_down_is_told_in_finer_pixels(rng):
    answer = torch.zeros(1, 7 + 2, 5, 6)
    answer[:, 4], answer[:, 5], answer[:, 6] = 3.0, 2 * torch.tensor(0.1).log(), 0.8
    answer[:, 7:] = torch.rand(1, 2, 5, 6, generator=rng)
    finer = scales.handed_down(answer, (9, 11), 8)
    sigma = (4 * 3.0**2 - 0.25) ** 0.5
    assert finer.shape == (1, 5, 9, 11)
    torch.testing.assert_close(finer[:, 0], torch.full((1, 9, 11), sigma))
    # Its deviation, as what a small change of sigma becomes.
    change = (4 * 3.1**2 - 0.25) ** 0.5 - sigma
    torch.testing.assert_close((finer[:, 1] / 2).exp(), torch.full((1, 9, 11), change), rtol=1e-3,
                               atol=0)  # fmt: skip
    torch.testing.assert_close(finer[:, 2], torch.full((1, 9, 11), 0.8))
    torch.testing.assert_close(finer[..., ::2, ::2], scales.at_finer(finer, (5, 6), 2))
    torch.testing.assert_close(finer[:, 3:, ::2, ::2], answer[:, 7:])
    answer[:, 4] = -1.0  # sharp: the deviation grows fourfold at most
    finer = scales.handed_down(answer, (9, 11), 8)
    assert finer[:, 0].max() < 0.011
    torch.testing.assert_close((finer[:, 1] / 2).exp(), torch.full((1, 9, 11), 0.2))


def one_place(sigma, std, profile=0.5):
    """Return an answer of one scale at one place, of which all three say the same."""
    pair = [sigma, 2 * torch.tensor(std).log().item()]
    return torch.tensor([*pair, *pair, *pair, profile, 0.0]).view(1, 8, 1, 1)


def test_its_loss_is_a_gaussians_on_the_bent_scale():
    network = learn.SigmaNet(**SMALL)
    truth = torch.stack([torch.full((1, 1, 1), 2.0), torch.full((1, 1, 1), -1.0)], 1)
    bent = scales.bend(torch.tensor(2.5)) - scales.bend(torch.tensor(2.0))
    slope = (1 + (2.5 / 2) ** 2) ** -0.5
    std = bent.item() / slope  # off by as much as it says
    answers = [one_place(2.5, std).requires_grad_()]
    loss = network.loss(answers, truth)
    likelihood = (1 + 2 * bent.log()) / 2 * bent  # weighted by its own deviation
    assert loss.item() == pytest.approx(2 * likelihood.item(), abs=1e-5)
    loss.backward()
    grad = answers[0].grad.flatten()
    assert grad[[1, 3, 5]].abs().max() < 1e-5 < grad[[0, 2, 4]].abs().min()
    assert grad[4].item() == pytest.approx(2 * grad[0].item()) and grad[6] == 0


def test_profiles_are_learned_where_there_is_one_to_see():
    network = learn.SigmaNet(**SMALL)

    def loss(sigma, is_disk, profile):
        truth = torch.tensor([sigma, is_disk]).view(1, 2, 1, 1)
        return network.loss([one_place(sigma, 0.1, profile)], truth).item()

    assert loss(3.0, 1.0, 0.9) < loss(3.0, 1.0, 0.1)
    assert loss(3.0, 0.0, 0.9) > loss(3.0, 0.0, 0.1)
    assert loss(0.3, 1.0, 0.9) == loss(0.3, 1.0, 0.1)  # sharp
    assert loss(3.0, -1.0, 0.9) == loss(3.0, -1.0, 0.1)  # not said
    assert loss(3.0, 1.0, 0.0) < 100  # never infinite


def test_coarser_scales_learn_their_own_truth(rng):
    network = learn.SigmaNet(**SMALL)
    sigma = 3 * torch.rand(1, 64, 80, generator=rng)
    truth = torch.stack([sigma, torch.ones_like(sigma)], 1)
    answers = network(torch.rand(1, 1, 64, 80, generator=rng))
    told = list(pyramid_loss._with_truth(answers, truth))
    assert [weight for weight, *_ in told] == [1.0, 0.5]
    fine, half = (one[:, 0] for *_, one in told)
    torch.testing.assert_close(fine[:, :8, :10], sigma[:, ::8, ::8])
    assert torch.equal(fine[:, 8], sigma[:, 63, [*range(0, 80, 8), 79]])  # past the last pixel
    wanted = scales.halved_sigma(sigma[:, ::16, ::16])
    torch.testing.assert_close(half[:, :4, :5], wanted)
    assert (told[1][2][:, 1] == 1).all()


def test_metrics_are_those_of_the_last_answer():
    network = learn.SigmaNet(**SMALL)
    truth = torch.tensor([2.0, 1.0]).view(1, 2, 1, 1)
    answer = one_place(9.0, 0.1)
    answer[:, 4], answer[:, 5] = 1.5, 2 * torch.tensor(0.6).log()
    assert network.metrics([answer, one_place(7.0, 1.0)], truth) == {"mse": 0.25, "coverage": 1}
    answer[:, 5] = 2 * torch.tensor(0.4).log()
    assert network.metrics([answer], truth)["coverage"] == 0
    sigma, std, profile = network.decode([answer])
    assert (sigma, profile) == (1.5, 0.5) and std.item() == pytest.approx(0.4)
    network.std_scale.fill_(3.0)
    assert network.decode([answer])[1].item() == pytest.approx(1.2)


def test_bad_arguments_are_named(rng):
    with pytest.raises(ValueError, match="kind must be"):
        learn.SigmaNet(**SMALL).initialise(rng, "default")
    with pytest.raises(ValueError, match="dilations must be .* from 1 to 64, got 20000"):
        learn.SigmaNet(dilations=(1, 20_000))
    with pytest.raises(ValueError, match="carried must be .* from 1 to 4096"):
        learn.SigmaNet(carried=0)
    with pytest.raises(ValueError, match="at least 32 pixels"):
        learn.SigmaNet(**SMALL).estimate(torch.rand(1, 1, 20, 40, generator=rng))


@pytest.mark.parametrize("shape", [(64, 64), (1, 64, 64), (1, 3, 64, 64), (1, 1, 1, 64, 64)])
def test_other_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"shape \(B, 1, H, W\), got"):
        learn.SigmaNet(**SMALL).estimate(torch.rand(shape))


def test_it_learns_in_seconds(rng, monkeypatch):
    monkeypatch.setattr(crops, "_NUM_PSFS", 30)
    images = data.training_images(rng=rng, num_each=1, size=128, photographs=False)
    network = learn.SigmaNet(**SMALL).initialise(rng)
    network.standardised_on = 8
    config = data.CropConfig(
        crop_size=64, reach=16, std_range=(0.25, 4.0), p_field=1.0, p_layers=0.0, p_noise=0.0,
        p_jpeg=0.0,
    )  # fmt: skip
    stream = data.CropStream(images, config, rng=rng)
    learn.train(network, stream, learn.TrainConfig(num_steps=120, batch_size=8, lr=5e-3))
    found, truth = stream.batch(40)
    with torch.no_grad():
        mse = network.metrics(network(found), truth)["mse"]
    assert not network.training and mse < 0.6 * truth[:, 0].var()


def test_who_goes_on_learning_keeps_the_standardisation(network, rng):
    before = network.mean.clone(), network.std.clone()
    network.fit_standardisation(torch.rand(2, 1, 64, 64, generator=rng) ** 4)
    assert torch.equal(network.mean, before[0]) and torch.equal(network.std, before[1])


def test_it_comes_back_from_a_file(tmp_path, network, rng):
    learn.save_network(tmp_path / "n.safetensors", network)
    again, _ = learn.load_network(tmp_path / "n.safetensors")
    image = torch.rand(1, 1, 70, 48, generator=rng)
    assert again.settings == network.settings
    for one, other in zip(again.estimate(image), network.estimate(image), strict=True):
        torch.testing.assert_close(one, other, atol=0.05, rtol=0.02)


def test_wide_blur_is_read_where_the_picture_is_small():
    """What no window of the picture itself can tell, those of its halvings do."""
    network, _ = learn.pretrained("sigma-net")
    sharp = data.packaged_image("gravel")
    soft = blur.quantize(blur.blur_uniform(sharp, blur.gaussian_psf(10.0)))
    with torch.no_grad():
        answer = network(soft[None, None], 8)[0][..., 8:-8, 8:-8]
    alone, both = (answer[:, k].median().item() for k in (0, 4))  # from one place of one scale
    assert abs(both - 10) < 2 < abs(alone - 10)


def test_recipes_that_make_no_sense_are_named():
    for change in (
        {"num_fixed": 3}, {"rounded": False}, {"source": "as-published"}, {"num_classes": 7},
        {"patch_size": 16}, {"initialisation": "default"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="network 'sigma'"):
            learn.Recipe("sigma", **change)
