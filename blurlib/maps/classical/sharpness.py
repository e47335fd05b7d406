"""Four measures of sharpness: how much the picture bends, how alike its slopes, what blur takes."""

import scipy
import skimage
import torch
from torch.nn import functional

from ...blur import pad
from ...blur.degrade import QUANTIZATION_VARIANCE
from ...data.patches import PATCH_SIZE
from .windows import as_levels, box_mean, gradient, reblur, variance

#: Sum of the squares of the Laplacian's weights: so much of a pixel's noise it lets through.
_GAIN = 4**2 + 4 * 1**2

#: Added to a variance: nothing beside what rounding gives, and enough for a flat window's zero.
_FAINT = QUANTIZATION_VARIANCE / 100

#: Largest lag, and the height at which the peak's width is taken.
_LAGS, _PEAK_HEIGHT = 8, 0.8

#: Sigma of the second blur, in pixels: small enough to leave neighbouring edges apart.
REBLUR_SIGMA = 0.7

#: Where the ratio says that nothing was taken away, sigma is at most so many second blurs.
_MOST_REBLURS = 10

#: What edges in larger squares around count, by the side: next to nothing, unless the window has
#: none. Last comes the whole picture.
_AROUND, _ANYWHERE = {64: 1e-2, 256: 1e-4}, 1e-6


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


def gradient_autocorrelation(image, stride=1):
    r"""Return the autocorrelation of the slopes in every window, along their own direction.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    correlation : Tensor of shape (9, rows, columns)
        At lags of 0 to 8 pixels; 1 at lag 0, the mean of both axes, freed from rounding noise.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.
    """
    levels = as_levels(image)
    sums = 0
    for axis in (0, 1):
        framed = pad(levels, (0, 1, 0, 0) if axis == 0 else (0, 0, 0, 1), "symmetric")
        slope = framed.diff(dim=axis)
        beyond = pad(slope, (0, _LAGS, 0, 0) if axis == 0 else (0, 0, 0, _LAGS), "symmetric")
        shifted = [beyond.narrow(axis, lag, levels.shape[axis]) for lag in range(_LAGS + 1)]
        sums = sums + torch.stack([box_mean(slope * other, stride) for other in shifted])
    # A difference of two rounded pixels has the noise of both, and shares one with the next.
    sums[0] -= 4 * QUANTIZATION_VARIANCE
    sums[1] += 2 * QUANTIZATION_VARIANCE
    peak = sums[0].clamp_min(QUANTIZATION_VARIANCE)  # a flat window's is all noise
    return torch.cat([torch.ones_like(peak)[None], (sums[1:] / peak).clamp(-1, 1)])


def autocorrelation(image, stride=1):
    r"""Return how wide the peak of the slopes' autocorrelation is, in every window.

    If the sharp texture's slopes were white, a gaussian blur would give

    .. math:: \rho(d) = e^{-d^2 / 4 \sigma^2}

    along their own direction: the wider the peak, the larger sigma.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64: the lag in pixels, interpolated, at which the peak has fallen to 0.8.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    References
    ----------
    .. [1] Y. Yitzhaky, N. S. Kopeika, "Identification of blur parameters from motion blurred
       images", Graphical Models and Image Processing 59(5), 1997, doi:10.1006/gmip.1997.0435, who
       read the length of a motion there; key ``yitzhaky1997``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    correlation = gradient_autocorrelation(image, stride)
    below = correlation < _PEAK_HEIGHT
    below[-1] = True  # a peak that is wider than all lags
    first = below.int().argmax(0)[None]
    before, after = correlation.gather(0, first - 1)[0], correlation.gather(0, first)[0]
    share = ((before - _PEAK_HEIGHT) / (before - after).clamp_min(1e-6)).clamp(0, 1)
    return first[0] - 1 + share


def _steepness(levels):
    """Return the squared gradient before and after the second blur."""
    return [gradient(picture).square().sum(0) for picture in (levels, reblur(levels, REBLUR_SIGMA))]


def _sigma_of(ratio):
    """Return the sigma of an edge from its squared ratio: sigma0 / sqrt(R^2 - 1)."""
    return REBLUR_SIGMA / (ratio - 1).clamp_min(_MOST_REBLURS**-2).sqrt()


def reblur_ratio(image, stride=1):
    r"""Return the sigma that edges have by the gradient's ratio under a second blur.

    A step edge blurred by sigma, and once more by :math:`\sigma_0`, has its steepest slopes in

    .. math:: R = \frac{|\nabla I|}{|\nabla (g_{\sigma_0} * I)|}
        = \sqrt{\frac{\sigma^2 + \sigma_0^2}{\sigma^2}}
        \quad\Rightarrow\quad \sigma = \frac{\sigma_0}{\sqrt{R^2 - 1}}.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64: sigma in pixels as if all edges were lone steps, from 0 to 7.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    Notes
    -----
    The paper finds R at Canny's edges and carries sigma to the other pixels by the matting
    Laplacian. Here edges of a window are averaged, each by its own strength, and windows with few
    take from those around them: normalised convolution with larger and larger squares, each
    counting a hundredth of the one before. Slopes are central differences, which blur by themselves
    with a variance of 1/3 square pixel: a lone edge reads :math:`\sqrt{\sigma^2 + 1/3}`.

    References
    ----------
    .. [1] S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44(9),
       2011, doi:10.1016/j.patcog.2011.03.009; key ``zhuo2011``.
    .. [2] J. Canny, "A computational approach to edge detection", IEEE Transactions on Pattern
       Analysis and Machine Intelligence 8(6), 1986, doi:10.1109/TPAMI.1986.4767851; key
       ``canny1986``.
    .. [3] H. Knutsson, C.-F. Westin, "Normalized and differential convolution", CVPR 1993,
       doi:10.1109/CVPR.1993.341081; key ``knutsson1993``.
    .. [4] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    levels = as_levels(image)
    edges = torch.from_numpy(find_edges(image))
    sparse = torch.stack([edges * steepness for steepness in _steepness(levels)])
    dense = box_mean(sparse, stride)
    for side, share in _AROUND.items():
        around = scipy.ndimage.uniform_filter(sparse.numpy(), (1, side, side), mode="mirror")
        dense = dense + share * box_mean(torch.from_numpy(around), stride)
    dense = dense + _ANYWHERE * sparse.mean((1, 2), keepdim=True)
    before, after = dense + QUANTIZATION_VARIANCE * 1e-9  # a picture without edges
    return _sigma_of(before / after)


def find_edges(image):
    """Return where Canny sees edges.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1].

    Returns
    -------
    edges : bool array of shape (H, W)
        Lines one pixel wide along the crests of the gradient.
    """
    levels, low, high = as_levels(image).numpy(), 0.5, 1
    return skimage.feature.canny(levels, 1.0, low, high, mode="mirror")


def max_gradient(image, stride=1):
    r"""Return the sigma of the steepest place in every window, by a second blur.

    .. math:: \sigma = \frac{\sigma_0}{\sqrt{R^2 - 1}},
        \qquad R = \frac{\max |\nabla I|}{\max |\nabla (g_{\sigma_0} * I)|}

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    statistic : Tensor of shape (rows, columns)
        float64: sigma in pixels as if the steepest place were a lone step, from 0 to 7.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.

    Notes
    -----
    The sharpest place of a window has lost least of what the scene had; the paper takes the largest
    ratio of the differences between two re-blurred pictures, here it is the ratio of the largest
    gradients, which noise disturbs less.

    References
    ----------
    .. [1] H. Hu, G. de Haan, "Low cost robust blur estimator", ICIP 2006,
       doi:10.1109/ICIP.2006.312411; key ``hu2006``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    steep, least = _steepness(as_levels(image)), QUANTIZATION_VARIANCE * 1e-2
    before, after = (functional.max_pool2d(x[None], PATCH_SIZE, stride)[0] + least for x in steep)
    return _sigma_of(before / after)
