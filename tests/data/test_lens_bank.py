"""Point spread functions of lenses: what they are is what is said of them."""

import pytest
import torch

from blurlib import blur
from blurlib.data import lens_bank
from blurlib.data.lens_bank import LensBank, blur_uniform_each

FAMILIES = ("gaussian", "disk", "blades", "soft", "mixture")


def bank(num=40, seed=0, std_range=(0.25, 5.0), reach=16):
    rng = torch.Generator().manual_seed(seed)
    return LensBank(num, rng=rng, std_range=std_range, reach=reach)


@pytest.fixture
def only(monkeypatch):
    """Return what makes a bank of one family alone."""

    def draw(family, **options):
        monkeypatch.setattr(lens_bank, "_FAMILY_SHARES", {family: 1.0})
        return bank(**options)

    return draw


def second_moment(psf):
    """Return the root of half the trace of a PSF's second moments about its centre of mass."""
    psf = psf.double() / psf.double().sum()
    place = torch.arange(len(psf), dtype=torch.float64)
    total = 0
    for profile in (psf.sum(0), psf.sum(1)):
        mean = (profile * place).sum()
        total += (profile * (place - mean).square()).sum() / 2
    return total.sqrt().item()


@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_as_wide_as_is_said(only, family):
    found = only(family)
    assert found.psfs.shape == (40, 33, 33) and found.psfs.min() >= 0
    torch.testing.assert_close(found.psfs.sum((1, 2)), torch.ones(40))
    assert found.std[0] == 0 and found.psfs[0, 16, 16] == 1
    assert (found.std.diff() >= 0).all() and found.std[-1] > 3
    for psf, std in zip(found.psfs, found.std, strict=True):
        # About the centre of mass: no PSF moves the picture by more than a hundredth of a pixel.
        assert second_moment(psf) == pytest.approx(std.item(), abs=2e-3)


@pytest.mark.parametrize(("family", "is_disk"), [("gaussian", 0), ("disk", 1), ("blades", 1)])
def test_profiles_are_told_apart_where_there_is_one(only, family, is_disk):
    found = only(family)
    assert (found.is_disk[found.std > 1] == is_disk).all() and found.is_disk[0] == 0


@pytest.mark.parametrize(("family", "off"), [("gaussian", 0.12), ("disk", 0.01), ("blades", 0.12)])
def test_they_come_near_the_width_that_is_asked(only, family, off):
    found = only(family, std_range=(2.99, 3.01))
    assert (found.std[1:] / 3 - 1).abs().max() < off  # cut, or inside the circle


def test_soft_rims_and_mixtures_are_in_between(only):
    for family in ("soft", "mixture"):
        wide = only(family, num=80)
        assert 0.1 < wide.is_disk[wide.std > 1].mean() < 0.9


def test_disks_are_disks_and_blades_are_none(only):
    disks = only("disk")
    for psf, std in zip(disks.psfs, disks.std, strict=True):
        if std > 0.7:
            wanted = blur.disk_psf(2 * std.item() * (1 - 0.04 / std.item() ** 2))
            half = len(wanted) // 2
            near = psf[16 - half : 17 + half, 16 - half : 17 + half]
            assert (near - wanted).abs().sum() < 0.12
    blades = only("blades", std_range=(3.0, 4.0))
    lit = (blades.psfs[1:] > blades.psfs[1:].amax((1, 2), keepdim=True) / 2).sum((1, 2))
    # An opening's std hardly depends on its shape: 2.0 to 2.1 for each radius of the same area.
    assert ((lit / torch.pi).sqrt() / blades.std[1:] - 2).abs().max() < 0.12
    turned = blades.psfs[1:] - blades.psfs[1:].mT
    assert turned.abs().sum((1, 2)).max() > 0.05  # no circles


def test_every_family_comes_as_often_as_it_should(monkeypatch):
    drawn = []
    draw = LensBank._draw

    def follow(self, name, std, shape):
        drawn.append((name, std))
        return draw(self, name, std, shape)

    monkeypatch.setattr(LensBank, "_draw", follow)
    bank(num=300, reach=4, std_range=(0.25, 2.0))
    names = [name for name, _ in drawn]
    for name, share in lens_bank._FAMILY_SHARES.items():
        assert names.count(name) / len(names) == pytest.approx(share, abs=0.06)
    halves = sum(std < (0.25 * 2) ** 0.5 for _, std in drawn) / len(drawn)
    assert halves == pytest.approx(0.5, abs=0.07)  # orders of magnitude are equally frequent


def test_what_reaches_too_far_is_cut_off(only):
    found = only("gaussian", num=6, std_range=(7.9, 8.0))
    wide = found.psfs[1:]
    torch.testing.assert_close(wide.sum((1, 2)), torch.ones(5))
    assert wide[:, 0].sum(1).min() > 0.005 and 6 < found.std[1] and found.std[-1] < 8


def test_it_repeats_with_its_seed():
    assert torch.equal(bank(8).psfs, bank(8).psfs)
    assert not torch.equal(bank(8).psfs, bank(8, seed=1).psfs)


def test_each_image_has_its_own_blur(rng):
    images = torch.rand(3, 40, 47, generator=rng)
    psfs = torch.rand(3, 7, 7, generator=rng)
    psfs /= psfs.sum((1, 2), keepdim=True)
    found = blur_uniform_each(images, psfs)
    for image, psf, one in zip(images, psfs, found, strict=True):
        wanted = blur.blur_uniform(image, psf)[3:-3, 3:-3]
        torch.testing.assert_close(one, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num": 0}, "num must be"),
        ({"std_range": (0.25, 9.0)}, "std_range must be .* to 8 pixels"),
        ({"std_range": (2.0, 1.0)}, "std_range must be .* from 2 to 8"),
        ({"reach": 1000}, "reach must be"),
    ],
)
def test_bad_arguments_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        bank(**options)
