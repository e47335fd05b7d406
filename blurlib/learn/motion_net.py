"""The network for motion: what a spectrum looks like in every direction, from all around."""

import functools
import math

import torch
from torch import nn
from torch.nn import functional

from .._checks import check_choice, check_integer
from ..blur.degrade import QUANTIZATION_VARIANCE
from .networks import BlurNetwork

#: What blurs, in the order of the probabilities; no wider than a gaussian of 0.7 px is sharp.
BLUR_KINDS = ("sharp", "gaussian", "disk", "motion", "other")

#: Side of the spectra, in coefficients.
SPECTRUM_SIDE = 64

#: Directions that are looked in, evenly over half a turn, and lengths of motion, in pixels.
NUM_ANGLES, LENGTHS = 48, torch.arange(2, 33)

#: Samples of the spectrum, and of the cepstrum, in each direction.
_NUM_RADII = 32

#: Planes of an observation: a window's own spectra, smoothed little and more, and those around it.
OBSERVED_PLANES = 4

#: The logarithm of sigma, and that of its variance, are kept within these; what is smaller than a
#: fifth of a pixel counts as that.
_LOG_SIGMA, _LOG_OF_VARIANCE, LEAST_SIGMA = (-3.0, 3.5), (-7.0, 2.0), 0.2


class Turning(nn.Module):
    """Two convolutions over all directions, the last beside the first; added to what they see."""

    def __init__(self, width, dilation):
        super().__init__()
        options = {"padding": "same", "padding_mode": "circular"}
        self.first = nn.Conv1d(width, width, 3, dilation=dilation, **options)
        self.second = nn.Conv1d(width, width, 3, **options)
        self.norm = nn.GroupNorm(1, width)

    def forward(self, x):
        """Return (B, width, angles) of the same shape."""
        return x + self.second(self.first(self.norm(x)).relu())


class MotionNet(BlurNetwork):
    r"""A network that turns with the picture.

    Of a window it sees the log power spectrum and its transform, the cepstrum, both along rays in
    48 directions. What is done to one ray is done to all, and convolutions run around the circle,
    so a motion turned by a ray's width gives the answer turned as far. It answers with the
    probability of every length in every direction, with the kind of blur, and with the PSF's second
    moments: the logarithm of sigma, and an ellipse as a doubled angle.

    Parameters
    ----------
    width : int, optional
        Channels of a direction.

    References
    ----------
    .. [1] J. Sun et al., "Learning a convolutional neural network for non-uniform motion blur
       removal", CVPR 2015: motions as classes of length and angle; key ``sun2015``.

    Examples
    --------
    >>> answer = MotionNet()(torch.rand(2, 4, 64, 33))
    >>> [tuple(part.shape) for part in answer]
    [(2, 48, 31), (2, 5), (2, 2), (2, 2)]
    """

    on_crops = states_std = True
    _arguments = ("width",)
    standardised_on = 64

    def __init__(self, width=128):
        super().__init__()
        self.width = check_integer(width, "width", high=1024)
        seen = OBSERVED_PLANES * 2 * _NUM_RADII
        self.register_buffer("mean", torch.zeros(seen))
        self.register_buffer("std", torch.ones(seen))
        self.rays = nn.Sequential(
            nn.Conv1d(seen, 2 * width, 1), nn.ReLU(), nn.Conv1d(2 * width, width, 1)
        )
        self.around = nn.Sequential(*[Turning(width, d) for d in (1, 2, 4, 8, 4)])
        self.each = nn.Sequential(nn.GroupNorm(1, width), nn.Conv1d(width, width, 1), nn.ReLU())
        self.lengths = nn.Conv1d(width, len(LENGTHS), 1)
        self.ellipse = nn.Conv1d(width, 1, 1)
        self.whole = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU())
        self.kind = nn.Linear(width, len(BLUR_KINDS))
        self.sigma = nn.Linear(width, 2)

    def initialise(self, rng, kind="he"):
        """Draw the weights anew: He's, those that end a sum smaller; see `BlurNetwork`."""
        super().initialise(rng, check_choice(kind, "kind", ("he",)))
        with torch.no_grad():
            for layer in (x for x in self.modules() if isinstance(x, nn.Conv1d)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=rng)
                nn.init.zeros_(layer.bias)
            ends = [x.second for x in self.around]
            for last in (self.lengths, self.ellipse, self.kind, self.sigma, *ends):
                last.weight *= 0.2
        return self

    def features(self, observed):
        """Return spectrum and cepstrum along each ray, (B, 4 x 64, 48)."""
        transform = _along_rays(observed.device)
        found = observed.flatten(2) @ transform  # (B, 4, angles x 64)
        return found.unflatten(2, (NUM_ANGLES, -1)).permute(0, 1, 3, 2).flatten(1, 2)

    def forward(self, observed):
        """Answer.

        Parameters
        ----------
        observed : Tensor of shape (B, 4, 64, 33)
            See `observe`.

        Returns
        -------
        log_motions : Tensor of shape (B, 48, 31)
            Logarithm of the probability of each angle and each of `LENGTHS`, if it is a motion.
        log_kinds : Tensor of shape (B, 5)
            Logarithms of the probabilities of `BLUR_KINDS`.
        log_sigma : Tensor of shape (B, 2)
            Of sigma in pixels: its mean, and the logarithm of its variance.
        ellipse : Tensor of shape (B, 2)
            How much longer than wide, (a^2 - b^2) / (a^2 + b^2) of the PSF's standard deviations,
            times cosine and sine of the doubled angle.
        """
        x = (self.features(observed) - self.mean[:, None]) / self.std[:, None]
        x = self.each(self.around(self.rays(x)))
        motions = self.lengths(x).mT.flatten(1).log_softmax(1)
        turn = 2 * math.pi / NUM_ANGLES * torch.arange(NUM_ANGLES, device=x.device)
        ellipse = self.ellipse(x)[:, 0] @ torch.stack([turn.cos(), turn.sin()], 1)
        whole = self.whole(torch.cat([x.mean(2), x.amax(2)], 1))
        mean, variance = self.sigma(whole).unbind(1)
        log_sigma = torch.stack([mean.clamp(*_LOG_SIGMA), variance.clamp(*_LOG_OF_VARIANCE)], 1)
        kinds = self.kind(whole).log_softmax(1)
        return motions.unflatten(1, (NUM_ANGLES, -1)), kinds, log_sigma, ellipse / NUM_ANGLES

    def loss(self, prediction, target):
        """Return the mean negative log-likelihood of motion, kind, sigma and ellipse.

        Parameters
        ----------
        prediction : tuple of Tensors
            From `forward`.
        target : Tensor of shape (B, 7)
            Index of the kind; length in pixels and angle in degrees of a motion, whose length is 0
            where it is none or out of reach; sigma in pixels; the ellipse; and whether it counts.
        """
        motions, kinds, log_sigma, ellipse = prediction
        length, angle, sigma = target[:, 1:4].T
        cost = functional.nll_loss(kinds, target[:, 0].long(), reduction="none")
        of_motion = (_shares(length, angle).flatten(1) * motions.flatten(1)).sum(1)
        cost = cost - of_motion * (length > 0)
        mean, variance = log_sigma.unbind(1)
        off = sigma.clamp_min(LEAST_SIGMA).log() - mean
        cost = cost + (off.square() / variance.exp() + variance) / 4
        cost = cost + 2 * (ellipse - target[:, 4:6]).square().sum(1)
        return (cost * target[:, 6]).sum() / target[:, 6].sum().clamp_min(1)

    @torch.no_grad()
    def metrics(self, prediction, target):
        """Return ``mse`` of sigma, shares of right kinds and of right motions (2 px, 5 degrees)."""
        motions, kinds, log_sigma, _ = prediction
        sigma, moved = target[:, 3], target[:, 1] > 0
        length, angle = likeliest(motions)[:2]
        turned = (angle - target[:, 2] + 90) % 180 - 90
        right = ((length - target[:, 1]).abs() <= 2) & (turned.abs() <= 5)
        off = (log_sigma[:, 0].exp() - sigma).square().mean()
        accuracy = (kinds.argmax(1) == target[:, 0]).float().mean()
        within = (right & moved).sum() / moved.sum().clamp_min(1)
        return {"mse": off, "accuracy": accuracy, "within_tol": within}


def _shares(length, angle):
    """Return how much of a motion each cell has (B, 48, 31): it lies between four of them."""
    places = angle % 180 * (NUM_ANGLES / 180), length.clamp(LENGTHS[0], LENGTHS[-1]) - LENGTHS[0]
    numbers = (torch.arange(n, device=length.device) for n in (NUM_ANGLES, len(LENGTHS)))
    away = [(place[:, None] - number).abs() for place, number in zip(places, numbers, strict=True)]
    away[0] = torch.minimum(away[0], NUM_ANGLES - away[0])
    turn, far = ((1 - each).clamp_min(0) for each in away)
    return turn[:, :, None] * far[:, None]


def likeliest(log_motions):
    """Return the likeliest motion of each distribution, and how far others lie from it.

    Parameters
    ----------
    log_motions : Tensor of shape (B, 48, 31)
        From `MotionNet`.

    Returns
    -------
    length, angle, length_std, angle_std : Tensors of shape (B,)
        The mean of the likeliest five by five cells, and the deviation of all of them from it:
        in pixels, and in degrees.
    """
    share = log_motions.detach().exp()
    around = functional.pad(share[:, None], (0, 0, 2, 2), "circular")
    near = functional.avg_pool2d(functional.pad(around, (2, 2)), 5, 1)[:, 0]
    turn, far = (x[:, None] for x in torch.unravel_index(near.flatten(1).argmax(1), near.shape[1:]))
    half = NUM_ANGLES // 2
    turned = (torch.arange(NUM_ANGLES, device=share.device) - turn + half) % NUM_ANGLES - half
    longer = torch.arange(len(LENGTHS), device=share.device) - far
    peak = share * (turned.abs() <= 2)[:, :, None] * (longer.abs() <= 2)[:, None]
    peak = peak / peak.sum((1, 2), keepdim=True)
    means = [(peak.sum(2) * turned).sum(1), (peak.sum(1) * longer).sum(1)]
    step = 180 / NUM_ANGLES
    off = (turned - means[0][:, None] + half) % NUM_ANGLES - half
    angle_std = step * (share.sum(2) * off.square()).sum(1).sqrt()
    length_std = (share.sum(1) * (longer - means[1][:, None]).square()).sum(1).sqrt()
    angle = (turn[:, 0] + means[0]) * step % 180
    return LENGTHS[0] + far[:, 0] + means[1], angle, length_std, angle_std


def log_spectra(windows):
    """Return the log power spectra of windows, smoothed little, and more.

    Parameters
    ----------
    windows : Tensor of shape (..., n, n)
        In [0, 1], n at most 64.

    Returns
    -------
    spectra : Tensor of shape (..., 2, 64, 33)
        By a Hann window; and the mean of four by sine windows, which see its rim too.
    """
    tapers = _tapers(windows.shape[-1], windows.device)
    levels = 255 * (windows - windows.mean((-2, -1), keepdim=True))
    transform = torch.fft.rfft2(levels[..., None, :, :] * tapers, s=(SPECTRUM_SIDE, SPECTRUM_SIDE))
    power = transform.real.square() + transform.imag.square()
    power = torch.stack([power[..., 0, :, :], power[..., 1:, :, :].mean(-3)], -3)
    return (power + QUANTIZATION_VARIANCE).log()


def pooled(spectra, axes):
    """Return spectra over these axes together: the mean of the one, the log mean of the other."""
    fine, smooth = spectra.unbind(-3)
    count = math.prod(spectra.shape[axis] for axis in axes)
    return torch.stack([fine.mean(axes), smooth.logsumexp(axes) - math.log(count)], -3)


def observe(local, around):
    """Put together what the network sees: a window's spectra (..., 2, 64, 33), and those around."""
    return (torch.cat([local, around], -3) - 4) / 4


@functools.cache
def _tapers(size, device):
    """Return five windows of unit energy: Hann's, and products of the first two sines."""
    place = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    hann, *sines = (math.pi * place).sin() ** 2, *[(k * math.pi * place).sin() for k in (1, 2)]
    pairs = [(hann, hann), *[(one, other) for one in sines for other in sines]]
    tapers = torch.stack([torch.outer(*pair) for pair in pairs])
    tapers /= tapers.square().sum((1, 2), keepdim=True).sqrt()
    return tapers.float().to(device)


@functools.cache
def _along_rays(device):
    """Return the matrix from a log spectrum to its values and its cepstrum's along all rays."""
    side, half = SPECTRUM_SIDE, SPECTRUM_SIDE // 2
    angle = math.pi / NUM_ANGLES * torch.arange(NUM_ANGLES, dtype=torch.float64)
    direction = torch.stack([-angle.sin(), angle.cos()], 1)  # rows grow downward
    rows = torch.fft.fftfreq(side, dtype=torch.float64) * side
    columns = torch.arange(half + 1, dtype=torch.float64)
    grid = torch.cartesian_prod(rows, columns)  # (K, 2), in coefficients
    # Each coefficient counts twice but for those that are their own mirror image.
    weight = torch.where((grid[:, 1] == 0) | (grid[:, 1] == half), 1.0, 2.0)
    radius = grid.norm(dim=1)
    weight = weight * ((radius > 1.5) & (radius <= half))
    radii = torch.linspace(1.5, half - 0.5, _NUM_RADII, dtype=torch.float64)
    lags = torch.arange(1, _NUM_RADII + 1, dtype=torch.float64)
    rays = []
    for ray in direction:
        # The spectrum: bilinear between coefficients; those on the left are those on the right.
        at = ray * radii[:, None]
        at = torch.where(at[:, 1:] < 0, -at, at)
        away = (at[:, None] - grid).abs()
        away[..., 0] = torch.minimum(away[..., 0], side - away[..., 0])
        values = (1 - away).clamp_min(0).prod(2)  # (radii, K)
        cepstrum = torch.cos(2 * math.pi / side * lags[:, None] * (grid @ ray))
        rays += [values / values.sum(1, keepdim=True), 8 * weight * cepstrum / weight.sum()]
    return torch.cat(rays).T.contiguous().float().to(device)
