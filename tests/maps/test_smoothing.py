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
    before = sigma_map.clone()
    at_once = maps.smooth(sigma_map, num_iter, neighbourhood)
    iterated = maps.smooth_iterated(sigma_map, num_iter, neighbourhood)
    assert torch.equal(sigma_map, before)
    torch.testing.assert_close(at_once, iterated, atol=1e-10, rtol=0)


@NAMES
@pytest.mark.parametrize("boundary", ["dirichlet", "dirichlet_columns"])
@pytest.mark.parametrize("num_iter", [0, 1, 7, 500])
def test_one_step_is_all_iterations_with_a_pinned_border(neighbourhood, boundary, num_iter, rng):
    sigma_map, known = torch.rand(2, 13, 18, generator=rng, dtype=torch.float64)
    options = {"boundary": boundary, "dirichlet_values": known}
    iterated = maps.smooth_iterated(sigma_map, num_iter, neighbourhood, **options)
    at_once = maps.smooth(sigma_map, num_iter, neighbourhood, **options)
    torch.testing.assert_close(at_once, iterated, atol=1e-10, rtol=0)
    assert torch.equal(at_once[:, [0, -1]], known[:, [0, -1]])
    assert torch.equal(at_once[[0, -1]], known[[0, -1]]) == (boundary == "dirichlet")


def test_a_pinned_border_draws_everything_to_the_harmonic_map(rng):
    # A plane is harmonic: pinned to it, Jacobi's averages end there, wherever they begin.
    plane = torch.linspace(0.1, 3, 31, dtype=torch.float64).repeat(21, 1)
    noisy = plane + 0.2 * torch.randn(21, 31, generator=rng, dtype=torch.float64)
    for boundary in ("dirichlet", "dirichlet_columns"):
        rest = maps.smooth(noisy, 100_000, "jacobi", boundary=boundary, dirichlet_values=plane)
        torch.testing.assert_close(rest, plane, atol=1e-9, rtol=0)
    free = maps.smooth(noisy, 100_000, "jacobi")
    assert free.std() < 1e-3  # a free one forgets the plane


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"boundary": "dirichlet"}, "belong together"),
        ({"dirichlet_values": torch.rand(5, 6)}, "belong together"),
        ({"boundary": "dirichlet", "dirichlet_values": torch.rand(6, 5)}, "the map's shape"),
        ({"boundary": "open"}, "boundary must be one of neumann"),
    ],
)
def test_bad_boundaries_are_named(options, words):
    for function in (maps.smooth, maps.smooth_iterated):
        with pytest.raises(ValueError, match=words):
            function(torch.rand(5, 6), 3, **options)


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
