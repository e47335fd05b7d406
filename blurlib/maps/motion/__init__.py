"""Motion: how long and which way, what kind of blur it is at all, and how sure that is."""

from ..._checks import public as _public
from ...learn.motion_net import BLUR_KINDS
from .answer import MOTION_LAYERS, Motion, MotionField, angle_between
from .cepstrum import cepstrum_motion, power_cepstrum, radon_motion
from .gradients import gradient_ellipse
from .learned import find_motion, motion_field
from .likelihood import psf_log_likelihoods

__all__ = _public(globals())
