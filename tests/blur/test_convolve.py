"""Blur against scipy, brute-force sums and the identities it must obey."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from blurlib import blur
from blurlib.blur import psf

SCIPY_MODE = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "replicate": "nearest",
    "circular": "wrap",
    "constant": "constant",
}
MODES = pytest.mark.parametrize("padding_mode", blur.PADDING_MODES)


def crooked_psf():
    """Return a PSF without any symmetry, wider than high: a flip or a swap shows."""
    psf = torch.rand(5, 9, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return psf / psf.sum()


def test_every_padding_mode_is_compared():
    assert set(SCIPY_MODE) == set(blur.PADDING_MODES)


@MODES
def test_uniform_blur_is_scipys_convolution(image, padding_mode):
    psf = crooked_psf()
    blurred = blur.blur_uniform(image.double(), psf, padding_mode=padding_mode)
    expected = ndimage.convolve(image.double().numpy(), psf.numpy(), mode=SCIPY_MODE[padding_mode])
    np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-12)


@MODES
@given(height=st.integers(1, 6), width=st.integers(1, 6), reach=st.integers(0, 15))
def test_padding_reaches_any_distance(padding_mode, height, width, reach):
    image = torch.arange(float(height * width)).reshape(height, width)
    padded = blur.pad(image, (reach, reach + 1, reach + 2, reach), padding_mode)
    numpy_mode = {"replicate": "edge", "circular": "wrap"}.get(padding_mode, padding_mode)
    expected = np.pad(image.numpy(), ((reach, reach + 1), (reach + 2, reach)), numpy_mode)
    assert np.array_equal(padded.numpy(), expected)


@MODES
def test_delta_gives_the_psf_and_batches_are_separate(padding_mode):
    psf = crooked_psf()
    deltas = torch.zeros(2, 3, 21, 23, dtype=torch.float64)
    deltas[0, 1, 10, 11] = 1
    blurred = blur.blur_uniform(deltas, psf, padding_mode=padding_mode)
    torch.testing.assert_close(blurred[0, 1, 8:13, 7:16], psf)
    assert blurred[0, 0].abs().max() == 0 and blurred[1].abs().max() == 0


def brute_force(image, sigma_map, truncate, padding_mode, mode):
    """Sum pixel by pixel in numpy, straight from the definition in the docstring."""
    height, width = image.shape
    blurred = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            sigma = sigma_map[row, column].item()
            reach = math.ceil(round(truncate * sigma, 5))
            offset = np.arange(-reach, reach + 1)
            profile = np.exp(-0.5 * (offset / max(sigma, 1e-9)) ** 2)
            psf = np.outer(profile, profile) / profile.sum() ** 2
            frame = np.pad(
                np.arange(height * width).reshape(height, width), reach,
                {"replicate": "edge", "circular": "wrap"}.get(padding_mode, padding_mode),
                **({"constant_values": -1} if padding_mode == "constant" else {}),
            )  # fmt: skip
            sources = frame[row : row + 2 * reach + 1, column : column + 2 * reach + 1]
            inside = sources >= 0
            if mode == "gather":
                blurred[row, column] = (psf * image.ravel()[sources])[inside].sum()
            else:
                np.add.at(blurred.ravel(), sources[inside], psf[inside] * image[row, column])
    return blurred


@MODES
@pytest.mark.parametrize("mode", ["gather", "scatter"])
@pytest.mark.parametrize("field", ["rows", "columns", "any"])
def test_varying_blur_is_the_brute_force_sum(image, padding_mode, mode, field):
    image = image[:23, :19].double()
    sigma_map = {
        "columns": blur.ramp_field((23, 19), 0.0, 2.6),
        "rows": blur.ramp_field((19, 23), 0.0, 2.6).T,
        "any": 2.5 * torch.rand(23, 19, generator=torch.Generator().manual_seed(2)),
    }[field]
    blurred = blur.blur_varying(
        image, sigma_map, mode=mode, truncate=2.0, padding_mode=padding_mode
    )
    # The map is float32: its digits, not its decimal name, decide.
    expected = brute_force(image.numpy(), sigma_map.double(), 2.0, padding_mode, mode)
    np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-10)


def test_tiles_do_not_show(rng):
    image = torch.rand(150, 530, generator=rng)  # more than one tile each way
    sigma_map = 2 * torch.rand(150, 530, generator=rng)
    whole = blur.blur_varying(image, sigma_map)
    part = blur.blur_varying(image[100:, 480:], sigma_map[100:, 480:])
    torch.testing.assert_close(whole[120:, 500:], part[20:, 20:], atol=1e-6, rtol=0)


@given(sigma=st.floats(0, 4), truncate=st.floats(1, 5))
def test_uniform_field_is_uniform_blur(sigma, truncate):
    image = torch.rand(17, 23, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    psf = blur.gaussian_psf(sigma, truncate=truncate, dtype=torch.float64)
    field = torch.full((17, 23), sigma, dtype=torch.float64)
    nearly = field.clone()
    nearly[0, 0] += 1e-9  # takes the general path
    expected = blur.blur_uniform(image, psf)
    for mode in ("gather", "scatter"):
        if mode == "gather":
            varying = blur.blur_varying(image, field, truncate=truncate)
        else:  # with a border that both modes treat alike
            expected = blur.blur_uniform(image, psf, padding_mode="circular")
            varying = blur.blur_varying(
                image, field, mode="scatter", truncate=truncate, padding_mode="circular"
            )
        torch.testing.assert_close(varying, expected, atol=1e-9, rtol=0)
    general = blur.blur_varying(image, nearly, truncate=truncate)
    torch.testing.assert_close(general[2:], blur.blur_uniform(image, psf)[2:], atol=1e-7, rtol=0)


@MODES
def test_scatter_is_the_adjoint_of_gather(image, padding_mode, rng):
    x, y = image.double(), torch.rand(image.shape, generator=rng, dtype=torch.float64)
    sigma_map = blur.sin2d_field(image.shape, frequency=0.3)
    gathered = blur.blur_varying(x, sigma_map, padding_mode=padding_mode)
    scattered = blur.blur_varying(y, sigma_map, mode="scatter", padding_mode=padding_mode)
    assert (gathered * y).sum().item() == pytest.approx((x * scattered).sum().item(), rel=1e-12)


# With a black border light leaves the picture, and black comes in.
@given(seed=st.integers(0, 2**31), padding_mode=st.sampled_from(blur.PADDING_MODES[:-1]))
def test_gather_keeps_flat_images_and_scatter_keeps_light(seed, padding_mode):
    rng = torch.Generator().manual_seed(seed)
    sigma_map = 3 * torch.rand(13, 9, generator=rng, dtype=torch.float64)
    image = torch.rand(13, 9, generator=rng, dtype=torch.float64)
    flat = torch.ones_like(image)
    gathered = blur.blur_varying(flat, sigma_map, padding_mode=padding_mode)
    torch.testing.assert_close(gathered, flat)
    scattered = blur.blur_varying(image, sigma_map, mode="scatter", padding_mode=padding_mode)
    assert scattered.sum().item() == pytest.approx(image.sum().item())


def test_dtype_batch_and_gradient_pass_through(image):
    batch = torch.stack([image, image.flip(0)])[:, None].double().requires_grad_()
    sigma_map = blur.ramp_field(image.shape)
    blurred = blur.blur_varying(batch, sigma_map)
    assert blurred.shape == batch.shape and blurred.dtype == torch.float64
    torch.testing.assert_close(blurred[0, 0].float(), blur.blur_varying(image, sigma_map))
    blurred.sum().backward()
    assert batch.grad.shape == batch.shape


@pytest.mark.parametrize("mode", ["gather", "scatter"])
def test_gradients_are_right(mode, rng):
    image = torch.rand(4, 5, generator=rng, dtype=torch.float64, requires_grad=True)
    sigma_map = 0.4 + torch.rand(4, 5, generator=rng, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: blur.blur_varying(x, sigma_map, mode=mode), image)
    with torch.inference_mode():
        blurred = blur.blur_varying(image.detach(), sigma_map, mode=mode)
    torch.testing.assert_close(blurred, blur.blur_varying(image, sigma_map, mode=mode).detach())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_single(image, dtype):
    field = torch.full(image.shape, 10.0)
    half = blur.blur_varying(image.to(dtype), field)
    assert half.dtype == dtype
    torch.testing.assert_close(half, blur.blur_varying(image.to(dtype).float(), field).to(dtype))


@pytest.mark.parametrize("sigma", [5.0, 50.0, 300.0])
def test_wide_profiles_keep_their_sigma(sigma):
    half = torch.stack(psf.gaussian_profiles(torch.tensor([sigma]), 4.0))[:, 0].double()
    distance = torch.arange(len(half), dtype=torch.float64)
    expected = torch.exp(-0.5 * (distance / sigma) ** 2)
    torch.testing.assert_close(half / half[0], expected, atol=2e-6, rtol=0)


@pytest.mark.cuda
@pytest.mark.parametrize("mode", ["gather", "scatter"])
def test_cuda_agrees_with_the_cpu(image, mode):
    sigma_map = blur.sin2d_field(image.shape)
    there = blur.blur_varying(image.cuda(), sigma_map.cuda(), mode=mode)
    torch.testing.assert_close(there.cpu(), blur.blur_varying(image, sigma_map, mode=mode))


FLAT = torch.full((8, 9), 0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blur.blur_uniform(FLAT.numpy(), torch.ones(1, 1)), "got ndarray"),
        (lambda: blur.blur_uniform(torch.ones(8, 9, dtype=torch.uint8), torch.ones(1, 1)), "uint8"),
        (lambda: blur.blur_uniform(torch.ones(8), torch.ones(1, 1)), "shape \\(..., H, W\\)"),
        (lambda: blur.blur_uniform(torch.ones(0, 9), torch.ones(1, 1)), "got \\(0, 9\\)"),
        (lambda: blur.blur_uniform(FLAT * math.nan, torch.ones(1, 1)), "NaN"),
        (
            lambda: blur.blur_uniform(FLAT, torch.ones(1, 1), padding_mode="mirror"),
            "one of reflect",
        ),
        (lambda: blur.blur_uniform(FLAT, torch.ones(2, 2) / 4), "odd sides"),
        (lambda: blur.blur_varying(FLAT, FLAT.T), "image's height and width, \\(8, 9\\)"),
        (lambda: blur.blur_varying(FLAT, -FLAT), "between 0 and"),
        (lambda: blur.blur_varying(FLAT, 1e6 * FLAT), "between 0 and"),
        (lambda: blur.blur_varying(FLAT, FLAT, mode="splat"), "one of gather, scatter"),
        (lambda: blur.blur_varying(FLAT, FLAT * math.inf), "sigma_map holds NaN or infinite"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
