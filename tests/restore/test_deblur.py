"""Deblurring with a map: the gain, what a wrong or unsure map does, colours, tiles."""

import pytest
import torch
from torch.nn import functional

from blurlib import blur, data, maps, restore
from blurlib.restore import tiles

NOISE = 1.3 / 255


def psnr(found, sharp):
    return -10 * (found.clamp(0, 1) - sharp).square().mean().log10().item()


def ramped(name, rng, psf="gaussian"):
    """Return a picture, itself under a ramp of sigma from 0.1 to 3 with noise, and the ramp."""
    image = data.packaged_image(name)[60:316, 120:376]
    field = blur.ramp_field(image.shape)
    field = 0.1 + 2.9 * (field - field.min()) / (field.max() - field.min())
    blurred = blur.add_noise(blur.VaryingBlur(field, psf).forward(image), NOISE, rng=rng)
    inner = slice(28, -28)
    return (layer[inner, inner].contiguous() for layer in (image, blurred, field))


@pytest.mark.parametrize(
    ("name", "gain", "linear"), [("camera", 3.2, 2.5), ("brick", 7.5, 5.5), ("grass", 2.6, 2.3)]
)
def test_a_ramp_is_undone(name, gain, linear, rng):
    sharp, blurred, field = ramped(name, rng)
    before = psnr(blurred, sharp)
    assert psnr(restore.deblur(blurred, field), sharp) > before + gain
    wiener = restore.deblur(blurred, field, method="wiener")
    assert psnr(wiener, sharp) > before + linear


def test_a_map_that_is_nearly_constant_is_like_a_constant_one(rng):
    image = torch.rand(60, 70, generator=rng)
    sigma = torch.full((60, 70), 2.0)
    constant = restore.deblur(image, sigma)
    sigma[0, 0] = 2.03
    torch.testing.assert_close(restore.deblur(image, sigma), constant, atol=0.02, rtol=0)


def test_disks_need_the_profile_of_disks(rng):
    sharp, blurred, field = ramped("camera", rng, "disk")
    disks = psnr(restore.deblur(blurred, field, psf="disk"), sharp)
    assert disks > psnr(restore.deblur(blurred, field), sharp) + 0.3
    assert disks > psnr(blurred, sharp) + 2.5


@pytest.mark.parametrize("kind", ["gaussian", "disk"])
def test_the_map_says_which_profile(kind):
    sharp = data.packaged_image("gravel")[:200, :200]
    psf = blur.gaussian_psf(2.0, truncate=6.0) if kind == "gaussian" else blur.disk_psf(4.0)
    blurred = blur.quantize(blur.blur_uniform(sharp, psf))
    found = maps.load_estimator().predict(blurred)
    assert restore.likely_profile(found) == restore.likely_profile(found.full_size()) == kind
    taken = restore.deblur(blurred, found)
    torch.testing.assert_close(taken, restore.deblur(blurred, found, psf=kind))
    other = "disk" if kind == "gaussian" else "gaussian"
    assert psnr(taken, sharp) > psnr(restore.deblur(blurred, found, psf=other), sharp) + 1


def test_a_profile_counts_where_something_is_blurred_and_known():
    sigma = torch.tensor([[0.3, 0.3, 0.3, 2.0, 2.0]])
    std = torch.tensor([[0.1, 0.1, 0.1, 0.1, 3.0]])
    for profile, wanted in (([1, 1, 1, 0, 1], "gaussian"), ([0, 0, 0, 1, 0], "disk")):
        layers = sigma, std, 4, 0, (1, 17), "std", torch.tensor([profile]).float()
        assert restore.likely_profile(maps.SigmaMap(*layers)) == wanted
    blank = maps.SigmaMap(sigma, std + 9, 4, 0, (1, 17), "std", torch.ones(1, 5))
    assert restore.likely_profile(blank) == "gaussian"
    for silent in (sigma, 1.5, None, maps.SigmaMap(sigma, std, 4, 0, (1, 17))):
        assert restore.likely_profile(silent) == "gaussian"


def test_a_map_that_says_how_wrong_it_is_does_less_harm(rng):
    sharp, blurred, field = ramped("camera", rng)
    errors = functional.interpolate(
        torch.randn(1, 1, 8, 8, generator=rng), size=field.shape, mode="bicubic"
    )[0, 0]
    wrong = (field + 0.8 * errors / errors.std()).clamp_min(0)
    for method, gain in (("sparse", 1), ("deblur-net", 0.5)):
        silent = psnr(restore.deblur(blurred, wrong, method=method), sharp)
        honest = psnr(restore.deblur(blurred, wrong, std=0.8, method=method), sharp)
        assert honest > silent + gain and honest > psnr(blurred, sharp)
    stated = maps.SigmaMap(wrong, torch.full_like(wrong, 0.8), 1, 0, tuple(wrong.shape), "std")
    torch.testing.assert_close(
        restore.deblur(blurred, stated), restore.deblur(blurred, wrong, std=0.8)
    )


def test_less_noise_than_a_map_is_wrong_by_is_not_believed():
    sharp = data.packaged_image("camera")[100:260, 120:280]
    blurred = blur.quantize(blur.blur_uniform(sharp, blur.gaussian_psf(1.0)))
    by_map = maps.load_estimator().predict(blurred)
    for known in (1.0, by_map):
        told, own = (
            psnr(restore.deblur(blurred, known, noise_std=noise), sharp)
            for noise in (0.29 / 255, None)
        )
        assert own > told + 1 and own > psnr(blurred, sharp) + 3


def test_what_is_sharp_or_unknown_stays(rng):
    sharp, blurred, field = ramped("grass", rng)
    assert torch.equal(restore.deblur(sharp, 0.1), sharp)
    std = field.clone()
    std[:, :100] = 0
    found = restore.deblur(blurred, 2.0, std=std.mul(100))
    assert torch.equal(found[:, 100:], blurred.clamp(0, 1)[:, 100:])
    assert not torch.equal(found[:, :100], blurred[:, :100])


def test_the_estimator_is_asked_when_there_is_no_map(rng):
    picture = data.packaged_image("brick")[:100, :120]
    blurred = blur.blur_uniform(picture, blur.gaussian_psf(2.0))
    found = maps.load_estimator().predict(blurred)
    torch.testing.assert_close(restore.deblur(blurred), restore.deblur(blurred, found))
    assert psnr(restore.deblur(blurred), picture) > psnr(blurred, picture) + 2


def test_one_psf_is_that_of_sparse_gradients(rng):
    sharp, blurred, _ = ramped("camera", rng)
    psf = blur.motion_psf(7.0, 30.0)
    shaken = blur.add_noise(blur.blur_uniform(sharp, psf), NOISE, rng=rng)
    wanted = restore.sparse_gradients(shaken, psf).clamp(0, 1)
    torch.testing.assert_close(restore.deblur(shaken, psf=psf, method="sparse"), wanted)
    assert psnr(restore.deblur(shaken, psf=psf), sharp) > psnr(wanted, sharp) - 0.1
    with pytest.raises(ValueError, match="either it or a map"):
        restore.deblur(blurred, 1.0, psf=psf)


def test_a_colour_file_comes_back_in_colour(tmp_path):
    from PIL import Image, ImageFilter

    path = tmp_path / "colour.png"
    sharp = Image.open(data.images.packaged_path("chelsea")).crop((100, 50, 190, 130))
    sharp.save(path)
    sharp = data.load_image(path, colour=True)
    Image.open(path).filter(ImageFilter.GaussianBlur(1.5)).save(path)
    found = restore.deblur(path, 1.5)
    image = data.load_image(path, colour=True)
    assert found.shape == image.shape == (3, 80, 90)
    torch.testing.assert_close(data.to_grey(image), data.load_image(path))
    assert psnr(found, sharp) > psnr(image, sharp) + 2
    assert (found.mean((1, 2)) - image.mean((1, 2))).abs().max() < 2e-3  # hues stay


def test_tiles_do_not_show(monkeypatch, rng):
    sharp, blurred, field = ramped("camera", rng)
    whole = restore.deblur(blurred, field, method="wiener")
    monkeypatch.setattr(tiles, "_BLOCK", 70)
    monkeypatch.setattr(tiles, "_HALO", 24)
    tiled = restore.deblur(blurred, field, method="wiener")
    assert psnr(tiled, sharp) > psnr(whole, sharp) - 0.2
    same = tiles.in_tiles(blurred, field, lambda part, _: part, 24)
    torch.testing.assert_close(same, blurred)
    seam = (tiled - sharp)[:, 66:74].square().mean()
    assert seam < 1.3 * (whole - sharp)[:, 66:74].square().mean()


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((20, 21, 3), r"got \(20, 21, 3\); colours come first: permute\(2, 0, 1\)"),
        ((4, 20, 21), r"got \(4, 20, 21\); pass one picture at a time"),
        ((2, 3, 20, 21), r"got \(2, 3, 20, 21\); pass one picture at a time"),
    ],
)
def test_several_pictures_are_not_taken_for_colours(shape, words):
    for change in (restore.deblur, restore.refocus):
        with pytest.raises(ValueError, match=words):
            change(torch.rand(shape), 1.0)


def test_white_is_one(rng):
    image = torch.rand(20, 21, generator=rng)
    for change in (restore.deblur, restore.refocus):
        with pytest.raises(data.ImageError, match=r"must lie in \[0, 1\].*divide it by its white"):
            change(255 * image, 2.0)
        with pytest.raises(data.ImageError, match=r"must lie in \[0, 1\]"):
            change(2 * image - 1, 2.0)
    noisy = blur.add_noise(image, 0.1, rng=rng)
    assert noisy.min() < 0 and noisy.max() > 1 and restore.deblur(noisy, 0.0).shape == image.shape


@pytest.mark.parametrize("shape", [(5, 5), (5, 40), (6, 7)])
def test_the_smallest_pictures_are_deblurred(shape, rng):
    image, psf = torch.rand(shape, generator=rng), blur.gaussian_psf(0.5, truncate=2.0)
    for method in restore.DEBLUR_METHODS:
        for known in ({"sigma_map": 1.0}, {"sigma_map": 20.0}, {"psf": psf}):
            assert restore.deblur(image, method=method, **known).isfinite().all()


@pytest.mark.parametrize("shape", [(3, 3), (4, 40)])
def test_smaller_pictures_are_refused(shape):
    image, psf = torch.rand(shape), blur.gaussian_psf(0.5, truncate=2.0)
    for known in ({"sigma_map": 1.0}, {"psf": psf}):
        for ask in (restore.deblur, restore.estimate_noise):
            with pytest.raises(ValueError, match="at least 5 pixels a side"):
                ask(image, **known)
    assert restore.estimate_noise(image) > 0


def test_bad_arguments_are_named():
    image = torch.rand(20, 21)
    for options, message in (
        ({"sigma_map": torch.ones(21, 20)}, r"sigma_map must have the image's height and width"),
        ({"sigma_map": -torch.ones(20, 21)}, "sigma_map must not be negative"),
        ({"sigma_map": 21.0}, "at most 20 pixels"),
        ({"sigma_map": 1.0, "std": -1.0}, "std must be a finite number from 0"),
        ({"sigma_map": 1.0, "psf": "star"}, "psf must be one of gaussian, disk, estimate"),
        ({"psf": blur.disk_psf(5)}, r"at most half as large as the picture, \(10, 11\), got"),
        ({"sigma_map": 1.0, "method": "magic"}, "method must be one of deblur-net, sparse, wiener"),
    ):
        with pytest.raises(ValueError, match=message):
            restore.deblur(image, **options)
    with pytest.raises(ValueError, match="sigma_map must have the image's size"):
        restore.estimate_noise(image, torch.ones(3, 3))
    for known in (None, 1.0):
        with pytest.raises(ValueError, match="psf must be one of gaussian, disk, got 'foo'"):
            restore.estimate_noise(image, known, psf="foo")
