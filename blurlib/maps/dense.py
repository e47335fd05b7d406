"""The same network, run over a whole image at once instead of window by window.

Neighbouring windows share nearly all of their pixels, so a sliding window computes the same
features again and again. Three changes make one pass give every window's answer:

- an unpadded convolution is the same in a window and in the whole image;
- a pooling that steps by 2 answers only every second window; let it step by 1 and let all that
  comes after look at every second position instead (dilation 2);
- the linear layers slide over the feature map instead of the image: all their windows together are
  one matrix.
"""

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_image, check_integer
from ..learn.classifiers import ThesisNetwork

#: Windows that the linear layers see at once: their features stay in the processor's cache.
_HEAD_BATCH = 2048


def has_dense_form(network):
    """Tell whether `run_dense` gives what the sliding window does.

    Parameters
    ----------
    network : PatchNetwork
        Any network on patches.

    Returns
    -------
    dense : bool
        True of the thesis' network, which looks at pixels through unpadded convolutions of step 1,
        and a pooling over squares side by side.
    """
    return type(network) is ThesisNetwork


def _check_windows(network, image, stride):
    check_image(image, min_side=network.patch_size)
    if image.ndim != 4 or image.shape[1] != 1:
        raise ValueError(f"image must have shape (B, 1, H, W), got {tuple(image.shape)}.")
    return check_integer(stride, "stride")


def run_dense(network, image, *, stride=1):
    """Return the network's answer for every window of an image.

    Parameters
    ----------
    network : BlurClassifier
        The thesis' stack of unpadded convolutions, ReLU, max-pooling, flatten and linear layers.
    image : Tensor of shape (B, 1, H, W)
        At least as large as the network's patch.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    log_probabilities : Tensor of shape (B, num_classes, rows, columns)
        Entry (r, c) belongs to the window whose top left pixel is (r stride, c stride).

    Raises
    ------
    TypeError
        If the network has no dense form: see `has_dense_form`.
    ValueError
        If the image is not (B, 1, H, W) or smaller than a patch.

    References
    ----------
    .. [1] A. Giusti et al., "Fast image scanning with deep max-pooling convolutional neural
       networks", ICIP 2013; key ``giusti2013``.
    .. [2] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """
    stride = _check_windows(network, image, stride)
    if not has_dense_form(network):
        kind = type(network).__name__
        raise TypeError(f"a {kind} has no dense form here; slide the window instead.")
    x = (network.features(image) - network.mean) / network.std
    side = network.patch_size  # of one window's feature map, as the layers shrink it
    dilation = 1  # spacing, in positions of x, of what was neighbouring in a window
    step = stride  # how many positions of x lie between two wanted windows
    flatten = next(i for i, layer in enumerate(network.layers) if isinstance(layer, nn.Flatten))
    for layer in network.layers[:flatten]:
        if isinstance(layer, nn.Conv2d):
            x = functional.conv2d(x, layer.weight, layer.bias, dilation=dilation)
            side -= layer.kernel_size[0] - 1
        elif isinstance(layer, nn.MaxPool2d):
            # Windows a multiple of the pool's step apart meet the same blocks: keep the step.
            kept = layer.stride if step % layer.stride == 0 else 1
            x = functional.max_pool2d(x, layer.kernel_size, stride=kept, dilation=dilation)
            step //= kept
            dilation *= layer.stride // kept
            side //= layer.stride
        else:
            x = layer(x)
    head = network.layers[flatten + 1 :]
    span = dilation * (side - 1) + 1
    windows = x.unfold(2, span, step).unfold(3, span, step)[..., ::dilation, ::dilation]
    windows = windows.permute(0, 2, 3, 1, 4, 5)  # (B, rows, columns, channels, side, side)
    batch, rows, columns = windows.shape[:3]
    blocks = (block for one in windows for block in one.split(max(1, _HEAD_BATCH // columns)))
    answers = [head(block.reshape(-1, x.shape[1] * side * side)) for block in blocks]
    return torch.cat(answers).reshape(batch, rows, columns, -1).permute(0, 3, 1, 2)


def run_sliding(network, image, *, stride=1, batch_size=1024):
    """Return the network's answer for every window, one window at a time.

    Parameters
    ----------
    network : BlurClassifier
        Any network on patches.
    image : Tensor of shape (B, 1, H, W)
        At least as large as the network's patch.
    stride : int, optional
        Step between windows in pixels.
    batch_size : int, optional
        Windows in one call of the network: bounds the memory, changes nothing else.

    Returns
    -------
    log_probabilities : Tensor of shape (B, num_classes, rows, columns)
        As `run_dense`.

    Raises
    ------
    TypeError, ValueError
        If the image is not (B, 1, H, W) or smaller than a patch, or a number is out of range.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """
    stride = _check_windows(network, image, stride)
    batch_size = check_integer(batch_size, "batch_size")
    size = network.patch_size
    windows = image.unfold(2, size, stride).unfold(3, size, stride)[:, 0]
    batch, rows, columns = windows.shape[:3]
    # Row by row of windows: reshaping them all at once would copy the image a thousand times.
    lines = windows.reshape(batch * rows, columns, 1, size, size)
    parts = (part.contiguous() for line in lines for part in line.split(batch_size))
    answers = [network(part) for part in parts]
    return torch.cat(answers).reshape(batch, rows, columns, -1).permute(0, 3, 1, 2)
