"""How far a sigma map is from the truth."""

from .._checks import check_image


def _error(sigma_map, truth):
    check_image(sigma_map, "sigma_map")
    check_image(truth, "truth")
    if sigma_map.shape != truth.shape:
        raise ValueError(
            f"sigma_map {tuple(sigma_map.shape)} and truth {tuple(truth.shape)} must have one "
            "shape; blurlib.maps.crop_to_windows cuts a field to a map's windows."
        )
    return sigma_map.double() - truth.double()


def mse(sigma_map, truth):
    """Return the mean squared error, in square pixels.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    mse : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> mse(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))
    2.0
    """
    return _error(sigma_map, truth).square().mean().item()


def rmse(sigma_map, truth):
    """Return the root of the mean squared error, in pixels.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    rmse : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> rmse(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]])) ** 2
    2.0000000000000004
    """
    return mse(sigma_map, truth) ** 0.5


def rms(errors):
    """Return the root of the mean square of any numbers, in their precision.

    Parameters
    ----------
    errors : Tensor
        Of any shape: errors of some windows, say, in pixels.

    Returns
    -------
    rms : float

    Examples
    --------
    >>> import torch
    >>> rms(torch.tensor([3.0, 4.0, 0.0, 0.0]))
    2.5
    """
    return errors.square().mean().sqrt().item()


def bias(sigma_map, truth):
    """Return the mean error, in pixels: above zero where the map says too much blur.

    Parameters
    ----------
    sigma_map, truth : Tensor of shape (H, W)
        In pixels.

    Returns
    -------
    bias : float

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a value is not finite.

    Examples
    --------
    >>> import torch
    >>> bias(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]]))
    -1.0
    """
    return _error(sigma_map, truth).mean().item()
