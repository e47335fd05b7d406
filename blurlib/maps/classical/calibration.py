"""What was fitted once: a curve for each statistic, and the trees; stored beside the code."""

import functools
import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from ..._checks import check_choice
from ..._files import replacing
from ..._sealed import seal, unseal
from ..estimator import Estimator
from .trees import SINGLE_MEASURES, Forest, hand_features

#: The statistics that a curve makes a sigma of.
STATISTICS = tuple(SINGLE_MEASURES)

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
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        damaged = f"{path} is damaged or was not written by blurlib ({why})"
        raise CalibrationError(f"{damaged}; fit it or install blurlib again.") from None


#: What each method measures in every window, by name.
MEASURES = {**SINGLE_MEASURES, "boosted-trees": hand_features}

#: Their names: what `blurlib.maps.load_estimator` takes.
CLASSICAL = tuple(MEASURES)


@dataclass(frozen=True)
class ClassicalEstimator(Estimator):
    """A classical method as an estimator; all windows are done at once.

    Attributes
    ----------
    name : str
        One of `CLASSICAL`.
    to_sigma : callable
        From what the method measures to sigma in pixels: a `Curve`, or a `Forest`.
    """

    name: str
    to_sigma: object
    cpu_only = True

    def answer(self, image, stride):
        """Answer with the sigma of every window: see `Estimator.answer`."""
        return self.to_sigma(MEASURES[self.name](image, stride)).clamp_min(0).float()[None]


def classical_estimator(name):
    """Return a classical method with its packaged calibration.

    Parameters
    ----------
    name : str
        One of `CLASSICAL`.

    Returns
    -------
    estimator : ClassicalEstimator

    Raises
    ------
    ValueError
        If the name is unknown.
    CalibrationError
        If the packaged calibration is damaged.

    Examples
    --------
    >>> import torch
    >>> classical_estimator("laplacian-variance").predict(torch.rand(64, 64), stride=16).sigma.shape
    torch.Size([5, 5])
    """
    check_choice(name, "name", MEASURES)
    calibration = _packaged()
    return ClassicalEstimator(name, calibration.curves.get(name, calibration.forest))


@functools.cache
def _packaged():
    return load_calibration()
