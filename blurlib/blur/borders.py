"""What lies beyond the image's border: five conventions, each a rule for indices.

====================  ============================  ==================  ===================
here                  beyond ``a b c d``            numpy.pad           scipy.ndimage
====================  ============================  ==================  ===================
``reflect``           ``d c b | a b c d | c b a``   ``reflect``         ``mirror``
``symmetric``         ``c b a | a b c d | d c b``   ``symmetric``       ``reflect``
``replicate``         ``a a a | a b c d | d d d``   ``edge``            ``nearest``
``circular``          ``b c d | a b c d | a b c``   ``wrap``            ``wrap``
``constant`` (zeros)  ``0 0 0 | a b c d | 0 0 0``   ``constant``        ``constant``
====================  ============================  ==================  ===================
"""

import torch
from torch.nn import functional

from .._checks import check_choice

PADDING_MODES = ("reflect", "symmetric", "replicate", "circular", "constant")


def _source_index(size, before, after, padding_mode, device):
    """Return, for each padded position, the index inside the image that it copies."""
    position = torch.arange(-before, size + after, device=device)
    if padding_mode == "replicate":
        return position.clamp(0, size - 1)
    if padding_mode == "circular":
        return position % size
    # Both mirrors are periodic, and each period runs there and back: a mirror that stands on the
    # last pixel (reflect) counts it once, one that stands beyond it (symmetric) twice.
    period = max(1, 2 * size - 2) if padding_mode == "reflect" else 2 * size
    position = position % period
    back = period - position if padding_mode == "reflect" else period - 1 - position
    return torch.where(position < size, position, back)


def pad(image, padding, padding_mode="reflect"):
    """Extend an image beyond its border.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Any image, however small: mirrors and wraps repeat as often as it takes.
    padding : (int, int, int, int)
        Rows above, rows below, columns to the left, columns to the right.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What is seen there; the module's table translates numpy's and scipy's words.

    Returns
    -------
    padded : Tensor of shape (..., H + above + below, W + left + right)

    Raises
    ------
    ValueError
        If the padding mode is unknown.

    Examples
    --------
    >>> pad(torch.tensor([[1.0, 2.0, 3.0]]), (0, 0, 2, 2))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """
    check_choice(padding_mode, "padding_mode", PADDING_MODES)
    above, below, left, right = padding
    if padding_mode == "constant":
        return functional.pad(image, (left, right, above, below))
    height, width = image.shape[-2:]
    rows = _source_index(height, above, below, padding_mode, image.device)
    columns = _source_index(width, left, right, padding_mode, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def fold(image, padding, padding_mode="reflect"):
    """Bring light that left the image back in: the transpose of `pad`, with the same arguments.

    Takes (..., H + above + below, W + left + right) and returns (..., H, W).
    """
    check_choice(padding_mode, "padding_mode", PADDING_MODES)
    above, below, left, right = padding
    height, width = image.shape[-2] - above - below, image.shape[-1] - left - right
    if padding_mode == "constant":
        return image[..., above : above + height, left : left + width]
    rows = _source_index(height, above, below, padding_mode, image.device)
    columns = _source_index(width, left, right, padding_mode, image.device)
    folded = image.new_zeros(*image.shape[:-2], height, image.shape[-1]).index_add(-2, rows, image)
    return folded.new_zeros(*image.shape[:-2], height, width).index_add(-1, columns, folded)
