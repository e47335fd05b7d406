"""The network that regresses, without torch."""

import onnxruntime
import pytest
import torch

from blurlib import data, learn


@pytest.mark.parametrize("name", ["sigma-net-small", "sigma-net"])
def test_it_answers_as_torch_does_at_every_size(tmp_path, name):
    network, _ = learn.pretrained(name)
    learn.export_onnx(tmp_path / "net.onnx", network)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    for sides in ((32, 32), (33, 90), (128, 75)):
        image = data.packaged_image("grass")[None, None, : sides[0], : sides[1]]
        found = session.run(None, {"image": image.numpy()})
        for one, other in zip(found, network.estimate(image), strict=True):
            torch.testing.assert_close(torch.from_numpy(one), other, atol=1e-4, rtol=0)


def test_bad_arguments_are_named(tmp_path, rng):
    with pytest.raises(TypeError, match="must be a SigmaNet, got SpectrumNetwork"):
        learn.export_onnx(tmp_path / "a.onnx", learn.SpectrumNetwork())
    network = learn.SmallSigmaNet(hidden=(8, 8), channels=4, dilations=(1,)).initialise(rng)
    with pytest.raises(ValueError, match=r"must end in \.onnx"):
        learn.export_onnx(tmp_path / "a.pt", network)
    with pytest.raises(OSError):
        learn.export_onnx(tmp_path / "nowhere" / "a.onnx", network)
    assert not list(tmp_path.iterdir())
