"""Maps of sigma and of its doubt, from the network that regresses."""

from dataclasses import dataclass

import torch
from tqdm import tqdm

from .._checks import check_image, check_integer
from ..data.patches import PATCH_SIZE
from ..learn.sigma_net import STRIDE, SigmaNet
from .predict import resample

#: Side, in steps of the grid, of what is computed at once: bounds the memory.
_TILE = 160

#: Smallest side of an image whose reflection at the edges gives a map of its own size.
_SMALLEST = 16


def predict_with_doubt(network, image, *, stride=1, progress=False):
    """Estimate sigma and its standard deviation for every window that fits into an image.

    Parameters
    ----------
    network : SigmaNet
        A trained network; it decides the device.
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels. The network answers at every fourth pixel; what lies
        between is interpolated bilinearly.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    sigma_map, deviation_map : Tensors of shape (rows, columns)
        In pixels, on the CPU; rows = (H - 32) // stride + 1. Entry (r, c) speaks for pixel
        (r stride + 16, c stride + 16), as those of `predict_sigma_map` do.

    Raises
    ------
    TypeError, ValueError
        If the network is another, or the image is not (H, W) or smaller than a window.

    Examples
    --------
    >>> sigma_map, doubt = predict_with_doubt(SigmaNet(), torch.rand(40, 50), stride=4)
    >>> sigma_map.shape, doubt.shape
    (torch.Size([3, 5]), torch.Size([3, 5]))
    """
    check_integer(stride, "stride")
    return tuple(_on_windows(_answers(network, image, progress), image, stride))


@torch.no_grad()
def _answers(network, image, progress):
    """Return sigma and deviation around every fourth pixel, (2, rows, columns), tile by tile."""
    if not isinstance(network, SigmaNet):
        raise TypeError(
            f"network must be a SigmaNet, got {type(network).__name__}; for one with classes there "
            "is predict_sigma_map."
        )
    size = network.patch_size
    check_image(image, min_side=size, ndim=2)
    halo = sum(network.dilations)  # so far does a place look around, in steps of the grid
    shape = [(side - size) // STRIDE + 1 for side in image.shape]
    grid = torch.empty(2, *shape)
    corners = [(r, c) for r in range(0, shape[0], _TILE) for c in range(0, shape[1], _TILE)]
    for corner in tqdm(corners, desc="sigma map", disable=None if progress else True):
        ends = [min(first + _TILE, count) for first, count in zip(corner, shape, strict=True)]
        outer = [
            (max(0, first - halo), min(count, end + halo))
            for first, end, count in zip(corner, ends, shape, strict=True)
        ]
        rows, columns = (slice(a * STRIDE, (b - 1) * STRIDE + size) for a, b in outer)
        answer = torch.stack(network.estimate(image[None, None, rows, columns].to(network.mean)))
        inner = [
            slice(first - a, end - a)
            for first, end, (a, _) in zip(corner, ends, outer, strict=True)
        ]
        grid[:, corner[0] : ends[0], corner[1] : ends[1]] = answer[:, 0, inner[0], inner[1]]
    return grid


def _on_windows(grid, image, stride):
    """Interpolate a grid of every fourth pixel for windows that lie `stride` pixels apart."""
    if stride == STRIDE:
        return grid
    for axis, side in enumerate(image.shape, start=-2):
        grid = resample(grid, (side - PATCH_SIZE) // stride + 1, stride, STRIDE, axis)
    return grid


@dataclass(frozen=True)
class RegressionEstimator:
    """A network that regresses, as a function from an image to a sigma map on the window grid.

    Attributes
    ----------
    network : SigmaNet
        The trained network.

    Notes
    -----
    `predict_full_size` takes ``with_doubt`` as well as the estimator itself.
    """

    network: SigmaNet

    @property
    def patch_size(self):
        """Side of the window in pixels."""
        return self.network.patch_size

    @property
    def own_stride(self):
        """Step between the places where it answers; what lies between is interpolated."""
        return STRIDE

    @property
    def min_side(self):
        """Smallest side, in pixels, of an image that `predict_full_size` may be asked about."""
        return _SMALLEST

    def __call__(self, image, *, stride=1, progress=False):
        """Return the sigma map of every window: see `predict_with_doubt`."""
        return self.with_doubt(image, stride=stride, progress=progress)[0]

    def with_doubt(self, image, *, stride=1, progress=False):
        """Return sigma and deviation of every window as one tensor (2, rows, columns)."""
        check_integer(stride, "stride")  # before the work, not after it
        return _on_windows(_answers(self.network, image, progress), image, stride)
