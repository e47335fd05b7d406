"""The thesis' test: blur a sharp image with a known field, estimate the map, compare."""

import time

import torch

from .._checks import check_choice, check_image, check_integer, check_same
from ..blur import FIELDS, THESIS_TRUNCATE, add_noise, blur_varying, jpeg, pad, quantize
from ..data import crop_to_multiple
from .sigma_map import crop_to_windows
from .smoothing import smooth

#: Rim of a test image, in pixels, that no score counts: half of the thesis' window.
RIM = 16


def make_test_image(sharp, field, *, noise=0.0, jpeg_quality=None, rng=None):
    """Blur a sharp image as the thesis' tests do.

    Parameters
    ----------
    sharp : Tensor of shape (H, W)
        In [0, 1]; cropped to a multiple of 32 pixels a side.
    field : {"ramp", "sin", "sin2d"}
        The sigma field: see `blurlib.blur.FIELDS`.
    noise : float, optional
        Standard deviation of white noise after the blur, in grey levels of 255.
    jpeg_quality : int, optional
        JPEG compression after blur and noise, 1 to 100.
    rng : torch.Generator, optional
        Source of the noise; needed if there is any.

    Returns
    -------
    blurred : Tensor of shape (H', W')
        8-bit levels in [0, 1]; blurred with the author's kernels, reflected at the border.
    sigma_map : Tensor of shape (H', W')
        The true field.

    Raises
    ------
    TypeError, ValueError
        If the image is smaller than a patch, or an argument is out of range.
    """
    check_choice(field, "field", FIELDS)
    check_image(sharp, "sharp", ndim=2)
    sharp = crop_to_multiple(sharp)
    sigma_map = FIELDS[field](sharp.shape)
    blurred = quantize(blur_varying(sharp, sigma_map, truncate=THESIS_TRUNCATE))
    if noise:
        blurred = quantize(add_noise(blurred, noise / 255, rng=rng))
    if jpeg_quality is not None:
        blurred = jpeg(blurred, jpeg_quality)
    return blurred, sigma_map


def evaluate_image(estimator, sharp, field, *, stride=1, smoothing=None, num_iter=1, **degradation):
    """Score an estimator on one image.

    Parameters
    ----------
    estimator : Estimator
        From `blurlib.maps.load_estimator`, for instance.
    sharp : Tensor of shape (H, W)
        In [0, 1].
    field : {"ramp", "sin", "sin2d"}
        The sigma field.
    stride : int, optional
        The map is read at every so manieth pixel, whatever grid the estimator has of its own.
    smoothing : str, optional
        One of `blurlib.maps.NEIGHBOURHOODS`; none by default.
    num_iter : int, optional
        Steps of smoothing.
    **degradation
        ``noise``, ``jpeg_quality`` and ``rng`` of `make_test_image`.

    Returns
    -------
    score : dict
        ``rmse``, ``mse`` and ``bias`` of nominal sigma, in pixels, over all places but a rim of 16
        pixels, whatever the estimator's window, so that all are scored at the same ones;
        ``seconds`` of the estimate, ``height`` and ``width`` of the cropped image.

    Raises
    ------
    TypeError, ValueError
        As `make_test_image` and the estimator.
    """
    blurred, sigma_map = make_test_image(sharp, field, **degradation)
    truth = crop_to_windows(sigma_map, patch_size=2 * RIM, stride=stride)
    seen = _framed(blurred, estimator.patch_size)
    start = time.perf_counter()
    found = estimator.predict(seen, stride=stride, border="valid")
    estimate = found.to("nominal").sigma
    if smoothing is not None:
        estimate = smooth(estimate, num_iter, smoothing)
    seconds = time.perf_counter() - start
    squared = mse(estimate, truth)
    return {
        "rmse": squared**0.5, "mse": squared, "bias": bias(estimate, truth), "seconds": seconds,
        "height": blurred.shape[0], "width": blurred.shape[1]}  # fmt: skip


def _framed(image, patch_size):
    """Cut or mirror an image so that the first and the last window stand at the rim's inner edge.

    Windows of 32 pixels see all of it; smaller ones need less, larger ones look beyond it.
    """
    before = patch_size // 2 - RIM
    after = patch_size - patch_size // 2 - RIM
    cut = [slice(max(0, -before), side - max(0, -after)) for side in image.shape]
    return pad(image[tuple(cut)], 2 * (max(0, before), max(0, after)))


@torch.no_grad()
def evaluate_patches(network, side, *, readout="mean", batch_size=512):
    """Score a network on one side of a dataset.

    Parameters
    ----------
    network : PatchNetwork
        A trained network.
    side : Patches
        For instance ``blurlib.data.load_dataset(folder).test``.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma.
    batch_size : int, optional
        Patches at a time: bounds the memory.

    Returns
    -------
    score : dict
        ``rmse`` and ``bias`` in pixels over all patches; ``num_patches``.

    Raises
    ------
    ValueError
        If there is no patch.

    References
    ----------
    .. [1] Chapter "How a dataset lies", ``book/data/how_a_dataset_lies.ipynb``.
    """
    if len(side) == 0:
        raise ValueError("there is no patch to score on; pass a side of a dataset that has some.")
    device = network.mean.device
    parts = side.patches.split(check_integer(batch_size, "batch_size"))
    answers = (network(part.to(device).float() / 255) for part in parts)
    estimates = [network.decode(answer, readout)[0].cpu() for answer in answers]
    error = torch.cat(estimates).double() - side.sigmas.double()
    return {"rmse": rms(error), "bias": error.mean().item(), "num_patches": len(side)}


def _error(sigma_map, truth):
    check_image(sigma_map, "sigma_map")
    check_image(truth, "truth")
    wanted = "truth (see crop_to_windows) and sigma_map must have one shape,"
    check_same(truth.shape, sigma_map.shape, wanted)
    return sigma_map.double() - truth.double()


def mse(sigma_map, truth):
    """Return the mean squared error, in square pixels.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    mse : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> mse(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))
    2.0
    """
    return _error(sigma_map, truth).square().mean().item()


def rmse(sigma_map, truth):
    """Return the root of the mean squared error, in pixels.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    rmse : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> rmse(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]])) ** 2
    2.0000000000000004
    """
    return mse(sigma_map, truth) ** 0.5


def rms(errors):
    """Return the root of the mean square of any numbers, in their precision.

    Parameters
    ----------
    errors : Tensor
        Of any shape: errors of some windows, say, in pixels.

    Returns
    -------
    rms : float

    Examples
    --------
    >>> import torch
    >>> rms(torch.tensor([3.0, 4.0, 0.0, 0.0]))
    2.5
    """
    return errors.square().mean().sqrt().item()


def bias(sigma_map, truth):
    """Return the mean error, in pixels: above zero where the map says too much blur.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    bias : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> bias(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))
    -1.0
    """
    return _error(sigma_map, truth).mean().item()
