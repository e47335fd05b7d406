"""Undoing blur: deconvolution with a known PSF, deblurring with a map."""

from .._checks import public as _public
from .blind import estimate_psf
from .deblur import deblur
from .deconvolve import inverse, richardson_lucy, sparse_gradients, tikhonov, wiener
from .noise import estimate_noise

__all__ = _public(globals())
