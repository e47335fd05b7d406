r"""Smoothing a sigma map by averaging neighbours, step by step or all steps at once.

One step replaces each value by a weighted mean of its 3 x 3 neighbourhood. At a *free*
(Neumann) border the map meets its own mirror image, so nothing flows out. A *pinned* (Dirichlet)
border keeps given values for ever.
On waves that fit the border (cosines where it is free, sines where it is pinned) an average acts as
a mere factor,

.. math:: \lambda_{kl} = \sum_{i, j = -1}^{1} w_{ij} \cos(i \alpha_k) \cos(j \beta_l),

hence n steps are one: multiply each coefficient by :math:`\lambda_{kl}^n`. With a pinned border
that holds for the distance from the map at rest, which never changes again.
"""

import numpy as np
import scipy
import torch

from .._checks import check_choice, check_image, check_integer, check_same
from ..blur.borders import pad

#: Weights of the nine neighbours, by name.
NEIGHBOURHOODS = {
    "mean3x3": torch.full((3, 3), 1 / 9, dtype=torch.float64),
    "jacobi": torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=torch.float64) / 4,
    "columns": torch.tensor([[0, 1, 0], [0, 1, 0], [0, 1, 0]], dtype=torch.float64) / 3,
}

#: Which sides are pinned: (top and bottom, left and right).
BOUNDARIES = {
    "neumann": (False, False),
    "dirichlet": (True, True),
    "dirichlet_columns": (False, True),
}


def _prepare(sigma_map, num_iter, neighbourhood, boundary="neumann", dirichlet_values=None):
    """Check what came in; return it, the map in double precision and the slices of its inside.

    The border of the map is put where it is pinned; what is not pinned is inside.
    """
    check_image(sigma_map, "sigma_map")
    check_choice(neighbourhood, "neighbourhood", NEIGHBOURHOODS)
    pinned = BOUNDARIES[check_choice(boundary, "boundary", BOUNDARIES)]
    num_iter = check_integer(num_iter, "num_iter", low=0)
    if any(pinned) != (dirichlet_values is not None):
        raise ValueError("dirichlet_values and a pinned boundary belong together: pass both.")
    inside = (..., *(slice(1, -1) if fixed else slice(None) for fixed in pinned))
    start = sigma_map.detach().double().cpu().clone()
    if dirichlet_values is not None:
        check_image(dirichlet_values, "dirichlet_values")
        wanted = "dirichlet_values must have the map's shape"
        check_same(dirichlet_values.shape, sigma_map.shape, wanted)
        for size, fixed in zip(sigma_map.shape[-2:], pinned, strict=True):
            if fixed and size < 3:
                raise ValueError(f"a pinned axis needs at least 3 pixels, got {size}.")
        values, start = start, dirichlet_values.detach().double().cpu().clone()
        start[inside] = values[inside]
    return num_iter, NEIGHBOURHOODS[neighbourhood], pinned, start, inside


def _average(values, weights):
    """Do one step everywhere, mirroring at all borders."""
    height, width = values.shape[-2:]
    framed = pad(values, (1, 1, 1, 1), "symmetric")
    cells = ((i, j) for i in range(3) for j in range(3) if weights[i, j])
    return sum(weights[i, j] * framed[..., i : i + height, j : j + width] for i, j in cells)


def smooth_iterated(sigma_map, num_iter, neighbourhood="mean3x3", **border):
    """Average neighbours `num_iter` times, step by step.

    Parameters
    ----------
    sigma_map : Tensor of shape (..., H, W)
        In pixels.
    num_iter : int
        Number of steps, at least 0.
    neighbourhood : {"mean3x3", "jacobi", "columns"}, optional
        All nine alike; the four next to a pixel without itself; the pixel, the one above and the
        one below (the direction in which the thesis' fields are constant).
    **border
        ``boundary``: the border takes part (``"neumann"``, the default), keeps given values
        (``"dirichlet"``), or does so in its first and last column (``"dirichlet_columns"``). Then
        ``dirichlet_values`` is a map whose border is kept, a Tensor of shape (..., H, W): with the
        truth, an experiment and no estimate.

    Returns
    -------
    smoothed : Tensor of shape (..., H, W)
        Same dtype; computed in float64.

    Raises
    ------
    TypeError, ValueError
        If the map is none, or a name or number is out of range.

    References
    ----------
    .. [1] Chapter "Smoothing, and a riddle", ``book/maps/smoothing.ipynb``.
    """
    num_iter, weights, _, smoothed, inside = _prepare(sigma_map, num_iter, neighbourhood, **border)
    for _ in range(num_iter):
        averaged = _average(smoothed, weights)
        smoothed = smoothed.clone()
        smoothed[inside] = averaged[inside]
    return smoothed.to(sigma_map)


def smooth(sigma_map, num_iter, neighbourhood="mean3x3", **border):
    """Average neighbours `num_iter` times, in one step among waves.

    The numbers are those of `smooth_iterated`; the cost does not depend on `num_iter`.

    Parameters
    ----------
    sigma_map : Tensor of shape (..., H, W)
        In pixels.
    num_iter : int
        Number of steps, at least 0.
    neighbourhood : {"mean3x3", "jacobi", "columns"}, optional
        As for `smooth_iterated`.
    **border
        As for `smooth_iterated`.

    Returns
    -------
    smoothed : Tensor of shape (..., H, W)
        Same dtype and device; computed in float64 by scipy, so no gradient passes.

    Raises
    ------
    TypeError, ValueError
        If the map is none, or a name or number is out of range.

    References
    ----------
    .. [1] G. Strang, "The discrete cosine transform", SIAM Review 41(1), 1999; key ``strang1999``.
    .. [2] Chapter "Smoothing, and a riddle", ``book/maps/smoothing.ipynb``.

    Examples
    --------
    >>> noise = torch.rand(20, 30, dtype=torch.float64)
    >>> torch.allclose(smooth(noise, 50), smooth_iterated(noise, 50), atol=1e-12)
    True
    """
    prepared = _prepare(sigma_map, num_iter, neighbourhood, **border)
    num_iter, weights, pinned, smoothed, inside = prepared
    rows, columns = map(_cosines, smoothed.shape[-2:], pinned)
    factor = (rows @ weights @ columns.T).numpy()
    waves = _transform(smoothed[inside].numpy(), pinned)
    if not any(pinned):
        waves *= factor**num_iter
    else:
        # The border alone, averaged once: what it feeds into the inside at every step. The sum of
        # all that, damped as it goes, is the map at rest: border / (1 - factor).
        border = smoothed.clone()
        border[inside] = 0
        fed = _transform(_average(border, weights)[inside].numpy(), pinned)
        lost = 1 - factor  # nothing is fed to a wave that loses nothing
        rest = np.divide(fed, lost, out=np.zeros_like(fed), where=lost > 1e-14)
        waves = rest + factor**num_iter * (waves - rest)
    smoothed[inside] = torch.from_numpy(_transform(waves, pinned, inverse=True))
    return smoothed.to(sigma_map)


def _cosines(size, fixed):
    """Return cos(i alpha_k) for i = -1, 0, 1 and every wave k that fits an axis."""
    place = torch.arange(1, size - 1) if fixed else torch.arange(size)
    angle = torch.pi * place.double() / (size - fixed)
    return torch.cos(angle[:, None] * torch.arange(-1, 2).double())


def _transform(values, pinned, inverse=False):
    """Write an array as waves, or sum them up: sines if an axis is pinned, cosines if free."""
    fft = scipy.fft
    of_sines, of_cosines = (fft.idst, fft.idct) if inverse else (fft.dst, fft.dct)
    for axis, fixed in zip((-2, -1), pinned, strict=True):
        transform, kind = (of_sines, 1) if fixed else (of_cosines, 2)
        values = transform(values, kind, axis=axis, norm="ortho")
    return values
