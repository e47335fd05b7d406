"""The classical methods as estimators, called as the networks are."""

import functools
from dataclasses import dataclass

from ..._checks import check_choice
from ..estimator import Estimator
from .calibration import load_calibration
from .sharpness import autocorrelation, laplacian_variance, max_gradient, reblur_ratio
from .spectrum_fit import spectrum_fit
from .trees import hand_features

#: What each method measures in every window, by name.
MEASURES = {
    "laplacian-variance": laplacian_variance, "autocorrelation": autocorrelation,
    "reblur-ratio": reblur_ratio, "max-gradient": max_gradient, "spectrum-fit": spectrum_fit,
    "boosted-trees": hand_features}  # fmt: skip

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
