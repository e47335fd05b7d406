"""What a known blur adds: the sharper the picture, the more a second blur takes from its edges."""

import scipy
import skimage
import torch
from torch.nn import functional

from ...blur.degrade import QUANTIZATION_VARIANCE
from ...data.patches import PATCH_SIZE
from .windows import as_levels, box_mean, gradient, reblur

#: Sigma of the second blur, in pixels: small enough to leave neighbouring edges apart.
REBLUR_SIGMA = 0.7

#: Where the ratio says that nothing was taken away, sigma is at most so many second blurs.
_MOST_REBLURS = 10

#: What edges in larger squares around count, by the side: next to nothing, unless the window has
#: none. Last comes the whole picture.
_AROUND, _ANYWHERE = {64: 1e-2, 256: 1e-4}, 1e-6


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
    return skimage.feature.canny(
        as_levels(image).numpy(), 1.0, low_threshold=0.5, high_threshold=1, mode="mirror"
    )


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
    before, after = (
        functional.max_pool2d(steepness[None], PATCH_SIZE, stride)[0] + QUANTIZATION_VARIANCE * 1e-2
        for steepness in _steepness(as_levels(image))
    )
    return _sigma_of(before / after)
