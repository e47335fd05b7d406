"""What a stated deviation is worth."""

import pytest
import torch

from blurlib.maps import uncertainty


@pytest.fixture
def honest(rng):
    """Errors drawn from the deviations that are stated."""
    deviations = 0.05 + torch.rand(200, 300, generator=rng)
    return deviations * torch.randn(200, 300, generator=rng), deviations


def test_honest_doubt_is_found_to_be(honest):
    errors, deviations = honest
    for number, share in uncertainty.WITHIN.items():
        assert uncertainty.coverage(errors, deviations, number) == pytest.approx(share, abs=0.005)
    assert uncertainty.fit_std_scale(errors, deviations) == pytest.approx(1, abs=0.01)
    stated, found = uncertainty.reliability(errors, deviations, 5)
    torch.testing.assert_close(stated, found, rtol=0.05, atol=0)
    assert (stated.diff() > 0).all()


def test_the_factor_mends_a_wrong_scale(honest):
    errors, deviations = honest
    scale = uncertainty.fit_std_scale(errors, deviations / 3)
    assert scale == pytest.approx(3, rel=0.02)
    assert uncertainty.coverage(errors, scale * deviations / 3) == pytest.approx(0.6827, abs=1e-4)


def test_the_surest_places_err_least(honest):
    errors, deviations = honest
    kept = uncertainty.sparsification_curve(errors, deviations, (0.1, 0.5, 1))
    assert kept == sorted(kept) and kept[0] < 0.5 * kept[2]
    assert kept[2] == pytest.approx(errors.square().mean().sqrt().item(), abs=1e-6)
    at_random = uncertainty.sparsification_curve(errors, deviations.flip(0, 1), (0.5, 1))
    assert at_random[0] == pytest.approx(at_random[1], rel=0.05)


def test_half_a_pixel_is_too_much_for_weak_blur_and_a_quarter_for_wide():
    sigma = torch.tensor([[0.0, 0.3, 2.0, 2.4, 8.0, 30.0]])
    line = torch.tensor([[0.5, 0.5, 0.5, 0.6, 2.0, 7.5]])
    assert uncertainty.no_texture(sigma, 1.01 * line).all()
    assert not uncertainty.no_texture(sigma, 0.99 * line).any()
    assert uncertainty.no_texture(sigma, line).dtype == torch.bool
    assert sigma[0, 0] == 0 and line[0, 0] == 0.5  # nothing is written into what came in
    with pytest.raises(ValueError, match=r"sigma \(1, 6\), std \(6,\) differ in shape"):
        uncertainty.no_texture(sigma, line[0])
    with pytest.raises(TypeError, match="std must be a tensor, got float"):
        uncertainty.no_texture(sigma, 0.5)


def test_up_to_two_pixels_the_line_is_where_it_was(rng):
    sigma, std = 2 * torch.rand(1000, generator=rng), torch.rand(1000, generator=rng)
    assert torch.equal(uncertainty.no_texture(sigma, std), std > uncertainty.NO_TEXTURE)


@pytest.mark.parametrize(
    ("errors", "deviations", "words"),
    [
        (torch.ones(3), torch.ones(2), "differ in shape"),
        (torch.ones(2), torch.tensor([1.0, 0.0]), "positive, got 0"),
        (torch.tensor([float("nan")]), torch.ones(1), "errors must be finite"),
        (torch.ones(0), torch.ones(0), "not empty"),
    ],
)
def test_bad_input_is_named(errors, deviations, words):
    with pytest.raises(ValueError, match=words):
        uncertainty.coverage(errors, deviations)


def test_bad_bins_and_shares_are_named():
    with pytest.raises(ValueError, match="at most the 2 places"):
        uncertainty.reliability(torch.ones(2), torch.ones(2), 3)
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        uncertainty.sparsification_curve(torch.ones(2), torch.ones(2), [0.0])
    with pytest.raises(TypeError, match="std must be a tensor, got float"):
        uncertainty.fit_std_scale(torch.ones(2), 1.0)
