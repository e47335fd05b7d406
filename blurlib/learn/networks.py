"""Networks that tell the blur of a patch: the thesis' own, and one that looks at spectra."""

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_choice, check_generator, check_integer, check_number
from ..blur.spectra import fold_power, hann_window, windowed_power
from ..data.patches import PATCH_SIZE
from ..data.protocols import SIGMA_MAX, class_sigmas
from .readout import read_out

#: Ways to draw the first weights: He's, and what torch and Torch7 do if nobody asks.
INITIALISATIONS = ("he", "default")


class PatchNetwork(nn.Module):
    """What the networks on patches have in common: standardised input, drawn weights.

    A subclass has ``layers`` (nn.Sequential), and its own ``features`` if they take anything else
    than the pixels of the patches (B, 1, P, P); ``loss`` compares its answers with the truth,
    ``read_out`` turns them into a sigma, and ``drawn_sigmas`` says what it learns from.

    Attributes
    ----------
    patch_size : int
        Side P of the patches that it looks at, in pixels.
    sigma_max : float
        Largest sigma that it learns, in pixels.
    standardised_on : int
        From how many patches the standardisation is taken.
    mean, std : Tensor
        Of the training set's features; they are taken out of every input.
    """

    standardised_on = 1024
    _arguments = ("sigma_max", "patch_size")

    def __init__(self, sigma_max, patch_size):
        super().__init__()
        self.sigma_max = check_number(sigma_max, "sigma_max", low=1e-3, high=100, unit="pixels")
        self.patch_size = check_integer(patch_size, "patch_size")
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("std", torch.tensor(1.0))

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
        network : PatchNetwork
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
        for layer in self.layers:
            if not isinstance(layer, nn.Conv2d | nn.Linear):
                continue
            if kind == "he":
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=rng)
                nn.init.zeros_(layer.bias)
            else:
                bound = layer.weight[0].numel() ** -0.5
                nn.init.uniform_(layer.weight, -bound, bound, generator=rng)
                nn.init.uniform_(layer.bias, -bound, bound, generator=rng)
        return self

    def features(self, patches):
        """Return what the layers look at: here the pixels as they are."""
        return patches

    @torch.no_grad()
    def fit_standardisation(self, patches):
        """Take mean and deviation from patches of the training set."""
        features = self.features(patches)
        axes = 0 if self.mean.ndim else None
        self.mean.copy_(features.mean(axes))
        self.std.copy_(features.std(axes, correction=0).clamp_min(1e-3))

    def forward(self, patches):
        """Return what the layers answer.

        Parameters
        ----------
        patches : Tensor of shape (B, 1, P, P)
            Grey levels in [0, 1].

        Returns
        -------
        answers : Tensor of shape (B, C)
            Of classes the log-probabilities; of other networks what their `loss` takes.
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

    def loss(self, log_probabilities, labels):
        """Compare answers with the truth, for training.

        Parameters
        ----------
        log_probabilities : Tensor of shape (B, num_classes)
            What `forward` returned.
        labels : Tensor of shape (B,)
            The true classes.

        Returns
        -------
        loss, squared, right : Tensors of shape ()
            Mean negative log-likelihood; mean squared error of the mean readout, in square pixels;
            share of right classes.
        """
        log_probabilities = log_probabilities.float()
        loss = functional.nll_loss(log_probabilities, labels)
        with torch.no_grad():
            error = self.read_out(log_probabilities) - self.sigmas[labels]
            right = (log_probabilities.argmax(1) == labels).float().mean()
        return loss, error.square().mean(), right

    def read_out(self, answers, readout="mean"):
        """Turn answers into one sigma each.

        Parameters
        ----------
        answers : Tensor of shape (B, C, ...)
            What `forward` returned.
        readout : {"mean", "argmax"}, optional
            See `blurlib.learn.read_out`.

        Returns
        -------
        sigma : Tensor of shape (B, ...)
            In pixels.

        Raises
        ------
        ValueError
            If the readout is unknown.
        """
        return read_out(answers, self.sigmas, readout)


class ThesisNetwork(BlurClassifier):
    """The author's network: 26 layers on the pixels of a patch.

    Parameters
    ----------
    num_classes : int, optional
        Number of classes of sigma.
    sigma_max : float, optional
        Sigma of the last class in pixels.
    patch_size : int, optional
        Must be 32: the linear layers fit no other.

    Attributes
    ----------
    layers : nn.Sequential
        The 26 layers as slide 7 prints them; convolutions are unpadded.
    mean, std : Tensor of shape ()
        Of the training set's grey levels.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slide 7; key ``patro``.
    .. [2] Chapter "The network", ``book/learn/the_network.ipynb``.

    Examples
    --------
    >>> network = ThesisNetwork(num_classes=30)
    >>> network(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 30])
    >>> sum(p.numel() for p in network.parameters())
    3270426
    """

    def __init__(self, num_classes=30, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        super().__init__(num_classes, sigma_max, patch_size)
        if patch_size != PATCH_SIZE:
            raise ValueError(
                f"the thesis' network looks at {PATCH_SIZE} x {PATCH_SIZE} pixels, not at "
                f"{patch_size}; the networks 'spectrum' and 'pixels' take any size."
            )
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 4, 3), nn.ReLU()),
            *(nn.Conv2d(4, 8, 3), nn.ReLU()),
            *(nn.Conv2d(8, 16, 3), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3), nn.ReLU()),
            *(nn.Conv2d(64, 64, 3), nn.ReLU()),
            *(nn.Conv2d(64, 64, 5), nn.ReLU()),
            nn.MaxPool2d(2, stride=2),
            *(nn.Conv2d(64, 64, 5), nn.ReLU()),
            nn.Flatten(),
            *(nn.Linear(1024, 1600), nn.ReLU()),
            *(nn.Linear(1600, 800), nn.ReLU()),
            *(nn.Linear(800, 100), nn.ReLU()),
            nn.Linear(100, num_classes),
            nn.LogSoftmax(dim=1),
        )


class OnSpectra:
    """Gives a network on patches their folded log power spectra, and two hidden layers."""

    def _see_spectra(self, num_outputs):
        """Make the layers, down to `num_outputs` plain numbers."""
        size = self.patch_size
        self.register_buffer("window", hann_window((size, size)), persistent=False)
        inputs = (size // 2 + 1) ** 2
        self.layers = nn.Sequential(
            *(nn.Linear(inputs, 256), nn.ReLU()),
            *(nn.Linear(256, 128), nn.ReLU()),
            nn.Linear(128, num_outputs),
        )
        self.mean = torch.zeros(inputs)
        self.std = torch.ones(inputs)

    def features(self, patches):
        """Return the folded log power spectra, (B, (P // 2 + 1) ** 2)."""
        power = fold_power(windowed_power(patches[:, 0], self.window))
        rounding = self.window.square().sum() / 12 / 255**2
        return torch.log(power + rounding / 3).flatten(1)


class SpectrumNetwork(OnSpectra, BlurClassifier):
    r"""A small network that is given each patch as its log power spectrum.

    Blur multiplies the spectrum by the OTF, so in the logarithm it adds a known curve to whatever
    the texture brings: what the thesis' convolutions must find out, this network is told.

    Parameters
    ----------
    num_classes : int, optional
        Number of classes of sigma.
    sigma_max : float, optional
        Sigma of the last class in pixels.
    patch_size : int, optional
        Side of the patches.

    Notes
    -----
    The patch, less its weighted mean, is multiplied by a Hann window; the power at opposite row
    frequencies is averaged, which leaves 17 x 17 numbers of 32 x 32; a third of the power that
    rounding to 8 bits adds is put in before the logarithm, so that noise cannot pose as detail.

    References
    ----------
    .. [1] Chapter "A first sigma map", ``book/maps/first_sigma_map.ipynb``.

    Examples
    --------
    >>> SpectrumNetwork()(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 30])
    """

    def __init__(self, num_classes=30, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        super().__init__(num_classes, sigma_max, patch_size)
        self._see_spectra(num_classes)
        self.layers.append(nn.LogSoftmax(dim=1))


class PixelNetwork(BlurClassifier):
    """A small network on the pixels of a patch of any size, down to one.

    Parameters
    ----------
    num_classes : int, optional
        Number of classes of sigma.
    sigma_max : float, optional
        Sigma of the last class in pixels.
    patch_size : int, optional
        Side of the patches.

    Notes
    -----
    Four convolutions that keep the patch's size, then the mean of each feature over the patch: so
    the same layers fit every size.

    References
    ----------
    .. [1] Chapter "How small can a patch be?", ``book/maps/patch_size.ipynb``.

    Examples
    --------
    >>> PixelNetwork(patch_size=6)(torch.rand(2, 1, 6, 6)).shape
    torch.Size([2, 30])
    """

    def __init__(self, num_classes=30, sigma_max=SIGMA_MAX, patch_size=PATCH_SIZE):
        super().__init__(num_classes, sigma_max, patch_size)
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
            *(nn.AvgPool2d(self.patch_size), nn.Flatten()),
            *(nn.Linear(32, 128), nn.ReLU()),
            nn.Linear(128, num_classes),
            nn.LogSoftmax(dim=1),
        )


#: The networks with classes, by the names that files and the command line use.
CLASSIFIERS = {"thesis": ThesisNetwork, "spectrum": SpectrumNetwork, "pixels": PixelNetwork}
