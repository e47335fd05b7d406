"""The networks that do not estimate sigma are trained by a command of their own."""

import pytest

from blurlib import data, learn
from reproduce import training
from reproduce.training import __main__ as command


def test_the_command_trains_with_the_steps_it_is_given(tmp_path, monkeypatch, capsys):
    asked = {}

    def train(path, scans, photographs, *, config, seed, device, progress, callback):
        asked.update(path=path, scans=scans, photographs=photographs, config=config, seed=seed)
        return None, {"seconds": 1.0, "history": {"rmse": [2.0, 1.0]}}

    for name in ("brodatz", "photographs"):
        monkeypatch.setattr(data, name, lambda folder, name=name: (name, folder))
    config = learn.TrainConfig(num_steps=9, batch_size=4, lr=1e-3)
    monkeypatch.setattr(command, "NETWORKS_HERE", {"motion-net": (train, config, "px")})
    out = tmp_path / "net.safetensors"
    arguments = ["motion-net", "--out", str(out), "--data", str(tmp_path), "--steps", "3"]
    assert command.main([*arguments, "--seed", "5", "--log", str(tmp_path / "log.csv")]) == 0
    assert "2.00 -> 1.00 px" in capsys.readouterr().out
    assert (asked["config"].num_steps, asked["config"].batch_size, asked["seed"]) == (3, 4, 5)
    assert asked["scans"] == ("brodatz", tmp_path) and asked["path"] == out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["motion-net", "--out", "a.txt"], "must end in .safetensors"),
     (["motion-net", "--out", "nowhere/a.safetensors"], "no folder nowhere")],
)  # fmt: skip
def test_a_file_that_cannot_be_written_is_named_before_the_work(arguments, why, capsys):
    assert command.main(arguments) == 2
    assert why in capsys.readouterr().err


def test_each_network_of_another_task_can_be_trained():
    assert set(training.NETWORKS_HERE) == set(learn.checkpoints.OTHER_TASKS)
