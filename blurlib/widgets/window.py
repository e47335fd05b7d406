"""The window laboratory: a window on a blurred texture, and what a network answers to it."""

import base64
import copy
import math

import numpy as np
import torch
import traitlets
from torch import nn

from blurlib.blur import blur_varying, hann_window, quantize, ramp_field, step_field
from blurlib.data import packaged_image
from blurlib.learn.checkpoints import packaged
from blurlib.maps import estimator_of
from blurlib.widgets._page import PageWidget
from blurlib.widgets.png import beside, from_data_uri, to_data_uri

_SEEN, _STRIDE = (128, 192), 4
_NETWORKS = {8: "spectrum-30-8px", 16: "spectrum-30-16px", 32: "spectrum-30"}


def _text(*arrays, dtype):
    joined = np.concatenate([array.detach().numpy().ravel() for array in arrays])
    return base64.b64encode(joined.astype(dtype).tobytes()).decode("ascii")


def _sent(network):
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    return {
        "size": network.patch_size,
        "widths": [linear[0].in_features, *(layer.out_features for layer in linear)],
        "weights": _text(*(p for x in linear for p in (x.weight, x.bias)), dtype="<f2"),
        "scale": _text(network.mean, network.std, dtype="<f4"),
    }


class WindowLab(PageWidget):
    """Move a window over grass under a ramp or a step of sigma, and watch a network answer.

    ``spectrum-30`` answers to windows of 32 px. It fits no other size, so that to 8 and 16 px
    answer two networks that the same recipe made, with smaller windows.

    Parameters
    ----------
    field : {"ramp", "step"}, optional
        Sigma from 0.1 to 3 px from column to column, or 0.8 px left and 2.4 px right.
    size : {32, 16, 8}, optional
        Side of the window in pixels.
    paint : {"by hand", "play"}, optional
        Whether only windows that were visited are painted, or all.
    row, column : int, optional
        Where the window begins; the nearest multiple of 4 where it fits.

    Raises
    ------
    TraitError
        If a value is none of those; the widget keeps what it had.

    Examples
    --------
    >>> lab = WindowLab(field="step", row=40, column=8)
    >>> tuple(lab.patch.shape), tuple(lab.probabilities.shape), tuple(lab.sigma_map.shape)
    ((32, 32), (30,), (25, 41))
    """

    module = "window"

    fields = traitlets.Dict().tag(sync=True)
    networks = traitlets.Dict().tag(sync=True)
    field = traitlets.Enum(["ramp", "step"], "ramp").tag(sync=True)
    size = traitlets.Enum(list(_NETWORKS), 32).tag(sync=True)
    paint = traitlets.Enum(["by hand", "play"], "by hand").tag(sync=True)
    row = traitlets.Int(48, min=0, max=_SEEN[0] - 8).tag(sync=True)
    column = traitlets.Int(80, min=0, max=_SEEN[1] - 8).tag(sync=True)

    def __init__(self, **traits):
        sharp, fields = packaged_image("grass")[200:, 128:][: _SEEN[0], : _SEEN[1]], {}
        for name, sigma in {
            "ramp": ramp_field(sharp.shape), "step": step_field(sharp.shape, 0.8, 2.4),
        }.items():  # fmt: skip
            blurred = quantize(blur_varying(sharp, sigma, truncate=2.0))
            fields[name] = {"picture": to_data_uri(blurred), "truth": sigma[0].tolist()}
        self._networks = {size: packaged(name)[0] for size, name in _NETWORKS.items()}
        networks = {str(size): _sent(network) for size, network in self._networks.items()}
        super().__init__(fields=fields, networks=networks, **traits)

    @property
    def picture(self):
        """The blurred texture, a Tensor of shape (H, W)."""
        return from_data_uri(self.fields[self.field]["picture"])

    @property
    def patch(self):
        """The window's pixels, a Tensor of shape (size, size)."""
        top, left = (
            min(side - self.size, _STRIDE * math.floor(start / _STRIDE + 0.5))
            for start, side in zip((self.row, self.column), _SEEN, strict=True)
        )
        return self.picture[top : top + self.size, left : left + self.size]

    @property
    def probabilities(self):
        """What the network gives each of its classes, a float64 Tensor of shape (30,)."""
        network = copy.deepcopy(self._networks[self.size]).double()
        network.window = hann_window((self.size, self.size), dtype=torch.float64)
        with torch.no_grad():
            return network(self.patch.double()[None, None])[0].exp()

    @property
    def sigma_map(self):
        """The mean of every window's answer, a Tensor of shape (rows, columns)."""
        estimator = estimator_of(self._networks[self.size])
        return estimator.predict(self.picture, stride=_STRIDE, border="valid").sigma

    def poster(self):
        """Set the blurred texture and the network's map of it side by side."""
        painted, cells = torch.full_like(self.picture, math.nan), self.sigma_map / 3
        cells = cells.repeat_interleave(_STRIDE, 0).repeat_interleave(_STRIDE, 1)
        start = (self.size - _STRIDE) // 2
        painted[start : start + len(cells), start : start + cells.shape[1]] = cells
        text = (
            f"Grass under a {self.field} of sigma, and the map that a network paints of it, one "
            f"window of {self.size} x {self.size} pixels after the other: black is 0, white 3 px."
        )
        return beside(self.picture, painted), text
