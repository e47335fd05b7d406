"""The sigma map: a network's opinion on the blur at each pixel of an image."""

import functools

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
    check_choice(readout, "readout", READOUTS)
    return predict_layers(
        network, image, lambda answer: network.read_out(answer, readout), stride=stride,
        method=method, progress=progress,
    )[0]  # fmt: skip


@torch.no_grad()
def predict_layers(network, image, read, *, stride=1, method="auto", progress=False):
    """Return what is read from the network's answer for every window, as one map or several.

    Parameters
    ----------
    network, image, stride, method, progress
        As those of `predict_sigma_map`.
    read : callable
        From the network's answers (1, C, rows, columns) to layers (L, rows, columns).

    Returns
    -------
    layers : Tensor of shape (L, rows, columns)
        On the CPU.

    Raises
    ------
    TypeError, ValueError
        As `predict_sigma_map`.
    """
    if not isinstance(network, PatchNetwork):
        raise TypeError(
            f"network must look at patches, got {type(network).__name__}; for a SigmaNet there is "
            "predict_with_doubt."
        )
    size = network.patch_size
    check_image(image, min_side=size, ndim=2)
    stride = check_integer(stride, "stride")
    check_choice(method, "method", METHODS)
    if method == "auto":
        method = "dense" if has_dense_form(network) and stride < _SLIDING_FROM else "sliding"
    if method == "dense" and not has_dense_form(network):
        raise ValueError(f"a {type(network).__name__} has no dense form; pass method='sliding'.")
    run = run_dense if method == "dense" else run_sliding

    rows, columns = ((side - size) // stride + 1 for side in image.shape)
    tile = max(1, _TILE // stride)
    corners = [(r, c) for r in range(0, rows, tile) for c in range(0, columns, tile)]
    layers = None
    for r, c in tqdm(corners, desc="sigma map", disable=None if progress else True):
        top, left = r * stride, c * stride
        height, width = (
            (min(tile, count - first) - 1) * stride + size
            for first, count in ((r, rows), (c, columns))
        )
        part = image[None, None, top : top + height, left : left + width].to(network.mean)
        found = read(run(network, part, stride=stride))
        if layers is None:
            layers = torch.empty(len(found), rows, columns)
        layers[:, r : r + tile, c : c + tile] = found
    return layers


def predict_full_size(estimate, image, *, patch_size=None, stride=1, min_side=None):
    """Estimate a sigma map of the image's own size: windows at the edges see it reflected.

    Parameters
    ----------
    estimate : callable
        Called as ``estimate(image, stride=stride)``; returns a map on the window grid, as
        `predict_sigma_map` does, or several of them in one tensor (..., rows, columns).
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least `min_side` a side.
    patch_size : int, optional
        Side of the estimator's window; an estimator, or a method of one, knows it.
    stride : int, optional
        Step between windows; maps of a larger stride are interpolated bilinearly.
    min_side : int, optional
        Smallest side in pixels; by default the estimator's, else that of a patch.

    Returns
    -------
    sigma_map : Tensor of shape (..., H, W)
        In pixels.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W) or smaller than `min_side`, nobody says how large the window
        is, or what comes back is the map of another window.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """
    grid, stride = predict_grid(
        estimate, image, patch_size=patch_size, stride=stride, min_side=min_side
    )
    return spread_grid(grid, image.shape, stride)


def predict_grid(estimate, image, *, patch_size=None, stride=1, min_side=None):
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
    patch_size, smallest, own = _window_of(estimate, patch_size)
    min_side = smallest if min_side is None else check_integer(min_side, "min_side")
    check_image(image, min_side=min_side, ndim=2)
    # A step beyond the image adds nothing but padding.
    stride = min(check_integer(stride, "stride"), max(1, max(image.shape) - 1))
    step = stride if own == 1 else own
    before = patch_size // 2
    # Enough behind the far edges for a last window at or beyond the last pixel.
    below, right = (patch_size - 1 - before + -(side - 1) % step for side in image.shape)
    grid = estimate(pad(image, (before, below, before, right)), stride=step)
    expected = tuple(_count(side, step) for side in image.shape)
    if tuple(grid.shape[-2:]) != expected:
        raise ValueError(
            f"estimate returned a map of {tuple(grid.shape[-2:])} windows where one with windows "
            f"of {patch_size} pixels has {expected}; pass its own patch_size."
        )
    if step != stride:
        for axis, side in enumerate(image.shape, start=-2):
            grid = resample(grid, _count(side, stride), stride, step, axis)
    return grid, stride


def _count(side, stride):
    """Return how many places, `stride` pixels apart, lead from the first pixel past the last."""
    return -(-(side - 1) // stride) + 1


def resample(grid, count, stride, own_stride, axis):
    """Take values `stride` pixels apart from a grid of every `own_stride`-th pixel.

    Parameters
    ----------
    grid : Tensor of shape (..., rows, columns)
        Values.
    count, stride : int
        How many to take, and how many pixels lie between two of them.
    own_stride : int
        Pixels between two values of the grid.
    axis : {-2, -1}
        Along which.

    Returns
    -------
    taken : Tensor
        Interpolated linearly; beyond the grid its last value.
    """
    place = torch.arange(count) * stride / own_stride
    last = grid.shape[axis] - 1
    before = place.floor().long().clamp(max=last)
    after = (before + 1).clamp(max=last)
    share = (place - before).clamp(0, 1)
    share = share[:, None] if axis == -2 else share
    return torch.lerp(grid.index_select(axis, before), grid.index_select(axis, after), share)


def _window_of(estimate, patch_size):
    """Return an estimator's window, smallest image and own step, given it or a method of it."""
    while isinstance(estimate, functools.partial):
        estimate = estimate.func
    estimator = getattr(estimate, "__self__", estimate)
    own = getattr(estimator, "patch_size", None)
    if own is None and patch_size is None:
        raise ValueError("estimate does not say how large its window is; pass patch_size.")
    if None not in (own, patch_size) and own != patch_size:
        raise ValueError(f"the estimator's windows have {own} pixels, not patch_size={patch_size}.")
    size = check_integer(own if patch_size is None else patch_size, "patch_size")
    return size, getattr(estimator, "min_side", size), getattr(estimator, "own_stride", 1)


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
