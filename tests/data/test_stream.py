"""The training stream."""

import pytest
import torch

from blurlib import blur, data, learn

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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contrast": 5.0}, "contrast must be"),
        ({"patch_size": 0}, "patch_size must be"),
        ({"noise": -1}, "noise must be"),
        ({"device": "tpu"}, "device must be"),
        ({"rng": 3}, "torch.Generator"),
        ({"sigmas": "1"}, "sigmas must be a row"),
        ({"sigmas": 1.0}, "sigmas must be a row"),
        ({"sigmas": torch.tensor([-1.0])}, "sigmas must be a row"),
        ({"sigmas": [1.0, float("nan")]}, "sigmas must be a row"),
        ({"sigmas": torch.tensor([])}, "sigmas must be a row"),
        ({"sigmas": None}, "pass either sigmas"),
        ({"sigma_range": (0.0, 1.0)}, "pass either sigmas"),
        ({"sigmas": None, "sigma_range": (1.0,)}, "must be \\(lowest, highest\\)"),
        ({"sigmas": None, "sigma_range": 1.0}, "must be \\(lowest, highest\\)"),
        ({"sigmas": None, "sigma_range": (2.0, 1.0)}, "must be \\(lowest, highest\\)"),
        ({"images": [255 * torch.rand(60, 60)]}, "divide it by its white level"),
    ],
)
def test_bad_stream_options_are_named(rng, options, words):
    given = {"images": [torch.rand(60, 60)], "sigmas": SIGMAS, "rng": rng, **options}
    with pytest.raises((TypeError, ValueError), match=words):
        data.PatchStream(given.pop("images"), given.pop("sigmas"), **given)


@pytest.mark.parametrize("kind", [tuple, list, torch.tensor])
def test_a_row_of_sigmas_is_classes_whatever_holds_it(rng, kind):
    source = data.PatchStream([torch.rand(60, 60, generator=rng)], kind((0.5, 1.0)), rng=rng)
    _, labels = source.batch(40)
    assert set(labels.tolist()) == {0, 1} and source.sigmas.tolist() == [0.5, 1.0]


def test_continuous_sigmas_fill_their_range_and_are_the_blur(rng):
    sharp = torch.rand(44, 44, generator=rng)
    source = data.PatchStream([sharp], sigma_range=(0.2, 3.0), rng=rng, contrast=1.0)
    patches, sigmas = source.batch(400)
    assert sigmas.dtype == torch.float32 and 0.2 <= sigmas.min() < 0.3 and 2.9 < sigmas.max() <= 3
    for patch, sigma in zip(patches[:20, 0], sigmas[:20], strict=True):
        blurred = blur.quantize(blur.blur_uniform(sharp, blur.thesis_psf(sigma.item())))[6:38, 6:38]
        views = [torch.rot90(view, k) for view in (blurred, blurred.flip(1)) for k in range(4)]
        assert min((patch - view).abs().max() for view in views) < 1.01 / 255


def test_noise_has_its_deviation_and_repeats(rng):
    grey = [torch.full((60, 60), 0.5)]
    noisy, _ = stream(grey, noise=20.0, contrast=1.0).batch(500)
    again, _ = stream(grey, noise=20.0, contrast=1.0).batch(500)
    assert torch.equal(noisy, again)
    deviation = noisy.std((1, 2, 3)) * 255  # uniform between 0 and 20
    assert deviation.min() < 1 and 18 < deviation.max() < 21.5
    assert abs(deviation.mean().item() - 10) < 1


def test_cuts_come_from_every_image_place_and_position():
    # Pictures of unequal sides, each with one bright corner: a cut there has it in any of its four.
    first, second = torch.zeros(34, 40), torch.zeros(50, 33)
    first[0, 0] = second[-1, -1] = 1.0
    source = data.PatchStream(
        [first, second], torch.tensor([0.0]), rng=torch.Generator().manual_seed(3), contrast=1.0
    )
    patches, _ = source.batch(4000)
    spots = {tuple(spot) for spot in (patches[:, 0] == 1).nonzero()[:, 1:].tolist()}
    assert spots == {(0, 0), (0, 31), (31, 0), (31, 31)}
    assert patches.sum((1, 2, 3)).max() == 1


@pytest.mark.parametrize("sigmas", [{"sigmas": SIGMAS}, {"sigma_range": (0.0, 3.0)}])
def test_shares_together_make_the_batch(image, sigmas):
    def draw(rank, world_size):
        rng = torch.Generator().manual_seed(5)
        source = data.PatchStream([image.repeat(3, 3)], **sigmas, rng=rng, noise=3.0)
        source.batch(6)
        return source.batch(12, rank=rank, world_size=world_size)

    whole, targets = draw(0, 1)
    parts = [draw(rank, 3) for rank in range(3)]
    assert torch.equal(torch.cat([part for part, _ in parts]), whole)
    assert torch.equal(torch.cat([part for _, part in parts]), targets)
    with pytest.raises(ValueError, match="5 processes cannot share out 12"):
        draw(0, 5)


def test_a_stream_goes_on_where_its_state_was_taken(image):
    first = stream([image.repeat(3, 3)], noise=3.0)
    first.batch(7)
    state = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    expected = [first.batch(5)[0] for _ in range(2)]
    second = stream([image.repeat(3, 3)], seed=9, noise=3.0)
    second.load_state_dict(state)
    assert all(torch.equal(second.batch(5)[0], patches) for patches in expected)


@pytest.mark.cuda
def test_stream_on_cuda_gives_the_same_patches(image):
    sharp = [image.repeat(3, 3)]
    here, labels = stream(sharp).batch(64)
    there, same = stream(sharp, device="cuda").batch(64)
    assert there.is_cuda and torch.equal(labels, same.cpu())
    assert (here - there.cpu()).abs().max() < 1.01 / 255


def test_unrounded_patches_round_to_the_rounded_ones(image):
    sharp = [image.repeat(3, 3)]
    (rounded, _), (fine, _) = (stream(sharp, rounded=flag).batch(32) for flag in (True, False))
    assert not torch.equal(fine, rounded)
    assert (fine - rounded).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.equal(blur.quantize(fine), rounded)
