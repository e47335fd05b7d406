"""The map of a network that looks at patches: window by window, or densely, tile by tile."""

import torch
from tqdm import tqdm

from .._checks import check_choice, check_image, check_integer
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
        (r, c) speaks for pixel (r + patch_size / 2, c + patch_size / 2): see `crop_to_windows`.

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
            f"network must look at patches, got {type(network).__name__}; estimator_of makes an "
            "estimator of any network."
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
