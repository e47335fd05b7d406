"""Sigma maps that are known: the blur that a test image is given at each pixel.

Each returns a float32 tensor (H, W) of sigmas in pixels. Columns and rows are counted from 1 in
the sinusoids, as the author's scripts count them.
"""

import math

import torch

from .._checks import check_integer, check_number, check_shape
from .lens import coc_diameter, coc_diameter_to_sigma


def constant_field(shape, sigma):
    """Return the same sigma everywhere.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    sigma : float
        In pixels, at least 0.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)

    Raises
    ------
    TypeError, ValueError
        If the shape or the sigma is none.

    Examples
    --------
    >>> constant_field((2, 3), 1.5)
    tensor([[1.5000, 1.5000, 1.5000],
            [1.5000, 1.5000, 1.5000]])
    """
    return torch.full(check_shape(shape), check_number(sigma, "sigma", low=0))


def ramp_field(shape, low=0.1, high=3.0):
    """Return a sigma that runs linearly over the columns, from `low` to `high`.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    low, high : float, optional
        Sigma of the first and of the last column, in pixels.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)
        Constant down each column.

    Raises
    ------
    TypeError, ValueError
        If the shape or a sigma is none.

    References
    ----------
    .. [1] Chapter "A blur for every pixel", ``book/blur/varying_blur.ipynb``.

    Examples
    --------
    >>> ramp_field((1, 3), 1.0, 2.0)
    tensor([[1.0000, 1.5000, 2.0000]])
    """
    height, width = check_shape(shape)
    low, high = check_number(low, "low", low=0), check_number(high, "high", low=0)
    row = torch.linspace(low, high, width, dtype=torch.float64).float()
    return row.repeat(height, 1)


def _waves(shape, mean, amplitude, frequency):
    """Return mean and amplitude, and the waves down (H, 1) and across (1, W)."""
    sides = check_shape(shape)
    amplitude = check_number(amplitude, "amplitude", low=0)
    mean = check_number(mean, "mean", low=amplitude)
    frequency = check_number(frequency, "frequency", low=0, high=math.pi, unit="radians a pixel")
    places = (torch.arange(1, side + 1, dtype=torch.float64) for side in sides)
    down, across = (torch.sin(frequency * place) for place in places)
    return mean, amplitude, down[:, None], across[None, :]


def sin_field(shape, mean=1.55, amplitude=1.45, frequency=0.02):
    """Return the author's sinusoid over the columns: mean + amplitude sin(frequency column).

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    mean, amplitude : float, optional
        In pixels of sigma; the mean must be at least the amplitude, since no sigma is negative.
    frequency : float, optional
        In radians a column; columns are counted from 1.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)
        Constant down each column.

    Raises
    ------
    TypeError, ValueError
        If sigma would be negative somewhere.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", author's scripts; key
       ``patro``.
    """
    mean, amplitude, down, across = _waves(shape, mean, amplitude, frequency)
    return (mean + amplitude * across).float().repeat(len(down), 1)


def sin2d_field(shape, mean=1.55, amplitude=1.45, frequency=0.02):
    """Return a sinusoid over columns and rows together, each with half the amplitude.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    mean, amplitude : float, optional
        In pixels of sigma; the mean must be at least the amplitude, since no sigma is negative.
    frequency : float, optional
        In radians a pixel; columns and rows are counted from 1.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)
        mean + amplitude / 2 (sin(frequency column) + sin(frequency row)).

    Raises
    ------
    TypeError, ValueError
        If sigma would be negative somewhere.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slides (text images); key
       ``patro``.

    Examples
    --------
    >>> sin2d_field((4, 6)).shape
    torch.Size([4, 6])
    """
    mean, amplitude, down, across = _waves(shape, mean, amplitude, frequency)
    return (mean + amplitude / 2 * (across + down)).float()


def step_field(shape, left, right, column=None):
    """Return `left` before the given column (counted from 0) and `right` from there on.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    left, right : float
        Sigma on the two sides, in pixels.
    column : int, optional
        First column of the right side; by default the middle.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)

    Raises
    ------
    TypeError, ValueError
        If a sigma is negative or the column lies outside the image.
    """
    height, width = check_shape(shape)
    column = width // 2 if column is None else check_integer(column, "column", low=0, high=width)
    sigma_map = constant_field((height, width), left)
    sigma_map[:, column:] = check_number(right, "right", low=0)
    return sigma_map


def depth_field(depth, *, focus_distance, focal_length, f_number, pixel_pitch):
    """Return the sigma map of a scene seen through a thin lens.

    Parameters
    ----------
    depth : Tensor of shape (H, W)
        Distance of each pixel's point, in metres; may be infinite.
    focus_distance, focal_length, f_number : float
        The lens: see `blurlib.blur.coc_diameter`.
    pixel_pitch : float
        Distance between neighbouring pixels, in metres.

    Returns
    -------
    sigma_map : Tensor of shape (H, W)
        In pixels, by equal second moments of disk and gaussian.

    Raises
    ------
    TypeError, ValueError
        If `depth` is no (H, W) tensor of positive distances, or the lens cannot be.

    References
    ----------
    .. [1] A. P. Pentland, "A new sense for depth of field", 1987; key ``pentland1987``.
    """
    if not isinstance(depth, torch.Tensor) or depth.ndim != 2 or depth.numel() == 0:
        found = getattr(depth, "shape", depth)
        raise ValueError(f"depth must be a tensor (H, W) of distances in metres, got {found!r}.")
    lens = {"focus_distance": focus_distance, "focal_length": focal_length, "f_number": f_number}
    return coc_diameter_to_sigma(coc_diameter(depth, **lens), pixel_pitch=pixel_pitch).float()


#: The fields of the thesis, by the names that the command line takes; each is called with a shape.
FIELDS = {"ramp": ramp_field, "sin": sin_field, "sin2d": sin2d_field}
