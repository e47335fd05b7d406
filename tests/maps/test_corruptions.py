"""Test images that break one rule of the training each."""

import pytest
import torch

from blurlib import blur, data
from blurlib.maps import crop_to_windows, make_test_image
from blurlib.maps.corruptions import (
    CORRUPTIONS,
    PSF_SHAPES,
    corrupt_test_image,
    psf_with_sigma,
)

LEVELS = {
    "noise": 3, "jpeg": 60, "contrast": 0.3, "gamma_before": 2.2, "gamma_after": 0.5,
    "kernel": "disk", "resize": 1.25, "sharpen": 0.5,
}  # fmt: skip
#: Levels that change nothing.
NEUTRAL = {
    "noise": 0,
    "contrast": 1,
    "gamma_before": 1,
    "gamma_after": 1,
    "resize": 1,
    "sharpen": 0,
}


@pytest.fixture
def sharp():
    return data.packaged_image("grass")[:96, :128]


def as_levels(image):
    return (255 * image).round()


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corrupted_image_is_an_8_bit_file_with_its_field(kind, sharp, rng):
    image, std_map = corrupt_test_image(sharp, kind, LEVELS[kind], rng=rng)
    assert image.shape == std_map.shape
    assert torch.allclose(255 * image, as_levels(image), atol=1e-4)
    assert image.min() >= 0 and image.max() <= 1
    assert not torch.equal(image, make_test_image(sharp, "ramp")[0])


@pytest.mark.parametrize("kind", NEUTRAL)
def test_levels_that_change_nothing_give_the_thesis_test(kind, sharp, rng):
    image, std_map = corrupt_test_image(sharp, kind, NEUTRAL[kind], field="sin", rng=rng)
    clean, field = make_test_image(sharp, "sin")
    assert torch.equal(as_levels(image), as_levels(clean))
    assert torch.equal(std_map, blur.nominal_to_std(field))


@pytest.mark.parametrize(("kind", "name"), [("noise", "noise"), ("jpeg", "jpeg_quality")])
def test_noise_and_jpeg_are_those_of_the_other_records(kind, name, sharp):
    seeds = (torch.Generator().manual_seed(3) for _ in range(2))
    image, _ = corrupt_test_image(sharp, kind, LEVELS[kind], rng=next(seeds))
    known, _ = make_test_image(sharp, "ramp", rng=next(seeds), **{name: LEVELS[kind]})
    assert torch.equal(as_levels(image), as_levels(known))


def test_a_column_at_a_time_is_what_blur_varying_does_at_once(sharp):
    image, std_map = corrupt_test_image(sharp, "kernel", "gaussian")
    field = blur.ramp_field(sharp.shape)
    known = blur.quantize(blur.blur_varying(sharp, field, truncate=4.0))
    assert std_map[0, -1] == pytest.approx(3, rel=0.01)  # cut at four sigma, little is lost
    assert (as_levels(image) - as_levels(known)).abs().max() <= 1  # a half may round either way


def test_a_psf_lies_as_it_would_in_a_uniform_blur():
    point = torch.zeros(32, 64)
    point[16, 30] = 1.0
    image, std_map = corrupt_test_image(point, "kernel", "motion")
    assert image[16].sum() > 0 and image[:14].sum() == image[19:].sum() == 0  # along the row
    assert std_map[0, 0] < std_map[0, -1]


@pytest.mark.parametrize("shape", PSF_SHAPES)
@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.5, 4.0])
def test_every_shape_has_the_spread_that_was_asked_for(shape, sigma):
    psf = psf_with_sigma(shape, sigma)
    assert psf.sum().item() == pytest.approx(1, abs=1e-5)
    # A gaussian's is nominal: its samples and its cut make a per cent.
    within = 0.02 if shape == "gaussian" else 0.005
    assert blur.effective_sigma(psf) == pytest.approx(sigma, rel=within)


@pytest.mark.parametrize("shape", PSF_SHAPES)
def test_no_spread_is_no_blur(shape):
    assert psf_with_sigma(shape, 0.0).max() == pytest.approx(1, abs=0.02)


def test_a_sigma_shrinks_as_the_sides_do_which_are_whole_numbers(sharp):
    sharp = sharp[:64, :64]
    _, before = corrupt_test_image(sharp, "resize", 1.0)
    image, std_map = corrupt_test_image(sharp, "resize", 0.51)  # 32.64 pixels a side
    assert image.shape == (33, 33)
    assert (std_map.mean() / before.mean()).item() == pytest.approx(33 / 64, rel=1e-3)


def test_a_sigma_counts_the_pixels_of_the_resized_picture(sharp):
    image, std_map = corrupt_test_image(sharp, "resize", 0.5)
    _, field = make_test_image(sharp, "ramp")
    assert image.shape == (48, 64)
    std = blur.nominal_to_std(field).mean().item()
    assert std_map.mean().item() == pytest.approx(0.5 * std, rel=0.01)
    assert crop_to_windows(std_map).shape == (17, 33)


def test_contrast_shrinks_before_rounding_and_sharpening_after(sharp):
    faint, _ = corrupt_test_image(sharp, "contrast", 0.1)
    clean, _ = make_test_image(sharp, "ramp")
    assert len(as_levels(faint).unique()) < 0.2 * len(as_levels(clean).unique())
    assert faint.std().item() == pytest.approx(0.1 * clean.std().item(), rel=0.05)
    sharpened, _ = corrupt_test_image(sharp, "sharpen", 1)
    assert sharpened.diff().std() > 1.2 * clean.diff().std()


def test_gamma_before_makes_edges_wander_and_gamma_after_changes_grey_levels():
    edge = torch.full((64, 64), 0.2)  # level 51 of 255
    edge[:, 32:] = 0.8
    clean, _ = make_test_image(edge, "ramp")
    before, _ = corrupt_test_image(edge, "gamma_before", 2.2)
    after, _ = corrupt_test_image(edge, "gamma_after", 2.2)
    # Light blurs: the bright side eats into the dark one, and both ends stay what they are.
    assert before[:, 28:36].mean() > clean[:, 28:36].mean() + 0.02
    assert before[0, 0] == clean[0, 0] and after[0, 0] < clean[0, 0]


@pytest.mark.parametrize(
    ("kind", "level", "error", "text"),
    [
        ("fog", 1, ValueError, "kind must be one of noise"),
        ("noise", -1, ValueError, "level must be a finite number from 0 to 255"),
        ("noise", 1, TypeError, "rng must be a torch.Generator"),
        ("jpeg", 50.5, TypeError, "level must be an integer"),
        ("jpeg", 101, ValueError, "from 1 to 100"),
        ("contrast", 0, ValueError, "from 0.01 to 1"),
        ("kernel", "ring", ValueError, "level must be one of gaussian, disk, box, motion"),
    ],
)
def test_bad_levels_are_named(kind, level, error, text, sharp):
    with pytest.raises(error, match=text):
        corrupt_test_image(sharp, kind, level)


def test_other_bad_arguments_are_named(sharp, rng):
    with pytest.raises(ValueError, match="constant down the columns"):
        corrupt_test_image(sharp, "kernel", "disk", field="sin2d")
    with pytest.raises(ValueError, match="field must be one of"):
        corrupt_test_image(sharp, "jpeg", 50, field="cos")
    with pytest.raises(ValueError, match=r"shape \(H, W\)"):
        corrupt_test_image(sharp[None], "jpeg", 50)
    with pytest.raises(ValueError, match="from 0 to 4 pixels"):
        psf_with_sigma("disk", 5.0)
    with pytest.raises(ValueError, match="shape must be one of"):
        psf_with_sigma("ring", 1.0)


@pytest.mark.parametrize("shape", ["disk", "box", "motion"])
def test_the_truth_of_another_kernel_is_its_std(shape, sharp):
    _, std_map = corrupt_test_image(sharp, "kernel", shape)
    # Below a third of a pixel a kernel of three samples hardly knows how wide it is.
    wide = blur.ramp_field(sharp.shape) > 0.4
    torch.testing.assert_close(std_map[wide], blur.ramp_field(sharp.shape)[wide], atol=0, rtol=0.01)
