"""Carry the Sigma lab's network, and what runs it, into the book: one script, loaded when asked.

The script holds onnxruntime-web and the network's ONNX files as base64, since a page that was
opened from a file may load a script but not read a file. It is written once, until one of its
parts changes. The network comes in two parts for each step, 4 and 8 pixels: ``look`` (spectra, and
the layers that see one place alone) needs no halo, ``mend`` (the layers that see the places around,
and the coarser scale) does; ``sigma_worker.js`` cuts the picture and puts the answers together.
"""

import base64
import hashlib
import io
import json
import os
import re
import warnings
from pathlib import Path

import torch
from torch import nn

import blurlib.widgets
from blurlib.learn import pretrained
from blurlib.learn.onnx import log_power
from blurlib.learn.scales import COARSE_STRIDE
from blurlib.learn.sigma_net import WINDOW_STRIDE

NAME = "sigma_lab_runtime.js"
HERE = Path(__file__).parent
RUNTIME = HERE / "node_modules" / "onnxruntime-web" / "dist"
WASM = RUNTIME / "ort-wasm-simd-threaded.wasm"
TEXTS = {
    "ort": RUNTIME / "ort.wasm.min.js",
    "loader": RUNTIME / "ort-wasm-simd-threaded.mjs",
    "fourier": Path(blurlib.widgets.__file__).parent / "parts" / "fourier.js",
    "worker": HERE / "sigma_worker.js",
}


class Look(nn.Module):
    """A picture with its frame of 16 pixels -> what each place alone says."""

    def __init__(self, network, stride):
        super().__init__()
        self.network, self.stride = network, stride

    def forward(self, image):
        network = self.network
        spectra = network.features(image, self.stride, log_power)
        mean, std = network.mean[:, None, None], network.std[:, None, None]
        return network.local((spectra - mean) / std).permute(0, 2, 3, 1)


class Mend(nn.Module):
    """What each place says, and the coarser scale -> sigma, log variance, profile, what is carried."""

    def __init__(self, network, stride):
        super().__init__()
        self.network, self.stride = network, stride

    def forward(self, seen, coarser, known):
        return self.network.mend(seen, coarser, self.stride, known)[:, 4:]


def models(network):
    """Return the four ONNX files: ``{"look4": bytes, "mend4": ..., "look8": ..., "mend8": ...}``."""
    sides = {2: "rows", 3: "columns"}
    coarser = torch.zeros(1, 3 + network.carried, 12, 10)
    seen = torch.zeros(1, 12, 10, network.hidden[1])
    found = {}
    for stride in (WINDOW_STRIDE, COARSE_STRIDE):
        found[f"look{stride}"] = _onnx(
            Look(network, stride),
            {"image": torch.zeros(1, 1, 96, 80)},
            "seen",
            {"image": {2: "height", 3: "width"}, "seen": {1: "rows", 2: "columns"}},
        )
        found[f"mend{stride}"] = _onnx(
            Mend(network, stride),
            {"seen": seen, "coarser": coarser, "known": torch.ones(1)},
            "answer",
            {"seen": {1: "rows", 2: "columns"}, "coarser": sides, "answer": sides},
        )
    return found


def _onnx(module, inputs, output, axes):
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see blurlib.learn.export_onnx
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            buffer,
            dynamo=False,
            input_names=list(inputs),
            output_names=[output],
            opset_version=18,
            dynamic_axes=axes,
        )
    return buffer.getvalue()


def write_runtime(folder):
    """Write the script into a folder, unless it is there and its parts are the same."""
    if missing := [path for path in (*TEXTS.values(), WASM) if not path.is_file()]:
        raise FileNotFoundError(
            f"{missing[0]} is missing; run `make book`, which fetches it first."
        )
    network, _ = pretrained("sigma-net-small")
    digest = hashlib.sha256()
    for path in (*TEXTS.values(), WASM, Path(__file__)):
        digest.update(path.read_bytes())
    for name, weight in network.state_dict().items():
        digest.update(name.encode() + weight.numpy().tobytes())
    mark = f"// {digest.hexdigest()}\n"
    script = Path(folder) / NAME
    if script.is_file():
        with script.open(encoding="utf-8") as file:
            if file.readline() == mark:
                return script
    parts = {name: path.read_text(encoding="utf-8") for name, path in TEXTS.items()}
    module = re.sub(r"^export ", "", parts.pop("fourier"), flags=re.M)
    parts["worker"] = module + parts["worker"]
    parts["wasm"] = _base64(WASM.read_bytes())
    parts["models"] = {
        name: _base64(model) for name, model in models(network).items()
    }
    parts["network"] = {
        "carried": network.carried,
        "halo": network.halo,
        "stdScale": network.std_scale.item(),
    }
    script.parent.mkdir(parents=True, exist_ok=True)
    temporary = script.with_name(f"{script.name}.part")
    temporary.write_text(
        f"{mark}window.blurlibSigmaLab = {json.dumps(parts)};\n",
        encoding="utf-8",
    )
    os.replace(temporary, script)
    return script


def _base64(data):
    return base64.b64encode(data).decode("ascii")


def on_builder_inited(app):
    if app.builder.format == "html":
        write_runtime(Path(app.outdir) / "_static")


def setup(app):
    app.connect("builder-inited", on_builder_inited)
    return {
        "version": "1",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
