"""The classical methods: sigma from a formula, or from trees, where a network would guess.

Each measures one thing in every window, and a curve that was fitted once makes a sigma of it.
"""

from ..._checks import public as _public
from .calibration import CLASSICAL, MEASURES, ClassicalEstimator, classical_estimator
from .calibration import Calibration, CalibrationError, Curve, load_calibration
from .sharpness import REBLUR_SIGMA, autocorrelation, find_edges, gradient_autocorrelation
from .sharpness import laplacian_variance, max_gradient, reblur_ratio
from .spectrum_fit import fit_spectra, ring_power, spectrum_fit
from .trees import FEATURES, Forest, hand_features

__all__ = _public(globals())
