"""Logs of a training run: a plain file, and TensorBoard where it is installed."""

import contextlib
import csv
from pathlib import Path

from .training import MEASURES


class RunLog:
    """Write every step of a run down; pass it to `blurlib.learn.train` as ``callback``.

    Used in a ``with`` statement it is closed behind it.

    Parameters
    ----------
    path : str or path-like, optional
        A CSV file: step, loss, RMSE in pixels, accuracy, seconds. Written anew whenever a run
        begins or goes on, with the steps before.
    tensorboard : str or path-like, optional
        A folder for TensorBoard's event files.

    Raises
    ------
    ImportError
        If TensorBoard is wanted and not installed.
    OSError
        If a file cannot be written.
    """

    def __init__(self, path=None, tensorboard=None):
        self._path, self._file, self._writer = path and Path(path), None, None
        if path and (self._path.is_dir() or not self._path.parent.is_dir()):
            # Said before the work; the file itself is written with the first step.
            raise OSError(f"cannot write {path}: it is a folder, or in none; name another file.")
        if tensorboard is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ImportError(
                    "TensorBoard is not installed; run: pip install tensorboard, or leave it out."
                ) from None
            self._writer = SummaryWriter(str(tensorboard))

    def __call__(self, run):
        """Write the run's last step.

        Parameters
        ----------
        run : TrainingRun
        """
        if self._path is not None:
            with self._naming():
                if self._file is None:
                    self._file = open(self._path, "w", newline="", buffering=1, encoding="utf-8")
                    csv.writer(self._file).writerow(["step", *MEASURES])
                    for step in range(1, run.step):
                        self._write(run, step)
                self._write(run, run.step)
        if self._writer is not None:
            for name in MEASURES[:3]:
                self._writer.add_scalar(name, run.history[name][-1], run.step)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Close the files."""
        for file in (self._file, self._writer):
            if file is not None:
                with self._naming():
                    file.close()

    @contextlib.contextmanager
    def _naming(self):
        try:
            yield
        except OSError as error:
            raise OSError(
                f"cannot write {self._path}: {error.strerror}; free some space, or name another."
            ) from None

    def _write(self, run, step):
        values = [f"{run.history[name][step - 1]:.6g}" for name in MEASURES]
        csv.writer(self._file).writerow([step, *values])
