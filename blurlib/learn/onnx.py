"""A network that regresses as an ONNX file, for programs without torch: web pages for instance."""

import copy
import importlib.util
import io
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from .._files import replacing
from ..data.patches import PATCH_SIZE
from .local_spectra import filter_bank
from .scales import COARSE_STRIDE, LEAST_SIDE, handed_down
from .sigma_net import WINDOW_STRIDE, SigmaNet

#: Version of ONNX's operators: old enough for every runtime of the last years.
_OPERATORS = 18

#: So often a file halves its picture: as `pyramid` does up to a shorter side of 2016 pixels.
_HALVINGS = 5

#: What it gives.
_OUTPUTS = ("sigma", "std", "profile")


def export_onnx(path, network):
    """Write a network as an ONNX file; an old file stays whole until the new one is.

    Parameters
    ----------
    path : str or path-like
        Where to; must end in ``.onnx``.
    network : SigmaNet
        For instance ``pretrained("sigma-net-small")[0]``.

    Raises
    ------
    TypeError, ValueError
        If the network is another, or the path ends otherwise.
    ModuleNotFoundError
        If the package onnx is not installed.
    OSError
        If the folder cannot be written.

    Notes
    -----
    The file takes ``image``, float32 (1, 1, height, width) in [0, 1], at least 32 pixels a side,
    and gives ``sigma`` and ``std``, in pixels, and ``profile``, each (1, rows, columns), at every
    fourth pixel: entry (r, c) speaks for pixel (4 r, 4 c). It computes what `SigmaNet.estimate`
    does, with the spectra as two convolutions instead of products of matrices; a picture whose
    shorter side is longer than 2016 pixels is halved less often.

    References
    ----------
    .. [1] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.
    """
    path = Path(path)
    if not isinstance(network, SigmaNet):
        raise TypeError(f"network must be a SigmaNet, got {type(network).__name__}.")
    if path.suffix != ".onnx":
        raise ValueError(f"path must end in .onnx, got {path}.")
    if importlib.util.find_spec("onnx") is None:
        raise ModuleNotFoundError("ONNX needs the package onnx: pip install 'blurlib[onnx]'.")
    buffer = io.BytesIO()
    network = copy.deepcopy(network).cpu()  # the caller's stays where and as it is
    with warnings.catch_warnings():
        # This exporter is the old one; the new one needs two more packages, for the same file.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Exported(network).eval(), (torch.zeros(1, 1, 96, 80),), buffer, dynamo=False,
            input_names=["image"], output_names=list(_OUTPUTS), opset_version=_OPERATORS,
            dynamic_axes={
                "image": {2: "height", 3: "width"},
                **{name: {1: "rows", 2: "columns"} for name in _OUTPUTS},
            },
        )  # fmt: skip
    with replacing(path) as file:
        file.write(buffer.getvalue())


class _Exported(nn.Module):
    """The network in operations that ONNX has, with as many scales for every picture."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        pictures, exist = [image], []
        for _ in range(_HALVINGS):
            picture = pictures[-1]
            sides = torch._shape_as_tensor(picture)[-2:]
            exist.append((sides.min() >= 2 * LEAST_SIDE).float())
            sizes = [(2 * ((side + 1) // 2), side) for side in sides]
            rows, columns = (torch.minimum(torch.arange(n), side - 1) for n, side in sizes)
            picture = picture.index_select(2, rows).index_select(3, columns)
            pictures.append(functional.avg_pool2d(picture, 2))
        coarser, known = None, 1.0
        for number, picture in reversed(list(enumerate(pictures))):
            stride = COARSE_STRIDE if number else WINDOW_STRIDE
            counts, framed = [], picture
            for axis in (2, 3):
                side = torch._shape_as_tensor(picture)[axis]
                counts.append((side + stride - 2) // stride + 1)
                place = torch.arange(stride * (counts[-1] - 1) + PATCH_SIZE) - PATCH_SIZE // 2
                period = (2 * side - 2).clamp(min=1)
                place = place - period * torch.div(place, period, rounding_mode="floor")
                framed = framed.index_select(axis, torch.minimum(place, period - place))
            if coarser is not None:
                coarser = handed_down(coarser, counts, stride)
                known = exist[number]
            features = self.network.features(framed, stride, log_power)
            coarser = self.network.answer(features, coarser, stride, known)
        return self.network.decode([coarser])


def log_power(image, size, stride, margin):
    """Do what `folded_log_power` does, as two convolutions of one image."""
    bank, transform, floor = filter_bank(size, image.device)
    count = len(transform)
    height, width = image.shape[-2:]
    inner = image[..., margin : height - margin, margin : width - margin] - 0.5
    down = functional.conv2d(inner, bank.T[:, None, :, None], stride=(stride, 1))
    # (2K down, 2K across, rows, columns)
    both = functional.conv2d(down.transpose(0, 1), bank.T[:, None, None, :], stride=(1, stride))
    mean = both[:1, :1] / transform[0] ** 2
    cosines = both[:count, :count] - mean * torch.outer(transform, transform)[..., None, None]
    power = cosines.square() + both[count:, count:].square()
    power = power + both[:count, count:].square() + both[count:, :count].square()
    return torch.log(power + floor).flatten(0, 1)[None]
