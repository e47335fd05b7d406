"""Point spread functions against closed forms, independent codes and their own promises."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from blurlib import blur

MAKERS = {
    "gaussian": lambda size: blur.gaussian_psf(size),
    "thesis": lambda size: blur.thesis_psf(size),
    "disk": lambda size: blur.disk_psf(size),
    "motion": lambda size: blur.motion_psf(size, 30),
    "shake": lambda size: blur.shake_psf(size, rng=torch.Generator().manual_seed(1)),
}


@given(name=st.sampled_from(sorted(MAKERS)), size=st.floats(0, 12))
def test_psf_is_light_shared_out_around_its_centre(name, size):
    psf = MAKERS[name](size)
    assert psf.dtype == torch.float32
    assert psf.shape[0] == psf.shape[1] and psf.shape[0] % 2 == 1
    assert psf.min() >= 0
    assert math.isclose(psf.double().sum(), 1, abs_tol=1e-6)
    if name != "shake":
        torch.testing.assert_close(psf, psf.flip(0, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_extent_gives_the_delta(name):
    assert MAKERS[name](0.0).tolist() == [[1.0]]


@pytest.mark.parametrize("sigma", [0.1 * k for k in range(1, 31)])
def test_thesis_psf_is_matlabs(sigma):
    # fspecial('gaussian', hsize, sigma), from its documentation: sampled, tiny values dropped.
    reach = math.ceil(round(2 * sigma, 9))
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    expected = np.exp(-(row**2 + column**2) / (2 * sigma**2))
    expected[expected < np.finfo(float).eps * expected.max()] = 0
    expected /= expected.sum()
    psf = blur.thesis_psf(sigma, dtype=torch.float64)
    np.testing.assert_allclose(psf.numpy(), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("nominal", "effective"), [(0.3, 0.09), (0.5, 0.46), (1, 0.96), (2, 1.85), (3, 2.73)]
)
def test_effective_sigma_of_the_thesis_kernels(nominal, effective):
    assert round(blur.effective_sigma(blur.thesis_psf(nominal)), 2) == effective


@given(sigma=st.floats(0.8, 6))
def test_wide_gaussian_has_the_sigma_it_is_named(sigma):
    assert math.isclose(
        blur.effective_sigma(blur.gaussian_psf(sigma, truncate=6)), sigma, rel_tol=1e-3
    )


@given(first=st.floats(1, 3), second=st.floats(1, 3))
def test_gaussians_add_their_variances(first, second):
    both = blur.gaussian_psf(math.hypot(first, second), truncate=6, dtype=torch.float64)
    one = blur.gaussian_psf(first, truncate=6, dtype=torch.float64)
    other = blur.gaussian_psf(second, truncate=6, dtype=torch.float64)
    shape = (97, 97)
    product = blur.otf(one, shape) * blur.otf(other, shape)
    torch.testing.assert_close(blur.otf(both, shape), product, atol=2e-4, rtol=0)


@pytest.mark.parametrize("radius", [0.3, 0.51, 1.0, 1.5, 2.2, 3.7, 6.0])
def test_disk_holds_the_area_of_each_pixel(radius):
    def height(x, low, high):  # of the disk's slice at x, between two lines
        top = math.sqrt(max(radius**2 - x**2, 0))
        return max(0.0, min(high, top) - max(low, -top))

    psf = blur.disk_psf(radius, dtype=torch.float64)
    reach = psf.shape[0] // 2
    for row, column in [(0, 0), (reach, 0), (reach, reach), (reach // 2, reach)]:
        left, low = max(column - 0.5, -radius), row - 0.5
        right = min(column + 0.5, radius)
        kinks = [
            sign * math.sqrt(radius**2 - edge**2)
            for edge in (low, low + 1)
            if abs(edge) < radius
            for sign in (-1, 1)
        ]
        kinks = [kink for kink in kinks if left < kink < right]
        area = (
            integrate.quad(height, left, right, (low, low + 1), points=kinks or None)[0]
            if left < right
            else 0.0
        )
        assert psf[reach + row, reach + column] == pytest.approx(
            area / (math.pi * radius**2), abs=1e-7
        )


@given(radius=st.floats(2, 20))
def test_disk_has_half_its_radius_as_sigma(radius):
    # Pixels add the variance of their own width, 1/12.
    expected = math.sqrt(blur.disk_radius_to_sigma(radius) ** 2 + 1 / 12)
    assert math.isclose(blur.effective_sigma(blur.disk_psf(radius)), expected, rel_tol=0.02)


def test_horizontal_motion_has_its_closed_form():
    # A line of length 9 under the bilinear tent: nine pixels, the last shared with the next.
    psf = blur.motion_psf(9, 0, dtype=torch.float64)
    expected = torch.tensor([0.125, 0.875, *[1] * 7, 0.875, 0.125], dtype=torch.float64) / 9
    torch.testing.assert_close(psf[5], expected, atol=1e-4, rtol=0)
    assert psf.sum(1)[5] == pytest.approx(1)


def test_motion_turns_counter_clockwise():
    psf = blur.motion_psf(10, 45)
    assert psf.shape == (11, 11)
    assert psf[2, 8] > 0.03 and psf[8, 2] > 0.03  # up to the right: rows grow downward
    assert psf[2, 2] == 0 and psf[8, 8] == 0
    torch.testing.assert_close(blur.motion_psf(7, 90), blur.motion_psf(7, 0).T, atol=1e-6, rtol=0)
    torch.testing.assert_close(blur.motion_psf(7, 30), blur.motion_psf(7, 210), atol=1e-6, rtol=0)


@given(length=st.floats(6, 30), angle=st.floats(0, 180))
def test_motion_has_the_variance_of_a_line(length, angle):
    variance = 2 * blur.effective_sigma(blur.motion_psf(length, angle)) ** 2
    assert length**2 / 12 <= variance + 1e-3
    assert variance <= length**2 / 12 + 0.51  # the bilinear deposit: at most 1/4 an axis


def test_shake_repeats_with_its_seed_and_only_with_it():
    def draw(seed):
        return blur.shake_psf(6.0, rng=torch.Generator().manual_seed(seed))

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))


def test_shake_trajectory_is_a_walk_with_damped_velocity(rng):
    path = blur.shake_trajectory(5.0, rng=rng, num_points=1000)
    assert path.shape == (1000, 2)
    assert path.norm(dim=1).max().item() == pytest.approx(5)
    torch.testing.assert_close(path.mean(0), torch.zeros(2, dtype=torch.float64))
    assert path.diff(dim=0).norm(dim=1).max() < 0.5  # no jumps
    # The recursion that the FFT stands for, step by step.
    draws = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    velocity, place, places = torch.zeros(2), torch.zeros(2), []
    for draw in draws:
        velocity = (1 - 8 / 1000) * velocity + draw
        place = place + velocity
        places.append(place)
    places = torch.stack(places)
    places = places - places.mean(0)
    torch.testing.assert_close(path, places * (5 / places.norm(dim=1).max()), atol=1e-9, rtol=0)


def test_otf_is_one_at_zero_and_gaussian_for_a_gaussian():
    otf = blur.otf(blur.gaussian_psf(2.0, truncate=6, dtype=torch.float64), (41, 37))
    rows = torch.fft.fftfreq(41, dtype=torch.float64)[:, None]
    columns = torch.fft.fftfreq(37, dtype=torch.float64)
    expected = torch.exp(-2 * (math.pi * 2.0) ** 2 * (rows**2 + columns**2))
    torch.testing.assert_close(otf.real, expected, atol=1e-7, rtol=0)
    torch.testing.assert_close(otf.imag, torch.zeros_like(otf.imag), atol=1e-12, rtol=0)


def test_otf_multiplies_where_circular_blur_convolves(image, rng):
    psf = blur.shake_psf(5.0, rng=rng)
    product = torch.fft.fft2(image) * blur.otf(psf, image.shape)
    convolved = blur.blur_uniform(image, psf, padding_mode="circular")
    torch.testing.assert_close(torch.fft.ifft2(product).real, convolved, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blur.gaussian_psf(-1.0), "sigma must be a finite number from 0"),
        (lambda: blur.gaussian_psf(float("nan")), "got nan"),
        (lambda: blur.gaussian_psf(1e9), "sigma must be"),
        (lambda: blur.gaussian_psf("2"), "got str"),
        (lambda: blur.gaussian_psf(1.0, truncate=0), "truncate must be"),
        (lambda: blur.disk_psf(-0.1), "radius must be"),
        (lambda: blur.motion_psf(float("inf"), 0), "length must be"),
        (lambda: blur.motion_psf(5, None), "angle must be"),
        (lambda: blur.shake_psf(5.0, rng=0), "pass torch.Generator"),
        (lambda: blur.trajectory_psf(torch.zeros(3)), "points must have shape"),
        (lambda: blur.trajectory_psf(torch.zeros(0, 2)), "points must have shape"),
        (lambda: blur.trajectory_psf(torch.full((2, 2), 9.0), reach=3), "reach must hold them"),
        (lambda: blur.effective_sigma(torch.ones(3, 3)), "sum of 9"),
        (lambda: blur.effective_sigma(torch.ones(2, 2) / 4), "odd sides"),
        (lambda: blur.otf(torch.ones(5, 5) / 25, (4, 8)), "must hold the psf"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
