"""Smoothing by doubt, by edges, and by the field's form."""

import pytest
import torch

from blurlib import blur, maps


def rms(error):
    return error.square().mean().sqrt().item()


def test_a_hole_is_filled_from_where_the_map_is_sure(rng):
    truth = blur.ramp_field((40, 60))
    estimate, confidence = truth.clone(), torch.ones(40, 60)
    estimate[10:20, 20:35] = 3 * torch.rand(10, 15, generator=rng)  # no texture there
    confidence[10:20, 20:35] = 0
    weighted = maps.smooth_tikhonov(estimate, confidence, 0.1)
    alike = min(
        rms(maps.smooth_tikhonov(estimate, torch.ones(40, 60), s) - truth) for s in (0.1, 1.0, 10)
    )
    assert rms(weighted - truth) < 0.05 * alike < 0.05 * rms(estimate - truth)


def test_weighted_solves_its_normal_equations(rng):
    sigma_map, weights = torch.rand(2, 5, 6, generator=rng, dtype=torch.float64)
    solution = maps.smooth_tikhonov(sigma_map, weights, 0.7).requires_grad_()
    roughness = sum(solution.diff(dim=axis).square().sum() for axis in (0, 1))
    cost = (weights * (solution - sigma_map).square()).sum() + 0.7 * roughness
    (gradient,) = torch.autograd.grad(cost, solution)
    assert gradient.abs().max() < 1e-10
    assert torch.allclose(maps.smooth_tikhonov(sigma_map, weights, 0.0), sigma_map)


def test_edges_stay_where_averages_blur_them(rng):
    truth = blur.step_field((40, 60), 0.5, 2.5)
    estimate = truth + 0.2 * torch.randn(truth.shape, generator=rng)
    kept = rms(maps.smooth_tv(estimate, 0.3) - truth)
    averaged = min(rms(maps.smooth(estimate, n) - truth) for n in (1, 2, 3, 5, 10, 20))
    assert kept < 0.6 * averaged < 0.6 * rms(estimate - truth)


@pytest.mark.parametrize(("fit", "field"), [("fit_plane", "ramp"), ("fit_sinusoid", "sin")])
def test_a_known_form_leaves_little_noise(rng, fit, field):
    truth = blur.FIELDS[field]((30, 300))
    estimate = truth + 0.3 * torch.randn(truth.shape, generator=rng)
    fitted = getattr(maps, fit)(estimate)
    assert rms(fitted - truth) < 0.02
    assert torch.allclose(getattr(maps, fit)(truth), truth, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: maps.smooth_tikhonov(torch.rand(4, 5), torch.rand(5, 4), 1.0), "must be of shape"),
        (lambda: maps.smooth_tikhonov(torch.rand(4, 5), torch.zeros(4, 5), 1.0), "somewhere"),
        (lambda: maps.smooth_tikhonov(torch.rand(4, 5), torch.eye(4, 5), 0.0), "strength must be"),
        (lambda: maps.smooth_tikhonov(torch.rand(4, 5), -torch.rand(4, 5), 1.0), "at least 0"),
        (lambda: maps.smooth_tv(torch.rand(4, 5), 0.0), "strength must be"),
        (lambda: maps.fit_sinusoid(torch.rand(4, 5)), "at least 8 columns"),
        (lambda: maps.fit_plane(torch.rand(2, 4, 5)), "pass one image"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
