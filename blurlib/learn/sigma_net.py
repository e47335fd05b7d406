"""The network that regresses: sigma and its standard deviation everywhere, from local spectra."""

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad
from ..data.patches import PATCH_SIZE
from . import scales
from .local_spectra import folded_log_power
from .networks import BlurNetwork
from .pyramid_loss import LOG_VARIANCE, pyramid_loss, pyramid_metrics
from .scales import COARSE_STRIDE

#: Sides of the windows whose spectra it sees, in pixels; the largest decides how much it needs.
WINDOWS = (32, 16, 8)

#: Step between windows of the picture itself, where nothing else is asked.
WINDOW_STRIDE = 4

_WIDEST_STEP, _WIDEST, _MOST_LAYERS = 64, 4096, 32


class SigmaNet(BlurNetwork):
    r"""Sigma, its standard deviation and the PSF's profile, from the spectra of a scale pyramid.

    One network sees the picture and its halvings, the coarsest first. At each scale: log power
    spectra of windows of 32, 16 and 8 pixels; two layers that look at one place alone and give a
    first answer; convolutions that look at the places around, as far as their dilations reach, and
    mend it. What the coarser scale found is handed down to them, and they say how much of it shall
    count: the two answers are mixed as gaussians are.

    Parameters
    ----------
    hidden : (int, int), optional
        Widths of the layers that look at one place.
    channels : int, optional
        Width of the convolutions.
    dilations : sequence of int, optional
        Of the convolutions, in steps of eight pixels.
    carried : int, optional
        How many numbers a place hands down to the next finer scale beside its answer.

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
    Up to two pixels errors count as they are, beyond relative to sigma (`scales.bend`).

    It learns at every eighth pixel and answers at every fourth with the convolutions' steps
    doubled: the same function at four times as many places, but near the last row and column, where
    the two grids end differently.

    References
    ----------
    .. [1] D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
       distribution", ICNN 1994.
    .. [2] M. Seitzer et al., "On the pitfalls of heteroscedastic uncertainty estimation with
       probabilistic neural networks", ICLR 2022.
    .. [3] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.

    Examples
    --------
    >>> sigma, std, profile = SigmaNet().estimate(torch.rand(1, 1, 64, 80))
    >>> sigma.shape, std.shape, profile.shape
    (torch.Size([1, 17, 21]), torch.Size([1, 17, 21]), torch.Size([1, 17, 21]))
    """

    patch_size = PATCH_SIZE
    states_std = on_crops = True
    _arguments = ("hidden", "channels", "dilations", "carried")
    #: How many crops the standardisation is taken from.
    standardised_on = 48

    def __init__(self, hidden=(512, 192), channels=96, dilations=(1, 1, 2, 4, 2, 1), carried=32):
        super().__init__()
        # A damaged file must not ask for gigabytes of weights or of halo.
        self.hidden = tuple(check_integer(width, "hidden", high=_WIDEST) for width in hidden)
        self.channels = check_integer(channels, "channels", high=_WIDEST)
        self.dilations = tuple(check_integer(x, "dilations", high=_WIDEST_STEP) for x in dilations)
        check_integer(len(self.dilations), "the number of dilations", low=0, high=_MOST_LAYERS)
        self.carried = check_integer(carried, "carried", high=_WIDEST)
        inputs = sum((size // 2 + 1) ** 2 for size in WINDOWS)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("std", torch.ones(inputs))
        self.register_buffer("std_scale", torch.tensor(1.0))
        first, second = self.hidden
        layers = nn.Conv2d(inputs, first, 1), nn.ReLU(), nn.Conv2d(first, second, 1), nn.ReLU()
        self.local = nn.Sequential(*layers)
        self.first = nn.Conv2d(second, 2, 1)
        self.narrow = nn.Conv2d(second + 2 + 3 + self.carried, self.channels, 1)
        self.context = nn.ModuleList(nn.Conv2d(channels, channels, 3) for _ in self.dilations)
        self.second = nn.Conv2d(self.channels, 4, 1)  # sigma, log variance, share, profile
        self.carry = nn.Conv2d(self.channels, self.carried, 1)

    def initialise(self, rng, kind="he"):
        """Draw the weights anew: He's, the last layers smaller; see `BlurNetwork.initialise`."""
        super().initialise(rng, check_choice(kind, "kind", ("he",)))
        with torch.no_grad():
            for last in (self.first, self.second, self.carry, *self.context):
                last.weight *= 0.1
            self.first.bias[0] = 1.5  # the middle of what is usual
        return self

    def fit_standardisation(self, images):
        """Take mean and deviation from crops; who goes on learning keeps those it learned with."""
        if (self.std == 1).all():
            super().fit_standardisation(images)

    @property
    def halo(self):
        """So far a place looks around beside its window, in steps of eight pixels."""
        return sum(self.dilations)

    def features(self, images, stride=COARSE_STRIDE, log_power=folded_log_power):
        """Return the spectra around every `stride`-th pixel, (B, inputs, rows, columns)."""
        largest = WINDOWS[0]
        parts = [log_power(images, size, stride, (largest - size) // 2) for size in WINDOWS]
        return torch.cat(parts, 1)

    def forward(self, images, stride=COARSE_STRIDE):
        """Return what every scale answers.

        Parameters
        ----------
        images : Tensor of shape (B, 1, H, W)
            Grey levels in [0, 1].
        stride : int, optional
            Step between the places of the picture itself, in pixels: 4 or 8. At its halvings it is
            8 of their pixels.

        Returns
        -------
        answers : list of Tensors of shape (B, 7 + carried, rows, columns)
            From the picture itself to its coarsest halving: see `answer`. Entry (r, c) speaks
            for the place (r stride, c stride) of that scale; they lead past the last pixel.
        """
        pictures = scales.pyramid(images)
        answers, coarser = [], None
        for number, picture in reversed(list(enumerate(pictures))):
            step = COARSE_STRIDE if number else stride
            sides, before = picture.shape[-2:], PATCH_SIZE // 2
            shape = [scales.num_places(side, step) for side in sides]
            after = [(n - 1) * step + before - x for n, x in zip(shape, sides, strict=True)]
            framed = pad(picture, (before, after[0], before, after[1]))
            if coarser is not None:
                coarser = scales.handed_down(coarser, shape, step)
            coarser = self.answer(self.features(framed, step), coarser, step)
            answers.insert(0, coarser)
        return answers

    def answer(self, features, coarser, stride, known=1.0):
        """Answer at one scale.

        Parameters
        ----------
        features : Tensor of shape (B, inputs, rows, columns)
            Of the picture of this scale, with 16 pixels more on each side.
        coarser : Tensor of shape (B, 3 + carried, rows, columns) or None
            What `handed_down` gives for these places; None at the coarsest scale.
        stride : int
            Step between the places, in pixels: 4 or 8.
        known : float or Tensor, optional
            0 where the coarser scale does not exist after all, in an exported file.

        Returns
        -------
        answer : Tensor of shape (B, 7 + carried, rows, columns)
            In this scale's pixels: the first answer and the mended one, before any coarser scale
            counts, each as sigma and the logarithm of its variance; the same of both scales
            together; the probability that the PSF is nearer a disk; what is handed down.
        """
        # The spectra lie place by place in memory, so layers that look at one place are matrices.
        x = features.permute(0, 2, 3, 1).sub(self.mean).div_(self.std)
        for layer in self.local[::2]:
            x = at_each_place(layer, x).relu_()
        if coarser is None:
            coarser, known = x.new_zeros(len(x), 3 + self.carried, *x.shape[1:3]), 0.0
        return self.mend(x, coarser, stride, known)

    def mend(self, x, coarser, stride, known):
        """Answer from what each place alone says, (B, rows, columns, channels), and its others."""
        first = at_each_place(self.first, x).permute(0, 3, 1, 2)
        told = [torch.ones_like(coarser[:, :1]), scales.bend(coarser[:, :1])]
        told += [coarser[:, 1:2].clamp(*LOG_VARIANCE), coarser[:, 3:]]
        told = torch.cat(told, 1) * known
        x = torch.cat([x, *(part.permute(0, 2, 3, 1) for part in (first, told))], -1)
        x = at_each_place(self.narrow, x).relu_().permute(0, 3, 1, 2)
        spread = COARSE_STRIDE // stride
        for convolution, dilation in zip(self.context, self.dilations, strict=True):
            step = dilation * spread
            around = functional.pad(x, (step,) * 4, mode="replicate")
            around = functional.conv2d(around, convolution.weight, convolution.bias, dilation=step)
            x = x + around.relu_()
        change, share, profile = self.second(x).split([2, 1, 1], 1)
        own, profile = (first + change).float(), profile.float().sigmoid()
        sigma, log_variance = own[:, :1], own[:, 1:].clamp(*LOG_VARIANCE)
        theirs, their_log_variance, their_profile = coarser[:, :3].float().split(1, 1)
        # As if both were independent gaussians, but for what is learned on top.
        share = known * (share.float() + log_variance - their_log_variance).sigmoid()
        profile = torch.lerp(profile, their_profile, share)
        sigma, log_variance = scales.mixed(share, sigma, theirs, log_variance, their_log_variance)
        found = [first.float(), own, sigma, log_variance, profile, self.carry(x).float()]
        return torch.cat(found, 1)

    @torch.no_grad()
    def estimate(self, images, stride=WINDOW_STRIDE):
        """Return sigma, its standard deviation and the profile.

        Parameters
        ----------
        images : Tensor of shape (B, 1, H, W)
            Grey levels in [0, 1], at least 32 pixels a side.
        stride : int, optional
            Step between the places in pixels: 4 or 8.

        Returns
        -------
        sigma, std, profile : Tensors of shape (B, rows, columns)
            From the first pixel past the last one. Sigma and std in pixels; the profile is the
            probability that the PSF is nearer a disk than a gaussian.

        Raises
        ------
        TypeError, ValueError
            If the images are not (B, 1, H, W), or smaller than a window.
        """
        check_image(images, "images", min_side=self.patch_size)
        if images.ndim != 4 or images.shape[1] != 1:
            raise ValueError(f"images must have shape (B, 1, H, W), got {tuple(images.shape)}.")
        return self.decode(self(images, stride))

    def decode(self, prediction):
        """Return sigma, std and profile, each (B, rows, columns), of the picture itself."""
        sigma, log_variance, profile = prediction[0][:, 4:7].unbind(1)
        return sigma.clamp_min(0), self.std_scale * (log_variance / 2).exp(), profile

    def loss(self, prediction, target):
        """Return the weighted negative log-likelihood of all answers, the unfinished ones' half.

        The target, (B, 2, H, W), has at every pixel the true sigma and whether the PSF is a disk
        (1) or a gaussian (0), -1 where that is not said.
        """
        return pyramid_loss(prediction, target)

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return the last answer's ``mse`` and ``coverage``: the share of errors within one std."""
        return pyramid_metrics(prediction, target)


def at_each_place(layer, x):
    """Apply a convolution of 1 x 1 to (..., channels), as the product of matrices that it is."""
    return functional.linear(x, layer.weight.flatten(1), layer.bias)


class SmallSigmaNet(SigmaNet):
    """The same with a seventh of the weights, for use inside a web page.

    Examples
    --------
    >>> sum(p.numel() for p in SmallSigmaNet().parameters()) < 150_000
    True
    """

    def __init__(self, hidden=(128, 64), channels=40, dilations=(1, 1, 2, 4), carried=16):
        super().__init__(hidden, channels, dilations, carried)
