"""The sigma map: a network's opinion on the blur at each pixel of an image."""

import torch
from torch.nn import functional
from tqdm import tqdm

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad
from ..learn.networks import BlurClassifier
from .dense import has_dense_form, run_dense, run_sliding

READOUTS = ("mean", "argmax")
METHODS = ("auto", "dense", "sliding")

#: Side, in windows, of what is computed at once: bounds the memory to some hundred megabytes.
_TILE = 192

#: From this stride on, windows share so little that sliding costs less than the dense form.
_SLIDING_FROM = 16


def read_out(log_probabilities, sigmas, readout="mean"):
    r"""Turn class probabilities into one sigma.

    Parameters
    ----------
    log_probabilities : Tensor of shape (B, K, ...)
        Logarithms of the classes' probabilities.
    sigmas : Tensor of shape (K,)
        Sigma of each class in pixels.
    readout : {"mean", "argmax"}, optional
        The distribution's mean, or the likeliest class as the thesis takes it.

    Returns
    -------
    sigma : Tensor of shape (B, ...)
        In pixels.

    Raises
    ------
    ValueError
        If the readout is unknown.

    Notes
    -----
    The mean, :math:`\sum_k p_k \sigma_k`, has the smallest expected squared error of all single
    answers if the probabilities are right, and can lie between the classes.

    Examples
    --------
    >>> read_out(torch.tensor([[0.25, 0.75]]).log(), torch.tensor([1.0, 2.0]))
    tensor([1.7500])
    """
    check_choice(readout, "readout", READOUTS)
    if readout == "argmax":
        return sigmas[log_probabilities.argmax(1)]
    return torch.einsum("bk...,k->b...", log_probabilities.exp(), sigmas)


@torch.no_grad()
def predict_sigma_map(network, image, *, stride=1, readout="mean", method="auto", progress=False):
    """Estimate the sigma of every window that fits into an image.

    Parameters
    ----------
    network : BlurClassifier
        A trained network; it decides the patch size and the device.
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least a patch a side.
    stride : int, optional
        Step between windows in pixels.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma: see `read_out`.
    method : {"auto", "dense", "sliding"}, optional
        One pass over the image or a window at a time: the same numbers, another cost.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    sigma_map : Tensor of shape (rows, columns)
        In pixels, on the CPU; rows = (H - patch_size) // stride + 1. The window that starts at
        (r, c) speaks for pixel (r + patch_size / 2, c + patch_size / 2): see `window_centres`.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W) or smaller than a patch, a name is unknown, or the network has
        no dense form and one is asked for.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.

    Examples
    --------
    >>> from blurlib.learn import ThesisNetwork
    >>> predict_sigma_map(ThesisNetwork(), torch.rand(40, 50), stride=4).shape
    torch.Size([3, 5])
    """
    if not isinstance(network, BlurClassifier):
        raise TypeError(
            f"network must have classes, got {type(network).__name__}; for a SigmaNet there is "
            "predict_with_doubt."
        )
    size = network.patch_size
    check_image(image, min_side=size, ndim=2)
    stride = check_integer(stride, "stride")
    check_choice(readout, "readout", READOUTS)
    check_choice(method, "method", METHODS)
    if method == "auto":
        method = "dense" if has_dense_form(network) and stride < _SLIDING_FROM else "sliding"
    if method == "dense" and not has_dense_form(network):
        raise ValueError(f"a {type(network).__name__} has no dense form; pass method='sliding'.")
    run = run_dense if method == "dense" else run_sliding

    rows, columns = ((side - size) // stride + 1 for side in image.shape)
    tile = max(1, _TILE // stride)
    corners = [(r, c) for r in range(0, rows, tile) for c in range(0, columns, tile)]
    sigma_map = torch.empty(rows, columns)
    for r, c in tqdm(corners, desc="sigma map", disable=None if progress else True):
        windows = sigma_map[r : r + tile, c : c + tile]  # a view: filled below
        top, left = r * stride, c * stride
        height, width = ((count - 1) * stride + size for count in windows.shape)
        part = image[None, None, top : top + height, left : left + width].to(network.mean)
        answer = run(network, part, stride=stride)
        windows.copy_(read_out(answer, network.sigmas, readout)[0])
    return sigma_map


def predict_full_size(estimate, image, *, patch_size=32, stride=1):
    """Estimate a sigma map of the image's own size: windows at the edges see it reflected.

    Parameters
    ----------
    estimate : callable
        Called as ``estimate(image, stride=stride)``; returns a map on the window grid, as
        `predict_sigma_map` does.
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least a patch a side.
    patch_size : int, optional
        Side of the estimator's window.
    stride : int, optional
        Step between windows; maps of a larger stride are interpolated bilinearly.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)
        In pixels.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W) or smaller than a patch.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """
    check_image(image, min_side=patch_size, ndim=2)
    # A step beyond the image adds nothing but padding.
    stride = min(check_integer(stride, "stride"), max(1, max(image.shape) - 1))
    before = patch_size // 2
    # Enough behind the far edges for a last window at or beyond the last pixel.
    below, right = (patch_size - 1 - before + -(side - 1) % stride for side in image.shape)
    grid = estimate(pad(image, (before, below, before, right)), stride=stride)
    if stride == 1:
        return grid
    spread = [(count - 1) * stride + 1 for count in grid.shape]
    full = functional.interpolate(
        grid[None, None], size=spread, mode="bilinear", align_corners=True
    )
    return full[0, 0, : image.shape[0], : image.shape[1]].contiguous()


def window_centres(field, *, patch_size=32, stride=1):
    """Return the part of a field that the windows of a map speak for.

    Parameters
    ----------
    field : Tensor of shape (..., H, W)
        A value at each pixel, such as the true sigma.
    patch_size, stride : int, optional
        Of the map.

    Returns
    -------
    centres : Tensor of shape (..., rows, columns)
        A view: pixel (r + patch_size / 2, c + patch_size / 2) for each window's start (r, c).

    Raises
    ------
    ValueError
        If the field is smaller than a window.

    Examples
    --------
    >>> window_centres(torch.zeros(40, 50), stride=4).shape
    torch.Size([3, 5])
    """
    check_image(field, "field", min_side=check_integer(patch_size, "patch_size"))
    stride = check_integer(stride, "stride")
    first = patch_size // 2
    last = [side - patch_size + first + 1 for side in field.shape[-2:]]
    return field[..., first : last[0] : stride, first : last[1] : stride]
