r"""Smoothing a sigma map by averaging neighbours, step by step or all steps at once.

One step replaces each value by a weighted mean of its 3 x 3 neighbourhood. At the border the map
meets its own mirror image, so nothing flows out and the mean of the map stays. On such a mirrored
map every average acts on each cosine of the DCT by a mere factor,

.. math:: \lambda_{kl} = \sum_{i, j = -1}^{1} w_{ij} \cos\frac{\pi k i}{H} \cos\frac{\pi l j}{W},

hence n steps are one: multiply each coefficient by :math:`\lambda_{kl}^n`.
"""

import torch
from scipy import fft

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad

#: Weights of the nine neighbours, by name.
NEIGHBOURHOODS = {
    "mean3x3": torch.full((3, 3), 1 / 9, dtype=torch.float64),
    "jacobi": torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=torch.float64) / 4,
    "columns": torch.tensor([[0, 1, 0], [0, 1, 0], [0, 1, 0]], dtype=torch.float64) / 3,
}


def _check(sigma_map, num_iter, neighbourhood):
    check_image(sigma_map, "sigma_map")
    check_choice(neighbourhood, "neighbourhood", NEIGHBOURHOODS)
    return check_integer(num_iter, "num_iter", low=0), NEIGHBOURHOODS[neighbourhood]


def smooth_iterated(sigma_map, num_iter, neighbourhood="mean3x3"):
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
    .. [1] Chapter "A first sigma map", ``book/maps/first_sigma_map.ipynb``.
    """
    num_iter, weights = _check(sigma_map, num_iter, neighbourhood)
    height, width = sigma_map.shape[-2:]
    smoothed = sigma_map.double()
    for _ in range(num_iter):
        framed = pad(smoothed, (1, 1, 1, 1), "symmetric")
        smoothed = sum(
            weights[i, j] * framed[..., i : i + height, j : j + width]
            for i in range(3)
            for j in range(3)
            if weights[i, j]
        )
    return smoothed.to(sigma_map.dtype)


def smooth(sigma_map, num_iter, neighbourhood="mean3x3"):
    """Average neighbours `num_iter` times, in one step in the cosine domain.

    The numbers are those of `smooth_iterated`; the cost does not depend on `num_iter`.

    Parameters
    ----------
    sigma_map : Tensor of shape (..., H, W)
        In pixels.
    num_iter : int
        Number of steps, at least 0.
    neighbourhood : {"mean3x3", "jacobi", "columns"}, optional
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

    Examples
    --------
    >>> noise = torch.rand(20, 30, dtype=torch.float64)
    >>> torch.allclose(smooth(noise, 50), smooth_iterated(noise, 50), atol=1e-12)
    True
    """
    num_iter, weights = _check(sigma_map, num_iter, neighbourhood)
    height, width = sigma_map.shape[-2:]
    steps = torch.arange(-1, 2, dtype=torch.float64)
    rows = torch.cos(torch.pi * torch.arange(height)[:, None].double() * steps / height)
    columns = torch.cos(torch.pi * torch.arange(width)[:, None].double() * steps / width)
    factor = rows @ weights @ columns.T
    spectrum = fft.dctn(sigma_map.detach().double().cpu().numpy(), axes=(-2, -1), norm="ortho")
    spectrum *= factor.numpy() ** num_iter
    smoothed = fft.idctn(spectrum, axes=(-2, -1), norm="ortho", overwrite_x=True)
    return torch.from_numpy(smoothed).to(sigma_map)
