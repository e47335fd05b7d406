r"""Smoothing that knows more than "average your neighbours": doubt, edges, or the field's form."""

import numpy as np
import scipy
import skimage
import torch

from .._checks import check_image, check_number, check_same


def _as_array(sigma_map):
    check_image(sigma_map, "sigma_map", ndim=2)
    return sigma_map.detach().double().cpu().numpy()


def smooth_tikhonov(sigma_map, confidence, strength):
    r"""Smooth a map as little as its confidence says: Tikhonov's method.

    .. math:: \min_u \sum_p w(p) (u(p) - m(p))^2 + \gamma \sum_{p \sim q} (u(p) - u(q))^2

    Parameters
    ----------
    sigma_map : Tensor of shape (H, W)
        The map m, in pixels.
    confidence : Tensor of shape (H, W)
        Weights w, at least 0: one over the variance is the right one. 0 fills a hole.
    strength : float
        :math:`\gamma`, at least 0; neighbours p, q are those beside and below.

    Returns
    -------
    smoothed : Tensor of shape (H, W)
        Same dtype and device.

    Raises
    ------
    TypeError, ValueError
        If the shapes differ, a weight is negative, or there is no confidence anywhere.

    References
    ----------
    .. [1] A. N. Tikhonov and V. Y. Arsenin, "Solutions of Ill-Posed Problems", Winston, 1977; key
       ``tikhonov1977``.

    Examples
    --------
    >>> sigma_map = torch.tensor([[1.0, 9.0, 1.0]])
    >>> smooth_tikhonov(sigma_map, torch.tensor([[1.0, 0.0, 1.0]]), 1.0)
    tensor([[1., 1., 1.]])
    """
    values, weights = _as_array(sigma_map), _as_array(confidence)
    strength = check_number(strength, "strength", low=0)
    check_same(weights.shape, values.shape, "confidence must be of shape")
    if weights.min() < 0 or weights.max() == 0:
        raise ValueError("confidence must be at least 0, and more than 0 somewhere.")
    if strength == 0 and weights.min() == 0:
        raise ValueError("strength must be more than 0 where confidence is 0 somewhere.")
    height, width = values.shape
    down = scipy.sparse.kron(_differences(height), scipy.sparse.eye(width))
    across = scipy.sparse.kron(scipy.sparse.eye(height), _differences(width))
    matrix = scipy.sparse.diags(weights.ravel()) + strength * (down.T @ down + across.T @ across)
    solution = scipy.sparse.linalg.spsolve(matrix.tocsc(), (weights * values).ravel())
    return torch.from_numpy(solution.reshape(values.shape)).to(sigma_map)


def _differences(size):
    """Return the matrix of the differences of neighbours, (size - 1, size)."""
    return scipy.sparse.diags([-np.ones(size), np.ones(size - 1)], [0, 1], shape=(size - 1, size))


def smooth_tv(sigma_map, strength):
    """Smooth a map but for its steps: total variation, as scikit-image computes it.

    Parameters
    ----------
    sigma_map : Tensor of shape (H, W)
        In pixels.
    strength : float
        Larger than 0: about how large a step must be, in pixels of sigma, to stay.

    Returns
    -------
    smoothed : Tensor of shape (H, W)
        Same dtype and device.

    Raises
    ------
    TypeError, ValueError
        If the map is not (H, W), or `strength` is not positive.

    References
    ----------
    .. [1] A. Chambolle, "An algorithm for total variation minimization and applications", J. of
       Mathematical Imaging and Vision 20, 2004; key ``chambolle2004``.

    Examples
    --------
    >>> step = torch.cat([torch.ones(8, 8), 3 * torch.ones(8, 8)], 1)
    >>> smooth_tv(step, 0.1).shape
    torch.Size([8, 16])
    """
    values = _as_array(sigma_map)
    strength = check_number(strength, "strength", low=1e-6)
    smoothed = skimage.restoration.denoise_tv_chambolle(values, strength, 1e-6, 1000)
    return torch.from_numpy(smoothed).to(sigma_map)


def fit_plane(sigma_map):
    """Fit the best plane a + b row + c column: what is left if the field is known to be a ramp.

    Parameters
    ----------
    sigma_map : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    fitted : Tensor of shape (H, W)
        Same dtype and device.

    Raises
    ------
    TypeError, ValueError
        If the map is not (H, W).

    Examples
    --------
    >>> fit_plane(torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])).round()
    tensor([[0., 1., 2.],
            [0., 1., 2.]])
    """
    values = _as_array(sigma_map)
    rows, columns = np.indices(values.shape)
    basis = np.stack([np.ones(values.size), rows.ravel(), columns.ravel()], 1)
    found = np.linalg.lstsq(basis, values.ravel(), rcond=None)[0]
    return torch.from_numpy((basis @ found).reshape(values.shape)).to(sigma_map)


def fit_sinusoid(sigma_map):
    """Fit the best sinusoid over the columns, its mean, swing, period and phase all unknown.

    Parameters
    ----------
    sigma_map : Tensor of shape (H, W)
        In pixels, at least 8 columns.

    Returns
    -------
    fitted : Tensor of shape (H, W)
        Same dtype and device.

    Raises
    ------
    TypeError, ValueError
        If the map is not (H, W), or too narrow.

    Examples
    --------
    >>> wave = (1.5 + torch.sin(0.1 * torch.arange(100.0))).repeat(4, 1)
    >>> bool((fit_sinusoid(wave) - wave).abs().max() < 1e-4)
    True
    """
    values = _as_array(sigma_map)
    if values.shape[1] < 8:
        raise ValueError(f"a sinusoid needs at least 8 columns, got {values.shape[1]}.")
    line, columns = values.mean(0), np.arange(values.shape[1], dtype=float)

    def solve(rate):
        """Return the best sinusoid of this rate: a linear problem."""
        basis = np.stack([np.ones_like(columns), np.sin(rate * columns), np.cos(rate * columns)], 1)
        return basis @ np.linalg.lstsq(basis, line, rcond=None)[0]

    def error(rate):
        return np.sum((solve(rate) - line) ** 2)

    # The error has many valleys: look at a grid of rates, then go down the deepest one.
    step = 0.5 / len(columns)
    rates = np.arange(np.pi / len(columns), np.pi / 2, step)
    best = rates[np.argmin([error(rate) for rate in rates])]
    near = {"bounds": (best - step, best + step), "method": "bounded"}
    found = scipy.optimize.minimize_scalar(error, **near, options={"xatol": 1e-9})
    fitted = np.broadcast_to(solve(found.x), values.shape)
    return torch.from_numpy(fitted.copy()).to(sigma_map)
