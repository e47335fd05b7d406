"""What a training run leaves on the disk: a log, and all it takes to go on."""

import contextlib
import csv
import json
import time
from pathlib import Path

import torch
from torch import distributed

from .._checks import check_number
from .._files import naming, replacing
from .._sealed import seal, unseal
from .checkpoints import CheckpointError

_RUN_FORMAT = "blurlib training run 2"


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
        if run.rank != 0:
            return
        optimizer = run.optimizer.state_dict()
        parts = {
            "network": run.network.state_dict(),
            "stream": run.stream.state_dict(),
            "history": {k: torch.tensor(v, dtype=torch.float64) for k, v in run.history.items()},
            **{f"optimizer.{number}": state for number, state in optimizer["state"].items()},
        }
        tensors = {
            f"{part}.{name}": tensor.detach().cpu().contiguous()
            for part, state in parts.items()
            for name, tensor in state.items()
        }
        facts = {
            "format": _RUN_FORMAT, "identity": self.identity, "step": run.step,
            "measures": list(run.history), "groups": optimizer["param_groups"],
            "scaler": run.scaler.state_dict()}  # fmt: skip
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
        # A byte before the file's own tells an empty file from none.
        is_there = run.rank == 0 and self.path.is_file()
        content = b"=" + self.path.read_bytes() if is_there else b""
        if run.world_size > 1:
            content = _hand_on(content, run.device)
        if not content:
            return
        try:
            tensors, metadata = unseal(content[1:])
            facts = json.loads(metadata["run"])
            theirs = {**facts["identity"], "format": facts["format"]}
        except Exception as error:  # whatever a damaged file makes the readers raise
            why = f"is damaged or no training run ({type(error).__name__})"
            raise CheckpointError(f"{self.path} {why}; delete it to begin anew.") from None
        mine = {**self.identity, "format": _RUN_FORMAT}
        changed = [name for name in mine | theirs if mine.get(name) != theirs.get(name)]
        if changed:
            why = f"belongs to another run (its {changed[0]} is another one)"
            raise CheckpointError(f"{self.path} {why}; delete it to begin anew.")
        _put_back(run, facts, tensors)


def _hand_on(content, device):
    """Return the first process' bytes, in every process; torch's own way would unpickle them."""
    length = torch.tensor(len(content), device=device)
    distributed.broadcast(length, 0)
    if not length:
        return b""
    row = torch.frombuffer(bytearray(content or length.item()), dtype=torch.uint8).to(device)
    distributed.broadcast(row, 0)
    return row.cpu().numpy().tobytes()


def _part(tensors, name):
    """Return the tensors under one name, without it."""
    return {key[len(name) + 1 :]: t for key, t in tensors.items() if key.startswith(f"{name}.")}


def _put_back(run, facts, tensors):
    run.network.load_state_dict(_part(tensors, "network"))
    run.stream.load_state_dict(_part(tensors, "stream"))
    numbers = {key.split(".")[0] for key in _part(tensors, "optimizer")}
    state = {int(number): _part(tensors, f"optimizer.{number}") for number in numbers}
    run.optimizer.load_state_dict({"state": state, "param_groups": facts["groups"]})
    run.step, history = facts["step"], _part(tensors, "history")
    if run.schedule is not None:
        run.schedule.load_state_dict({"last_epoch": run.step})  # the rest follows from the recipe
    run.scaler.load_state_dict(facts["scaler"])
    run.history = {name: history[name].tolist() for name in facts["measures"]}
    if run.history:
        run._start = time.perf_counter() - run.history["seconds"][-1]


class RunLog(contextlib.AbstractContextManager):
    """Write every step of a run down; pass it to `blurlib.learn.train` as ``callback``.

    Used in a ``with`` statement it is closed behind it.

    Parameters
    ----------
    path : str or path-like, optional
        A CSV file: the step and what `TrainingRun.history` has of it. Written anew whenever a run
        begins or goes on, with the steps before.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path=None):
        self._path, self._file = path and Path(path), None
        if path and (self._path.is_dir() or not self._path.parent.is_dir()):
            # Said before the work; the file itself is written with the first step.
            raise OSError(f"cannot write {path}: it is a folder, or in none; name another file.")

    def __call__(self, run):
        """Write the run's last step.

        Parameters
        ----------
        run : TrainingRun
        """
        if self._path is None:
            return
        first = run.step
        with naming(self._path):
            if self._file is None:
                self._file = open(self._path, "w", newline="", buffering=1, encoding="utf-8")
                csv.writer(self._file).writerow(["step", *run.history])
                first = 1
            for step in range(first, run.step + 1):
                values = (f"{values[step - 1]:.6g}" for values in run.history.values())
                csv.writer(self._file).writerow([step, *values])

    def __exit__(self, *exception):
        if self._file is not None:
            with naming(self._path):
                self._file.close()
