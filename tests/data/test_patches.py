"""Patches and the training stream."""

import pytest
import torch

from blurlib import blur, data, learn
from blurlib.data import stream as stream_module


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


SIGMAS = learn.class_sigmas(30)


def stream(images, seed=0, **options):
    return data.PatchStream(images, SIGMAS, rng=torch.Generator().manual_seed(seed), **options)


def test_stream_repeats_with_its_seed(image):
    sharp = image.repeat(3, 3)
    first, labels = stream([sharp]).batch(16)
    again, same = stream([sharp]).batch(16)
    assert torch.equal(first, again) and torch.equal(labels, same)
    other, _ = stream([sharp], seed=1).batch(16)
    assert not torch.equal(first, other)


def test_stream_patches_are_cut_from_the_blurred_image(rng):
    # One place to cut from, no change of contrast: each patch is the blurred image, turned.
    sharp = torch.rand(44, 44, generator=rng)
    source = stream([sharp], contrast=1.0)
    patches, labels = source.batch(40)
    for patch, label in zip(patches[:, 0], labels, strict=True):
        psf = blur.thesis_psf(SIGMAS[label].item())
        blurred = blur.quantize(blur.blur_uniform(sharp, psf))[6:38, 6:38]
        views = [torch.rot90(view, k) for view in (blurred, blurred.flip(1)) for k in range(4)]
        # One grey level: a half may be rounded either way after a different order of sums.
        assert min((patch - view).abs().max() for view in views) < 1.01 / 255


def test_stream_draws_every_class_and_8_bit_levels(image):
    patches, labels = stream([image.repeat(3, 3)]).batch(600)
    assert set(labels.tolist()) == set(range(30))
    torch.testing.assert_close(patches, blur.quantize(patches))
    assert patches.std((1, 2, 3)).std() > 0.01  # the contrast varies


@pytest.mark.parametrize(
    ("images", "words"),
    [([], "images is empty"), ([torch.zeros(43, 60)], "at least 44"),
     ([torch.zeros(1, 60, 60)], "shape \\(H, W\\)")],
)  # fmt: skip
def test_bad_streams_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        stream(images)


def test_free_textures_hold_no_test_texture(rng):
    assert not {*stream_module.TRAINING_PHOTOGRAPHS} & {*data.TEST_TEXTURES, "text", "page"}
    images = data.free_textures(rng=rng, num_each=1, size=64)
    assert len(images) == len(data.FAMILIES) + 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contrast": 5.0}, "contrast must be"),
        ({"truncate": 0}, "truncate must be"),
        ({"patch_size": 0}, "patch_size must be"),
        ({"rng": 3}, "torch.Generator"),
        ({"sigmas": [1.0]}, "sigmas must be a torch tensor"),
        ({"sigmas": torch.tensor([-1.0])}, "sigmas must be a row"),
        ({"sigmas": torch.tensor([])}, "sigmas must have"),
        ({"images": [255 * torch.rand(60, 60)]}, "divide it by its white level"),
    ],
)
def test_bad_stream_options_are_named(rng, options, words):
    given = {"images": [torch.rand(60, 60)], "sigmas": SIGMAS, "rng": rng, **options}
    with pytest.raises((TypeError, ValueError), match=words):
        data.PatchStream(given.pop("images"), given.pop("sigmas"), **given)
