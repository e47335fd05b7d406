"""The thin lens against ray geometry, and conversions there and back."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blurlib import blur

LENS = {"focus_distance": 2.0, "focal_length": 0.05, "f_number": 2.8}


@given(depth=st.floats(0.2, 1e4))
def test_coc_is_what_the_rays_say(depth):
    # Image distances from 1/f = 1/d + 1/v; the cone behind the aperture, cut by the sensor.
    focal = LENS["focal_length"]
    sensor = 1 / (1 / focal - 1 / LENS["focus_distance"])
    image = 1 / (1 / focal - 1 / depth)
    expected = focal / LENS["f_number"] * abs(image - sensor) / image
    assert blur.coc_diameter(depth, **LENS) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_coc_vanishes_in_focus_and_has_a_limit_at_infinity():
    assert blur.coc_diameter(2.0, **LENS) == 0
    far = blur.coc_diameter(math.inf, **LENS)
    assert blur.coc_diameter(1e9, **LENS) == pytest.approx(far, rel=1e-6)


@given(sigma=st.floats(0, 50), pitch=st.floats(1e-6, 1e-4))
def test_conversions_come_back(sigma, pitch):
    diameter = 4 * sigma * pitch
    assert blur.coc_diameter_to_sigma(diameter, pixel_pitch=pitch) == pytest.approx(sigma)
    assert blur.disk_radius_to_sigma(blur.sigma_to_disk_radius(sigma)) == pytest.approx(sigma)


def test_depth_field_is_the_chain_of_conversions():
    depth = torch.tensor([[1.0, 2.0, math.inf]])
    field = blur.depth_field(depth, pixel_pitch=1e-5, **LENS)
    diameter = blur.coc_diameter(depth, **LENS)
    torch.testing.assert_close(field, diameter / 4 / 1e-5)
    assert field[0, 1] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"focus_distance": 0.04}, "cannot focus nearer"),
        ({"focal_length": -1}, "focal_length must be"),
        ({"f_number": 0}, "f_number must be"),
        ({"depth": 0.0}, "depth must be larger than 0"),
        (
            {"depth": torch.tensor([1.0, math.nan])},
            "in metres; got 0, less or NaN",
        ),
    ],
)
def test_bad_lenses_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        blur.coc_diameter(**{"depth": 1.0, **LENS, **change})


def test_bad_depth_and_pitch_are_named():
    with pytest.raises(ValueError, match="tensor \\(H, W\\) of distances"):
        blur.depth_field(torch.ones(3), pixel_pitch=1e-5, **LENS)
    with pytest.raises(ValueError, match="pixel_pitch must be"):
        blur.coc_diameter_to_sigma(1.0, pixel_pitch=0)
