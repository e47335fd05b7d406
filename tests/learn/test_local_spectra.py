"""Spectra of all windows: the same as one window at a time."""

import pytest
import torch

from blurlib import learn
from blurlib.learn import local_spectra, sigma_net
from blurlib.learn.onnx import log_power


def test_its_spectra_are_those_of_the_network_on_patches(rng):
    images = torch.rand(2, 1, 40, 44, generator=rng)
    found = learn.folded_log_power(images, 32, 4, 0)
    assert found.shape == (2, 289, 3, 4)
    alone = learn.SpectrumNetwork().features(images[1:, :, 4:36, 8:40])[0]
    torch.testing.assert_close(found[1, :, 1, 2], alone, atol=1e-4, rtol=0)


def test_windows_of_all_sizes_share_their_centres():
    image = torch.zeros(1, 1, 48, 48)
    image[0, 0, 16 + 8 : 16 + 10, 16 + 4 : 16 + 6] = 1.0  # around the centre of window (2, 1)
    for size in sigma_net.WINDOWS:
        margin = (sigma_net.WINDOWS[0] - size) // 2
        power = learn.folded_log_power(image, size, sigma_net.WINDOW_STRIDE, margin)
        assert power.shape[2:] == (5, 5)
        row, column = divmod(power.exp().sum(1)[0].argmax().item(), 5)
        assert abs(row - 2) <= 1 and abs(column - 1) <= 1


@pytest.mark.parametrize("at_once", [1, 2**17])
def test_a_few_rows_at_a_time_are_all_rows(rng, monkeypatch, at_once):
    images = torch.rand(2, 1, 52, 60, generator=rng)
    whole = learn.folded_log_power(images, 8, 4, 4)
    monkeypatch.setattr(local_spectra, "_NUMBERS_AT_ONCE", at_once)
    torch.testing.assert_close(learn.folded_log_power(images, 8, 4, 4), whole)
    assert torch.equal(learn.folded_log_power(images[1:], 8, 4, 4)[0], whole[1]) or at_once == 1


def test_a_mean_is_no_detail_and_rounding_no_texture(rng):
    flat = learn.folded_log_power(torch.full((1, 1, 32, 32), 0.7), 16, 8, 0)
    assert (flat - flat.min()).abs().max() < 1e-3  # the floor alone
    texture = 0.2 * torch.rand(1, 1, 32, 32, generator=rng)
    one, other = (learn.folded_log_power(texture + shift, 16, 8, 0) for shift in (0.1, 0.6))
    torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
    noise = (torch.rand(1, 1, 256, 256, generator=rng) - 0.5) / 255  # what rounding adds
    power = learn.folded_log_power(0.5 + noise, 16, 8, 0).exp().mean((0, 2, 3))[20:]
    floor = flat.exp().mean()
    assert ((power - floor).mean() / floor).item() == pytest.approx(3, rel=0.1)


def test_no_gradient_reaches_the_picture(rng):
    image = torch.rand(1, 1, 32, 32, generator=rng, requires_grad=True)
    assert not learn.folded_log_power(image, 32, 8, 0).requires_grad


@pytest.mark.parametrize(("size", "stride"), [(32, 4), (16, 8), (8, 4)])
def test_convolutions_give_the_same_spectra(rng, size, stride):
    image = torch.rand(1, 1, 56, 48, generator=rng)
    wanted = learn.folded_log_power(image, size, stride, 4)
    torch.testing.assert_close(log_power(image, size, stride, 4), wanted, atol=1e-4, rtol=0)
