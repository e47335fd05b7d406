"""What a camera does: each step against another library, and each picture by itself."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import skimage.color
import torch

from blurlib import blur, data
from blurlib.data import camera

WEIGHTS = (0.299, 0.587, 0.114)
PHASES = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.fixture
def images(rng):
    """Four pictures of unequal sides, rough and smooth."""
    rough = torch.rand(4, 40, 34, generator=rng, dtype=torch.float64)
    smooth = torch.linspace(0.1, 0.9, 34, dtype=torch.float64)
    share = torch.linspace(0.05, 1, 4, dtype=torch.float64)[:, None, None]
    return smooth + share * (rough - smooth)


def each(*values):
    """Give each picture its own value."""
    return torch.tensor(values)[:, None, None]


def test_the_curve_is_srgbs_and_its_inverse_takes_it_back():
    levels = torch.linspace(0, 1, 256, dtype=torch.float64)[None]
    light = camera.to_light(levels)
    luminance = skimage.color.rgb2xyz(levels[..., None].expand(-1, -1, 3).numpy())[..., 1]
    np.testing.assert_allclose(light, luminance, atol=1e-6)
    torch.testing.assert_close(camera.to_levels(light), levels, atol=1e-7, rtol=0)
    beyond = camera.to_levels(torch.tensor([-0.1, 1.2]))
    assert beyond[0] < 0 and beyond[1] > 1  # what is cut later is not cut here


def test_sharpening_is_unsharp_masking(images):
    radius, amount = (0.5, 1.0, 1.5, 2.0), (0.3, 0.6, 1.0, 2.0)
    found = camera.sharpen(images, each(*radius), each(*amount))
    for k, image in enumerate(images.numpy()):
        soft = scipy.ndimage.gaussian_filter(image, radius[k], mode="mirror", truncate=4)
        np.testing.assert_allclose(found[k], image + amount[k] * (image - soft), atol=1e-6)
    assert found[3].max() > 1 and found[3].min() < 0
    assert torch.equal(camera.sharpen(images, 1.0, 0.0), images)
    torch.testing.assert_close(camera.sharpen(images, 0.0, 1.0), images)


def test_shot_noise_has_the_mean_and_the_spread_of_counted_electrons(rng):
    light = torch.tensor([0.0, 0.1, 0.5, 1.0])[:, None, None].expand(4, 200, 200)
    white = torch.randn(4, 200, 200, generator=rng)
    noisy = camera.shot_noise(light, 1000, white)
    counted = torch.poisson(1000 * light, generator=rng) / 1000
    for found, wanted in zip(noisy, counted, strict=True):
        assert found.mean() == pytest.approx(wanted.mean().item(), abs=1e-3)
        assert found.std() == pytest.approx(wanted.std().item(), rel=0.03)
    assert torch.equal(camera.shot_noise(light, torch.inf, white), light)


def demosaiced(light, phase):
    """Demosaic a picture of channels (3, H, W) bilinearly, channel by channel."""
    height, width = light.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    odd_row, odd_column = (rows + phase[0]) % 2 == 1, (columns + phase[1]) % 2 == 1
    red, blue = ~odd_row & ~odd_column, odd_row & odd_column
    green = odd_row ^ odd_column
    raw = np.select([red, green, blue], light.numpy())
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    square = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    return [
        scipy.ndimage.convolve(raw * part, kernel, mode="mirror")
        for part, kernel in ((red, square), (green, cross), (blue, square))
    ]


def test_demosaicing_is_bilinear(images):
    gains = torch.tensor([[0.5, 1.0, 0.7], [1, 1, 1], [0.3, 0.9, 0.8], [0.6, 0.6, 1.0]])
    found = camera.mosaic(images, gains, torch.tensor(PHASES))
    for k, image in enumerate(images):
        channels = demosaiced(image.expand(3, -1, -1), PHASES[k])
        wanted = sum(w * channel for w, channel in zip(WEIGHTS, channels, strict=True))
        np.testing.assert_allclose(found[k], wanted, atol=1e-6)


def test_colour_is_demosaiced_with_the_picture(images):
    """A scene of two colours, each channel a picture of its own."""
    tint = torch.tensor([0.6, 0.0, -0.5], dtype=torch.float64)
    colour = tint - (tint * torch.tensor(WEIGHTS)).sum()
    scene = 0.6 * images
    phases = torch.tensor(PHASES)
    found = camera.mosaic(scene, torch.ones(4, 3), phases, tint=tint.expand(4, 3))
    for k, light in enumerate(scene):
        channels = demosaiced(light * (1 + colour[:, None, None] * (2 * light - 1)), PHASES[k])
        wanted = sum(w * channel for w, channel in zip(WEIGHTS, channels, strict=True))
        np.testing.assert_allclose(found[k], wanted, atol=1e-6)


def test_a_tint_changes_colour_alone(images):
    """The four phases see red, green, green and blue at each pixel: their luminance is the light.

    With half of a pixel's green from each.
    """
    scene, tint = (0.5 * images[2]).expand(4, -1, -1), torch.tensor([[0.5, -0.1, 0.4]])
    raw = camera.bayer(scene, torch.ones(4, 3), torch.tensor(PHASES), tint=tint.expand(4, 3))
    whole = torch.zeros_like(scene[0])
    for row in (0, 1):
        for column in (0, 1):
            red, one, other, blue = (
                raw[2 * ((row + i) % 2) + (column + j) % 2, row::2, column::2] for i, j in PHASES
            )
            luminance = WEIGHTS[0] * red + WEIGHTS[1] * (one + other) / 2 + WEIGHTS[2] * blue
            whole[row::2, column::2] = luminance
            assert not torch.allclose(red, blue)
    torch.testing.assert_close(whole, scene[0], atol=1e-6, rtol=0)


def test_a_mosaic_leaves_smooth_scenes_and_softens_fine_detail():
    photograph = data.packaged_image("camera")[None, 100:356, 100:356]
    grey, phase = torch.ones(1, 3), torch.zeros(1, 2)
    lost = {}
    for sigma in (0.5, 3.0):
        scene = blur.blur_uniform(photograph, blur.gaussian_psf(sigma))
        seen = camera.mosaic(scene, grey, phase)
        lost[sigma] = (seen - scene).square().mean().sqrt().item()
    assert lost[3.0] < 0.1 * lost[0.5]
    assert lost[0.5] > 0.01


def test_full_pixels_lose_their_colour_not_their_place(images):
    raw = camera.bayer(2 * images, torch.ones(4, 3), torch.zeros(4, 2))
    torch.testing.assert_close(raw, (2 * images).clamp(max=1))


def test_denoising_is_wieners_local_filter(images):
    noise_std = (0.02, 0.1, 0.2, 0.3)
    found = camera.denoise(images, each(*noise_std), 1.0)
    for k, image in enumerate(images.numpy()):
        wanted = scipy.signal.wiener(image, 5, noise=noise_std[k] ** 2)
        np.testing.assert_allclose(found[k, 2:-2, 2:-2], wanted[2:-2, 2:-2], atol=1e-6)
    assert torch.equal(camera.denoise(images, 0.1, 0.0), images)
    half = camera.denoise(images, each(*noise_std), 0.5)
    torch.testing.assert_close(half, (images + found) / 2)


def test_denoising_keeps_edges(rng):
    edge = (torch.arange(64) >= 32).float().expand(1, 64, 64)
    noisy = edge + 0.02 * torch.randn(1, 64, 64, generator=rng)
    found = camera.denoise(noisy, 0.02, 1.0)
    assert (found - edge)[..., :28].std() < 0.5 * 0.02
    assert (found[..., 32] - found[..., 31]).mean() > 0.98


def test_exposure_clips_the_shares_that_were_asked_for(images):
    low, high = each(0.0, 0.05, 0.0, 0.2), each(0.0, 0.0, 0.1, 0.3)
    found = camera.clip_light(images, low, high)
    assert torch.equal(found[0], images[0])
    for k, picture in enumerate(found):
        assert (picture == 0).double().mean() == pytest.approx(low[k].item(), abs=2 / 1360)
        assert (picture == 1).double().mean() == pytest.approx(high[k].item(), abs=2 / 1360)
    # Between the ends nothing but gain and offset: black stays where only white is clipped.
    kept = found[2] < 1
    ratio = (found[2] / images[2])[kept]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))
    assert torch.equal(camera.clip_light(images, 0, 0), images)


def test_exposure_of_pictures_with_nothing_to_clip_stays_finite():
    flat = torch.full((2, 16, 16), 0.3)
    assert camera.clip_light(flat, 0.1, 0.1).isfinite().all()
    stars = torch.zeros(1, 16, 16)
    stars[0, 8, 8] = 0.01
    exposed = camera.clip_light(stars, 0.0, 0.1)
    assert exposed[0, 0, 0] == 0 and exposed.max() == pytest.approx(0.5)  # fifty times


def test_low_contrast_stays_within_the_range(images):
    contrast, brightness = each(1.0, 0.1, 0.5, 0.3), each(0.3, 0.0, 1.0, 0.5)
    found = camera.expose(images, contrast, brightness)
    assert found.min() >= 0 and found.max() <= 1
    torch.testing.assert_close(found[0], images[0])
    torch.testing.assert_close(found.std((1, 2)), images.std((1, 2)) * contrast.flatten())


def test_bars_lie_at_the_borders_and_are_marked(images):
    top, left, bottom, right = (
        each(3, 0, 0, 1),
        each(0, 4, 0, 1),
        each(2, 0, 0, 1),
        each(0, 5, 0, 1),
    )
    boxed, barred = camera.letterbox(images, top, left, bottom, right, each(0.0, 1.0, 0.5, 0.5))
    insides = (
        (slice(3, 38), slice(0, 34)),
        (slice(0, 40), slice(4, 29)),
        (slice(0, 40), slice(0, 34)),
        (slice(1, 39), slice(1, 33)),
    )
    for k, inside in enumerate(insides):
        open_ = torch.zeros(40, 34, dtype=torch.bool)
        open_[inside] = True
        assert torch.equal(barred[k], ~open_)
        assert torch.equal(boxed[k][open_], images[k][open_])
        assert (boxed[k][~open_] == (0.0, 1.0, 0.5, 0.5)[k]).all()


def steps(images, rng):
    """Give each step of a camera as a function of pictures and of which they are."""
    draws = torch.rand(6, len(images), 1, 1, generator=rng).to(images)
    gains, tint = torch.rand(2, len(images), 3, generator=rng).to(images)
    phase = torch.tensor(PHASES, device=images.device)
    white = torch.randn(images.shape, generator=rng).to(images)
    a, b, c, *_ = draws
    bars = (5 * draws[2:]).long()
    return {
        "to_light": lambda x, k: camera.to_light(x),
        "to_levels": lambda x, k: camera.to_levels(x),
        "sharpen": lambda x, k: camera.sharpen(x, 2 * a[k], b[k]),
        "shot_noise": lambda x, k: camera.shot_noise(x, 100 * a[k], white[k]),
        "mosaic": lambda x, k: camera.mosaic(x, 0.5 + gains[k] / 2, phase[k], tint=tint[k]),
        "denoise": lambda x, k: camera.denoise(x, 0.1 * a[k], b[k]),
        "clip_light": lambda x, k: camera.clip_light(x, (a[k] - 0.5).clamp_min(0), b[k] / 3),
        "expose": lambda x, k: camera.expose(x, a[k], b[k]),
        "letterbox": lambda x, k: camera.letterbox(x, *(bar[k] for bar in bars), c[k])[0],
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_picture_does_not_depend_on_its_batch(images, rng, dtype):
    images = images.to(dtype)
    for name, step in steps(images, rng).items():
        whole = step(images, slice(None))
        assert whole.dtype == dtype and whole.shape == images.shape, name
        parts = [step(images[k], k) for k in (slice(0, 1), slice(1, 4))]
        assert torch.equal(torch.cat(parts), whole), name
        assert not torch.equal(whole, images), name


@pytest.mark.cuda
def test_cuda_agrees_with_the_cpu(images):
    images = images.float()
    here, there = (steps(x, torch.Generator().manual_seed(1)) for x in (images, images.cuda()))
    for name, step in here.items():
        found = there[name](images.cuda(), slice(None))
        assert found.is_cuda
        torch.testing.assert_close(found.cpu(), step(images, slice(None)), atol=1e-5, rtol=1e-5)
