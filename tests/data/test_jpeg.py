"""What JPEG does to a grey picture, beside libjpeg."""

import pytest
import torch

from blurlib import blur, data
from blurlib.data.jpeg import compress


@pytest.mark.parametrize("quality", [10, 30, 60, 90])
def test_compression_is_nearly_libjpegs(quality):
    image = blur.quantize(data.packaged_image("brick")[:128, :120])
    ours = compress(image[None], torch.full((1, 1, 1), float(quality)))[0]
    theirs = blur.jpeg(image, quality)
    # libjpeg rounds inside its transform too: now and then a coefficient falls the other way.
    assert (ours - theirs).abs().mean() < 0.25 * (image - theirs).abs().mean()


def test_each_picture_has_its_own_quality_and_8_bit_levels(rng):
    images = blur.quantize(torch.rand(3, 16, 24, generator=rng))
    quality = torch.tensor([5.0, 50.0, 100.0])[:, None, None]
    found = compress(images, quality)
    torch.testing.assert_close(found, blur.quantize(found))
    for image, one, alone in zip(images, quality, found, strict=True):
        assert torch.equal(compress(image[None], one[None])[0], alone)
    errors = (found - images).abs().mean((1, 2))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1 / 255


def test_bad_arguments_are_named(rng):
    with pytest.raises(ValueError, match="multiples of 8"):
        compress(torch.rand(1, 12, 16, generator=rng), torch.full((1, 1, 1), 50.0))
    for quality in (0.0, 150.0):
        with pytest.raises(ValueError, match="quality must"):
            compress(torch.rand(1, 8, 16, generator=rng), torch.full((1, 1, 1), quality))
