"""The network that restores: a classical answer mended, and how wrong it still expects to be."""

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_choice, check_integer
from .networks import BlurNetwork

#: Planes it is shown: three pictures, sigma and its deviation, noise, and two for the PSF's kind.
NUM_PLANES = 8

#: The kind of a PSF that is none of a map's, gaussians (0) and disks (1).
OTHER_PSF = 2

#: Two pixels lie side by side in depth, and two halvings follow: sides are multiples of this.
_MULTIPLE, _MOST_CHANNELS = 8, 1024

#: What the logarithm of the expected squared error is kept within: 0.1 to 100 levels of 255.
_LOG_VARIANCE = (-15.7, -1.9)

#: Squared errors below a fifth of a level do not count, and so much counts the stated variance.
_LEAST, _STATED = (0.2 / 255) ** 2, 0.05


class Residual(nn.Module):
    """Two convolutions whose sum is added to what they were given."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        """Return (B, width, H, W) of the same shape."""
        return x + self.second(self.first(x).relu())


class DeblurNet(BlurNetwork):
    r"""A U-Net that mends what deconvolution by a prior of few edges leaves.

    It sees the blurred picture, Wiener's answer and the one of few edges, and what both started
    from: sigma at each pixel, how uncertain it is, the noise and the kind of PSF. It answers with a
    correction of the last, and with the squared error that it expects at each pixel.

    Parameters
    ----------
    widths : (int, int, int), optional
        Channels at half, a quarter and an eighth of the picture's size.

    Notes
    -----
    The loss is the mean logarithm of each crop's squared error: a decibel counts alike in easy and
    hard ones. The expected error is learned beside it, by the likelihood of a gaussian.

    References
    ----------
    .. [1] J. Dong et al., "Deep Wiener deconvolution", NeurIPS 2020.
    .. [2] O. Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation",
       MICCAI 2015.

    Examples
    --------
    >>> restored, log_variance = DeblurNet()(torch.rand(1, 8, 20, 21))
    >>> restored.shape, log_variance.shape
    (torch.Size([1, 20, 21]), torch.Size([1, 20, 21]))
    """

    on_crops = states_std = True
    _arguments = ("widths",)
    standardised_on = 1

    def __init__(self, widths=(56, 80, 112)):
        super().__init__()
        self.widths = tuple(check_integer(width, "widths", high=_MOST_CHANNELS) for width in widths)
        fine, middle, coarse = self.widths
        self.head = nn.Conv2d(4 * NUM_PLANES, fine, 3, padding=1)
        self.down = nn.Sequential(Residual(fine), Residual(fine))
        self.halve = nn.Conv2d(fine, middle, 2, stride=2)
        self.lower = nn.Sequential(Residual(middle), Residual(middle))
        self.quarter = nn.Conv2d(middle, coarse, 2, stride=2)
        self.lowest = Residual(coarse)
        self.rise = nn.ConvTranspose2d(coarse, middle, 2, stride=2)
        self.raised = Residual(middle)
        self.rise_again = nn.ConvTranspose2d(middle, fine, 2, stride=2)
        self.up = nn.Sequential(Residual(fine), Residual(fine))
        self.tail = nn.Conv2d(fine, 2 * 4, 3, padding=1)

    def initialise(self, rng, kind="he"):
        """Draw the weights anew: He's, those that end a sum smaller; see `BlurNetwork`."""
        super().initialise(rng, check_choice(kind, "kind", ("he",)))
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, nn.ConvTranspose2d):
                    nn.init.normal_(layer.weight, std=layer.weight.shape[0] ** -0.5, generator=rng)
                    nn.init.zeros_(layer.bias)
            for last in (self.tail, *(x.second for x in self.modules() if isinstance(x, Residual))):
                last.weight *= 0.1
            self.tail.bias[4:] = -8.0  # an error of some five levels
        return self

    def fit_standardisation(self, images):
        """Its planes are scaled by what they mean: there is nothing to take from pictures."""

    def forward(self, planes):
        """Restore.

        Parameters
        ----------
        planes : Tensor of shape (B, 8, H, W)
            See `planes_of`.

        Returns
        -------
        restored, log_variance : Tensors of shape (B, H, W)
            Intensities, and the logarithm of the expected squared error.
        """
        height, width = planes.shape[-2:]
        below, right = (-side % _MULTIPLE for side in (height, width))
        x = functional.pad(planes, (0, right, 0, below), mode="replicate")
        fine = self.down(self.head(functional.pixel_unshuffle(x, 2)).relu())
        middle = self.lower(self.halve(fine))
        coarse = self.lowest(self.quarter(middle))
        middle = self.raised(middle + self.rise(coarse))
        fine = self.up(fine + self.rise_again(middle))
        found = functional.pixel_shuffle(self.tail(fine), 2)[..., :height, :width].float()
        restored = planes[:, 0] + 0.5 + planes[:, 1] + planes[:, 2] + found[:, 0]
        return restored, found[:, 1].clamp(*_LOG_VARIANCE)

    def loss(self, prediction, target):
        """Return the mean log squared error of the crops (B, H, W), and the stated one's cost."""
        restored, log_variance = prediction
        error = (restored - target).square()
        decibels = (error.mean((-2, -1)) + _LEAST).log().mean() / 2
        told = error.detach() / log_variance.exp() + log_variance
        return decibels + _STATED * told.mean()

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return ``mse``, in squared levels, and ``coverage``: errors within one stated std."""
        restored, log_variance = prediction
        error = (restored - target).square()
        within = (error <= log_variance.exp()).float().mean()
        return {"mse": 255**2 * error.mean(), "coverage": within}


def planes_of(blurred, wiener, sparse, sigma, std, noise_std, kind):
    """Return the planes that the network sees, (B, 8, H, W).

    Parameters
    ----------
    blurred, wiener, sparse : Tensors of shape (B, H, W)
        The picture and both answers, intensities.
    sigma, std : Tensors of shape (B, H, W)
        What was undone, and how uncertain it was, in pixels.
    noise_std : Tensor of shape (B,)
        In the pictures' unit.
    kind : Tensor of shape (B,)
        0 for gaussians, 1 for disks, `OTHER_PSF`.

    Returns
    -------
    planes : Tensor of shape (B, 8, H, W)
    """
    level, kind = ((x[:, None, None] + 0 * blurred) for x in ((255 * noise_std).log(), kind))
    planes = [blurred - 0.5, wiener - blurred, sparse - wiener, sigma / 4, std]
    planes += [level / 2, (kind == 1).to(blurred), (kind == OTHER_PSF).to(blurred)]
    return torch.stack(planes, 1)
