"""What the networks on patches have in common, and what those with classes have."""

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_choice, check_generator, check_integer, check_number
from ..data.protocols import class_sigmas

#: Ways to draw the first weights: He's, and what torch and Torch7 do if nobody asks.
INITIALISATIONS = ("he", "default")

#: Ways to make one sigma of the probabilities of classes.
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
    .. [1] Chapter "Class, mean or number?", ``book/learn/class_mean_or_number.ipynb``.

    Examples
    --------
    >>> read_out(torch.tensor([[0.25, 0.75]]).log(), torch.tensor([1.0, 2.0]))
    tensor([1.7500])
    """
    check_choice(readout, "readout", READOUTS)
    if readout == "argmax":
        return sigmas[log_probabilities.argmax(1)]
    return torch.einsum("bk...,k->b...", log_probabilities.exp(), sigmas)


class BlurNetwork(nn.Module):
    """What all networks have in common: standardised input, drawn weights.

    Beside its ``features``, every network of the package has

    * ``loss(prediction, target)``, which training makes small: a tensor of shape ();
    * ``metrics(prediction, target)``, what a run's history tells beside it: means over the batch by
      name, ``mse`` in square pixels among them;
    * ``decode(prediction)``, which returns sigma and its standard deviation in pixels, or None in
      the latter's place where nothing says it.

    A prediction is what `forward` returned; a target is what its stream gives with the input, see
    `drawn_sigmas`.

    Attributes
    ----------
    standardised_on : int
        From how many patches or crops the standardisation is taken.
    has_classes, states_std, on_crops : bool
        Whether it answers with classes, whether with a standard deviation of its own, and whether
        it learns from crops with a target at every pixel.
    mean, std : Tensor
        Of the training set's features; they are taken out of every input.
    """

    has_classes = states_std = on_crops = False

    @property
    def settings(self):
        """What it was built with: the constructor's arguments, for files."""
        return {name: getattr(self, name) for name in self._arguments}

    def initialise(self, rng, kind="he"):
        r"""Draw the weights anew.

        torch's default leaves the thesis' network at chance for about its first 9,000 patches: each
        of its twelve layers shrinks the signal. He et al. keep its variance through ReLUs.

        Parameters
        ----------
        rng : torch.Generator
            Source of the draws.
        kind : {"he", "default"}, optional
            He's normal distribution with zero biases; or torch's default, uniform within
            :math:`\pm 1 / \sqrt{n}` for n inputs, as in the author's Torch7.

        Returns
        -------
        network : BlurNetwork
            Itself.

        Raises
        ------
        TypeError, ValueError
            If the generator is none, or the kind is unknown.

        References
        ----------
        .. [1] K. He et al., "Delving deep into rectifiers", ICCV 2015; key ``he2015``.
        """
        check_generator(rng, cpu=True)
        check_choice(kind, "kind", INITIALISATIONS)
        for layer in (x for x in self.modules() if isinstance(x, nn.Conv2d | nn.Linear)):
            if kind == "he":
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=rng)
                nn.init.zeros_(layer.bias)
            else:
                bound = layer.weight[0].numel() ** -0.5
                nn.init.uniform_(layer.weight, -bound, bound, generator=rng)
                nn.init.uniform_(layer.bias, -bound, bound, generator=rng)
        return self

    @torch.no_grad()
    def fit_standardisation(self, images):
        """Take mean and deviation from patches or crops of the training set."""
        features = self.features(images)
        axes = [0, *range(2, features.ndim)] if self.mean.ndim else None  # one of each feature
        self.mean.copy_(features.mean(axes))
        self.std.copy_(features.std(axes, correction=0).clamp_min(1e-3))


class PatchNetwork(BlurNetwork):
    """What the networks on patches have in common.

    A subclass has ``layers`` (nn.Sequential), and its own ``features`` if they take anything else
    than the pixels of the patches (B, 1, P, P).

    Attributes
    ----------
    patch_size : int
        Side P of the patches that it looks at, in pixels.
    sigma_max : float
        Largest sigma that it learns, in pixels.
    """

    standardised_on = 1024
    _arguments = ("sigma_max", "patch_size")

    def __init__(self, sigma_max, patch_size):
        super().__init__()
        self.sigma_max = check_number(sigma_max, "sigma_max", low=1e-3, high=100, unit="pixels")
        self.patch_size = check_integer(patch_size, "patch_size")
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("std", torch.tensor(1.0))

    def features(self, patches):
        """Return what the layers look at: here the pixels as they are."""
        return patches

    def forward(self, patches):
        """Return what the layers answer.

        Parameters
        ----------
        patches : Tensor of shape (B, 1, P, P)
            Grey levels in [0, 1].

        Returns
        -------
        prediction : Tensor of shape (B, C)
            Of classes the log-probabilities; of other networks what their `decode` takes.
        """
        return self.layers((self.features(patches) - self.mean) / self.std)


class BlurClassifier(PatchNetwork):
    """A network with classes of sigma; its ``layers`` end in log-probabilities.

    Attributes
    ----------
    num_classes : int
        How many there are.
    sigmas : Tensor of shape (num_classes,)
        Sigma of each class in pixels.
    """

    has_classes = True
    _arguments = ("num_classes", *PatchNetwork._arguments)

    def __init__(self, num_classes, sigma_max, patch_size):
        super().__init__(sigma_max, patch_size)
        self.num_classes = num_classes
        # Not saved with the weights: it follows from the two numbers.
        self.register_buffer("sigmas", class_sigmas(num_classes, sigma_max), persistent=False)

    @property
    def drawn_sigmas(self):
        """What a `PatchStream` is to draw for it, as its arguments: the sigma of each class."""
        return {"sigmas": self.sigmas}

    def loss(self, prediction, target):
        """Return the mean negative log-likelihood of the true classes (B,)."""
        return functional.nll_loss(prediction.float(), target)

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return ``mse``, of the mean readout, and ``accuracy``, the share of right classes."""
        prediction, truth = prediction.float(), self.sigmas[target]
        return {
            "mse": (self.decode(prediction)[0] - truth).square().mean(),
            "accuracy": (self.decode(prediction, "argmax")[0] == truth).float().mean(),
        }

    def expectation(self, prediction, values):
        """Return the mean over the predicted distribution of a value of each class, (K,)."""
        return read_out(prediction, values)

    def likeliest(self, prediction):
        """Return the likeliest class of each prediction, (B, ...)."""
        return prediction.argmax(1)

    def decode(self, prediction, readout="mean"):
        r"""Turn predictions into one sigma each, and how far it may be off.

        Parameters
        ----------
        prediction : Tensor of shape (B, C, ...)
            What `forward` returned.
        readout : {"mean", "argmax"}, optional
            The distribution's mean, or the likeliest class.

        Returns
        -------
        sigma, std : Tensors of shape (B, ...)
            In pixels.

        Raises
        ------
        ValueError
            If the readout is unknown.

        Notes
        -----
        With probabilities :math:`p_k` the squared error to be expected of an answer
        :math:`\hat\sigma` is

        .. math:: s^2 = \sum_k p_k (\sigma_k - \hat\sigma)^2 + \Delta^2 / 12 ,

        since a class stands for all sigmas within half a step :math:`\Delta` of it. No calibration
        has made it larger or smaller.
        """
        check_choice(readout, "readout", READOUTS)
        mean = sigma = self.expectation(prediction, self.sigmas)
        if readout == "argmax":
            sigma = self.sigmas[self.likeliest(prediction)]
        square = self.expectation(prediction, self.sigmas.square())
        variance = (square - 2 * sigma * mean + sigma.square()).clamp_min(0)
        return sigma, (variance + self.sigmas[0] ** 2 / 12).sqrt()
