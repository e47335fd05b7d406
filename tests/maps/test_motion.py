"""Estimators of motion: length, direction, kind, and how sure they are."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy import signal
from torch.nn import functional

from blurlib import blur, data
from blurlib.maps import SigmaMap, motion
from blurlib.maps.motion import learned


def moved(length, angle, side=128, noise=1.0):
    """Return a texture moved along a finely sampled path, not as the package does it."""
    texture = 255 * data.packaged_image("gravel").double().numpy()
    rng = np.random.default_rng(0)
    along = length * (np.arange(2000) + 0.5) / 2000 - length / 2
    place = np.stack([-np.sin(np.deg2rad(angle)) * along, np.cos(np.deg2rad(angle)) * along], 1)
    psf = np.histogramdd(place, bins=(31, 31), range=[(-15.5, 15.5)] * 2)[0] / 2000
    levels = signal.fftconvolve(texture[: side + 30, : side + 30], psf, mode="valid")
    levels = np.floor(np.clip(levels + noise * rng.standard_normal(levels.shape), 0, 255) + 0.5)
    return torch.from_numpy(levels / 255).float()


def is_near(found, length, angle, pixels, degrees):
    assert 0 <= found.angle < 180
    return abs(found.length - length) <= pixels and (
        abs(motion.angle_between(found.angle, angle)) <= degrees
    )


@pytest.mark.parametrize(("length", "angle"), [(10, 45), (16, 130), (20, 178)])
@pytest.mark.parametrize(
    ("find", "pixels", "degrees"),
    [
        (motion.cepstrum_motion, 1.0, 4.0),
        (motion.radon_motion, 1.0, 5.0),
        (motion.find_motion, 0.5, 2.5),
    ],
    ids=["cepstrum", "radon", "motion-net"],
)
def test_length_and_angle_are_found(find, pixels, degrees, length, angle):
    found = find(moved(length, angle))
    assert is_near(found, length, angle, pixels, degrees), found
    assert 0 < found.length_std < 5 and 0 < found.angle_std < 20


@pytest.mark.parametrize("find", [motion.cepstrum_motion, motion.radon_motion, motion.find_motion])
def test_where_there_is_nothing_to_see_the_deviations_say_so(find):
    found = find(torch.full((32, 45), 0.5))
    assert all(math.isfinite(value) for value in dataclasses.astuple(found)[:4])
    assert found.length_std > 2 and found.angle_std > 20


@pytest.mark.parametrize(
    ("kind", "psf", "sigma"),
    [
        ("sharp", None, 0.0),
        ("gaussian", blur.gaussian_psf(2.0), 2.0),
        ("disk", blur.disk_psf(5.0), 2.5),
        ("motion", blur.motion_psf(12, 70), 12 / math.sqrt(24)),
    ],
)
def test_kinds_are_told_apart(kind, psf, sigma):
    # Halved, since a scan has a softness of its own.
    sharp = functional.avg_pool2d(data.packaged_image("gravel")[None], 2)[0, :128, :128]
    image = blur.quantize(sharp if psf is None else blur.blur_uniform(sharp, psf))[20:108, 20:108]
    found = motion.find_motion(image)
    assert list(found.probabilities) == list(motion.BLUR_KINDS)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert found.kind == kind and found.sigma == pytest.approx(sigma, abs=0.6), found


def test_windows_that_disagree_take_the_certainty_away(monkeypatch):
    ask = learned._network()

    def network(observed):
        kinds = torch.tensor([[0.6, 0.1, 0.1, 0.1, 0.1]]).repeat(len(observed), 1)
        kinds[0] = torch.tensor([0.01, 0.01, 0.01, 0.01, 0.96])  # the whole comes first
        motions, _, *rest = ask(observed)
        return motions, kinds.log(), *rest

    monkeypatch.setattr(learned, "_network", lambda: network)
    found = motion.find_motion(data.packaged_image("gravel")[:128, :128])
    assert found.kind == "other" and found.probabilities["other"] < 0.75
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["text", "brick", "moon", "chelsea"])
def test_nothing_is_sure_that_a_sharp_photograph_moved(name):
    found = motion.find_motion(data.packaged_image(name)).probabilities
    assert found["motion"] + found["other"] < 0.95  # from there `blurlib map` says so


def test_a_field_tells_two_motions_apart():
    both = torch.cat([moved(8, 0), moved(14, 90)], 1)
    field = motion.motion_field(both)
    assert field.length.shape == (3, 7) and field.probabilities.shape == (5, 3, 7)
    for place, (length, angle) in {0: (8, 0), -1: (14, 90)}.items():
        found = motion.Motion(field.length[1, place].item(), field.angle[1, place].item(), 0, 0)
        assert is_near(found, length, angle, 1, 3)
    for name in ("length", "angle", "length_std", "angle_std"):
        assert field.full_size(name).shape == both.shape
    assert field.sigma_map.sigma[1, 0] == pytest.approx(8 / math.sqrt(24), abs=0.2)


def test_angles_are_interpolated_as_directions():
    layer = torch.tensor([[179.0, 1.0]])
    places = SigmaMap(layer, None, 8, 0, (1, 9), "std")
    full = motion.MotionField(places, *[layer] * 6).full_size("angle")
    off = motion.angle_between(full, torch.linspace(-1, 1, 9))
    torch.testing.assert_close(off, torch.zeros(1, 9), atol=0.01, rtol=0)


def test_complaints_are_clear():
    small = torch.rand(31, 40)
    for find in (motion.cepstrum_motion, motion.radon_motion, motion.find_motion):
        with pytest.raises(ValueError, match="32"):
            find(small)
    with pytest.raises(ValueError, match="window"):
        motion.find_motion(torch.rand(40, 40), window=16)
    with pytest.raises(ValueError, match="stride"):
        motion.motion_field(torch.rand(40, 40), stride=0)


@pytest.mark.parametrize(("window", "length"), [(32, 8), (48, 10), (128, 40)])
def test_windows_of_other_sizes_find_what_they_can_hold(window, length):
    texture = data.packaged_image("gravel")
    image = blur.quantize(blur.blur_uniform(texture, blur.motion_psf(length, 50)))[60:400, 60:400]
    found = motion.find_motion(image, window=window)
    assert is_near(found, length, 50, 0.06 * length + 0.3, 3), found
    field = motion.motion_field(image[:200, :180], window=window)
    middle = tuple(n // 2 for n in field.length.shape)
    at = motion.Motion(field.length[middle].item(), field.angle[middle].item(), 0, 0)
    assert is_near(at, length, 50, 0.15 * length, 6), at
    assert field.full_size("length").shape == (200, 180)


def test_a_finer_field_agrees_where_both_look():
    image = torch.cat([moved(8, 0), moved(14, 90)], 1)
    coarse, fine = motion.motion_field(image), motion.motion_field(image, stride=8)
    assert fine.sigma_map.stride == 8 and coarse.sigma_map.stride == 32
    for name in motion.MOTION_LAYERS:
        torch.testing.assert_close(
            getattr(fine, name)[::4, ::4], getattr(coarse, name), atol=1e-3, rtol=1e-3
        )
    with pytest.raises(ValueError, match="stride must divide half the window, 32; got 7"):
        motion.motion_field(image, stride=7)


@pytest.mark.parametrize("angle", [0, 30, 90, 150])
def test_the_ellipse_lies_along_the_motion(angle):
    image = blur.blur_uniform(data.packaged_image("camera"), blur.motion_psf(14, angle))
    for find in (lambda x: motion.find_motion(x).ellipse, motion.gradient_ellipse):
        long, wide, along = find(blur.quantize(image))
        assert long > 1.5 * wide and abs(motion.angle_between(along, angle)) < 12
    moments = motion.find_motion(image)
    assert moments.ellipse[0] == pytest.approx(14 / math.sqrt(12), rel=0.2)


def test_an_object_that_moves_and_what_rests_are_told_apart():
    still = functional.avg_pool2d(data.packaged_image("brick")[None], 2)[0]
    place = torch.arange(256.0) - 128
    mask = (torch.hypot(place[:, None], place) < 80).float()
    psf = blur.motion_psf(12, 20)
    front = blur.blur_uniform(mask * data.packaged_image("gravel")[:256, :256], psf)
    scene = front + (1 - blur.blur_uniform(mask, psf)) * still
    rng = torch.Generator().manual_seed(0)
    field = motion.motion_field(blur.quantize(blur.add_noise(scene, 1 / 255, rng=rng)))
    moving = field.probabilities[motion.BLUR_KINDS.index("motion")]
    assert moving[3, 3] > 0.7 and moving[::6, ::6].median() < 0.5  # the corners' bricks have lines
    assert field.length[3, 3] == pytest.approx(12, abs=1)
