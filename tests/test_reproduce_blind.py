"""The record of blur undone that nobody tells: its shaken pictures, and how they are scored."""

import torch

from blurlib import blur, data
from reproduce import blind


def test_a_shift_by_quarters_of_a_pixel_is_no_error():
    sharp = blur.blur_uniform(data.packaged_image("camera")[:140, :150], blur.gaussian_psf(1.5))
    rows, columns = torch.fft.fftfreq(140)[:, None], torch.fft.rfftfreq(150)
    turn = torch.exp(2j * torch.pi * (2.25 * rows - 1.5 * columns))
    moved = torch.fft.irfft2(torch.fft.rfft2(sharp) * turn, s=sharp.shape)
    inner = slice(blind.SHAKEN_RIM, -blind.SHAKEN_RIM)
    plain = (moved - sharp)[inner, inner].square().mean()
    assert blind.least_error(moved, sharp) < plain / 300
    assert blind.least_error(moved + 0.01, sharp) > 0.9e-4


def test_a_shaken_picture_is_the_middle_of_a_larger_one():
    photo = data.packaged_image("camera")
    sharp, shaken, psf = blind.shake(photo, 6, 3, 5)
    assert sharp.shape == shaken.shape == (255, 255) and psf.shape == (13, 13)
    wide = blur.blur_uniform(photo, psf)[128:383, 128:383]
    noise = shaken - wide
    assert abs(noise.std() - blind.SHAKEN_NOISE) < 1e-3
    again = blind.shake(photo, 6, 3, 5)[1]
    assert torch.equal(again, shaken) and not torch.equal(blind.shake(photo, 6, 4, 5)[1], shaken)


def test_what_is_taken_for_sharp_is_scored_as_it_is(monkeypatch):
    case = blind.shake(data.packaged_image("camera"), 6, 3, 5)
    monkeypatch.setattr(blind, "find_shake", lambda image: None)
    left = blind._of_shake(*case)
    assert left["found"] == left["blurred"] and left["ratio"] > 1 and not left["taken"]
    monkeypatch.setattr(blind, "find_shake", lambda image: case[2])
    found = blind._of_shake(*case)
    assert found["found"] == found["true"] > left["blurred"] + 2
    assert found["ratio"] == 1 and found["taken"]
