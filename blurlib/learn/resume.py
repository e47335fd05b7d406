"""What a training run leaves on the disk: a log, and all it takes to go on."""

import contextlib
import csv
import hashlib
import io
import json
import time
from pathlib import Path

import torch
from torch import distributed

from .._checks import check_number
from .._files import naming, replacing
from .checkpoints import CheckpointError

_RUN_FORMAT = "blurlib training run 3"

# What of a run has a state of its own; that of the schedule follows from the step.
_PARTS = ("network", "stream", "optimizer", "scaler")


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
        parts = {part: getattr(run, part).state_dict() for part in _PARTS}
        facts = {"format": _RUN_FORMAT, "identity": self.identity}
        buffer = io.BytesIO()
        torch.save({**facts, "step": run.step, "history": run.history, **parts}, buffer)
        content = buffer.getvalue()
        with replacing(self.path) as file:
            file.write(hashlib.sha256(content).digest() + content)

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
            handed = [content]
            distributed.broadcast_object_list(handed, device=run.device)
            content = handed[0]
        if not content:
            return
        try:
            digest, content = content[1:33], content[33:]
            if hashlib.sha256(content).digest() != digest:
                raise ValueError("its checksum is another one")
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            theirs = {**state["identity"], "format": state["format"]}
        except Exception as error:  # whatever a damaged file makes the readers raise
            why = f"is damaged or no training run ({type(error).__name__})"
            raise CheckpointError(f"{self.path} {why}; delete it to begin anew.") from None
        mine = {**self.identity, "format": _RUN_FORMAT}
        changed = [name for name in mine | theirs if mine.get(name) != theirs.get(name)]
        if changed:
            why = f"belongs to another run (its {changed[0]} is another one)"
            raise CheckpointError(f"{self.path} {why}; delete it to begin anew.")
        for part in _PARTS:
            getattr(run, part).load_state_dict(state[part])
        run.step, run.history = state["step"], state["history"]
        if run.schedule is not None:
            run.schedule.load_state_dict({"last_epoch": run.step})
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
