"""The classical methods as estimators, called as the networks are."""

import functools
from dataclasses import dataclass

import torch

from ..._checks import check_choice, check_integer
from ...data.patches import PATCH_SIZE
from .autocorrelation import autocorrelation
from .calibration import load_calibration
from .laplacian import laplacian_variance
from .reblur import max_gradient, reblur_ratio
from .spectrum_fit import spectrum_fit
from .trees import hand_features

#: What each method measures in every window, by name.
METHODS = {
    "laplacian-variance": laplacian_variance,
    "autocorrelation": autocorrelation,
    "reblur-ratio": reblur_ratio,
    "max-gradient": max_gradient,
    "spectrum-fit": spectrum_fit,
    "boosted-trees": hand_features,
}

#: Their names: what `blurlib.maps.load_estimator` takes.
CLASSICAL = tuple(METHODS)


@dataclass(frozen=True)
class ClassicalEstimator:
    """A classical method as a function from an image to a sigma map on the window grid.

    Attributes
    ----------
    name : str
        One of `CLASSICAL`.
    to_sigma : callable
        From what the method measures to sigma in pixels: a `Curve`, or a `Forest`.
    """

    name: str
    to_sigma: object

    @property
    def patch_size(self):
        """Side of the window in pixels."""
        return PATCH_SIZE

    @property
    def own_stride(self):
        """Step between the places where it can answer, in pixels."""
        return 1

    @property
    def min_side(self):
        """Smallest side, in pixels, of an image that `predict_full_size` may be asked about."""
        return PATCH_SIZE

    @torch.no_grad()
    def __call__(self, image, *, stride=1, progress=False):
        """Return the sigma map of every window.

        Parameters
        ----------
        image : Tensor of shape (H, W)
            Blurred image in [0, 1], at least 32 pixels a side.
        stride : int, optional
            Step between windows in pixels.
        progress : bool, optional
            Taken for the sake of the other estimators; all windows are done at once here.

        Returns
        -------
        sigma_map : Tensor of shape (rows, columns)
            In pixels, float32; rows = (H - 32) // stride + 1.

        Raises
        ------
        TypeError, ValueError
            If the image is none, or smaller than a window.
        """
        measured = METHODS[self.name](image, check_integer(stride, "stride"))
        return self.to_sigma(measured).clamp_min(0).float()


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
    >>> classical_estimator("laplacian-variance")(torch.rand(64, 64), stride=16).shape
    torch.Size([3, 3])
    """
    check_choice(name, "name", METHODS)
    calibration = _packaged()
    return ClassicalEstimator(name, calibration.curves.get(name, calibration.forest))


@functools.cache
def _packaged():
    return load_calibration()
