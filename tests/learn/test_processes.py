"""Two processes train as one does."""

import json
import os
import runpy
import subprocess
import sys

import pytest
import torch

from blurlib import cli, data

SCRIPT = """
import sys, torch
from blurlib import data, learn

with learn.process_group() as device:
    rng = torch.Generator().manual_seed(0)
    sharp = [torch.rand(80, 90, generator=rng)]
    if sys.argv[2] == "patches":
        network = learn.ThesisNetwork(10).initialise(rng)
        stream = data.PatchStream(sharp, network.sigmas, rng=rng, noise=1.0)
    else:
        network = learn.SigmaNet((8, 8), 4, (1, 2), 2).initialise(rng)
        network.standardised_on = 4
        data.crops._NUM_PSFS = 8
        # Rounding, and blocks of it, would make much of a last bit.
        crops = data.CropConfig(
            64, reach=16, std_range=(0.25, 4.0), p_unrounded=1.0, p_jpeg=0.0, p_resize=0.0
        )
        stream = data.CropStream(sharp, crops, rng=rng)
    config = learn.TrainConfig(num_steps=3, batch_size=16, clip=1e9)
    run = learn.TrainingRun(network, stream, config, device=device)
    run.advance()
    if learn.is_main_process():
        gradients = [parameter.grad.flatten() for parameter in network.parameters()]
        run_two = [value for name, (value,) in run.history.items() if name != "seconds"]
        torch.save(torch.cat([*gradients, torch.tensor(run_two)]), sys.argv[1])
"""


RESUME = """
import os, sys, torch
from pathlib import Path
from blurlib import data, learn

# Two machines have two disks: what the first process saved, the second cannot see.
disk = Path(sys.argv[1]) / os.environ["RANK"]
disk.mkdir(exist_ok=True)
with learn.process_group() as device:
    rng = torch.Generator().manual_seed(0)
    network = learn.SpectrumNetwork(10).initialise(rng)
    stream = data.PatchStream([torch.rand(80, 90, generator=rng)], network.sigmas, rng=rng)
    config = learn.TrainConfig(num_steps=6, batch_size=16)
    checkpoint = learn.Checkpoint(disk / "run", {"name": "run"}, seconds=0)
    run = learn.TrainingRun(network, stream, config, device=device)
    checkpoint.restore(run)
    start = run.step
    while run.step < int(sys.argv[2]):
        run.advance()
    checkpoint.save(run)
    row = torch.cat([p.detach().flatten() for p in network.parameters()])
    torch.save({"start": start, "weights": row}, disk / f"{sys.argv[2]}.pt")
"""


# One thread in every process. A sum made in another order may differ in its last bit, a patch may
# then round one pixel the other way, and no tolerance on gradients would cover that.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def picture(tmp_path):
    """Return the path of a texture to train on: to draw one takes longer than these tests."""
    path = tmp_path / "grass.png"
    data.write_image(path, data.packaged_image("grass"))
    return str(path)


@pytest.mark.parametrize(("kind", "most"), [("patches", 1e-6), ("crops", 1e-4)])
def test_two_processes_give_the_gradients_of_one(
    tmp_path, monkeypatch, one_thread, programs, kind, most
):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    monkeypatch.setattr(data.crops, "_NUM_PSFS", data.crops._NUM_PSFS)  # the script changes it
    monkeypatch.setattr(sys, "argv", [str(script), tmp_path / "one.pt", kind])
    runpy.run_path(str(script))
    done = programs.run_together(tmp_path, 2, tmp_path / "two.pt", kind, script=script)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("one", "two"))
    assert one.abs().max() > 1e-3
    assert (one - two).abs().max() < most * max(1, one.abs().max())


def test_processes_that_share_no_disk_go_on_together(tmp_path, programs):
    script = tmp_path / "train.py"
    script.write_text(RESUME)
    for end, start in ((3, 0), (6, 3)):
        done = programs.run_together(tmp_path, 2, tmp_path, end, script=script)
        assert done.returncode == 0, done.stderr[-2000:]
        one, two = (torch.load(tmp_path / rank / f"{end}.pt", weights_only=True) for rank in "01")
        assert one["start"] == two["start"] == start
        assert torch.equal(one["weights"], two["weights"])


def test_the_command_line_runs_under_torchrun(tmp_path, picture, capsys, one_thread):
    """As torchrun itself starts it, which shows that the forks of the other tests are like it."""
    arguments = ["--network", "spectrum", "--classes", "10", "--steps", "4", "--batch", "16",
                 "--images", picture, "--json"]  # fmt: skip
    assert cli.main(["train", *arguments, "--out", str(tmp_path / "1.safetensors")]) == 0
    alone = capsys.readouterr().out
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               "-m", "blurlib.cli", "train", *arguments,
               "--out", str(tmp_path / "2.safetensors")]  # fmt: skip
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    records = [json.loads(text) for text in (alone, done.stdout)]
    for name in ("loss", "rmse"):
        assert records[0]["history"][name] == pytest.approx(records[1]["history"][name], abs=2e-4)
    assert records[1]["processes"] == 2


def test_a_batch_that_cannot_be_shared_out_is_named(tmp_path, picture, programs):
    done = programs.run_together(
        tmp_path, 2, "train", "--steps", "2", "--batch", "15", "--images", picture,
        "--out", tmp_path / "n.safetensors",
    )  # fmt: skip
    assert done.returncode != 0 and "multiple of the 2 processes" in done.stderr
