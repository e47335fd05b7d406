"""Saving a training run in the middle, and going on from there as if it had never stopped."""

import json
import time
from pathlib import Path

import torch
from torch import distributed

from .._checks import check_number
from .._files import replacing
from .._sealed import seal, unseal
from .checkpoints import CheckpointError
from .training import MEASURES

_FORMAT = "blurlib training run 1"


class Checkpoint:
    """A file that holds all that a run's next step depends on.

    Weights, optimizer, schedule, the generators of the data, history: on a CPU the run goes on bit
    for bit. Written beside and renamed, so a kill leaves the last whole one.

    Parameters
    ----------
    path : str or path-like
        The file.
    identity : dict
        What the run is, as JSON: its recipe and its data. A file of another run is refused.
    seconds : float, optional
        Time between two savings.
    """

    def __init__(self, path, identity, *, seconds=60.0):
        self.path = Path(path)
        self.identity = json.loads(json.dumps(identity))
        self.seconds = check_number(seconds, "seconds", low=0)
        self._saved = time.perf_counter()

    def save_if_due(self, run):
        """Save if the time has come, or the run is done.

        Parameters
        ----------
        run : TrainingRun
        """
        if run.is_done or time.perf_counter() - self._saved >= self.seconds:
            self.save(run)

    def save(self, run):
        """Save the run; of several processes the first does.

        Parameters
        ----------
        run : TrainingRun

        Raises
        ------
        OSError
            If the folder cannot be written; the last whole file stays.
        """
        self._saved = time.perf_counter()
        if run.share[0] != 0:
            return
        tensors = {f"network.{name}": t for name, t in run.network.state_dict().items()}
        tensors |= {f"best.{name}": t for name, t in (run.best or {}).items()}
        tensors |= {f"stream.{name}": t for name, t in run.stream.state_dict().items()}
        optimizer = run.optimizer.state_dict()
        tensors |= {
            f"optimizer.{number}.{name}": value
            for number, state in optimizer["state"].items()
            for name, value in state.items()
        }
        tensors |= {
            f"history.{name}": torch.tensor(run.history[name], dtype=torch.float64)
            for name in MEASURES
        }
        facts = {
            "format": _FORMAT,
            "identity": self.identity,
            "step": run.step,
            "validations": run.validations,
            "groups": optimizer["param_groups"],
            "schedule": run.schedule and _plain(run.schedule.state_dict()),
            "scaler": run.scaler.state_dict(),
        }
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        content = seal(tensors, {"run": json.dumps(facts)})
        with replacing(self.path) as file:
            file.write(content)

    def restore(self, run):
        """Put a run where the file says, if there is one.

        Of several processes the first reads, as it alone writes, and hands the content on: they
        need no disk in common, and none can miss the file and begin anew beside the others.

        Parameters
        ----------
        run : TrainingRun
            Just begun; changed in place.

        Raises
        ------
        CheckpointError
            If the file is damaged, or belongs to another run.
        """
        content = b""
        if run.share[0] == 0 and self.path.is_file():
            content = self.path.read_bytes()
        if run.share[1] > 1:
            content = _hand_on(content, run.device)
        if not content and not (run.share[0] == 0 and self.path.is_file()):
            return
        try:
            tensors, metadata = unseal(content)
            facts = json.loads(metadata["run"])
        except Exception as error:  # whatever a damaged file makes the readers raise
            raise CheckpointError(
                f"{self.path} is damaged or no training run ({type(error).__name__}); delete it "
                "to begin anew."
            ) from None
        if facts.get("format") != _FORMAT or facts["identity"] != self.identity:
            raise CheckpointError(
                f"{self.path} belongs to another run ({_difference(facts, self.identity)}); "
                "delete it to begin anew, or name another file."
            )
        _put_back(run, facts, tensors)

    def remove(self):
        """Remove the file: the run is over and its result is safe elsewhere."""
        self.path.unlink(missing_ok=True)


def _hand_on(content, device):
    """Return the first process' bytes, in every process."""
    length = torch.tensor(len(content), device=device)
    distributed.broadcast(length, 0)
    row = torch.zeros(int(length), dtype=torch.uint8)
    if distributed.get_rank() == 0:
        row = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else row
    row = row.to(device)
    distributed.broadcast(row, 0)
    return row.cpu().numpy().tobytes()


def _plain(state):
    """Keep what JSON can hold: the schedule's numbers, not its functions."""
    return {
        name: value
        for name, value in state.items()
        if isinstance(value, int | float | str | list | None)
    }


def _difference(facts, identity):
    """Name the first thing in which two runs differ."""
    other = facts.get("identity")
    for name in identity if isinstance(other, dict) else ():
        if other.get(name) != identity[name]:
            return f"its {name} is another one"
    return "it has another format"


def _part(tensors, name):
    """Return the tensors under one name, without it."""
    return {key[len(name) + 1 :]: t for key, t in tensors.items() if key.startswith(f"{name}.")}


def _put_back(run, facts, tensors):
    run.network.load_state_dict(_part(tensors, "network"))
    run.best = _part(tensors, "best") or None
    run.stream.load_state_dict(_part(tensors, "stream"))
    state = {}
    for key, tensor in _part(tensors, "optimizer").items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    groups = [
        {**group, "betas": tuple(group["betas"])} if "betas" in group else group
        for group in facts["groups"]
    ]
    run.optimizer.load_state_dict({"state": state, "param_groups": groups})
    if run.schedule is not None:
        run.schedule.load_state_dict(facts["schedule"])
    run.scaler.load_state_dict(facts["scaler"])
    run.step, run.validations = facts["step"], facts["validations"]
    run.history = {name: _part(tensors, "history")[name].tolist() for name in MEASURES}
    if run.history["seconds"]:
        run._start = time.perf_counter() - run.history["seconds"][-1]
