"""What was fitted once: a curve for each statistic, and the trees; stored beside the code."""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save as to_bytes

from ..._files import replacing
from .trees import FEATURES, Forest

#: The statistics that a curve makes a sigma of.
STATISTICS = FEATURES[:5]

CALIBRATION_FILE = Path(__file__).with_name("calibration.safetensors")
_HASHES = Path(__file__).with_name("sha256.json")


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
        knots = self.statistic
        right = torch.searchsorted(knots, statistic.contiguous()).clamp(1, len(knots) - 1)
        step = knots[right] - knots[right - 1]
        share = ((statistic - knots[right - 1]) / step).clamp(0, 1)
        return torch.lerp(self.sigma[right - 1], self.sigma[right], share)


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
            for part in fields(Forest)
        }  # fmt: skip
        data = to_bytes(tensors, metadata={"blurlib": json.dumps(self.record)})
        with replacing(path) as file:
            file.write(data)


def load_calibration(path=None):
    """Read what `Calibration.save` wrote, and check it.

    Parameters
    ----------
    path : str or path-like, optional
        The file; by default the one that comes with the package, whose hash is checked too.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CalibrationError
        If the file is damaged, of another program, or not the one that was published.
    """
    packaged, path = path is None, Path(CALIBRATION_FILE if path is None else path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no calibration {path}")
    if packaged:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != json.loads(_HASHES.read_text())[path.name]:
            raise CalibrationError(
                f"{path.name} is not the published one (SHA-256 {found[:16]}...); install blurlib "
                "again."
            )
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            record = json.loads((file.metadata() or {})["blurlib"])
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        curves = {
            name: Curve(*(stored[f"{name}/{part.name}"] for part in fields(Curve)))
            for name in STATISTICS
        }
        forest = Forest(*(stored[f"boosted-trees/{part.name}"] for part in fields(Forest)))
        for name, curve in curves.items():
            _check_curve(name, curve)
        _check_forest(forest)
    except Exception as error:  # whatever a damaged file makes the readers raise
        raise CalibrationError(
            f"{path} is damaged or was not written by blurlib ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:120]}); fit it or install blurlib again."
        ) from None
    return Calibration(curves, forest, record)


def _require(condition, what):
    if not condition:
        raise ValueError(what)


def _check_curve(name, curve):
    knots, sigma = curve.statistic, curve.sigma
    _require(
        knots.dtype == sigma.dtype == torch.float64 and knots.shape == sigma.shape
        and knots.ndim == 1 and len(knots) >= 2,
        f"the curve of {name} must be two rows of float64",
    )  # fmt: skip
    _require(torch.isfinite(torch.stack([knots, sigma])).all(), f"the curve of {name} has NaN")
    steps = sigma.diff()
    _require((knots.diff() > 0).all(), f"the knots of {name} must rise")
    _require((steps >= 0).all() or (steps <= 0).all(), f"the curve of {name} must be monotone")
    _require(sigma.min() >= 0, f"the curve of {name} must not be negative")


def _check_forest(forest):
    shape = forest.feature.shape
    _require(
        len(shape) == 2 and forest.start.shape == ()
        and all(getattr(forest, p.name).shape == shape for p in fields(Forest)[1:]),
        "the trees must have one shape (trees, nodes)",
    )  # fmt: skip
    _require(
        all(torch.isfinite(x).all() for x in (forest.start, forest.threshold, forest.value)),
        "the trees hold NaN",
    )
    _require(
        0 <= forest.feature.min() and forest.feature.max() < len(FEATURES),
        "the trees ask for an unknown feature",
    )
    own = torch.arange(shape[1])
    leaf = forest.below == own
    _require((leaf == (forest.above == own)).all(), "a node must have two children or none")
    for child in (forest.below, forest.above):  # later ones: so every way ends at a leaf
        _require((leaf | (child > own)).all() and child.max() < shape[1], "a child is out of place")
