"""Patches."""

import pytest
import torch

from blurlib import data


def test_patches_tile_the_image_row_by_row():
    image = torch.arange(70.0 * 96).reshape(70, 96)
    patches = data.extract_patches(image)
    assert patches.shape == (6, 1, 32, 32)
    assert torch.equal(patches[4, 0], image[32:64, 32:64])
    assert data.extract_patches(image, 16, 9).shape == (7 * 9, 1, 16, 16)
    assert torch.equal(data.crop_to_multiple(image), image[:64, :96])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: data.extract_patches(torch.zeros(31, 40)), "at least 32 pixels"),
        (lambda: data.extract_patches(torch.zeros(2, 40, 40)), "shape \\(H, W\\)"),
        (lambda: data.extract_patches(torch.zeros(40, 40), stride=0), "stride must be"),
        (lambda: data.crop_to_multiple(torch.zeros(40, 31)), "at least 32 pixels"),
    ],
)
def test_bad_patches_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
