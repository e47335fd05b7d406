"""Two meanings of sigma: the label of the author's cut kernels, and the kernels' real width."""

import functools

import numpy as np
import torch

from .operators import VaryingBlur
from .psf import THESIS_TRUNCATE

#: Largest nominal sigma of the table, in pixels; beyond, what is cut off is a constant share.
_LARGEST = 32.0

#: Values of the table between two jumps. A straight line between them errs by less than 1e-4 px.
_BETWEEN = 250


def nominal_to_std(sigma):
    """Return how wide the author's kernel of a nominal sigma is.

    It is cut at two sigma and sampled at the pixels. So it is narrower than its label, by little
    at 1 pixel and by 9 % at 3, and jumps where its side grows, at every half pixel.

    Parameters
    ----------
    sigma : float or Tensor
        Nominal sigma in pixels, at least 0.

    Returns
    -------
    std : float or Tensor
        The kernel's standard deviation along an axis, in pixels: `effective_sigma` of `thesis_psf`.

    Raises
    ------
    ValueError
        If a sigma is negative or not finite.

    References
    ----------
    .. [1] Chapter "The point spread function", ``book/blur/point_spread_function.ipynb``.

    Examples
    --------
    >>> [round(nominal_to_std(sigma), 2) for sigma in (0.3, 0.5, 1.0, 2.0, 3.0)]
    [0.09, 0.46, 0.96, 1.85, 2.73]
    """
    return _look_up(sigma, *_table())


def std_to_nominal(std):
    """Return the nominal sigma whose kernel of the author's is so wide.

    Parameters
    ----------
    std : float or Tensor
        Standard deviation along an axis, in pixels, at least 0.

    Returns
    -------
    sigma : float or Tensor
        Nominal sigma in pixels. For widths that no kernel has, the one at which they are skipped.

    Raises
    ------
    ValueError
        If a width is negative or not finite.

    Examples
    --------
    >>> round(std_to_nominal(nominal_to_std(2.3)), 4)
    2.3
    >>> round(std_to_nominal(0.98), 2)  # between 0.961 and 0.999, the two sides of 1
    1.0
    """
    return _look_up(std, *reversed(_table()))


def _look_up(values, known, wanted):
    found = np.asarray(values.cpu() if isinstance(values, torch.Tensor) else values, np.float64)
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError("sigma must be finite and at least 0 pixels everywhere.")
    beyond = np.maximum(found / known[-1], 1)
    found = np.interp(found / beyond, known, wanted) * beyond
    if isinstance(values, torch.Tensor):
        dtype = values.dtype if values.is_floating_point() else torch.get_default_dtype()
        return torch.from_numpy(found).to(values.device, dtype)
    return found.item()


@functools.cache
def _table():
    """Return nominal sigmas and the widths of their kernels, both rising strictly."""
    ends = np.arange(0.5, _LARGEST + 0.25, 0.5)
    # From just behind one jump to the next one; `gaussian_reach` lets it come a millionth later.
    behind = (ends - 0.5) * (1 + 2e-6) + 2e-6
    nominal = np.linspace(behind, ends, _BETWEEN).T.ravel()
    width = VaryingBlur(torch.from_numpy(nominal)[None], truncate=THESIS_TRUNCATE).std()[0].numpy()
    rises = width > 0
    return np.append(0.0, nominal[rises]), np.append(0.0, width[rises])
