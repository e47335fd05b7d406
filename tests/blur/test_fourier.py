"""Blur by Fourier transforms: equal to the sum over pixels, adjoint, and near the exact one."""

import pytest
import torch

from blurlib import blur, data

PSFS = {
    "gaussian": blur.gaussian_psf(1.3, dtype=torch.float64),
    "disk": blur.disk_psf(2.7, dtype=torch.float64),
    "motion": blur.motion_psf(7.0, 30.0).double(),
    "lopsided": torch.tensor([[0.5, 0.3, 0.0, 0.0, 0.2]], dtype=torch.float64),
}


@pytest.mark.parametrize("psf", PSFS.values(), ids=PSFS)
@pytest.mark.parametrize("padding_mode", blur.PADDING_MODES)
@pytest.mark.parametrize("shape", [(8, 9), (37, 31), (4, 3)])
def test_one_psf_is_that_of_blur_uniform(psf, padding_mode, shape, rng):
    x, y = torch.rand(2, 2, *shape, generator=rng, dtype=torch.float64)
    operator = blur.FourierBlur(psf, shape, padding_mode=padding_mode)
    wanted = blur.blur_uniform(x, psf, padding_mode=padding_mode)
    torch.testing.assert_close(operator.forward(x), wanted, atol=1e-12, rtol=0)
    forth, back = (operator.forward(x) * y).sum(), (x * operator.adjoint(y)).sum()
    assert forth.item() == pytest.approx(back.item(), rel=1e-12)


@pytest.mark.parametrize("psf", PSFS.values(), ids=PSFS)
@pytest.mark.parametrize("margin", [6, 9])
def test_images_may_bring_a_margin(psf, margin, rng):
    operator = blur.FourierBlur(psf, (20, 33), margin=margin)
    x = torch.rand(20 + 2 * margin, 33 + 2 * margin, generator=rng, dtype=torch.float64)
    y = torch.rand(20, 33, generator=rng, dtype=torch.float64)
    wanted = blur.blur_uniform(x, psf)[margin:-margin, margin:-margin]
    torch.testing.assert_close(operator.forward(x), wanted, atol=1e-12, rtol=0)
    scattered = operator.adjoint(y)
    assert scattered.shape == x.shape
    assert (wanted * y).sum().item() == pytest.approx((x * scattered).sum().item(), rel=1e-12)


@pytest.mark.parametrize("options", [{"padding_mode": mode} for mode in blur.PADDING_MODES])
@pytest.mark.parametrize("psf", ["gaussian", "disk"])
def test_few_convolutions_gather_and_scatter(psf, options, rng):
    shape = (37, 30)
    x, y = torch.rand(2, *shape, generator=rng, dtype=torch.float64)
    field = 2.0 * torch.rand(shape, generator=rng, dtype=torch.float64)
    exact = blur.VaryingBlur(field, psf, **options)
    operator = blur.FourierBlur.of_map(field, psf, **options)
    forth, back = (operator.forward(x) * y).sum(), (x * operator.adjoint(y)).sum()
    assert forth.item() == pytest.approx(back.item(), rel=1e-12)
    for act in ("forward", "adjoint"):
        error = getattr(operator, act)(x) - getattr(exact, act)(x)
        assert rms(error) < (1e-3 if psf == "gaussian" else 5e-3)  # of white noise


def rms(error):
    return error.square().mean().sqrt().item()


@pytest.mark.parametrize("name", ["camera", "grass"])
def test_the_error_on_pictures_is_what_the_docstring_says(name):
    image = data.packaged_image(name)[:200, :256]
    field = blur.ramp_field(image.shape)
    field = 3 * field / field.max()
    for psf, most in (("gaussian", 8e-5), ("disk", 1e-3)):
        exact = blur.VaryingBlur(field, psf).forward(image)
        fast = blur.FourierBlur.of_map(field, psf).forward(image)
        assert most / 4 < rms(fast - exact) < most
        fewer = blur.FourierBlur.of_map(field, psf, num_terms=4).forward(image)
        assert rms(fewer - exact) > 5 * most


@pytest.mark.parametrize("sigma", [0.0, 2.0])
def test_a_constant_map_is_one_psf(sigma):
    operator = blur.FourierBlur.of_map(torch.full((20, 21), sigma))
    assert len(operator.psfs) == 1
    point = torch.zeros(20, 21)
    point[10, 10] = 1
    wanted = blur.VaryingBlur(torch.full((20, 21), sigma)).forward(point)
    torch.testing.assert_close(operator.forward(point), wanted, atol=1e-6, rtol=0)


def test_constants_stay_and_both_precisions_work(rng):
    field = 4 * torch.rand(30, 41, generator=rng)
    operator = blur.FourierBlur.of_map(field, num_terms=3)
    for dtype in (torch.float32, torch.float64):
        found = operator.forward(torch.ones(2, 30, 41, dtype=dtype))
        assert found.dtype == dtype
        torch.testing.assert_close(found, torch.ones_like(found), atol=1e-5, rtol=0)


def test_bad_arguments_are_named():
    psf = blur.gaussian_psf(1.0)
    with pytest.raises(ValueError, match="sum to 1"):
        blur.FourierBlur(2 * psf, (8, 9))
    with pytest.raises(ValueError, match="padding_mode must be one of"):
        blur.FourierBlur(psf, (8, 9), padding_mode="wrap")
    with pytest.raises(ValueError, match="margin must be an integer of at least 4"):
        blur.FourierBlur(psf, (8, 9), margin=3)
    with pytest.raises(ValueError, match=r"weights must have shape \(1, 8, 9\), got \(8, 9\)"):
        blur.FourierBlur(psf, (8, 9), weights=torch.ones(8, 9))
    with pytest.raises(ValueError, match=r"height and width \(8, 9\), got \(9, 8\)"):
        blur.FourierBlur(psf, (8, 9)).forward(torch.ones(9, 8))
    with pytest.raises(ValueError, match="num_terms must be an integer of at least 1"):
        blur.FourierBlur.of_map(torch.ones(8, 9), num_terms=0)
