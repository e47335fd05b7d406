"""Smoothing and scores."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from blurlib import maps

NAMES = pytest.mark.parametrize("neighbourhood", sorted(maps.NEIGHBOURHOODS))


@NAMES
@pytest.mark.parametrize("num_iter", [0, 1, 7, 500])
def test_one_dct_step_is_all_iterations(neighbourhood, num_iter, rng):
    sigma_map = torch.rand(23, 38, generator=rng, dtype=torch.float64)
    iterated = maps.smooth_iterated(sigma_map, num_iter, neighbourhood)
    at_once = maps.smooth(sigma_map, num_iter, neighbourhood)
    torch.testing.assert_close(at_once, iterated, atol=1e-10, rtol=0)


@NAMES
def test_iteration_is_scipys_filter(neighbourhood, rng):
    sigma_map = torch.rand(9, 14, generator=rng, dtype=torch.float64)
    expected = sigma_map.numpy()
    for _ in range(3):
        weights = maps.NEIGHBOURHOODS[neighbourhood].numpy()
        expected = ndimage.correlate(expected, weights, mode="reflect")
    smoothed = maps.smooth_iterated(sigma_map, 3, neighbourhood)
    np.testing.assert_allclose(smoothed, expected, atol=1e-12)


@given(
    seed=st.integers(0, 1000),
    num_iter=st.integers(0, 10_000),
    neighbourhood=st.sampled_from(sorted(maps.NEIGHBOURHOODS)),
)
def test_smoothing_keeps_the_mean_and_never_adds_contrast(seed, num_iter, neighbourhood):
    sigma_map = torch.rand(11, 6, generator=torch.Generator().manual_seed(seed))
    smoothed = maps.smooth(sigma_map, num_iter, neighbourhood)
    assert smoothed.dtype == sigma_map.dtype
    assert smoothed.mean().item() == pytest.approx(sigma_map.mean().item(), abs=1e-5)
    assert smoothed.std() <= sigma_map.std() + 1e-5


def test_columns_leave_a_field_of_columns(rng):
    ramp = torch.linspace(0.1, 3, 40).repeat(20, 1)
    torch.testing.assert_close(maps.smooth(ramp, 12_000, "columns"), ramp)


def test_scores_from_their_definitions(rng):
    truth = torch.rand(5, 7, generator=rng)
    estimate = truth + torch.tensor([0.3] * 4 + [-0.1] * 3)
    expected = (4 * 0.09 + 3 * 0.01) / 7
    assert maps.mse(estimate, truth) == pytest.approx(expected, rel=1e-5)
    assert maps.rmse(estimate, truth) == pytest.approx(expected**0.5, rel=1e-5)
    assert maps.bias(estimate, truth) == pytest.approx(0.9 / 7, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: maps.smooth(torch.zeros(3, 3), -1), "num_iter must be"),
        (lambda: maps.smooth(torch.zeros(3, 3), 1, "disc"), "one of mean3x3"),
        (lambda: maps.smooth_iterated(torch.zeros(3), 1), "shape"),
        (lambda: maps.rmse(torch.zeros(3, 3), torch.zeros(3, 4)), "must have one shape"),
        (lambda: maps.rmse(torch.zeros(3, 3) * float("nan"), torch.zeros(3, 3)), "NaN"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
