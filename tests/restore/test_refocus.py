"""Refocusing: what is in focus stays, nothing bleeds, blur widens as a lens would widen it."""

import pytest
import torch

from blurlib import blur, data, maps, restore
from blurlib.restore import tiles


def psnr(found, wanted):
    return -10 * (found - wanted).square().mean().log10().item()


def scene(sigma, subject=None):
    """Return a sharp square before a wall out of focus by `sigma`, its map, and its mask."""
    wall = data.packaged_image("grass")[:96, :128]
    subject = data.packaged_image("gravel")[:96, :128] if subject is None else subject
    mask = torch.zeros(96, 128)
    mask[30:70, 40:90] = 1
    seen = mask * subject + (1 - mask) * blur.blur_uniform(wall, blur.disk_psf(2 * sigma))
    return seen, sigma * (1 - mask), mask.bool()


def test_blur_behind_widens_and_the_subject_neither_changes_nor_bleeds():
    image, sigma, mask = scene(1.5)
    wanted = scene(3.0)[0]
    found = restore.refocus(image, sigma, 2.0, softness=0.0)
    assert torch.equal(found[mask], image[mask])
    assert psnr(found, wanted) > psnr(image, wanted) + 5
    shades = [scene(1.5, torch.full((96, 128), shade))[0] for shade in (0.0, 1.0)]
    dark, bright = (restore.refocus(shade, sigma, 2.0) for shade in shades)
    torch.testing.assert_close(dark[~mask], bright[~mask], atol=1e-5, rtol=0)
    added = blur.VaryingBlur(3**0.5 * sigma, "disk").forward(shades[1])  # each pixel gathers
    assert (added - bright)[~mask].max() > 0.2


def test_what_is_blurred_in_front_spreads_over_what_is_in_focus():
    image, sigma, mask = scene(0.0, torch.ones(96, 128))
    sigma = 1.5 * mask
    front = restore.refocus(image, sigma, 3.0, sign=-1)
    assert (front - image)[28, 50:80].mean() > 0.1  # beside it
    torch.testing.assert_close(front[:20], image[:20], atol=1e-5, rtol=0)  # out of reach


def test_one_changes_nothing_and_less_comes_nearer_to_the_sharp_scene():
    image, sigma, mask = scene(2.0)
    sharp = scene(0.0)[0]
    assert torch.equal(restore.refocus(image, sigma, 1.0), image)
    half, none = (
        restore.refocus(image, sigma, k, psf="disk", softness=0.1, noise_std=4 / 255)
        for k in (0.5, 0.0)
    )
    assert torch.equal(none[mask], image[mask])
    assert psnr(half, scene(1.0)[0]) > psnr(image, scene(1.0)[0]) + 2
    assert psnr(none, sharp) > psnr(image, sharp) + 1.5
    white = scene(2.0, torch.full((96, 128), 0.95))[0]  # it does not ring from the subject
    white = restore.refocus(white, sigma, 0.5, psf="disk", softness=0.1, noise_std=4 / 255)
    torch.testing.assert_close(white[~mask], half[~mask], atol=1e-3, rtol=0)
    unsure = maps.SigmaMap(sigma, 3 + 0 * sigma, 1, 0, (96, 128), "std")
    assert torch.equal(restore.refocus(image, unsure, 0.0), image)


def test_a_pull_moves_the_focus_to_a_point_or_a_signed_sigma():
    image, sigma, mask = scene(2.0)

    def detail(image, where):
        return image.diff(dim=0).abs()[where[1:] & where[:-1]].mean()

    pulled = restore.refocus(image, sigma, 1.0, focus=(5, 5), softness=0.0, noise_std=2 / 255)
    assert detail(pulled, ~mask) > 1.3 * detail(image, ~mask)
    assert detail(pulled, mask) < 0.6 * detail(image, mask)
    named = restore.refocus(image, sigma, 1.0, focus=2.0, softness=0.0, noise_std=2 / 255)
    torch.testing.assert_close(pulled, named)
    signs = torch.where(mask, 1.0, -1.0)
    mirrored = restore.refocus(
        image, sigma, 1.0, focus=-2.0, sign=signs, softness=0.0, noise_std=2 / 255
    )
    assert detail(mirrored, ~mask) > 1.3 * detail(image, ~mask)
    # Now what was blurred is the nearer: it covers, and is not covered.
    assert not torch.allclose(mirrored, named, atol=0.05)


def test_colours_files_and_tiles(tmp_path, monkeypatch):
    image, sigma, mask = scene(1.5)
    colour = torch.stack([image, image.sqrt(), 1 - image])
    found = restore.refocus(colour, sigma, 3.0)
    torch.testing.assert_close(found[0], restore.refocus(image, sigma, 3.0), atol=1e-5, rtol=0)
    data.write_image(tmp_path / "a.png", image)
    stored = restore.refocus(tmp_path / "a.png", sigma, 3.0)
    torch.testing.assert_close(stored, found[0], atol=2 / 255, rtol=0)
    monkeypatch.setattr(tiles, "_BLOCK", 40)
    monkeypatch.setattr(tiles, "_HALO", 16)
    tiled = restore.refocus(colour, sigma, 3.0)
    torch.testing.assert_close(tiled, found, atol=2 / 255, rtol=0)


def test_the_estimator_is_asked_when_there_is_no_map():
    cat = data.load_image(data.images.packaged_path("chelsea"), colour=True)[:, 60:260, 200:440]
    found = maps.load_estimator().predict(data.to_grey(cat)).full_size(data.to_grey(cat))
    wider = restore.refocus(cat, factor=3.0)
    torch.testing.assert_close(wider, restore.refocus(cat, found, 3.0))
    in_focus = found.to("std").sigma < 0.8
    assert in_focus.float().mean() > 0.1
    assert (wider - cat).abs()[:, in_focus].max() <= 1 / 255
    assert (wider - cat).abs()[..., -40:].mean() > 5e-3


def test_bad_arguments_are_named():
    image = torch.rand(20, 21)
    for options, message in (
        ({"factor": -1.0}, "factor must be a finite number from 0 to 10"),
        ({"focus": (20, 3)}, "the row of focus must be an integer from 0 to 19"),
        ({"focus": (1, 2, 3)}, r"focus must be \(row, column\), or a sigma"),
        ({"sign": 2}, "sign must be 1"),
        ({"sign": torch.ones(3, 4)}, "sign must have the image's height and width"),
        ({"softness": -1.0}, "softness must be a finite number from 0"),
        ({"std": -1.0}, "std must be a finite number from 0"),
        ({"factor": 0.0, "psf": "star"}, "psf must be one of gaussian, disk"),
    ):
        with pytest.raises(ValueError, match=message):
            restore.refocus(image, 1.0, **options)
    with pytest.raises(ValueError, match="sigma_map must have the image's height and width"):
        restore.refocus(image, torch.ones(21, 20))
    with pytest.raises(FileNotFoundError, match="there is no file"):
        restore.refocus("no.png", 1.0)
