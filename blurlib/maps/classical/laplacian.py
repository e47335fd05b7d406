"""How much the picture bends: the oldest focus measure."""

from ...blur import pad
from ...blur.degrade import QUANTIZATION_VARIANCE
from .windows import as_levels, variance

#: Sum of the squares of the Laplacian's weights: so much of a pixel's noise it lets through.
_GAIN = 4**2 + 4 * 1**2

#: Added to a variance: nothing beside what rounding gives, and enough for a flat window's zero.
_FAINT = QUANTIZATION_VARIANCE / 100


def laplacian_variance(image, stride=1):
    r"""Return how large the Laplacian is beside the contrast, in every window.

    .. math:: \log \operatorname{var}(\nabla^2 I) - \log \operatorname{var}(I)

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64; falls as blur grows.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    Notes
    -----
    The papers take the variance as it is. Divided by the contrast it no longer changes when the
    light does. A hundredth of what rounding gives is added to both, so a flat window has a value.

    References
    ----------
    .. [1] J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a comparative
       study", ICPR 2000, doi:10.1109/ICPR.2000.903548; key ``pechpacheco2000``.
    .. [2] S. Pertuz, D. Puig, M. A. Garcia, "Analysis of focus measure operators for
       shape-from-focus", Pattern Recognition 46(5), 2013, doi:10.1016/j.patcog.2012.11.011; key
       ``pertuz2013``.
    .. [3] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    levels = as_levels(image)
    framed = pad(levels, (1, 1, 1, 1), "symmetric")
    around = framed[2:, 1:-1] + framed[:-2, 1:-1] + framed[1:-1, 2:] + framed[1:-1, :-2]
    bending = variance(around - 4 * levels, stride) + _FAINT * _GAIN
    return bending.log() - (variance(levels, stride) + _FAINT).log()
