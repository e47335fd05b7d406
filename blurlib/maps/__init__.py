"""Sigma maps: estimating the blur at each pixel, smoothing and scoring the estimate."""

from ..learn import READOUTS, read_out
from . import classical, corruptions, doubt, likelihood, limits
from .dense import has_dense_form, run_dense, run_sliding
from .estimators import DEFAULT_ESTIMATOR, NetworkEstimator, estimator_names, load_estimator
from .evaluate import evaluate_image, evaluate_patches, make_test_image
from .metrics import bias, mse, rmse
from .predict import (
    METHODS,
    predict_full_size,
    predict_grid,
    predict_sigma_map,
    spread_grid,
    window_centres,
)
from .regress import RegressionEstimator, predict_with_doubt
from .regularise import fit_ramp, fit_sinusoid, smooth_edges, smooth_weighted
from .smoothing import BOUNDARIES, NEIGHBOURHOODS, smooth, smooth_iterated

__all__ = [
    "BOUNDARIES",
    "DEFAULT_ESTIMATOR",
    "METHODS",
    "NEIGHBOURHOODS",
    "READOUTS",
    "NetworkEstimator",
    "RegressionEstimator",
    "bias",
    "classical",
    "corruptions",
    "doubt",
    "estimator_names",
    "evaluate_image",
    "evaluate_patches",
    "fit_ramp",
    "fit_sinusoid",
    "has_dense_form",
    "likelihood",
    "limits",
    "load_estimator",
    "make_test_image",
    "mse",
    "predict_full_size",
    "predict_grid",
    "predict_sigma_map",
    "predict_with_doubt",
    "read_out",
    "rmse",
    "run_dense",
    "run_sliding",
    "smooth",
    "smooth_edges",
    "smooth_iterated",
    "smooth_weighted",
    "spread_grid",
    "window_centres",
]
