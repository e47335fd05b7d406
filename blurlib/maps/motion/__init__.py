"""Uniform linear motion: its length and direction, how sure, and whether it is motion at all."""

from ..._checks import public as _public
from .answer import BLUR_KINDS, Motion, angle_between
from .cepstrum import cepstrum_motion, power_cepstrum, radon_motion
from .field import MOTION_LAYERS, MotionField, motion_field
from .likelihood import fit_motion, psf_log_likelihoods

__all__ = _public(globals())
