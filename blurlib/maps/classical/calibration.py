"""What was fitted once: a curve for each statistic, and the trees; stored beside the code."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from ..._files import replacing
from ..._sealed import seal, unseal
from .trees import FEATURES, Forest

#: The statistics that a curve makes a sigma of.
STATISTICS = FEATURES[:5]

CALIBRATION_FILE = Path(__file__).with_name("calibration.safetensors")


class CalibrationError(ValueError):
    """A file that holds no calibration of the classical methods, or a damaged one."""


@dataclass(frozen=True)
class Curve:
    """A sigma for every value of a statistic: straight lines between knots.

    Attributes
    ----------
    statistic : Tensor of shape (K,)
        The knots, rising; float64.
    sigma : Tensor of shape (K,)
        In pixels, rising or falling; float64.
    """

    statistic: torch.Tensor
    sigma: torch.Tensor

    def __call__(self, statistic):
        """Return sigma in pixels; beyond the last knots it stays as it is there."""
        return torch.as_tensor(np.interp(statistic, self.statistic, self.sigma))


@dataclass(frozen=True)
class Calibration:
    """Curves and trees.

    Attributes
    ----------
    curves : dict of str to Curve
        One for each of `STATISTICS`.
    forest : Forest
        Of boosted-trees.
    record : dict
        How it was fitted: anything JSON can hold.
    """

    curves: dict
    forest: Forest
    record: dict

    def save(self, path):
        """Write it to a file; an old file stays whole until the new one is.

        Parameters
        ----------
        path : str or path-like
            Where to; the ending .safetensors is usual.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        tensors = {
            f"{name}/{part.name}": getattr(curve, part.name).contiguous()
            for name, curve in self.curves.items()
            for part in fields(Curve)
        } | {
            f"boosted-trees/{part.name}": getattr(self.forest, part.name).contiguous()
            for part in fields(Forest)}  # fmt: skip
        with replacing(path) as file:
            file.write(seal(tensors, {"blurlib": json.dumps(self.record)}))


def load_calibration(path=CALIBRATION_FILE):
    """Read what `Calibration.save` wrote, and check that no bit of it has changed.

    Parameters
    ----------
    path : str or path-like, optional
        The file; by default the one that comes with the package.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CalibrationError
        If the file is damaged or of another program.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no calibration {path}")
    try:
        tensors, metadata = unseal(path.read_bytes())

        def stored(kind, name):
            return kind(*(tensors[f"{name}/{part.name}"] for part in fields(kind)))

        curves = {name: stored(Curve, name) for name in STATISTICS}
        for name, curve in curves.items():
            if not (curve.statistic.diff() > 0).all() or not curve.sigma.isfinite().all():
                raise ValueError(f"the knots of {name} do not rise, or have no sigma")
        return Calibration(curves, stored(Forest, "boosted-trees"), json.loads(metadata["blurlib"]))
    except Exception as error:  # whatever a damaged file makes the readers raise
        raise CalibrationError(
            f"{path} is damaged or was not written by blurlib ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:120]}); fit it or install blurlib again."
        ) from None
