"""The network that regresses: sigma and its standard deviation everywhere, from local spectra."""

import functools
import math

import torch
from torch import nn

from .._checks import check_choice, check_image, check_integer
from ..blur.spectra import hann_window
from ..data.patches import PATCH_SIZE
from .gaussian import gaussian_loss, gaussian_metrics
from .networks import BlurNetwork

#: Sides of the windows whose spectra it sees, in pixels; the largest decides how much it needs.
WINDOWS = (32, 16, 8)

#: Step between windows, in pixels: a choice between speed and detail.
WINDOW_STRIDE = 4

_WIDEST_STEP, _WIDEST, _MOST_LAYERS = 64, 4096, 32

#: So many numbers of windows become spectra at once on a CPU.
_NUMBERS_AT_ONCE = 2**17

#: What the logarithm of the variance is kept within: deviations from 0.008 to 4.5 pixels.
LOG_VARIANCE = (-9.7, 3.0)


@torch.no_grad()
def folded_log_power(images, size, stride, margin):
    r"""Return the log power spectra of all windows of an image, opposite rows averaged.

    Parameters
    ----------
    images : Tensor of shape (B, 1, H, W)
        Grey levels in [0, 1].
    size, stride : int
        Of the windows, in pixels; the size is even.
    margin : int
        Pixels left out on every side, so that windows of several sizes share their centres.

    Returns
    -------
    features : Tensor of shape (B, (size // 2 + 1) ** 2, rows, columns)

    Notes
    -----
    A windowed Fourier transform is separable: cosines and sines down the columns, then along the
    rows, so windows that overlap share the first half of the work. Counted from the window's
    centre, a real image's transform at (u, v) and (-u, v) is :math:`(cc \mp ss) - i (cs \pm sc)`,
    where :math:`cs` stands for cosines down and sines across; the mean of the two powers is
    :math:`cc^2 + ss^2 + cs^2 + sc^2`. The window's mean is in :math:`cc` alone.

    What comes out is a constant to whoever learns from it: no gradient reaches the images.
    """
    bank, transform, floor = filter_bank(size, images.device)
    count = len(transform)
    constant = torch.outer(transform, transform) / transform[0] ** 2  # what a mean of 1 leaves
    batch, _, height, width = images.shape
    inner = images[:, 0, margin : height - margin, margin : width - margin].float() - 0.5
    with torch.autocast(images.device.type, enabled=False):  # halves would drown the faint powers
        down = inner.unfold(1, size, stride) @ bank  # (B, rows, W, 2K)
        lines = down.flatten(0, 1).unfold(1, size, stride)  # (B rows, columns, 2K, size)
        features = lines.new_empty(*lines.shape[:2], count**2)
        # On a CPU a few rows at a time, which then stay in its cache: four times faster.
        step = len(lines) if images.is_cuda else max(1, _NUMBERS_AT_ONCE // lines[0].numel())
        for part, found in zip(lines.split(step), features.split(step), strict=True):
            both = part @ bank  # (..., columns, 2K down, 2K across)
            both[..., :count, :count] -= both[..., :1, :1] * constant
            power = both.square_()
            power = power[..., :count] + power[..., count:]
            power = power[..., :count, :] + power[..., count:, :]
            torch.log(power.add_(floor).flatten(2), out=found)
        return features.unflatten(0, (batch, -1)).permute(0, 3, 1, 2)


@functools.cache
def filter_bank(size, device):
    """Return windowed cosines and sines (size, 2K), the window's transform (K,), the floor."""
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    angle = 2 * math.pi / size * torch.outer(place, torch.arange(size // 2 + 1))
    hann = hann_window((size, 1), dtype=torch.float64)
    bank = hann * torch.cat([angle.cos(), angle.sin()], 1)
    transform = bank[:, : size // 2 + 1].sum(0)
    # A third of what rounding to 8 bits adds, so that it cannot pose as detail.
    floor = hann.square().sum().item() ** 2 / 12 / 255**2 / 3
    return bank.float().to(device), transform.float().to(device), floor


class SigmaNet(BlurNetwork):
    r"""Sigma and its standard deviation on a grid of every fourth pixel, from local spectra.

    Log power spectra of windows of 32, 16 and 8 pixels around every fourth pixel; two layers that
    look at one place alone and give a first answer; then convolutions that look at the places
    around, as far as their dilations reach, and mend it.

    Parameters
    ----------
    hidden : (int, int), optional
        Widths of the layers that look at one place.
    channels : int, optional
        Width of the convolutions.
    dilations : sequence of int, optional
        Of the convolutions, in steps of the grid.

    Attributes
    ----------
    mean, std : Tensor
        Of the training set's features; they are taken out of every input.
    std_scale : Tensor of shape ()
        What the stated deviations are multiplied by: 1 after training, then what
        `blurlib.maps.fit_std_scale` finds on pictures that the network has not seen.

    Notes
    -----
    The loss is that of a gaussian of the network's own mean and variance, each place weighted by
    its own deviation, as if by a constant: without that, hopeless places would be given up early.

    References
    ----------
    .. [1] D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
       distribution", ICNN 1994.
    .. [2] M. Seitzer et al., "On the pitfalls of heteroscedastic uncertainty estimation with
       probabilistic neural networks", ICLR 2022.

    Examples
    --------
    >>> sigma, std = SigmaNet().estimate(torch.rand(1, 1, 64, 80))
    >>> sigma.shape, std.shape
    (torch.Size([1, 9, 13]), torch.Size([1, 9, 13]))
    """

    patch_size = PATCH_SIZE
    states_std = on_crops = True
    _arguments = ("hidden", "channels", "dilations")
    #: How many crops the standardisation is taken from.
    standardised_on = 48

    def __init__(self, hidden=(512, 192), channels=96, dilations=(1, 2, 4, 8, 4, 2)):
        super().__init__()
        # A damaged file must not ask for gigabytes of weights or of halo.
        self.hidden = tuple(check_integer(width, "hidden", high=_WIDEST) for width in hidden)
        self.channels = check_integer(channels, "channels", high=_WIDEST)
        self.dilations = tuple(check_integer(x, "dilations", high=_WIDEST_STEP) for x in dilations)
        check_integer(len(self.dilations), "the number of dilations", low=0, high=_MOST_LAYERS)
        inputs = sum((size // 2 + 1) ** 2 for size in WINDOWS)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("std", torch.ones(inputs))
        self.register_buffer("std_scale", torch.tensor(1.0))
        first, second = self.hidden
        self.local = nn.Sequential(
            *(nn.Conv2d(inputs, first, 1), nn.ReLU()), *(nn.Conv2d(first, second, 1), nn.ReLU())
        )
        self.first = nn.Conv2d(second, 2, 1)
        self.narrow = nn.Conv2d(second + 2, self.channels, 1)
        self.context = nn.ModuleList(
            nn.Conv2d(self.channels, self.channels, 3, padding=dilation, dilation=dilation,
                      padding_mode="replicate")
            for dilation in self.dilations
        )  # fmt: skip
        self.second = nn.Conv2d(self.channels, 2, 1)

    def initialise(self, rng, kind="he"):
        """Draw the weights anew: He's, the last layers smaller; see `BlurNetwork.initialise`."""
        super().initialise(rng, check_choice(kind, "kind", ("he",)))
        with torch.no_grad():
            for last in (self.first, self.second, *self.context):
                last.weight *= 0.1
            self.first.bias[0] = 1.5  # the middle of what is usual
        return self

    def features(self, images, log_power=folded_log_power):
        """Return the spectra around every fourth pixel, (B, inputs, rows, columns)."""
        largest = WINDOWS[0]
        parts = [log_power(images, size, WINDOW_STRIDE, (largest - size) // 2) for size in WINDOWS]
        return torch.cat(parts, 1)

    def forward(self, images):
        """Return the first and the second answer around every fourth pixel.

        Parameters
        ----------
        images : Tensor of shape (B, 1, H, W)
            Grey levels in [0, 1], at least 32 pixels a side.

        Returns
        -------
        prediction : Tensor of shape (B, 2, 2, rows, columns)
            First or second answer; sigma in pixels and logarithm of its variance. Entry (r, c)
            speaks for pixel (16 + 4 r, 16 + 4 c).
        """
        return self.answer(self.features(images))

    def answer(self, features):
        """Return the first and the second answer, from the spectra that `features` returned."""
        shape = (-1, 1, 1)
        x = self.local((features - self.mean.view(shape)).div_(self.std.view(shape)))
        first = self.first(x)
        x = torch.relu(self.narrow(torch.cat([x, first], 1)))
        for convolution in self.context:
            x = x + torch.relu(convolution(x))
        return torch.stack([first, first + self.second(x)], 1).float()

    @torch.no_grad()
    def estimate(self, images):
        """Return sigma and its standard deviation around every fourth pixel.

        Parameters
        ----------
        images : Tensor of shape (B, 1, H, W)
            Grey levels in [0, 1], at least 32 pixels a side.

        Returns
        -------
        sigma, std : Tensors of shape (B, rows, columns)
            In pixels, the last answer.

        Raises
        ------
        TypeError, ValueError
            If the images are not (B, 1, H, W), or smaller than a window.
        """
        check_image(images, "images", min_side=self.patch_size)
        if images.ndim != 4 or images.shape[1] != 1:
            raise ValueError(f"images must have shape (B, 1, H, W), got {tuple(images.shape)}.")
        return self.decode(self(images))

    def decode(self, prediction):
        """Return sigma and its standard deviation, each (B, rows, columns), of the last answer."""
        sigma, log_variance = prediction[:, -1].unbind(1)
        std = (log_variance.clamp(*LOG_VARIANCE) / 2).exp()
        return sigma.clamp_min(0), self.std_scale * std

    def loss(self, prediction, target):
        """Return the weighted negative log-likelihood of both answers, the first one's half.

        The target is the true sigma at every pixel, (B, H, W).
        """
        first, second = gaussian_loss(*self._errors(prediction, target)).mean((0, 2, 3))
        return first / 2 + second

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return the last answer's ``mse`` and ``coverage``: the share of errors within one std."""
        return gaussian_metrics(*self._errors(prediction[:, -1:], target))

    def _errors(self, prediction, target):
        """Return the answers' errors and log variances, each (B, answers, rows, columns)."""
        rows, columns = prediction.shape[-2:]
        places = slice(self.patch_size // 2, None, WINDOW_STRIDE)
        truth = target[:, None, places, places][..., :rows, :columns]
        sigma, log_variance = prediction.unbind(2)
        return sigma - truth, log_variance.clamp(*LOG_VARIANCE)


class SmallSigmaNet(SigmaNet):
    """The same with a seventh of the weights, for use inside a web page.

    Examples
    --------
    >>> sum(p.numel() for p in SmallSigmaNet().parameters())
    119596
    """

    def __init__(self, hidden=(128, 64), channels=40, dilations=(1, 2, 4, 8)):
        super().__init__(hidden, channels, dilations)
