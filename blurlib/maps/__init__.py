"""Sigma maps: estimating the blur at each pixel, smoothing and scoring the estimate."""

from .._checks import public as _public
from ..learn import READOUTS, read_out
from . import classical, corruptions, motion, uncertainty
from .dense import has_dense_form, run_dense, run_sliding
from .estimator import Estimator
from .estimators import DEFAULT_ESTIMATOR, RUNS, PatchEstimator, RegressionEstimator, estimate
from .estimators import estimator_names, estimator_of, load_estimator, predict_sigma_map
from .evaluate import bias, evaluate_image, evaluate_patches, make_test_image, mse, rms, rmse
from .fit import train_estimator
from .regularise import fit_plane, fit_sinusoid, smooth_tikhonov, smooth_tv
from .sigma_map import SigmaMap, crop_to_windows
from .smoothing import BOUNDARIES, NEIGHBOURHOODS, smooth, smooth_iterated

__all__ = [*_public(globals()), "classical", "corruptions", "motion", "uncertainty"]
