"""The network that regresses."""

import pytest
import torch

from blurlib import data, learn
from blurlib.learn import sigma_net

SMALL = {"hidden": (32, 16), "channels": 16, "dilations": (1, 2)}


def test_its_spectra_are_those_of_the_network_on_patches(rng):
    image = torch.rand(1, 1, 40, 44, generator=rng)
    found = sigma_net.folded_log_power(image, 32, 4, 0)
    assert found.shape == (1, 289, 3, 4)
    alone = learn.SpectrumNetwork().features(image[:, :, 4:36, 8:40])[0]
    torch.testing.assert_close(found[0, :, 1, 2], alone, atol=1e-4, rtol=0)


def test_windows_of_all_sizes_share_their_centres(rng):
    image = torch.zeros(1, 1, 48, 48)
    image[0, 0, 16 + 8 : 16 + 10, 16 + 4 : 16 + 6] = 1.0  # around the centre of window (2, 1)
    for size in sigma_net.WINDOWS:
        margin = (sigma_net.WINDOWS[0] - size) // 2
        power = sigma_net.folded_log_power(image, size, sigma_net.WINDOW_STRIDE, margin)
        assert power.shape[2:] == (5, 5)
        row, column = divmod(power.exp().sum(1)[0].argmax().item(), 5)
        assert abs(row - 2) <= 1 and abs(column - 1) <= 1


def test_it_is_small_enough_and_answers_at_every_fourth_pixel(rng):
    network = learn.SigmaNet().initialise(rng)
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    sigma, std = network.estimate(torch.rand(2, 1, 33, 47, generator=rng))
    assert sigma.shape == std.shape == (2, 1, 4)


def test_bad_arguments_are_named(rng):
    with pytest.raises(ValueError, match="kind must be"):
        learn.SigmaNet(**SMALL).initialise(rng, "default")
    with pytest.raises(ValueError, match="dilations must be .* from 1 to 64, got 20000"):
        learn.SigmaNet(dilations=(1, 20_000))
    with pytest.raises(ValueError, match="at least 32 pixels"):
        learn.SigmaNet(**SMALL).estimate(torch.rand(1, 1, 20, 40, generator=rng))


def test_it_learns_in_seconds(rng):
    images = [
        image for image in data.training_images(rng=rng, num_each=1) if min(image.shape) >= 192
    ]
    network = learn.SigmaNet(**SMALL).initialise(rng)
    stream = data.CropStream(
        images, data.CropConfig(crop_size=64, p_noise=0.0, p_jpeg=0.0), rng=rng
    )
    learn.train(network, stream, learn.TrainConfig(num_steps=150, batch_size=8, lr=5e-3))
    found, truth = stream.batch(100)
    with torch.no_grad():
        mse = network.metrics(network(found), truth)["mse"]
    assert not network.training and mse < 0.5 * truth.var()


def test_its_loss_is_a_gaussians(rng):
    network = learn.SigmaNet(**SMALL)
    truth = torch.full((1, 32, 32), 2.0)
    answers = torch.zeros(1, 2, 2, 1, 1)
    answers[0, :, 0] = 1.5  # half a pixel off
    answers[0, :, 1] = torch.tensor(0.25).log()  # and said so
    loss, metrics = network.loss(answers, truth), network.metrics(answers, truth)
    likelihood = (1 + torch.tensor(0.25).log()) / 2
    assert loss.item() == pytest.approx(1.5 * 0.5 * likelihood.item())
    assert metrics == {"mse": 0.25, "coverage": 0}  # not within, but at it
    # The deviation that fits the error best is the error itself.
    answers.requires_grad_()
    network.loss(answers, truth).backward()
    assert answers.grad[:, :, 1].abs().max() < 1e-6 < answers.grad[:, :, 0].abs().min()


def test_it_comes_back_from_a_file(tmp_path, rng):
    network = learn.SigmaNet(**SMALL).initialise(rng).eval()
    network.fit_standardisation(torch.rand(4, 1, 48, 48, generator=rng))
    learn.save_network(tmp_path / "n.safetensors", network)
    again, _ = learn.load_network(tmp_path / "n.safetensors")
    image = torch.rand(1, 1, 48, 48, generator=rng)
    assert again.settings == network.settings
    for one, other in zip(again.estimate(image), network.estimate(image), strict=True):
        torch.testing.assert_close(one, other, atol=0.02, rtol=0.01)


def test_recipes_that_make_no_sense_are_named():
    for change in (
        {"num_fixed": 3}, {"rounded": False}, {"source": "as-published"}, {"num_classes": 7},
        {"patch_size": 16}, {"initialisation": "default"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="network 'sigma'"):
            learn.Recipe("sigma", **change)


@pytest.mark.parametrize("shape", [(64, 64), (1, 64, 64), (1, 3, 64, 64), (1, 1, 1, 64, 64)])
def test_other_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"shape \(B, 1, H, W\), got"):
        learn.SigmaNet(**SMALL).estimate(torch.rand(shape))
