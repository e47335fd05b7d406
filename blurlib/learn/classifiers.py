"""Networks with classes: the thesis' own, one on small patches, and one that looks at spectra."""

import torch
from torch import nn

from ..blur.spectra import fold_power, hann_window, windowed_power
from ..data import PATCH_SIZE, SIGMA_MAX
from .networks import BlurClassifier


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
    .. [2] Chapter "The thesis' network", ``book/learn/the_network.ipynb``.

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
            sizes = f"{PATCH_SIZE} x {PATCH_SIZE} pixels, not at {patch_size}; 'spectrum' at any"
            raise ValueError(f"the thesis' network looks at {sizes}.")
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
        layers = nn.Linear(inputs, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()
        self.layers = nn.Sequential(*layers, nn.Linear(128, num_outputs))
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
    .. [1] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.

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
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.

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
