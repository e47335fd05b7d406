"""Other answers than classes, on the same spectra and the same hidden layers; all networks."""

import torch
from torch.nn import functional

from .._checks import check_choice, check_integer, check_number
from ..data import PATCH_SIZE, SIGMA_MAX
from .classifiers import OnSpectra, PixelNetwork, SpectrumNetwork, ThesisNetwork
from .gaussian import gaussian_loss, gaussian_metrics
from .networks import READOUTS, BlurClassifier, PatchNetwork
from .pyramid_loss import LOG_VARIANCE
from .sigma_net import SigmaNet, SmallSigmaNet

#: Half the distance between thirty classes: an answer so near counts as right, in pixels.
_TOLERANCE = 0.05


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
    .. [3] Chapter "Class, mean or number?", ``book/learn/class_mean_or_number.ipynb``.

    Examples
    --------
    >>> OrdinalNetwork(num_classes=30)(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 29])
    """

    def __init__(self, num_classes=30, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        check_integer(num_classes, "num_classes", low=2)
        super().__init__(num_classes, sigma_max, patch_size)
        self._see_spectra(num_classes - 1)

    def loss(self, prediction, target):
        """Return the mean binary cross-entropy of the thresholds, for true classes (B,)."""
        larger = target[:, None] > torch.arange(self.num_classes - 1, device=target.device)
        return functional.binary_cross_entropy_with_logits(prediction.float(), larger.float())

    def expectation(self, prediction, values):
        r"""Return the mean over classes of a value, :math:`v_1 + \sum_k (v_{k+1} - v_k) \, q_k`."""
        return values[0] + torch.einsum("bk...,k->b...", prediction.sigmoid(), values.diff())

    def likeliest(self, prediction):
        """Return as many steps up as there are :math:`q_k` above one half."""
        return (prediction > 0).sum(1)


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
    .. [1] Chapter "Class, mean or number?", ``book/learn/class_mean_or_number.ipynb``.

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
        """Draw the weights anew, and begin in the middle of the range: see `BlurNetwork`."""
        super().initialise(rng, kind)
        with torch.no_grad():
            self.layers[-1].weight *= 0.1
            self.layers[-1].bias[0] = self.sigma_max / 2
        return self

    def loss(self, prediction, target):
        """Return the mean squared error, in square pixels, for true sigmas (B,)."""
        return self._errors(prediction, target).square().mean()

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return ``mse``, and ``within_tol``: the share of errors below 0.05 pixels."""
        error = self._errors(prediction, target)
        is_near = error.abs() < _TOLERANCE
        return {"mse": error.square().mean(), "within_tol": is_near.float().mean()}

    def _errors(self, prediction, target):
        if not target.is_floating_point():
            raise TypeError(
                f"a {type(self).__name__} learns from sigmas in pixels, got classes; give its "
                "stream the lowest and the highest sigma."
            )
        return prediction[:, 0].float() - target

    def decode(self, prediction, readout="mean"):
        """Return the sigma of each prediction.

        Parameters
        ----------
        prediction : Tensor of shape (B, C, ...)
            What `forward` returned.
        readout : {"mean", "argmax"}, optional
            No matter: there are no classes.

        Returns
        -------
        sigma : Tensor of shape (B, ...)
            In pixels, at least 0.
        std : None or Tensor of shape (B, ...)
            In pixels, if the network states it.

        Raises
        ------
        ValueError
            If the readout is unknown.
        """
        check_choice(readout, "readout", READOUTS)
        return prediction[:, 0].clamp_min(0), None


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
    .. [3] Chapter "Class, mean or number?", ``book/learn/class_mean_or_number.ipynb``.

    Examples
    --------
    >>> network = GaussianNetwork()
    >>> sigma, std = network.decode(network(torch.rand(2, 1, 32, 32)))
    >>> sigma.shape, std.shape
    (torch.Size([2]), torch.Size([2]))
    """

    num_outputs = 2
    states_std = True
    _arguments = (*DirectNetwork._arguments, "beta")

    def __init__(self, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE, beta=0.5):
        super().__init__(sigma_max, patch_size)
        self.beta = check_number(beta, "beta", low=0, high=1)

    def loss(self, prediction, target):
        """Return the mean of the weighted negative log-likelihoods, for true sigmas (B,)."""
        error = self._errors(prediction, target)
        return gaussian_loss(error, _log_variance(prediction), self.beta).mean()

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return ``mse``, and ``coverage``: the share of errors within one stated std."""
        return gaussian_metrics(self._errors(prediction, target), _log_variance(prediction))

    def decode(self, prediction, readout="mean"):
        """Return sigma and its standard deviation, in pixels: see `DirectNetwork.decode`."""
        return super().decode(prediction, readout)[0], (_log_variance(prediction) / 2).exp()


def _log_variance(prediction):
    return prediction[:, 1].float().clamp(*LOG_VARIANCE)


#: All networks by the names that files, recipes and the command line use: those with classes, those
#: with other answers on the same spectra, and those that see around.
NETWORKS = {
    "thesis": ThesisNetwork, "spectrum": SpectrumNetwork, "pixels": PixelNetwork,
    "ordinal": OrdinalNetwork, "direct": DirectNetwork, "gaussian": GaussianNetwork,
    "sigma": SigmaNet, "sigma-small": SmallSigmaNet}  # fmt: skip
