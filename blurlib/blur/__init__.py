"""Making blur: point spread functions, lenses, sigma fields, convolution, noise and rounding."""

from .._checks import public as _public
from .borders import PADDING_MODES, pad
from .convolve import blur_uniform, blur_varying
from .degrade import add_noise, jpeg, quantize
from .fields import FIELDS, constant_field, depth_field, ramp_field
from .fields import sin2d_field, sin_field, step_field
from .fourier import FourierBlur
from .lens import coc_diameter, coc_diameter_to_sigma, disk_radius_to_sigma, sigma_to_disk_radius
from .motion import motion_psf, shake_psf, shake_trajectory, trajectory_psf
from .nominal import nominal_to_std, std_to_nominal
from .operators import VaryingBlur
from .psf import THESIS_TRUNCATE, disk_psf, effective_sigma, gaussian_psf, otf, thesis_psf
from .spectra import fold_counts, fold_power, frequencies
from .spectra import hann_window, radial_frequency, windowed_power

__all__ = _public(globals())
