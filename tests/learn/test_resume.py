"""A run that was stopped goes on as if it had not been."""

import pytest
import torch

from blurlib import data, learn


def begin(tmp_path, num_steps=30, seed=0, source="stream", identity=None, **changes):
    """Return (run, checkpoint) of a small run; the same arguments give the same run."""
    rng = torch.Generator().manual_seed(seed)
    network = learn.SpectrumNetwork(10).initialise(rng)
    sharp = [torch.rand(80, 90, generator=rng)]
    stream = data.PatchStream(sharp, network.sigmas, rng=rng, noise=2.0)
    if source == "stored":
        stream = data.StoredPatches(*stream.batch(100), rng=rng)
    config = learn.TrainConfig(num_steps=num_steps, batch_size=32, **changes)
    run = learn.TrainingRun(network, stream, config)
    return run, learn.Checkpoint(
        tmp_path / "run.safetensors", identity or {"seed": seed}, seconds=0
    )


@pytest.mark.parametrize("source", ["stream", "stored"])
@pytest.mark.parametrize("changes", [{}, {"optimizer": "adagrad", "schedule": "constant"}])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path, source, changes):
    whole, _ = begin(tmp_path, source=source, **changes)
    while not whole.is_done:
        whole.advance()

    first, checkpoint = begin(tmp_path, source=source, **changes)
    for _ in range(13):
        first.advance()
    checkpoint.save(first)
    second, checkpoint = begin(tmp_path, source=source, **changes)
    checkpoint.restore(second)
    assert second.step == 13
    while not second.is_done:
        second.advance()

    for name in ("loss", "rmse", "accuracy"):
        assert second.history[name] == whole.history[name]
    assert second.history["seconds"] == sorted(second.history["seconds"])
    for one, other in zip(
        second.finalize().state_dict().values(), whole.finalize().state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_train_saves_and_goes_on(tmp_path):
    run, checkpoint = begin(tmp_path, num_steps=12)
    history = learn.train(run.network, run.stream, run.config, checkpoint=checkpoint)
    assert len(history["loss"]) == 12 and checkpoint.path.is_file()
    again, checkpoint = begin(tmp_path, num_steps=12)
    assert learn.train(again.network, again.stream, again.config, checkpoint=checkpoint) == history


@pytest.mark.parametrize("damage", ["cut", "garbage", "weights", "a bit", "nothing left"])
def test_a_damaged_checkpoint_is_named(tmp_path, damage):
    run, checkpoint = begin(tmp_path)
    run.advance()
    checkpoint.save(run)
    content = checkpoint.path.read_bytes()
    if damage == "weights":
        learn.save_network(checkpoint.path, run.network)
    else:
        flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        damaged = {"cut": content[:500], "garbage": b"garbage", "a bit": flipped}
        checkpoint.path.write_bytes(damaged.get(damage, b""))
    with pytest.raises(learn.CheckpointError, match="delete it to begin anew"):
        checkpoint.restore(run)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    run, checkpoint = begin(tmp_path)
    checkpoint.save(run)
    other, checkpoint = begin(tmp_path, seed=1)
    with pytest.raises(learn.CheckpointError, match="its seed is another one"):
        checkpoint.restore(other)
