"""What one scale says, told in the pixels of the next finer one."""

import numpy as np
import pytest
import torch

from blurlib import blur
from blurlib.learn import scales


@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.0, 5.0])
def test_halved_gaussians_have_the_sigma_that_is_said(sigma):
    reach = int(5 * sigma) + 1
    for centre in (0, 1):  # a point in either pixel of a pair
        point = torch.zeros(1, 1, 4 * reach + 2, 4 * reach + 2, dtype=torch.float64)
        point[..., 2 * reach + centre, 2 * reach] = 1.0
        psf = blur.gaussian_psf(sigma, truncate=5.0, dtype=torch.float64)
        soft = blur.blur_uniform(point, psf)
        half = scales.halve(soft)[0, 0]
        half = torch.nn.functional.pad(half, (0, 1 - half.shape[1] % 2, 0, 1 - half.shape[0] % 2))
        wanted = scales.halved_sigma(torch.tensor(blur.effective_sigma(psf))).item()
        # A pair's mean is a sample of every second pixel: below a pixel it aliases.
        rel = 0.03 if sigma < 1 else 0.002
        assert blur.effective_sigma(half * 4) == pytest.approx(wanted, rel=rel)


def test_doubling_takes_halving_back():
    sigma = torch.tensor([0.01, 0.3, 1.0, 7.0, 30.0])
    torch.testing.assert_close(scales.doubled_sigma(scales.halved_sigma(sigma)), sigma)
    sharp = scales.doubled_sigma(torch.tensor([0.0, 0.1, 0.25]))  # less than halving alone makes
    torch.testing.assert_close(sharp, torch.full((3,), 0.01))


def test_halves_are_means_and_odd_sides_are_rounded_up(rng):
    images = torch.rand(2, 1, 5, 8, generator=rng)
    found = scales.halve(images)
    assert found.shape == (2, 1, 3, 4)
    assert found[1, 0, 1, 2].item() == pytest.approx(images[1, 0, 2:4, 4:6].mean().item())
    torch.testing.assert_close(found[0, 0, 2, 0], images[0, 0, 4, :2].mean())


def test_bent_errors_are_relative_beyond_two_pixels():
    sigma = torch.tensor([0.0, 0.5, 2.0, 8.0, 40.0], dtype=torch.float64, requires_grad=True)
    bent = scales.bend(sigma)
    torch.testing.assert_close(bent, 2 * torch.asinh(sigma / 2))
    (slope,) = torch.autograd.grad(bent.sum(), sigma)
    assert slope[0] == 1 and slope[-1].item() == pytest.approx(2 / 40, rel=0.01)
    # A small deviation is bent as sigma is.
    found = scales.bent_log_variance(torch.tensor(0.01, dtype=torch.float64).log(), sigma.detach())
    torch.testing.assert_close((found / 2).exp(), 0.1 * slope)


@pytest.mark.parametrize(("stride", "step"), [(1, 4), (3, 4), (4, 4), (12, 8), (0.25, 1), (0.5, 1)])
def test_resampling_interpolates_and_holds_the_last_value(rng, stride, step):
    grid = torch.rand(2, 6, 5, generator=rng)
    count = int(7 * step / stride)
    for axis in (-2, -1):
        found = scales.resample(grid, count, stride, step, axis)
        place = np.arange(count) * stride / step
        lines = grid if axis == -1 else grid.mT
        wanted = [[np.interp(place, np.arange(len(x)), x) for x in plane] for plane in lines]
        found = found if axis == -1 else found.mT
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("sides", [(64, 64), (75, 130)])
def test_grids_of_two_scales_share_their_corner(stride, sides):
    """A field that is linear in the picture is linear at its half, and comes back as it was."""

    def grid(sides, step):
        counts = [scales.num_places(side, step) for side in sides]
        row, column = (step * torch.arange(count, dtype=torch.float32) for count in counts)
        return 0.5 + 0.01 * row[:, None] + 0.03 * column

    fine = grid(sides, stride)
    halves = [-(-side // 2) for side in sides]
    coarse = grid(halves, 8)  # in pixels of the half
    found = scales.at_finer(2 * coarse - 0.5, fine.shape, stride / 16)
    inside = [16 * (count - 1) // stride + 1 for count in coarse.shape]
    part = (slice(inside[0]), slice(inside[1]))
    assert all(count >= side / stride for count, side in zip(inside, sides, strict=True))
    torch.testing.assert_close(found[part], fine[part], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("side", "stride", "count"), [(1, 4, 1), (2, 4, 2), (32, 8, 5), (33, 8, 5), (34, 8, 6)]
)
def test_places_lead_past_the_last_pixel(side, stride, count):
    assert scales.num_places(side, stride) == count
    last = (count - 1) * stride
    assert side - 1 <= last < side - 1 + stride


def test_a_mixture_has_the_moments_of_its_samples(rng):
    share, first, second = torch.tensor([0.0, 0.3, 1.0]), torch.tensor(2.0), torch.tensor(5.0)
    std = torch.tensor(0.5), torch.tensor(1.5)
    mean, log_variance = scales.mixed(share, first, second, *(2 * x.log() for x in std))
    picked = torch.rand(200_000, 1, generator=rng) < share
    draws = torch.randn(200_000, 3, generator=rng)
    draws = torch.where(picked, second + std[1] * draws, first + std[0] * draws)
    torch.testing.assert_close(mean, draws.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close((log_variance / 2).exp(), draws.std(0), atol=0.02, rtol=0)
