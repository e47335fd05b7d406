"""The PSF of a shaken camera, found from the picture alone."""

import pytest
import torch

from blurlib import blur, data, restore


def psnr(found, sharp):
    return -10 * (found.clamp(0, 1) - sharp)[14:-14, 14:-14].square().mean().log10().item()


@pytest.fixture(scope="module")
def shaken():
    """Return a sharp picture, itself shaken, and the PSF."""
    rng = torch.Generator().manual_seed(3)
    image = data.packaged_image("camera")[60:270, 100:310]
    psf = blur.shake_psf(7.0, rng=rng)
    blurred = blur.add_noise(blur.blur_uniform(image, psf), 1 / 255, rng=rng)
    return image[8:-8, 8:-8], blur.quantize(blurred[8:-8, 8:-8]), psf


@pytest.fixture(scope="module")
def found(shaken):
    return restore.estimate_psf(shaken[1], 15)


def test_a_shake_is_found(shaken, found):
    sharp, blurred, psf = shaken
    assert found.shape == psf.shape and found.dtype == blurred.dtype
    assert found.min() >= 0 and found.sum().item() == pytest.approx(1, abs=1e-5)
    lag = torch.arange(15.0) - 7
    assert max(abs((found.sum(axis) * lag).sum().item()) for axis in (0, 1)) <= 0.51
    gain = psnr(restore.sparse_gradients(blurred, found), sharp) - psnr(blurred, sharp)
    assert gain > 2
    unlike = restore.sparse_gradients(blurred, psf.T.contiguous())
    assert psnr(unlike, sharp) < psnr(blurred, sharp) + gain - 2


def test_it_is_the_same_each_time_and_in_colour(shaken, found):
    again = restore.estimate_psf(shaken[1].expand(3, -1, -1), 15)
    assert (again - found).abs().sum() < 0.05


def test_texture_is_enough():
    rng = torch.Generator().manual_seed(3)
    psf = blur.shake_psf(9.0, rng=rng)
    wide = blur.blur_uniform(data.packaged_image("grass")[60:288, 100:328], psf)
    shaken = blur.quantize(blur.add_noise(wide, 1 / 255, rng=rng)[14:-14, 14:-14])
    pair = torch.stack([restore.estimate_psf(shaken, 19), psf])
    waves = torch.fft.rfft2(pair / pair.square().sum((1, 2), keepdim=True).sqrt(), s=(40, 40))
    alike = torch.fft.irfft2(waves[0] * waves[1].conj(), s=(40, 40)).max()
    assert alike > 0.7  # at the best shift


def test_a_flat_picture_has_no_blur():
    psf = restore.estimate_psf(torch.full((40, 41), 0.5), 9)
    assert psf[4, 4] == 1 and psf.sum() == 1


def test_one_line_deblurs_what_is_shaken_and_leaves_what_is_sharp(shaken):
    sharp, blurred, _ = shaken
    answer = restore.deblur(blurred, psf="estimate")
    assert psnr(answer, sharp) > psnr(blurred, sharp) + 1
    for name in ("camera", "coins", "grass"):
        image = data.packaged_image(name)[40:240, 60:260]
        found, error, noise_std = restore.deblur_with_error(image, psf="estimate")
        assert torch.equal(found, image)
        torch.testing.assert_close(error, torch.full_like(image, noise_std))


def test_noise_that_the_map_takes_for_sharpness_hides_no_shake():
    rng = torch.Generator().manual_seed(7)
    image, psf = data.packaged_image("coins")[40:266, 60:286], blur.shake_psf(7.0, rng=rng)
    shaken = blur.add_noise(blur.blur_uniform(image, psf)[14:-14, 14:-14], 0.01, rng=rng)
    shaken, sharp = blur.quantize(shaken), image[14:-14, 14:-14]
    answer = restore.deblur(shaken, psf="estimate", method="wiener")
    assert psnr(answer, sharp) > psnr(shaken, sharp) + 0.5


def test_bad_arguments_are_named():
    image = torch.rand(40, 41)
    for arguments, words in (
        ((image, 8), "size must be odd, got 8; use 9"),
        ((image, 21), "at least 42 pixels a side"),
        ((image, 1), "size must be an integer of at least 3"),
        ((image.expand(2, 1, -1, -1), 5), "grey or of three colours"),
    ):
        with pytest.raises(ValueError, match=words):
            restore.estimate_psf(*arguments)
    with pytest.raises(ValueError, match="either it or a map"):
        restore.deblur(image, 1.0, psf="estimate")
