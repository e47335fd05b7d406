"""Deconvolution: better than scikit-image's best, and without a rim that rings."""

import numpy as np
import pytest
import torch
from skimage import restoration

from blurlib import blur, data, restore

NOISE = 2 / 255


def scene(name, sigma, rng):
    """Return a picture of 200 x 200 and itself blurred, noisy, what lies beyond it unknown."""
    image = data.packaged_image(name)[:512, :512]
    image = torch.nn.functional.avg_pool2d(image[None], 2)[0]
    psf = blur.gaussian_psf(sigma, truncate=8.0)
    blurred = blur.add_noise(blur.blur_uniform(image, psf), NOISE, rng=rng)
    return image[28:-28, 28:-28], blurred[28:-28, 28:-28]


def psnr(found, sharp):
    return -10 * (found.clamp(0, 1) - sharp).square().mean().log10().item()


def best_of_skimage(blurred, sharp, psf):
    """Return the PSNR of scikit-image's methods, mirrored at the border, at their best settings."""
    rim = len(psf)
    padded = np.pad(blurred.double().numpy(), rim, mode="reflect")
    kernel = psf.double().numpy()
    found = [
        restoration.wiener(padded, kernel, balance, clip=False)
        for balance in np.geomspace(1e-3, 0.3, 10)
    ]
    positive = padded.clip(1e-3, 1)
    found += [restoration.richardson_lucy(positive, kernel, count) for count in (10, 20, 30, 50)]
    inner = (torch.from_numpy(x[rim:-rim, rim:-rim].copy()) for x in found)
    return max(psnr(x, sharp) for x in inner)


@pytest.mark.parametrize(("name", "gains"), [("camera", (0.9, 0.5)), ("grass", (0.05, 0.05))])
def test_it_is_ahead_of_scikit_image_at_its_best(name, gains, rng):
    for sigma, gain in zip((1.6, 3.0), gains, strict=True):
        sharp, blurred = scene(name, sigma, rng)
        psf = blur.gaussian_psf(sigma)
        best = best_of_skimage(blurred, sharp, psf)
        assert psnr(restore.sparse_gradients(blurred, psf), sharp) > best + gain
        assert psnr(restore.wiener(blurred, psf), sharp) > best - 0.1


DECONVOLVE = {
    "wiener": restore.wiener,
    "tikhonov": lambda y, psf: restore.tikhonov(y, psf, 0.003),
    "richardson_lucy": restore.richardson_lucy,
    "with_tv": lambda y, psf: restore.richardson_lucy(y, psf, num_iter=60, tv=0.001),
    "sparse_gradients": restore.sparse_gradients,
    "tv": lambda y, psf: restore.sparse_gradients(y, psf, exponent=1),
}


@pytest.mark.parametrize("method", DECONVOLVE.values(), ids=DECONVOLVE)
def test_shaken_and_defocused_pictures_gain(method, rng):
    image = data.packaged_image("camera")[80:208, 180:307]
    for psf in (blur.disk_psf(2.5), blur.motion_psf(9.0, 20.0)):
        blurred = blur.add_noise(blur.blur_uniform(image, psf), NOISE, rng=rng)[8:-8, 8:-8]
        sharp = image[8:-8, 8:-8]
        assert psnr(method(blurred, psf), sharp) > psnr(blurred, sharp) + 2


@pytest.mark.parametrize("method", DECONVOLVE.values(), ids=DECONVOLVE)
def test_a_flat_picture_stays(method):
    flat = torch.full((31, 40), 0.4)
    found = method(flat, blur.gaussian_psf(2.0))
    torch.testing.assert_close(found, flat, atol=0.5 / 255, rtol=0)


@pytest.mark.parametrize("method", DECONVOLVE.values(), ids=DECONVOLVE)
def test_the_border_is_hardly_worse_than_with_more_of_the_scene(method, rng):
    image = data.packaged_image("camera")[60:260, 150:350]
    psf = blur.gaussian_psf(2.0)
    blurred = blur.add_noise(blur.blur_uniform(image, psf), NOISE, rng=rng)
    sharp = image[28:-28, 28:-28]
    with_more = method(blurred, psf)[28:-28, 28:-28]
    alone = method(blurred[28:-28, 28:-28], psf)
    rim = torch.ones_like(sharp, dtype=torch.bool)
    rim[16:-16, 16:-16] = False
    loss = psnr(with_more[rim], sharp[rim]) - psnr(alone[rim], sharp[rim])
    assert loss < 0.7
    periodic = restoration.wiener(blurred[28:-28, 28:-28].numpy(), psf.numpy(), 0.01)
    assert psnr(torch.from_numpy(periodic)[rim], sharp[rim]) < psnr(alone[rim], sharp[rim]) - 3


def test_channels_are_restored_together(rng):
    image = data.packaged_image("camera")[80:180, 180:270]
    psf = blur.gaussian_psf(1.5)
    blurred = blur.add_noise(blur.blur_uniform(image, psf).expand(3, -1, -1), NOISE, rng=rng)
    together = restore.sparse_gradients(blurred, psf)
    assert together.shape == blurred.shape and together.dtype == torch.float32
    alone = torch.stack([restore.sparse_gradients(channel, psf) for channel in blurred])
    assert psnr(together, image) > psnr(alone, image) + 0.1
    path = data.images.packaged_path("chelsea")
    image = data.load_image(path, colour=True)[:, 50:150, 100:190]
    colour = blur.add_noise(blur.blur_uniform(image, psf), NOISE, rng=rng)
    together = restore.sparse_gradients(colour, psf)
    alone = torch.stack([restore.sparse_gradients(channel, psf) for channel in colour])
    assert psnr(together, image) > psnr(alone, image) + 0.3
    deblurred = restore.deblur(colour, psf=psf, method="sparse")
    torch.testing.assert_close(deblurred, together.clamp(0, 1))
    torch.testing.assert_close(
        restore.wiener(blurred.double(), psf, noise_std=NOISE).float(),
        restore.wiener(blurred, psf, noise_std=NOISE), atol=1e-3, rtol=0,
    )  # fmt: skip


def test_the_inverse_needs_a_picture_without_noise(rng):
    image = torch.rand(40, 41, generator=rng, dtype=torch.float64)
    psf = blur.gaussian_psf(1.0, dtype=torch.float64)
    blurred = blur.blur_uniform(image, psf, padding_mode="circular")
    torch.testing.assert_close(restore.inverse(blurred, psf), image, atol=1e-9, rtol=0)
    noisy = blur.add_noise(blurred, NOISE, rng=rng)
    assert (restore.inverse(noisy, psf) - image).std() > 1
    assert (restore.wiener(noisy, psf) - image).std() < image.std()


@pytest.mark.parametrize("noise_std", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("name", ["camera", "brick", "grass"])
def test_noise_is_found_in_blurred_pictures(name, noise_std, rng):
    sharp = data.packaged_image(name)[:256, :256]
    blurred = blur.blur_uniform(sharp, blur.gaussian_psf(1.6))
    noisy = blur.add_noise(blurred, noise_std / 255, rng=rng)
    assert restore.estimate_noise(noisy) * 255 == pytest.approx(noise_std, rel=0.04)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("quality", [95, 80, 50])
def test_what_jpeg_did_to_a_blurred_picture_is_noise_too(sigma, quality):
    sharp = torch.nn.functional.avg_pool2d(data.packaged_image("motorcycle")[None], 2)[0][
        40:200, 40:232
    ]
    soft = blur.blur_uniform(sharp, blur.gaussian_psf(sigma)).clamp(0, 1)
    blurred = blur.jpeg(soft, quality)
    noise = restore.estimate_noise(blurred, sigma)
    assert noise > 0.6 * (blurred - soft).std() > restore.estimate_noise(blurred)
    for method in restore.DEBLUR_METHODS:
        found = restore.deblur(blurred, sigma, method=method)
        assert psnr(found, sharp) > psnr(blurred, sharp) + 0.5


@pytest.mark.parametrize("level", [0.29, 1, 4])
@pytest.mark.parametrize("name", ["grass", "motorcycle"])
def test_noise_is_found_beneath_a_known_blur(name, level, rng):
    sharp = data.packaged_image(name)[:200, :200]
    psf = blur.gaussian_psf(1.5)
    noisy = blur.blur_uniform(sharp, psf)
    noisy = noisy + level / 255 * torch.randn(noisy.shape, generator=rng)
    for found in (restore.estimate_noise(noisy, 1.5), restore.estimate_noise(noisy, psf=psf)):
        assert found * 255 == pytest.approx(level, rel=0.25)


def test_the_blurriest_part_tells_the_noise(rng):
    sharp = data.packaged_image("grass")[:200, :200]
    field = blur.step_field(sharp.shape, 0.1, 3.0)
    noisy = blur.VaryingBlur(field).forward(sharp) + torch.randn(200, 200, generator=rng) / 255
    assert restore.estimate_noise(noisy, field) * 255 == pytest.approx(1, rel=0.25)


def test_bad_arguments_are_named():
    image, psf = torch.rand(20, 21), blur.gaussian_psf(1.0)
    with pytest.raises(ValueError, match="sum to 1"):
        restore.wiener(image, 2 * psf)
    with pytest.raises(ValueError, match="noise_std must be a finite number from 0"):
        restore.sparse_gradients(image, psf, noise_std=-1)
    with pytest.raises(ValueError, match="exponent must be a finite number from 0.1 to 2"):
        restore.sparse_gradients(image, psf, exponent=3)
    with pytest.raises(ValueError, match="balance must be a finite number from 0"):
        restore.tikhonov(image, psf, -0.1)
    with pytest.raises(ValueError, match="tv must be a finite number from 0 to 0.1"):
        restore.richardson_lucy(image, psf, tv=1)
    with pytest.raises(TypeError, match="image must be a torch tensor"):
        restore.wiener(image.numpy(), psf)
