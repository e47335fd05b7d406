"""Nominal sigma and the kernels' width, both ways."""

import math

import pytest
import torch

from blurlib import blur


@pytest.mark.parametrize("sigma", [0.1, 0.25, 0.3, 0.49, 0.5, 0.77, 1.0, 1.01, 1.5, 2.0, 2.0003,
                                   2.6, 3.0003, 5.001, 5.99])  # fmt: skip
def test_the_width_is_that_of_the_kernel(sigma):
    kernel = blur.thesis_psf(sigma, dtype=torch.float64)
    assert blur.nominal_to_std(sigma) == pytest.approx(blur.effective_sigma(kernel), abs=2e-4)


@pytest.mark.parametrize("sigma", [31.9, 40.0, 100.0])
def test_what_is_cut_off_is_a_constant_share_of_wide_kernels(sigma):
    kernel = blur.thesis_psf(sigma, dtype=torch.float64)
    assert blur.nominal_to_std(sigma) == pytest.approx(blur.effective_sigma(kernel), rel=4e-3)


def test_kernels_jump_at_half_pixels_and_never_shrink():
    sigmas = torch.arange(0.2, 6, 0.01, dtype=torch.float64)
    steps = blur.nominal_to_std(sigmas).diff()
    assert (steps > 0).all()
    jumps = sigmas[1:][steps > 0.02]
    assert set((2 * jumps).floor().tolist()) >= {2.0, 3.0, 4.0, 5.0}
    assert blur.nominal_to_std(1.0) < 0.962 < 0.998 < blur.nominal_to_std(1.0001)


def test_both_ways_give_the_same_again():
    sigmas = torch.rand(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sigmas = 0.1 + 8 * sigmas
    again = blur.std_to_nominal(blur.nominal_to_std(sigmas))
    torch.testing.assert_close(again, sigmas, atol=1e-6, rtol=0)
    whole = blur.nominal_to_std(torch.tensor([1, 2]))
    assert whole.tolist() == pytest.approx([blur.nominal_to_std(1), blur.nominal_to_std(2)])
    assert blur.std_to_nominal(0.0) == blur.nominal_to_std(0.0) == 0


@pytest.mark.parametrize("convert", [blur.nominal_to_std, blur.std_to_nominal])
@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_what_is_no_width_is_named(convert, bad):
    with pytest.raises(ValueError, match="finite and at least 0"):
        convert(bad)
    with pytest.raises(ValueError, match="finite and at least 0"):
        convert(torch.tensor([1.0, bad]))
