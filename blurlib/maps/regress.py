"""Maps of sigma and of its standard deviation, from the network that regresses."""

from dataclasses import dataclass

import torch
from tqdm import tqdm

from .._checks import check_image
from ..learn.sigma_net import STRIDE, SigmaNet
from .estimator import Estimator

#: Side, in steps of the grid, of what is computed at once: bounds the memory.
_TILE = 160

#: Smallest side of an image whose reflection at the edges gives a map of its own size.
_SMALLEST = 16


@torch.no_grad()
def _answers(network, image, progress):
    """Return sigma and deviation around every fourth pixel, (2, rows, columns), tile by tile."""
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


@dataclass(frozen=True)
class RegressionEstimator(Estimator):
    """A network that regresses, as an estimator.

    Attributes
    ----------
    network : SigmaNet
        The trained network; it decides the device.
    """

    network: SigmaNet
    output_stride = STRIDE
    min_side = _SMALLEST

    def answer(self, image, stride, progress=False):
        """Answer with sigma and std around every fourth pixel: see `Estimator.answer`."""
        return _answers(self.network, image, progress)
