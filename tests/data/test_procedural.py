"""Procedural textures: seeded, textured, sharp to the pixel."""

import pytest
import torch

from blurlib import data

FAMILIES = pytest.mark.parametrize("family", sorted(data.FAMILIES))


def draw(family, seed=0, shape=(96, 64)):
    return data.procedural_texture(family, shape, rng=torch.Generator().manual_seed(seed))


@FAMILIES
def test_texture_is_seeded_and_fills_the_grey_levels(family):
    texture = draw(family)
    assert texture.shape == (96, 64) and texture.dtype == torch.float32
    assert texture.min() == 0 and texture.max() == 1 and texture.std() > 0.05
    assert torch.equal(texture, draw(family))
    assert not torch.equal(texture, draw(family, seed=1))


@FAMILIES
def test_texture_is_sharp(family):
    # Blur of one pixel's sigma must show, or nothing can be learned from the texture.
    from blurlib import blur

    texture = draw(family, seed=2, shape=(128, 128))
    blurred = blur.blur_uniform(texture, blur.gaussian_psf(1.0))

    def detail(image):
        return image.diff(dim=1).square().mean() + image.diff(dim=0).square().mean()

    assert detail(blurred) < 0.5 * detail(texture)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw("lava"), "family must be one of power_law"),
        (lambda: draw("cells", shape=(0, 4)), "the height must be"),
        (lambda: data.procedural_texture("cells", (9, 9), rng=None), "torch.Generator"),
    ],
)
def test_bad_textures_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
