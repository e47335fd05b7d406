"""Undoing blur: deconvolution with a known PSF, deblurring with a map, moving the focus."""

from .._checks import public as _public
from .blind import estimate_psf
from .deblur import DEBLUR_METHODS, deblur, deblur_with_error, expected_gain, likely_profile
from .deconvolve import inverse, richardson_lucy, sparse_gradients, tikhonov, wiener
from .motion import find_moved
from .noise import estimate_noise
from .refocus import refocus

__all__ = _public(globals())
