"""Procedural textures: seeded, textured, sharp to the pixel."""

import math

import pytest
import torch

from blurlib import data
from blurlib.data.procedural._canvas import nearest_points, noise, top_points
from blurlib.data.statistics import texture_statistics

FAMILIES = pytest.mark.parametrize("family", sorted(data.FAMILIES))


def draw(family, seed=0, shape=(96, 64)):
    return data.procedural_texture(family, shape, rng=torch.Generator().manual_seed(seed))


@FAMILIES
def test_texture_is_seeded_and_fills_the_grey_levels(family):
    texture = draw(family)
    assert texture.shape == (96, 64) and texture.dtype == torch.float32
    assert texture.min() == 0 and texture.max() == 1 and texture.std() > 0.05
    assert torch.equal(texture, draw(family))
    assert not torch.equal(texture, draw(family, seed=1))


@FAMILIES
def test_texture_is_sharp(family):
    # Blur of one pixel's sigma must show, or nothing can be learned from the texture.
    from blurlib import blur

    texture = draw(family, seed=2, shape=(128, 128))
    blurred = blur.blur_uniform(texture, blur.gaussian_psf(1.0))

    def detail(image):
        return image.diff(dim=1).square().mean() + image.diff(dim=0).square().mean()

    assert detail(blurred) < 0.5 * detail(texture)


@FAMILIES
@pytest.mark.parametrize("shape", [(1, 1), (7, 33), (40, 60)])
def test_texture_has_any_shape(family, shape):
    texture = draw(family, shape=shape)
    assert texture.shape == shape and torch.isfinite(texture).all()


def test_grown_things_have_a_direction_and_cloth_has_two():
    def anisotropy(family):
        return min(
            texture_statistics(draw(family, seed, (128, 128)))["anisotropy"] for seed in range(3)
        )

    assert anisotropy("wood") > 0.5 and anisotropy("fur") > 0.3
    assert anisotropy("weave") < 0.1 and anisotropy("lace") < 0.1


@pytest.mark.parametrize("slope", [-1.0, -3.0])
def test_noise_follows_the_power_law_that_was_asked_for(slope, rng):
    stack = torch.stack([noise(64, rng, -slope / 2) for _ in range(8)]).double()
    assert stack.std((1, 2)).tolist() == pytest.approx([1.0] * 8, rel=1e-3)
    power = torch.fft.fft2(stack).abs().square().mean(0)
    axis = torch.fft.fftfreq(64, dtype=torch.float64)
    radius = torch.hypot(axis[:, None], axis)
    inside = radius > 0.05
    x, y = radius[inside].log(), power[inside].log()
    x, y = x - x.mean(), y - y.mean()
    assert ((x * y).sum() / x.square().sum()).item() == pytest.approx(slope, abs=0.1)


@pytest.mark.parametrize("angle", [0, 0.6, math.pi / 2, 2.2])
def test_stretched_noise_changes_least_along_its_angle(angle):
    field = noise(128, torch.Generator().manual_seed(0), 1.5, stretch=6, angle=angle)
    down, right = torch.gradient(field)
    along = (math.cos(angle) * right + math.sin(angle) * down).square().mean()
    across = (math.cos(angle) * down - math.sin(angle) * right).square().mean()
    assert along < 0.3 * across


def test_nearest_points_are_ordered_and_near():
    nearest, number = nearest_points(128, torch.Generator().manual_seed(0), 16)
    assert (nearest[0] <= nearest[1]).all() and nearest[0].max() < 2 * math.hypot(16, 16)
    # One point a cell, and each owns the pixels around it.
    assert 60 <= len(number.unique()) <= 100
    jumps = (number.diff(dim=1) != 0) & ((nearest[1] - nearest[0])[:, 1:] > 3)
    assert not jumps.any()


def test_later_points_lie_on_top():
    rows, columns = torch.tensor([[2.0, 3.0], [3.0, 9.0]]), torch.tensor([[2.0, 3.0], [3.0, 9.0]])
    top = top_points(8, rows, columns, thickness=2)
    assert top[2, 2] == 0 and top[3, 3] == 2 and top[4, 4] == 2 and top[0, 0] == -1
    assert (top >= 0).sum() == 7 and 3 not in top  # the last one lies outside


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw("lava"), "family must be one of power_law"),
        (lambda: draw("cells", shape=(0, 4)), "the height must be"),
        (lambda: data.procedural_texture("cells", (9, 9), rng=None), "torch.Generator"),
    ],
)
def test_bad_textures_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
