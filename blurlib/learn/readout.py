"""From the probabilities of classes to one sigma."""

import torch

from .._checks import check_choice

READOUTS = ("mean", "argmax")


def read_out(log_probabilities, sigmas, readout="mean"):
    r"""Turn class probabilities into one sigma.

    Parameters
    ----------
    log_probabilities : Tensor of shape (B, K, ...)
        Logarithms of the classes' probabilities.
    sigmas : Tensor of shape (K,)
        Sigma of each class in pixels.
    readout : {"mean", "argmax"}, optional
        The distribution's mean, or the likeliest class as the thesis takes it.

    Returns
    -------
    sigma : Tensor of shape (B, ...)
        In pixels.

    Raises
    ------
    ValueError
        If the readout is unknown.

    Notes
    -----
    The mean, :math:`\sum_k p_k \sigma_k`, has the smallest expected squared error of all single
    answers if the probabilities are right, and can lie between the classes.

    References
    ----------
    .. [1] Chapter "Regression instead of classes", ``book/learn/regression.ipynb``.

    Examples
    --------
    >>> read_out(torch.tensor([[0.25, 0.75]]).log(), torch.tensor([1.0, 2.0]))
    tensor([1.7500])
    """
    check_choice(readout, "readout", READOUTS)
    if readout == "argmax":
        return sigmas[log_probabilities.argmax(1)]
    return torch.einsum("bk...,k->b...", log_probabilities.exp(), sigmas)
