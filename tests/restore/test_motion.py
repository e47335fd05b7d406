"""What moved is found and deblurred; what did not stays as it was."""

import importlib

import pytest
import torch

from blurlib import blur, data, restore
from blurlib.maps import SigmaMap, motion

module = importlib.import_module("blurlib.restore.motion")


def psnr(found, sharp, where):
    return -10 * (found - sharp)[where].square().mean().log10().item()


@pytest.fixture(scope="module")
def layered():
    """Return a sharp picture, one in which a square of it moved, and how much of each pixel did."""
    rng, psf = torch.Generator().manual_seed(0), blur.motion_psf(9, 20)
    back, front = data.packaged_image("gravel")[:160, :160], data.packaged_image("camera")
    share = torch.zeros(160, 160)
    share[40:120, 30:130] = 1
    front = share * front[60:220, 120:280]
    coverage = blur.blur_uniform(share, psf)
    seen = blur.blur_uniform(front, psf) + (1 - coverage) * back
    seen = blur.quantize(blur.add_noise(seen, 1 / 255, rng=rng))
    return front + (1 - share) * back, seen, coverage, psf


@pytest.fixture
def told(monkeypatch):
    """Let an estimator answer what a test wants: kind of the whole, and the field's layers."""

    def tell(kind, probabilities, length, angle, shape):
        stride = shape[0] // probabilities.shape[1]
        flat = torch.ones_like(length)
        places = SigmaMap(length / 24**0.5, flat, stride, stride // 2, shape, "std")
        field = motion.MotionField(places, length, angle, flat, flat, probabilities, flat)
        known = {name: float(name == kind) for name in motion.BLUR_KINDS}
        whole = motion.Motion(9.0, 20.0, 0.5, 2.0, known)
        monkeypatch.setattr(module, "estimate_motion", lambda image: (whole, field))

    return tell


def of_motion(moved):
    """Return the kinds' probabilities where those of motion are given; the rest is sharp."""
    kinds = torch.zeros(len(motion.BLUR_KINDS), *moved.shape)
    kinds[motion.BLUR_KINDS.index("motion")], kinds[0] = moved, 1 - moved
    return kinds


def test_an_object_is_deblurred_and_the_rest_stays(layered):
    sharp, seen, coverage, psf = layered
    found = restore.deblur(seen, psf=psf, mask=coverage, method="sparse")
    still, moved = coverage < 1e-3, coverage > 0.5
    assert torch.equal(found[coverage == 0], seen[coverage == 0])
    assert psnr(found, sharp, moved) > psnr(seen, sharp, moved) + 2
    assert still.any() and (found[still] - seen[still]).abs().max() < 0.01
    # As if all had moved, the background's light rings through the object.
    everywhere = restore.deblur(seen, psf=psf, method="sparse")
    assert psnr(found, sharp, moved) > psnr(everywhere, sharp, moved) + 2


def test_a_mask_of_ones_is_none_and_of_zeros_is_nothing(layered):
    seen, psf = layered[1][:60, :70], layered[3]
    ones, zeros = torch.ones(60, 70), torch.zeros(60, 70)
    options = {"psf": psf, "method": "wiener"}
    whole = restore.deblur(seen, **options)
    assert torch.equal(restore.deblur(seen, mask=ones, **options), whole)
    assert torch.equal(restore.deblur(seen, mask=zeros, **options), seen)
    colours = seen.expand(3, -1, -1)
    assert restore.deblur(colours, mask=ones, **options).shape == colours.shape


def test_masks_that_make_no_sense_are_refused():
    image, psf = torch.rand(40, 50), blur.motion_psf(5, 0)
    with pytest.raises(ValueError, match="mask says where a PSF is"):
        restore.deblur(image, 1.0, mask=torch.ones(40, 50))
    with pytest.raises(ValueError, match="mask must have the image's size"):
        restore.deblur(image, psf=psf, mask=torch.ones(50, 40))
    with pytest.raises(ValueError, match="either it or a map"):
        restore.deblur(image, 1.0, psf="motion")


def test_one_motion_of_the_whole_picture():
    psf = blur.motion_psf(9, 30)
    wide = blur.blur_uniform(data.packaged_image("gravel")[20:120, 20:120], psf)
    seen, inner = blur.quantize(wide)[10:90, 10:90].contiguous(), (slice(8, -8),) * 2
    sharp = data.packaged_image("gravel")[30:110, 30:110]
    found, psf, mask = restore.find_moved(seen.expand(3, -1, -1))
    assert found.kind == "motion" and abs(found.length - 9) < 1 and abs(found.angle - 30) < 4
    assert mask.shape == seen.shape and mask.min() == 1
    answer = restore.deblur(seen, psf=psf)
    assert psnr(answer, sharp, inner) > psnr(seen, sharp, inner) + 2


def test_the_object_is_what_moved_alike(told, layered):
    sharp, seen, coverage, _ = layered
    moved = torch.zeros(16, 16)
    moved[5:11, 4:12], moved[14, 1] = 0.95, 0.95
    length, angle = torch.full((16, 16), 15.0), torch.full((16, 16), 100.0)
    length[5:11, 4:12], angle[5:11, 4:8], angle[5:11, 8:12] = 9.0, 21.0, 19.0
    told("sharp", of_motion(moved), length, angle, (160, 160))
    found, psf, mask = restore.find_moved(seen)
    assert found.kind == "motion" and found.length == pytest.approx(9)
    assert found.angle == pytest.approx(20) and found.angle_std == pytest.approx(1)
    torch.testing.assert_close(psf, blur.motion_psf(found.length, found.angle))
    ours, true = mask > 0.5, coverage > 0.5
    assert (ours & true).sum() > 0.5 * (ours | true).sum()
    answer = restore.deblur(seen, psf="motion", method="sparse")
    assert psnr(answer, sharp, true) > psnr(seen, sharp, true) + 1
    assert torch.equal(answer[mask == 0], seen[mask == 0])


def test_a_masks_noise_is_that_inside(layered):
    _, seen, coverage, psf = layered
    assert 0.6 < 255 * restore.estimate_noise(seen, coverage, psf) < 1.6


@pytest.mark.parametrize("name", ["coins", "camera", "coffee", "grass", "motorcycle"])
def test_a_sharp_picture_did_not_move(name):
    image = data.packaged_image(name)[40:296, 60:316]
    for picture in (image, blur.quantize(blur.blur_uniform(image, blur.gaussian_psf(2.0)))):
        assert restore.find_moved(picture)[2].max() == 0


def test_few_places_are_no_object(told):
    image, moved = data.packaged_image("coins")[40:200, 60:220], torch.full((16, 16), 0.1)
    moved[3, 3:8] = 0.95
    told("sharp", of_motion(moved), torch.full((16, 16), 9.0), torch.ones(16, 16), (160, 160))
    assert restore.find_moved(image)[2].max() == 0


def test_where_nothing_moved_the_picture_stays(told):
    image, moved = torch.rand(128, 128), torch.zeros(16, 16)
    for kind, one in (("sharp", 0.0), ("gaussian", 0.95)):  # one place alone is no object
        moved[8, 8] = one
        told(kind, of_motion(moved), torch.ones(16, 16), torch.ones(16, 16), (128, 128))
        found, _, mask = restore.find_moved(image)
        assert found.kind == kind and mask.max() == 0
        assert torch.equal(restore.deblur(image, psf="motion"), image)


def test_all_moved_if_the_sure_places_say_so(told):
    moved = torch.full((16, 16), 0.3)
    moved[:2] = 0.9
    told("motion", of_motion(moved), torch.ones(16, 16), torch.ones(16, 16), (128, 128))
    image = blur.blur_uniform(data.packaged_image("gravel")[:128, :128], blur.motion_psf(9, 20))
    assert restore.find_moved(image)[2].min() == 1  # the others do not know
    moved[8:] = 0.0
    told("motion", of_motion(moved), torch.ones(16, 16), torch.ones(16, 16), (128, 128))
    assert restore.find_moved(image)[2].max() == 0
