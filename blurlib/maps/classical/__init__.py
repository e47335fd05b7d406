"""The classical methods: sigma from a formula, or from trees, where a network would guess.

Each measures one thing in every window, and a curve that was fitted once makes a sigma of it.
"""

from ..._checks import public as _public
from .autocorrelation import autocorrelation, gradient_autocorrelation
from .calibration import Calibration, CalibrationError, Curve, load_calibration
from .estimator import CLASSICAL, MEASURES, ClassicalEstimator, classical_estimator
from .fit import fit_calibration, fit_curve, fit_forest
from .laplacian import laplacian_variance
from .reblur import REBLUR_SIGMA, find_edges, max_gradient, reblur_ratio
from .spectrum_fit import fit_spectra, ring_power, spectrum_fit
from .trees import FEATURES, Forest, hand_features

__all__ = _public(globals())
