"""Other answers than classes, on the same spectra and the same hidden layers."""

import torch
from torch.nn import functional

from .._checks import check_choice, check_integer, check_number
from ..data.patches import PATCH_SIZE
from ..data.protocols import SIGMA_MAX
from .networks import BlurClassifier, OnSpectra, PatchNetwork
from .readout import READOUTS
from .sigma_net import LOG_VARIANCE

#: Half the distance between thirty classes: an answer so near counts as right, in pixels.
_NEAR = 0.05


class OrdinalNetwork(OnSpectra, BlurClassifier):
    r"""Ordered classes: it says of each but the last how likely sigma is larger.

    Parameters
    ----------
    num_classes : int, optional
        Number of classes of sigma, at least 2.
    sigma_max : float, optional
        Sigma of the last class in pixels.
    patch_size : int, optional
        Side of the patches.

    Raises
    ------
    ValueError
        If there is one class only: it has no order.

    Notes
    -----
    It answers with the logits of :math:`q_k = P(\sigma > \sigma_k)`, k from 1 to K - 1, and learns
    by the mean of their binary cross-entropies. Nothing forces the :math:`q_k` to fall with k.

    References
    ----------
    .. [1] E. Frank and M. Hall, "A simple approach to ordinal classification", ECML 2001; key
       ``frank2001``.
    .. [2] Z. Niu et al., "Ordinal regression with multiple output CNN for age estimation",
       CVPR 2016; key ``niu2016``.
    .. [3] Chapter "Regression instead of classes", ``book/learn/regression.ipynb``.

    Examples
    --------
    >>> OrdinalNetwork(num_classes=30)(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 29])
    """

    def __init__(self, num_classes=30, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        check_integer(num_classes, "num_classes", low=2)
        super().__init__(num_classes, sigma_max, patch_size)
        self._see_spectra(num_classes - 1)

    def loss(self, logits, labels):
        """Compare answers with the truth, for training.

        Parameters
        ----------
        logits : Tensor of shape (B, num_classes - 1)
            What `forward` returned.
        labels : Tensor of shape (B,)
            The true classes.

        Returns
        -------
        loss, squared, right : Tensors of shape ()
            Mean binary cross-entropy over thresholds and patches; mean squared error of the mean
            readout, in square pixels; share of right classes.
        """
        logits = logits.float()
        larger = labels[:, None] > torch.arange(self.num_classes - 1, device=labels.device)
        loss = functional.binary_cross_entropy_with_logits(logits, larger.float())
        with torch.no_grad():
            error = self.read_out(logits) - self.sigmas[labels]
            right = ((logits > 0).sum(1) == labels).float().mean()
        return loss, error.square().mean(), right

    def read_out(self, answers, readout="mean"):
        r"""Turn answers into one sigma each.

        Parameters
        ----------
        answers : Tensor of shape (B, num_classes - 1, ...)
            What `forward` returned.
        readout : {"mean", "argmax"}, optional
            The mean, :math:`\sigma_1 + \sum_k (\sigma_{k+1} - \sigma_k) \, q_k`; or one class: as
            many steps up as there are :math:`q_k` above one half.

        Returns
        -------
        sigma : Tensor of shape (B, ...)
            In pixels.

        Raises
        ------
        ValueError
            If the readout is unknown.
        """
        if check_choice(readout, "readout", READOUTS) == "argmax":
            return self.sigmas[(answers > 0).sum(1)]
        steps = self.sigmas.diff()
        return self.sigmas[0] + torch.einsum("bk...,k->b...", answers.sigmoid(), steps)


class DirectNetwork(OnSpectra, PatchNetwork):
    """Sigma itself, learned by its squared error.

    Parameters
    ----------
    sigma_max : float, optional
        It learns from any sigma between 0 and this, in pixels.
    patch_size : int, optional
        Side of the patches.

    References
    ----------
    .. [1] Chapter "Regression instead of classes", ``book/learn/regression.ipynb``.

    Examples
    --------
    >>> DirectNetwork()(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 1])
    """

    num_outputs = 1

    def __init__(self, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        super().__init__(sigma_max, patch_size)
        self._see_spectra(self.num_outputs)

    @property
    def drawn_sigmas(self):
        """What a `PatchStream` is to draw for it, as its arguments: any sigma of a range."""
        return {"sigma_range": (0.0, self.sigma_max)}

    def initialise(self, rng, kind="he"):
        """Draw the weights anew, and begin in the middle of the range: see `PatchNetwork`."""
        super().initialise(rng, kind)
        with torch.no_grad():
            self.layers[-1].weight *= 0.1
            self.layers[-1].bias[0] = self.sigma_max / 2
        return self

    def loss(self, answers, sigmas):
        """Compare answers with the truth, for training.

        Parameters
        ----------
        answers : Tensor of shape (B, 1)
            What `forward` returned.
        sigmas : Tensor of shape (B,)
            The true sigmas in pixels.

        Returns
        -------
        loss, squared, right : Tensors of shape ()
            Mean squared error, twice, in square pixels; share of answers within 0.05 pixels.

        Raises
        ------
        TypeError
            If the truth is classes.
        """
        error = self._errors(answers, sigmas)
        squared = error.square().mean()
        return squared, squared.detach(), (error.abs() < _NEAR).float().mean()

    def _errors(self, answers, sigmas):
        if not sigmas.is_floating_point():
            raise TypeError(
                f"a {type(self).__name__} learns from sigmas in pixels, got classes; give its "
                "stream the lowest and the highest sigma."
            )
        return answers[:, 0].float() - sigmas

    def read_out(self, answers, readout="mean"):
        """Return the sigma of each answer.

        Parameters
        ----------
        answers : Tensor of shape (B, C, ...)
            What `forward` returned.
        readout : {"mean", "argmax"}, optional
            No matter: there are no classes.

        Returns
        -------
        sigma : Tensor of shape (B, ...)
            In pixels, at least 0.

        Raises
        ------
        ValueError
            If the readout is unknown.
        """
        check_choice(readout, "readout", READOUTS)
        return answers[:, 0].clamp_min(0)


class GaussianNetwork(DirectNetwork):
    r"""Sigma and how far it may be off: a gaussian with its own variance.

    Parameters
    ----------
    sigma_max : float, optional
        It learns from any sigma between 0 and this, in pixels.
    patch_size : int, optional
        Side of the patches.
    beta : float, optional
        From 0 to 1: each patch counts as much as its own variance to this power. At 0 the loss is
        the plain likelihood; at 1 sigma is learned as from squared error.

    Notes
    -----
    With the error e and the variance v that it states, the loss is
    :math:`v^\beta (e^2 / v + \log v) / 2`, the factor in front taken as a constant.

    References
    ----------
    .. [1] D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
       distribution", ICNN 1994; key ``nix1994``.
    .. [2] M. Seitzer et al., "On the pitfalls of heteroscedastic uncertainty estimation with
       probabilistic neural networks", ICLR 2022; key ``seitzer2022``.
    .. [3] Chapter "Regression instead of classes", ``book/learn/regression.ipynb``.

    Examples
    --------
    >>> network = GaussianNetwork()
    >>> network.deviation(network(torch.rand(2, 1, 32, 32))).shape
    torch.Size([2])
    """

    num_outputs = 2
    _arguments = (*DirectNetwork._arguments, "beta")

    def __init__(self, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE, beta=0.5):
        super().__init__(sigma_max, patch_size)
        self.beta = check_number(beta, "beta", low=0, high=1)

    def deviation(self, answers):
        """Return the standard deviation that it states.

        Parameters
        ----------
        answers : Tensor of shape (B, 2, ...)
            What `forward` returned: sigma, and the logarithm of its variance.

        Returns
        -------
        deviation : Tensor of shape (B, ...)
            In pixels.
        """
        return (answers[:, 1].float().clamp(*LOG_VARIANCE) / 2).exp()

    def loss(self, answers, sigmas):
        """Compare answers with the truth, for training.

        Parameters
        ----------
        answers : Tensor of shape (B, 2)
            What `forward` returned.
        sigmas : Tensor of shape (B,)
            The true sigmas in pixels.

        Returns
        -------
        loss, squared, right : Tensors of shape ()
            Weighted negative log-likelihood; mean squared error in square pixels; share of answers
            within the stated deviation.

        Raises
        ------
        TypeError
            If the truth is classes.
        """
        squared = self._errors(answers, sigmas).square()
        log_variance = answers[:, 1].float().clamp(*LOG_VARIANCE)
        likelihood = (squared * (-log_variance).exp() + log_variance) / 2
        loss = (likelihood * (self.beta * log_variance).exp().detach()).mean()
        squared = squared.detach()
        return loss, squared.mean(), (squared < log_variance.exp()).float().mean()


#: The networks with other answers, by the names that files and recipes use.
HEADS = {"ordinal": OrdinalNetwork, "direct": DirectNetwork, "gaussian": GaussianNetwork}
