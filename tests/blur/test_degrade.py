"""Rounding, noise and JPEG."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib import blur


def test_quantize_gives_8_bit_levels_and_rounds_halves_up(image):
    rounded = blur.quantize(image)
    levels = (rounded.double() * 255).round()
    torch.testing.assert_close(levels / 255, rounded.double(), atol=1e-7, rtol=0)
    assert (rounded - image).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.equal(blur.quantize(rounded), rounded)
    halves = torch.tensor([[0.5, 1.5, 2.5]], dtype=torch.float64) / 255
    assert (blur.quantize(halves) * 255).round().tolist() == [[1, 2, 3]]
    assert blur.quantize(torch.tensor([[-1.0, 2.0]])).tolist() == [[0, 1]]


def test_the_first_two_classes_leave_every_8_bit_pixel(rng):
    checkerboard = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 1.0  # the hardest picture
    changed = {
        k: (blur.quantize(blur.blur_uniform(checkerboard, blur.thesis_psf(k / 10))) != checkerboard)
        for k in (1, 2, 3)
    }
    assert not changed[1].any() and not changed[2].any()
    assert changed[3].any()


def test_noise_has_its_deviation_and_its_seed():
    flat = torch.full((300, 301), 0.5, dtype=torch.float64)
    noisy = blur.add_noise(flat, 0.01, rng=torch.Generator().manual_seed(5))
    assert (noisy - flat).std().item() == pytest.approx(0.01, rel=0.02)
    assert abs((noisy - flat).mean().item()) < 1e-4
    assert torch.equal(noisy, blur.add_noise(flat, 0.01, rng=torch.Generator().manual_seed(5)))


def test_jpeg_is_pillows(image):
    levels = (blur.quantize(image) * 255).round().numpy().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=60)
    assert np.array_equal((blur.jpeg(image, 60) * 255).round(), np.array(Image.open(file)))
    better = (blur.jpeg(image, 95) - image).abs().mean()
    assert better < (blur.jpeg(image, 20) - image).abs().mean()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blur.quantize(torch.ones(2, 2), levels=1), "levels must be"),
        (lambda: blur.add_noise(torch.ones(2, 2), -1, rng=torch.Generator()), "noise_std must be"),
        (lambda: blur.add_noise(torch.ones(2, 2), 1, rng=None), "torch.Generator"),
        (lambda: blur.jpeg(torch.ones(2, 2), 101), "quality must be"),
        (lambda: blur.jpeg(torch.ones(1, 2, 2), 50), "shape \\(H, W\\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
