"""Free pictures to train on."""

import pytest
import torch

from blurlib import data


def test_free_textures_hold_no_test_texture(rng):
    assert not {*data.TRAINING_PHOTOGRAPHS} & {*data.TEST_TEXTURES, "text", "page"}
    images = data.free_textures(rng=rng, num_each=1, size=64)
    assert len(images) == len(data.FAMILIES) + 7


def test_free_pages_are_printed_soft_and_repeatable(rng):
    pages = data.free_pages(3, rng=rng, size=96)
    again = data.free_pages(3, rng=torch.Generator().manual_seed(0), size=96)
    assert len(pages) == 3 and all(map(torch.equal, pages, again))
    for page in pages:
        assert page.shape == (96, 96) and 0 <= page.min() < 0.5 and 0.8 < page.max() <= 1

    def edges(**options):
        (page,) = data.free_pages(1, rng=torch.Generator().manual_seed(5), **options)
        return page.diff(dim=1).abs().max()

    assert edges(softest=3.0) < edges(softest=0.0)
    assert data.free_pages(0, rng=rng) == []
    with pytest.raises(ValueError, match="softest"):
        data.free_pages(1, rng=rng, softest=-1)
