"""Sigma fields, pixel by pixel from their formulas."""

import math

import pytest
import torch

from blurlib import blur


def test_ramp_runs_over_the_columns():
    field = blur.ramp_field((3, 30))
    assert field.shape == (3, 30) and field.dtype == torch.float32
    assert field[0, 0] == pytest.approx(0.1) and field[2, 29] == pytest.approx(3.0)
    torch.testing.assert_close(field[0].diff(), torch.full((29,), 0.1))
    assert (field == field[:1]).all()


def test_sin_counts_columns_from_one():
    field = blur.sin_field((2, 300))
    for column in (1, 79, 300):
        expected = 1.55 + 1.45 * math.sin(0.02 * column)
        assert field[1, column - 1].item() == pytest.approx(expected, abs=1e-6)


def test_sin2d_counts_rows_and_columns_from_one():
    field = blur.sin2d_field((200, 300))
    for row, column in [(1, 1), (157, 80), (200, 300)]:
        expected = 1.55 + 0.725 * (math.sin(0.02 * column) + math.sin(0.02 * row))
        assert field[row - 1, column - 1].item() == pytest.approx(expected, abs=1e-6)


def test_step_changes_at_its_column():
    field = blur.step_field((2, 5), 0.5, 2.0, column=3)
    assert field[0].tolist() == [0.5, 0.5, 0.5, 2.0, 2.0]
    assert blur.step_field((1, 4), 0.0, 1.0)[0].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("name", sorted(blur.FIELDS))
def test_fields_by_name_stay_in_the_thesis_range(name):
    field = blur.FIELDS[name]((400, 640))
    assert 0.1 - 1e-6 <= field.min() and field.max() <= 3.0 + 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blur.ramp_field((0, 5)), "the height must be"),
        (lambda: blur.ramp_field(5), "shape must be"),
        (lambda: blur.ramp_field((5, 5), low=-1), "low must be"),
        (lambda: blur.sin_field((5, 5), mean=1.0, amplitude=2.0), "mean must be"),
        (lambda: blur.sin2d_field((5, 5), frequency=9.0), "frequency must be"),
        (lambda: blur.constant_field((5, 5.5), 1.0), "the width must be"),
        (lambda: blur.step_field((5, 5), 1.0, 2.0, column=6), "column must be .* from 0 to 5"),
    ],
)
def test_bad_fields_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
