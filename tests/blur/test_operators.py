"""Varying blur as an operator: its adjoint, its families, images that bring a margin."""

import pytest
import torch
from torch.nn import functional

from blurlib import blur


def diamonds(sigma):
    """A family of one's own: pyramids of weights, of a size of each pixel's own."""
    size = 1 + 2 * sigma
    return int(size.max()), lambda row, column: (size - row - column).clamp_min(0)


@pytest.mark.parametrize("shape", [(8, 9), (37, 31)])
@pytest.mark.parametrize("padding_mode", blur.PADDING_MODES)
@pytest.mark.parametrize("psf", ["gaussian", "disk", diamonds])
def test_the_adjoint_is_the_transpose(shape, padding_mode, psf, rng):
    x, y = torch.rand(2, *shape, generator=rng, dtype=torch.float64)
    for sigma_map in (2.2 * torch.rand(shape, generator=rng), blur.ramp_field(shape)):
        operator = blur.VaryingBlur(sigma_map, psf, padding_mode=padding_mode)
        forth, back = (operator.forward(x) * y).sum(), (x * operator.adjoint(y)).sum()
        assert forth.item() == pytest.approx(back.item(), rel=1e-12)


@pytest.mark.parametrize("psf", ["gaussian", "disk"])
def test_images_may_bring_a_margin(psf, rng):
    images = torch.rand(2, 50, 61, generator=rng, dtype=torch.float64)
    sigma_maps = 2 * torch.rand(2, 34, 45, generator=rng)  # of each image its own
    operator = blur.VaryingBlur(sigma_maps, psf, truncate=4.0, margin=8)
    found = operator.forward(images)
    for image, sigma_map, blurred in zip(images, sigma_maps, found, strict=True):
        field = functional.pad(sigma_map, (8, 8, 8, 8), value=1.0)
        wanted = blur.VaryingBlur(field, psf).forward(image)[8:-8, 8:-8]
        torch.testing.assert_close(blurred, wanted)
    light = torch.rand(found.shape, generator=rng, dtype=torch.float64)
    scattered = operator.adjoint(light)
    assert scattered.shape == images.shape
    assert (found * light).sum().item() == pytest.approx((images * scattered).sum().item())


def test_a_margin_cuts_what_reaches_further(rng):
    image = torch.rand(40, 40, generator=rng)
    near = blur.VaryingBlur(torch.full((28, 28), 3.0), margin=6).forward(image)
    wanted = blur.blur_uniform(image, blur.gaussian_psf(3.0, truncate=2.0))
    torch.testing.assert_close(near, wanted[6:-6, 6:-6], atol=1e-6, rtol=0)


def test_each_image_may_be_cut_elsewhere(rng):
    image = torch.rand(48, 40, generator=rng)
    field = 1.5 * torch.rand(48, 40, generator=rng)
    cuts = torch.tensor([2.0, 4.0]).view(2, 1, 1)
    found = blur.VaryingBlur(field.expand(2, -1, -1), truncate=cuts).forward(
        image.expand(2, -1, -1)
    )
    for blurred, cut in zip(found, (2.0, 4.0), strict=True):
        wanted = blur.blur_varying(image, field, truncate=cut)
        torch.testing.assert_close(blurred, wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.7, 5.9])
def test_disks_are_nearly_disk_psf(sigma, rng):
    image = torch.rand(88, 88, generator=rng)
    found = blur.VaryingBlur(torch.full(image.shape, sigma), "disk").forward(image)
    wanted = blur.blur_uniform(image, blur.disk_psf(2 * sigma))
    # The rim's pixels get the share that a straight edge would give them.
    assert (found - wanted).abs().max() <= 0.04 * (sigma > 0)


@pytest.mark.parametrize("psf", ["gaussian", "disk", diamonds])
@pytest.mark.parametrize("margin", [None, 3, 12])
def test_std_is_the_second_moment_of_a_blurred_point(psf, margin):
    sigmas = torch.tensor([0.0, 0.4, 1.0, 2.3]).view(4, 1, 1)
    options = {"truncate": 4.0} if margin is None else {"truncate": 2.5, "margin": margin}
    operator = blur.VaryingBlur(sigmas.expand(4, 41, 43), psf, **options)
    point = torch.zeros(4, 41 + 2 * (margin or 0), 43 + 2 * (margin or 0))
    point[:, point.shape[1] // 2, point.shape[2] // 2] = 1.0
    found = operator.std()
    assert found.shape == (4, 41, 43)
    for spread, std in zip(operator.forward(point), found, strict=True):
        assert blur.effective_sigma(spread) == pytest.approx(std[0, 0].item(), abs=1e-4)
        assert (std == std[0, 0]).all()


def test_std_follows_the_field():
    field, cut = blur.ramp_field((9, 40)), torch.tensor([2.0, 4.0]).view(2, 1, 1)
    found = blur.VaryingBlur(field.expand(2, -1, -1), truncate=cut).std()
    torch.testing.assert_close(found[0], blur.nominal_to_std(field), atol=1e-3, rtol=0)
    assert (found[1] >= found[0]).all()


def test_a_family_lies_as_it_was_given_where_only_rows_differ():
    def lines(sigma):  # along the row, 5 pixels
        return 2, lambda row, column: torch.ones_like(sigma) if row == 0 else None

    point = torch.zeros(9, 9)
    point[4, 4] = 1.0
    for field in (blur.ramp_field((9, 9)), blur.ramp_field((9, 9)).T):
        spread = blur.VaryingBlur(field, lines).forward(point)
        torch.testing.assert_close(spread[4, 2:7], torch.full((5,), 0.2))
        assert spread[:4].sum() == spread[5:].sum() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"psf": "star"}, "one of gaussian, disk"),
        ({"truncate": torch.zeros(1, 1)}, "truncate must be a finite number from 0.5"),
        ({"padding_mode": "wrap"}, "padding_mode must be one of"),
        ({"margin": -1}, "margin must be an integer of at least 0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        blur.VaryingBlur(torch.ones(8, 9), **options)


def test_images_of_another_size_are_named():
    operator = blur.VaryingBlur(torch.ones(8, 9), margin=2)
    with pytest.raises(ValueError, match=r"less 2 pixels on each side, \(4, 5\), got \(8, 9\)"):
        operator.forward(torch.ones(8, 9))
    with pytest.raises(ValueError, match="height and width"):
        operator.adjoint(torch.ones(12, 13))
