"""Weights go to files and come back, and damaged files are named."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from blurlib import learn
from blurlib.learn import checkpoints


@pytest.fixture
def network(rng):
    network = learn.SpectrumNetwork(10).initialise(rng).eval()
    network.fit_standardisation(torch.rand(64, 1, 32, 32, generator=rng))
    return network


def test_a_network_comes_back(tmp_path, network, rng):
    path = tmp_path / "net.safetensors"
    learn.save_network(path, network, {"seed": 3})
    again, record = learn.load_network(path)
    assert record == {"seed": 3} and not again.training and again.num_classes == 10
    patches = torch.rand(5, 1, 32, 32, generator=rng)
    torch.testing.assert_close(again(patches), network(patches), atol=0.02, rtol=0.01)  # float16
    assert torch.equal(again.mean, network.mean) and torch.equal(again.sigmas, network.sigmas)
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_the_patch_size_comes_back(tmp_path, rng):
    learn.save_network(tmp_path / "n.safetensors", learn.PixelNetwork(5, patch_size=7))
    again, _ = learn.load_network(tmp_path / "n.safetensors")
    assert again.patch_size == 7 and again(torch.rand(2, 1, 7, 7, generator=rng)).shape == (2, 5)


def test_damage_is_named_and_old_files_stay(tmp_path, network):
    path = tmp_path / "net.safetensors"
    learn.save_network(path, network)
    whole = path.read_bytes()
    for damaged in (b"", b"no weights", whole[: len(whole) // 2], b"\xff" * 8 + whole[8:]):
        path.write_bytes(damaged)
        with pytest.raises(learn.CheckpointError, match="damaged or was not written by blurlib"):
            learn.load_network(path)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(learn.CheckpointError, match="damaged or was not written by blurlib"):
        learn.load_network(path)
    header = {"format": 99, "network": "spectrum"}
    save_file({"weight": torch.zeros(2)}, path, metadata={"blurlib": json.dumps(header)})
    with pytest.raises(learn.CheckpointError, match="format 99"):
        learn.load_network(path)
    network.std.zero_()  # would make every answer NaN
    learn.save_network(path, network)
    with pytest.raises(learn.CheckpointError, match="impossible"):
        learn.load_network(path)
    before = path.read_bytes()
    with torch.no_grad():
        network.layers[0].weight[0, 0] = 1e6
    with pytest.raises(FloatingPointError, match="float16"):
        learn.save_network(path, network)
    with pytest.raises(TypeError, match="record must be a dict"):
        learn.save_network(path, learn.SpectrumNetwork(), [1])
    with pytest.raises(TypeError, match="got Linear"):
        learn.save_network(path, torch.nn.Linear(2, 2))
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError, match="no weights file"):
        learn.load_network(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("name", ["trained", "spectrum-30", "sigma-net-small"])
def test_one_changed_bit_is_named(tmp_path, network, name):
    path = tmp_path / "net.safetensors"
    if name == "trained":
        learn.save_network(path, network, {"seed": 3})
    else:
        shutil.copy(checkpoints._WEIGHTS / f"{name}.safetensors", path)
    learn.load_network(path)
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for place in (9, start // 2, start + 1, (start + len(whole)) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(learn.CheckpointError, match="damaged"):
            learn.load_network(path)
    path.write_bytes(whole[: start + 64] + bytes(4096) + whole[start + 64 + 4096 :])
    with pytest.raises(learn.CheckpointError, match="damaged"):
        learn.load_network(path)


def test_pickles_are_never_opened(tmp_path):
    path = tmp_path / "pickle.safetensors"

    class Trap:
        def __reduce__(self):
            return (path.with_suffix(".sprung").write_text, ("",))

    torch.save(Trap(), path)
    with pytest.raises(learn.CheckpointError):
        learn.load_network(path)
    assert not path.with_suffix(".sprung").exists()


@pytest.mark.parametrize("name", learn.pretrained_names())
def test_packaged_networks_load_and_tell_their_recipe(name):
    network, record = learn.pretrained(name)
    recipe = learn.SHIPPED[name]
    assert type(network) is learn.NETWORKS[recipe.network]
    assert recipe.was_recorded_as(record["recipe"])


def test_packaged_names_and_sizes():
    assert set(learn.pretrained_names()) == set(learn.SHIPPED)
    sizes = [file.stat().st_size for file in checkpoints._WEIGHTS.glob("*.safetensors*")]
    others = *checkpoints.STARTS, *checkpoints.OTHER_TASKS, *checkpoints.SMALLER
    assert len(sizes) == len(learn.SHIPPED) + len(others)
    assert max(sizes) < 8e6 and sum(sizes) < 44e6
    for name in ("thesis-31", *checkpoints.STARTS):
        with pytest.raises(ValueError, match="one of sigma-net, sigma-net-small, spectrum-30"):
            learn.pretrained(name)
    for name, kind in checkpoints.STARTS.items():
        assert type(checkpoints.packaged(name)[0]) is learn.NETWORKS[kind]


@pytest.mark.parametrize("name", checkpoints.SMALLER)
def test_smaller_windows_are_seen_by_the_same_recipe_and_no_estimator(name):
    network, record = checkpoints.packaged(name)
    recipe, sibling = learn.recipes.SMALLER_WINDOWS[name], learn.SHIPPED["spectrum-30"]
    assert recipe.was_recorded_as(record["recipe"])
    assert {network.patch_size, 32} == {recipe.patch_size, sibling.patch_size} < {8, 16, 32}
    assert replace(recipe, patch_size=32) == sibling
    with pytest.raises(ValueError, match="one of sigma-net, "):
        learn.pretrained(name)


@pytest.mark.parametrize("name", ["spectrum-30.safetensors", "thesis-30.safetensors.xz"])
def test_a_changed_packaged_file_is_refused(tmp_path, monkeypatch, name):
    folder = shutil.copytree(checkpoints._WEIGHTS, tmp_path / "weights")
    monkeypatch.setattr(checkpoints, "_WEIGHTS", folder)
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(learn.CheckpointError, match="install blurlib again"):
        learn.pretrained(name.partition(".")[0])
    path.unlink()
    with pytest.raises(learn.CheckpointError, match="cannot be read"):
        learn.pretrained(name.partition(".")[0])
    (folder / "sha256.json").write_text("{")
    with pytest.raises(learn.CheckpointError, match="list of hashes is damaged"):
        learn.pretrained_names()


def test_strangers_beside_the_packaged_files_do_no_harm(tmp_path, monkeypatch):
    folder = shutil.copytree(checkpoints._WEIGHTS, tmp_path / "weights")
    monkeypatch.setattr(checkpoints, "_WEIGHTS", folder)
    (folder / "spectrum-30.safetensors.unfinished").write_bytes(b"1")
    (folder / "mine.safetensors").write_bytes(b"1")
    assert set(learn.pretrained_names()) == set(learn.SHIPPED)
    learn.pretrained("spectrum-30")


def test_a_file_that_asks_for_gigabytes_or_a_negative_std_is_refused(tmp_path, rng):
    path = tmp_path / "n.safetensors"
    network = learn.SmallSigmaNet(hidden=(8, 8), channels=4, dilations=(1,)).initialise(rng)
    network.std_scale.fill_(-1.0)
    learn.save_network(path, network)
    with pytest.raises(learn.CheckpointError, match="impossible weights"):
        learn.load_network(path)
    for settings, most in (({"hidden": (1_500_000, 1)}, 4096), ({"dilations": (1,) * 99}, 32)):
        with pytest.raises(ValueError, match=f"(at most|to) {most}, got"):
            learn.SigmaNet(**settings)
