"""The network that regresses, without torch."""

import onnxruntime
import pytest
import torch

from blurlib import blur, data, learn


@pytest.fixture(scope="module", params=["sigma-net-small", "sigma-net"])
def exported(request, tmp_path_factory):
    """Return a network, and the session of its file: to write it takes long."""
    network, _ = learn.pretrained(request.param)
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    learn.export_onnx(path, network)
    return network, onnxruntime.InferenceSession(path)


# From one scale to four; odd sides, and sides that are odd when they are halved.
@pytest.mark.parametrize("sides", [(32, 32), (33, 90), (63, 64), (128, 75), (131, 277), (257, 300)])
def test_it_answers_as_torch_does_at_every_size(exported, sides):
    network, session = exported
    image = data.packaged_image("camera")[None, None, 100 : 100 + sides[0], 100 : 100 + sides[1]]
    found = session.run(["sigma", "std", "profile"], {"image": image.numpy()})
    for one, other in zip(found, network.estimate(image), strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, atol=1e-4, rtol=0)


# Stripes repeat; of the page most is without texture; 12 pixels are beyond one window. Nearly all
# of such spectra is rounding: torch's answers are as far as the file's from those in float64.
@pytest.mark.parametrize("kind", ["stripes", "page", "wide"])
def test_it_answers_as_torch_does_on_hard_pictures(exported, kind):
    network, session = exported
    image = torch.ones(200, 210).index_fill(1, torch.arange(0, 210, 16), 0)
    if kind == "page":
        image[:, 40:] = 1
    elif kind == "wide":
        image = blur.blur_uniform(data.packaged_image("camera"), blur.gaussian_psf(12.0))
    image = blur.quantize(image)[None, None]
    found = session.run(["sigma", "std", "profile"], {"image": image.numpy()})
    for one, other in zip(found, network.estimate(image), strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, atol=1e-4, rtol=1e-4)


def test_bad_arguments_are_named(tmp_path, rng, monkeypatch):
    with pytest.raises(TypeError, match="must be a SigmaNet, got SpectrumNetwork"):
        learn.export_onnx(tmp_path / "a.onnx", learn.SpectrumNetwork())
    network = learn.SmallSigmaNet(hidden=(8, 8), channels=4, dilations=(1,)).initialise(rng)
    with pytest.raises(ValueError, match=r"must end in \.onnx"):
        learn.export_onnx(tmp_path / "a.pt", network)
    # What comes of a folder that is not there does not hang on what would be written.
    monkeypatch.setattr(torch.onnx, "export", lambda *arguments, **options: None)
    with pytest.raises(OSError):
        learn.export_onnx(tmp_path / "nowhere" / "a.onnx", network)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="needs the package onnx"):
        learn.export_onnx(tmp_path / "a.onnx", network)
    assert not list(tmp_path.iterdir())
