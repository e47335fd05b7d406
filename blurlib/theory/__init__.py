r"""How well anybody could do: Cramer-Rao bounds on sigma, and the likelihood that reaches them.

The patch is taken to be one period of a texture that repeats itself, so that blur multiplies each
Fourier coefficient by the OTF and nothing mixes. In a patch that is cut out of a picture light from
beyond its rim has come in; `crlb_power_law` can count that exactly. Rounding to 8 bits and camera
noise are taken to be white. Conventions, the same in every function:

* frequencies :math:`f_k` are those of `torch.fft.fftfreq`, :math:`X_k` is the plain Fourier sum;
* power is a pixel's: white noise of variance v has :math:`P_k = E |X_k|^2 / N^2 = v`;
* the coefficient at frequency 0 is left out: it is the mean grey level, which no blur changes;
* grey levels lie in [0, 1]; ``noise`` alone is given in grey levels of 255.
"""

from .._checks import public as _public
from .crlb import crlb_power_law, crlb_spectrum_known, crlb_texture_known, fisher_power_law
from .likelihood import fit_power_law, fit_texture_known
from .textures import blur_periodic, gaussian_fields, noise_power, power_law, transfer

__all__ = _public(globals())
