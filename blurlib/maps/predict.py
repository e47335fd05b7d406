"""The sigma map: a network's opinion on the blur at each pixel of an image."""

import torch
from torch.nn import functional
from tqdm import tqdm

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad
from ..learn.networks import PatchNetwork
from ..learn.readout import READOUTS
from .dense import has_dense_form, run_dense, run_sliding

METHODS = ("auto", "dense", "sliding")

#: Side, in windows, of what is computed at once: bounds the memory to some hundred megabytes.
_TILE = 192

#: From this stride on, windows share so little that sliding costs less than the dense form.
_SLIDING_FROM = 16


@torch.no_grad()
def predict_sigma_map(network, image, *, stride=1, readout="mean", method="auto", progress=False):
    """Estimate the sigma of every window that fits into an image.

    Parameters
    ----------
    network : PatchNetwork
        A trained network; it decides the patch size and the device.
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least a patch a side.
    stride : int, optional
        Step between windows in pixels.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma: see `blurlib.learn.read_out`.
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
    if not isinstance(network, PatchNetwork):
        raise TypeError(
            f"network must look at patches, got {type(network).__name__}; for a SigmaNet there is "
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
        windows.copy_(network.read_out(answer, readout)[0])
    return sigma_map


def predict_full_size(estimate, image, *, patch_size=32, stride=1, min_side=None):
    """Estimate a sigma map of the image's own size: windows at the edges see it reflected.

    Parameters
    ----------
    estimate : callable
        Called as ``estimate(image, stride=stride)``; returns a map on the window grid, as
        `predict_sigma_map` does, or several of them in one tensor (..., rows, columns).
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least `min_side` a side.
    patch_size : int, optional
        Side of the estimator's window.
    stride : int, optional
        Step between windows; maps of a larger stride are interpolated bilinearly.
    min_side : int, optional
        Smallest side in pixels; by default that of a patch.

    Returns
    -------
    sigma_map : Tensor of shape (..., H, W)
        In pixels.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W) or smaller than `min_side`.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """
    grid, stride = predict_grid(
        estimate, image, patch_size=patch_size, stride=stride, min_side=min_side
    )
    return spread_grid(grid, image.shape, stride)


def predict_grid(estimate, image, *, patch_size=32, stride=1, min_side=None):
    """Do the first half of `predict_full_size`: windows around every pixel of a grid.

    After it the image is needed no more, which large ones are glad of.

    Parameters
    ----------
    estimate, image, patch_size, stride, min_side
        As those of `predict_full_size`.

    Returns
    -------
    grid : Tensor of shape (..., rows, columns)
        Entry (r, c) speaks for pixel (r stride, c stride); the last ones may lie outside.
    stride : int
        The step that was taken: none goes beyond the image.

    Raises
    ------
    TypeError, ValueError
        As `predict_full_size`.
    """
    min_side = patch_size if min_side is None else check_integer(min_side, "min_side")
    check_image(image, min_side=min_side, ndim=2)
    # A step beyond the image adds nothing but padding.
    stride = min(check_integer(stride, "stride"), max(1, max(image.shape) - 1))
    before = patch_size // 2
    # Enough behind the far edges for a last window at or beyond the last pixel.
    below, right = (patch_size - 1 - before + -(side - 1) % stride for side in image.shape)
    return estimate(pad(image, (before, below, before, right)), stride=stride), stride


def spread_grid(grid, shape, stride):
    """Do the second half: interpolate a grid bilinearly to an image's size.

    Parameters
    ----------
    grid : Tensor of shape (..., rows, columns)
        From `predict_grid`.
    shape : (int, int)
        Height and width of the image.
    stride : int
        Step between the grid's entries, in pixels.

    Returns
    -------
    full : Tensor of shape (..., H, W)
    """
    if stride == 1:
        return grid
    spread = [(count - 1) * stride + 1 for count in grid.shape[-2:]]
    layers = grid.reshape(1, -1, *grid.shape[-2:])
    full = functional.interpolate(layers, size=spread, mode="bilinear", align_corners=True)
    return full[..., : shape[0], : shape[1]].reshape(*grid.shape[:-2], *shape)


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
