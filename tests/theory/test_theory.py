"""Bounds on sigma: closed forms, numerical Fisher information, and estimators that reach them."""

import math

import numpy as np
import pytest
import torch
from scipy import differentiate, linalg

from blurlib import blur, theory

SIZE = 32


def of(values):
    """Return numpy's double-precision view of a tensor."""
    return values.double().numpy()


# The optical transfer function


@pytest.mark.parametrize("sigma", [0.3, 0.5, 0.8, 1.0, 1.7, 3.0])
def test_the_cut_otf_is_that_of_the_psf(sigma):
    found, _ = theory.transfer(sigma, (SIZE, 27), truncate=2.0)
    psf = blur.gaussian_psf(sigma, truncate=2.0, dtype=torch.float64)
    torch.testing.assert_close(found, blur.otf(psf, (SIZE, 27)).real)


@pytest.mark.parametrize("truncate", [None, 2.0])
@pytest.mark.parametrize("sigma", [0.4, 0.8, 1.7, 2.8])
def test_the_derivative_is_that_of_the_otf(sigma, truncate):
    step = 1e-5
    both = (sigma + step, sigma - step)
    high, low = (theory.transfer(one, (9, 8), truncate=truncate)[0] for one in both)
    derivative = theory.transfer(sigma, (9, 8), truncate=truncate)[1]
    torch.testing.assert_close(derivative, (high - low) / (2 * step), rtol=1e-6, atol=1e-8)


def test_the_true_gaussian_is_what_long_kernels_come_to():
    true, change = theory.transfer(1.3, (SIZE, SIZE))
    long, long_change = theory.transfer(1.3, (SIZE, SIZE), truncate=8.0)
    torch.testing.assert_close(true, long, rtol=0, atol=1e-3)  # what lies beyond 1/2 folds back
    torch.testing.assert_close(change, long_change, rtol=0, atol=2e-2)


def test_the_authors_kernel_jumps_and_the_derivative_is_from_below():
    near = (1 - 1e-5, 1.0, 1 + 1e-5)
    below, at, above = (theory.transfer(sigma, (8, 8), truncate=2.0)[0] for sigma in near)
    assert (at - below).abs().max() < 1e-4 < 1e-2 < (above - at).abs().max()


# Textures


def test_drawn_fields_have_the_power_that_was_asked_for(rng):
    power = theory.power_law((16, 20), -2.0, 0.1)
    fields = theory.gaussian_fields(power, 4000, rng=rng)
    found = torch.fft.fft2(fields).abs().square().mean(0) / (16 * 20)
    assert found[0, 0] < 1e-20
    ratio = (found / power).flatten()[1:]
    assert (ratio - 1).abs().max() < 0.12 and abs(ratio.mean() - 1) < 0.01
    again = theory.gaussian_fields(power, 4000, rng=torch.Generator().manual_seed(0))
    assert torch.equal(fields, again)


def test_one_contrast_names_one_texture_on_every_grid():
    small, large = (theory.power_law((side, side), -1.7, 0.2) for side in (32, 64))
    assert small.mean().sqrt().item() == pytest.approx(0.2)
    torch.testing.assert_close(small[1, 3], large[2, 6])
    assert small[0, 2] / small[0, 1] == pytest.approx(2**-1.7)


def test_periodic_blur_is_that_of_the_package(rng):
    sharp = torch.rand(24, 31, generator=rng, dtype=torch.float64)
    psf = blur.gaussian_psf(1.4, truncate=2.0, dtype=torch.float64)
    expected = blur.blur_uniform(sharp, psf, padding_mode="circular")
    torch.testing.assert_close(theory.blur_periodic(sharp, 1.4, truncate=2.0), expected)


# The bounds


@pytest.mark.parametrize("truncate", [None, 2.0])
def test_a_wave_that_is_known(truncate):
    column = torch.arange(SIZE, dtype=torch.float64)
    wave = 0.5 + 0.2 * torch.cos(2 * math.pi * 4 * column / SIZE).repeat(SIZE, 1)
    change = theory.transfer(1.2, (SIZE, SIZE), truncate=truncate)[1][0, 4].item()
    information = SIZE**2 * 0.2**2 / 2 * change**2 / theory.noise_power(1.0)
    bound = theory.crlb_texture_known(wave, 1.2, noise=1.0, truncate=truncate)
    assert bound == pytest.approx(information**-0.5)


def test_a_known_texture_by_its_pixels(rng):
    texture, step = torch.rand(17, 23, generator=rng), 1e-5
    images = [theory.blur_periodic(texture, 0.9 + k * step) for k in (-1, 1)]
    change = (images[1] - images[0]) / (2 * step)
    information = change.square().sum().item() * 255**2 / (1 / 12 + 4)
    assert theory.crlb_texture_known(texture, 0.9, noise=2.0) == pytest.approx(information**-0.5)


def test_strong_textures_of_known_spectrum_in_closed_form():
    """Where noise is nothing, d ln P / d sigma = -8 pi^2 sigma f^2, whatever the texture."""
    u = np.fft.fftfreq(SIZE)
    radius = u[:, None] ** 2 + u**2
    expected = (np.sum((8 * math.pi**2 * 0.4 * radius) ** 2) / 2) ** -0.5
    for slope in (0.0, -2.0):
        power = theory.power_law((SIZE, SIZE), slope, 10.0)
        assert theory.crlb_spectrum_known(power, 0.4) == pytest.approx(expected, rel=1e-3)


def kullback_hessian(model, theta):
    """Return the Hessian of the divergence of independent gaussians from themselves: Fisher's."""
    truth = model(np.array(theta))

    def divergence(x):  # scipy passes (p, ...) and wants (...)
        points = x.reshape(len(theta), -1)
        ratios = [truth / model(point) for point in points.T]
        values = [np.sum(ratio - 1 - np.log(ratio)) / 2 for ratio in ratios]
        return np.reshape(values, x.shape[1:])

    return differentiate.hessian(divergence, np.array(theta), initial_step=0.05).ddf


@pytest.mark.parametrize(("slope", "sigma"), [(-1.0, 0.6), (-2.0, 1.5), (-3.0, 2.5)])
def test_the_fisher_matrix_is_the_curvature_of_the_divergence(slope, sigma):
    u = np.fft.fftfreq(16)
    radius = np.hypot(u[:, None], u).ravel()[1:]
    noise = theory.noise_power(0.5)
    amplitude = (theory.power_law((16, 16), slope, 0.1)[0, 1] * 16.0**slope).item()

    def model(theta):
        s, log_a, beta = theta
        return np.exp(log_a - beta * np.log(radius) - 4 * (math.pi * s * radius) ** 2) + noise

    expected = kullback_hessian(model, (sigma, math.log(amplitude), -slope))
    found = theory.fisher_power_law(slope, 0.1, sigma, size=16, noise=0.5)
    np.testing.assert_allclose(of(found), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    bound = theory.crlb_power_law(slope, 0.1, sigma, size=16, noise=0.5)
    assert bound == pytest.approx(np.linalg.inv(expected)[0, 0] ** 0.5, rel=1e-4)


def test_a_patch_that_is_cut_out_by_the_divergence_of_its_pixels():
    """Without its mean, whose basis is another way to leave it out."""
    size, slope, sigma = 5, -2.0, 0.9
    at = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).reshape(-1, 2)
    lag = at[:, None] - at[None]
    basis = linalg.null_space(np.ones((1, size**2)))
    u = np.fft.fftfreq(4 * size)
    radius = np.hypot(u[:, None], u)
    waves = [np.cos(2 * math.pi * (lag @ np.array([a, c]))) for a in u for c in u]
    waves = np.stack(waves)[1:] / (4 * size) ** 2
    amplitude = (theory.power_law((20, 20), slope, 0.1)[0, 1] * 20.0**slope).item()

    def covariance(theta):
        s, log_a, beta = theta
        r = radius.ravel()[1:]
        power = np.exp(log_a - beta * np.log(r) - 4 * (math.pi * s * r) ** 2)
        pixels = np.tensordot(power, waves, 1) + theory.noise_power(0) * np.eye(size**2)
        return basis.T @ pixels @ basis

    theta = np.array([sigma, math.log(amplitude), -slope])
    steps = 1e-5 * np.eye(3)
    changes = [(covariance(theta + step) - covariance(theta - step)) / 2e-5 for step in steps]
    inverse = np.linalg.inv(covariance(theta))
    expected = [[np.trace(inverse @ a @ inverse @ b) / 2 for b in changes] for a in changes]
    found = theory.fisher_power_law(slope, 0.1, sigma, size=size, periodic=False)
    np.testing.assert_allclose(of(found), expected, rtol=1e-3)


SETTINGS = [(-1.0, 0.05, 0.5), (-2.0, 0.1, 1.5), (-3.0, 0.15, 3.0)]


@pytest.mark.parametrize(("slope", "contrast", "sigma"), SETTINGS)
@pytest.mark.parametrize("truncate", [None, 2.0])
def test_who_knows_more_can_do_better(slope, contrast, sigma, truncate, rng):
    power = theory.power_law((SIZE, SIZE), slope, contrast)
    texture = theory.gaussian_fields(power, 1, rng=rng)[0]
    bounds = []
    for noise in (0.0, 0.5, 1.0, 2.55):
        options = {"noise": noise, "truncate": truncate}
        bounds.append(
            (
                theory.crlb_texture_known(texture, sigma, **options),
                theory.crlb_spectrum_known(power, sigma, **options),
                theory.crlb_power_law(slope, contrast, sigma, **options),
            )
        )
        assert 0 < bounds[-1][0] < bounds[-1][1] < bounds[-1][2]
    for line in zip(*bounds, strict=True):
        assert list(line) == sorted(line) and line[0] < line[-1]


def test_four_times_the_pixels_halve_the_bound():
    small, large = (theory.crlb_power_law(-2.0, 0.1, 1.0, size=n) for n in (64, 128))
    assert small / large == pytest.approx(2, rel=0.03)


def test_where_nothing_can_be_known():
    power = theory.power_law((SIZE, SIZE), -2.0, 0.1)
    flat = torch.full((SIZE, SIZE), 0.5)
    assert theory.crlb_texture_known(flat, 1.0) > 1e6
    assert theory.crlb_spectrum_known(torch.zeros(SIZE, SIZE), 1.0) == math.inf
    for truncate in (None, 2.0):  # blur does not see the sign of sigma, so nothing changes at 0
        assert theory.crlb_spectrum_known(power, 0.0, truncate=truncate) == math.inf
        assert theory.crlb_power_law(-2.0, 0.1, 0.0, truncate=truncate) == math.inf
    assert theory.crlb_spectrum_known(power, 0.15, truncate=2.0) > 3  # the dead zone
    # Two frequencies cannot tell three unknowns.
    assert theory.crlb_power_law(-2.0, 0.1, 0.6, size=2) == math.inf
    assert theory.crlb_power_law(-2.0, 0.1, 0.6, size=4) < math.inf


# Estimators that reach them


def seen(fields, sigma, rng, truncate=None):
    """Blur and add the noise that the bounds are about."""
    blurred = theory.blur_periodic(fields, sigma, truncate=truncate)
    noise = torch.randn(blurred.shape, generator=rng, dtype=blurred.dtype)
    return blurred + theory.noise_power() ** 0.5 * noise


def check_efficient(found, sigma, bound):
    error = found - sigma
    assert error.square().mean().sqrt().item() == pytest.approx(bound, rel=0.1)
    assert abs(error.mean().item()) < 0.2 * bound


@pytest.mark.parametrize("sigma", [0.8, 1.7])
@pytest.mark.parametrize("truncate", [None, 2.0])
def test_the_likeliest_sigma_reaches_the_bound(sigma, truncate, rng):
    power = theory.power_law((SIZE, SIZE), -2.0, 0.1)
    fields = theory.gaussian_fields(power, 500, rng=rng)
    options = {"truncate": truncate}
    copies = seen(fields[:1].expand(500, -1, -1), sigma, rng, truncate)
    found = theory.fit_texture_known(copies, fields[0], **options, sigma_max=4.0)
    check_efficient(found, sigma, theory.crlb_texture_known(fields[0], sigma, **options))


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.5])
def test_with_unknown_amplitude_and_slope_and_eight_bits(sigma, rng):
    fields = theory.gaussian_fields(theory.power_law((SIZE, SIZE), -2.0, 0.1), 800, rng=rng)
    images = blur.quantize(0.5 + theory.blur_periodic(fields, sigma))
    found, slope, contrast = theory.fit_power_law(images)
    check_efficient(found, sigma, theory.crlb_power_law(-2.0, 0.1, sigma))
    information = torch.linalg.inv(theory.fisher_power_law(-2.0, 0.1, sigma))
    deviation = information[2, 2].sqrt().item()
    assert slope.std().item() == pytest.approx(deviation, rel=0.15)
    assert abs(slope.mean().item() + 2) < 0.3 * deviation
    assert contrast.median().item() == pytest.approx(0.1, rel=0.1)


def test_at_a_jump_the_bound_of_the_smooth_piece_does_not_hold(rng):
    """A kernel just wider than 1 px is another one: nobody takes it for that of 1 px."""
    power = theory.power_law((SIZE, SIZE), -2.0, 0.1)
    fields = theory.gaussian_fields(power, 500, rng=rng)
    copies = seen(fields[:1].expand(500, -1, -1), 1.0, rng, 2.0)
    found = theory.fit_texture_known(copies, fields[0], truncate=2.0, sigma_max=4.0)
    assert found.max() == 1.0
    bound = theory.crlb_texture_known(fields[0], 1.0, truncate=2.0)
    assert (found - 1).square().mean().sqrt().item() < 0.85 * bound


def test_a_cut_patch_needs_its_window(rng):
    """Its two sides do not meet, and that jump passes for detail."""
    large = theory.gaussian_fields(theory.power_law((128, 128), -2.0, 0.1), 100, rng=rng)
    images = seen(large, 1.5, rng)[:, 40:72, 40:72]
    error = {
        window: theory.fit_power_law(images, window=window)[0] - 1.5 for window in ("none", "hann")
    }
    size = {name: one.square().mean().sqrt().item() for name, one in error.items()}
    exact = theory.crlb_power_law(-2.0, 0.1, 1.5, periodic=False)
    assert exact < size["hann"] < 0.5 * size["none"]
    assert exact < theory.crlb_power_law(-2.0, 0.1, 1.5)  # it sees what blur brought in as well


# What comes in


TEXTURE = torch.rand(8, 8, generator=torch.Generator().manual_seed(0))
BAD = [
    (lambda: theory.noise_power(-1.0), ValueError, "noise must be"),
    (lambda: theory.transfer(-0.1, (8, 8)), ValueError, "sigma must be"),
    (lambda: theory.transfer(1.0, (8, 1)), ValueError, "each side must be"),
    (lambda: theory.transfer(1.0, (8, 8), truncate=0), ValueError, "truncate must be"),
    (lambda: theory.power_law((8, 8), math.nan, 0.1), ValueError, "slope must be"),
    (lambda: theory.power_law((8, 8), -2.0, "much"), TypeError, "contrast must be"),
    (lambda: theory.gaussian_fields(-TEXTURE, 1, rng=torch.Generator()), ValueError, "power must"),
    (lambda: theory.gaussian_fields(TEXTURE, 1, rng=0), TypeError, "rng must be"),
    (lambda: theory.gaussian_fields(TEXTURE, 0, rng=torch.Generator()), ValueError, "number must"),
    (lambda: theory.blur_periodic(TEXTURE.numpy(), 1.0), TypeError, "fields must be"),
    (lambda: theory.crlb_texture_known(TEXTURE[0], 1.0), ValueError, "texture must have"),
    (lambda: theory.crlb_spectrum_known(TEXTURE, math.inf), ValueError, "sigma must be"),
    (lambda: theory.crlb_power_law(-2.0, 0.1, 1.0, size=1), ValueError, "size must be"),
    (lambda: theory.fisher_power_law(-2, 0.1, 1, size=65, periodic=False), ValueError, "at most"),
    (lambda: theory.fit_texture_known(TEXTURE[None], TEXTURE[:4]), ValueError, "one height"),
    (lambda: theory.fit_power_law(TEXTURE), ValueError, "(B, H, W)"),
    (lambda: theory.fit_power_law(TEXTURE[None, :4]), ValueError, "square"),
    (lambda: theory.fit_power_law(TEXTURE[None], window="flat"), ValueError, "window must"),
    (lambda: theory.fit_power_law(TEXTURE[None], sigma_max=0), ValueError, "sigma_max must"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "text"), BAD)
def test_bad_input_gives_one_clear_error(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)
