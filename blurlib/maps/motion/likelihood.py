"""The likeliest blur: every kind, and of motion every length and angle, is tried on a spectrum."""

import functools
import math

import torch

from ..._checks import check_image, check_integer
from ...blur.degrade import QUANTIZATION_VARIANCE
from ...blur.spectra import frequencies, hann_window, windowed_power
from .answer import BLUR_KINDS, Motion, angle_between

#: Blurs that are no motion: sigmas of gaussians, of which the first few pass for sharp, as lenses
#: and scanners are no better, and radii of disks, in pixels.
_GAUSSIANS, _NUM_SHARP, _RADII = torch.arange(0, 5.1, 0.2), 4, torch.arange(1.5, 10.1, 0.5)

#: The shortest motion, in pixels. The others are longer by whole pixels.
_FIRST = 2

#: A texture's law: mean and precision of its logarithm's parts. They are its level, the exponent
#: of its power over frequency, two of its anisotropy; the last is the noise.
_CENTRE = torch.tensor([0, -2.2, 0, 0, 0])
_STIFF = torch.tensor([0, 0.7**-2, 0.5**-2, 0.5**-2, 0])

#: The smaller, the more freely a single coefficient may stray from that law.
_SHAPE = 1.5

#: So many coefficients count as one, since neighbours stray alike: found on training pictures.
_ALIKE = 5.0

#: Steps of a fit, and blurs that are fitted at once.
_MOTION_STEPS, _AT_ONCE = 4, 64


class _Bank:
    """What every blur leaves of a window's power, and the form that a texture's power has."""

    def __init__(self, size):
        self.size, self.window = size, hann_window((size, size))
        rows, self.columns = frequencies((size, size))
        self.rows = rows[:, None]
        radius = torch.hypot(self.rows, self.columns)
        self.seen = radius * size > 2  # what lies lower holds the window's own shape
        self.seen[:, size // 2 + 1 :] = False  # the half plane that a real picture repeats
        self.seen[size // 2 + 1 :, [0, size // 2]] = False
        self.law = radius.clamp_min(1 / size) ** _CENTRE[1]
        self.law[0, 0] = 0  # a window's mean is taken out
        twice, far = 2 * torch.atan2(self.rows, self.columns)[self.seen], radius[self.seen] / 0.1
        self.basis = torch.stack([far**0, far.log(), twice.cos(), twice.sin()], 1).float()
        self.motions = torch.tensor([
            (float(length), 180 * turn / count)
            for length in range(_FIRST, size // 2 + 1)
            for count in [math.ceil(math.pi * length)]
            for turn in range(count)
        ])  # fmt: skip
        gaussians = [torch.exp(-4 * (math.pi * sigma * radius) ** 2) for sigma in _GAUSSIANS]
        reach = [2 * math.pi * edge * radius.clamp_min(1e-9) for edge in _RADII]
        disks = [(2 * torch.special.bessel_j1(x) / x).square() for x in reach]
        others = self.leaked(torch.stack([*gaussians, *disks]))
        self.transfers = torch.cat([others, self.of_motions(self.motions)])
        of_kinds = [
            *_GAUSSIANS.tensor_split([_NUM_SHARP]),
            _RADII / 2,
            self.motions[:, 0] / math.sqrt(24),
        ]
        self.sigmas, numbers = torch.cat(of_kinds), torch.tensor([len(each) for each in of_kinds])
        self.kinds = torch.arange(len(BLUR_KINDS)).repeat_interleave(numbers)
        # Kinds are as likely as each other, and so are a motion's lengths, and its angles.
        prior = torch.cat([torch.ones(len(others)), 1 / self.motions[:, 0]])
        of_kind = torch.zeros(len(BLUR_KINDS)).index_add_(0, self.kinds, prior)
        self.log_prior = (prior / of_kind[self.kinds]).log()

    def leaked(self, transfers):
        """Return the share of a texture's power that is left, as the window sees it: smeared."""
        power = transfers * self.law
        for axis in (-2, -1):
            power = power * 2 / 3 + (power.roll(1, axis) + power.roll(-1, axis)) / 6
        return (power[:, self.seen] / self.law[self.seen]).float()

    def of_motions(self, motions):
        """Return what is left by motions (n, 2), lengths and angles."""
        if len(motions) > _AT_ONCE:
            return torch.cat([self.of_motions(part) for part in motions.split(_AT_ONCE)])
        length, angle = motions.double()[:, :, None, None].unbind(1)
        turn = torch.deg2rad(angle)
        along = self.columns * turn.cos() - self.rows * turn.sin()
        return self.leaked(torch.sinc(length * along).square())

    def power(self, image):
        """Return the mean power of windows half a window apart."""
        for axis, side in enumerate(image.shape):  # evenly, up to the last pixel or nearly
            more = side - self.size
            image = image.unfold(axis, self.size, max(1, more // max(1, -(-2 * more // self.size))))
        rows = [windowed_power(row, self.window, half=False).mean(0) for row in image]
        return torch.stack(rows).mean(0)[self.seen] / self.window.square().sum()


_bank = functools.lru_cache(4)(_Bank)


def _fit(power, transfers, basis, theta):
    """Fit texture and noise under each blur; return log-likelihoods (C,), parameters (C, p)."""
    if len(transfers) > _AT_ONCE:
        parts = [_fit(power, part, basis, theta) for part in transfers.split(_AT_ONCE)]
        return tuple(map(torch.cat, zip(*parts, strict=True)))
    count = basis.shape[1]
    pairs = (basis[:, :, None] * basis[:, None]).flatten(1)
    theta = theta.expand(len(transfers), -1).clone()
    for step in range(_MOTION_STEPS + 1):
        texture = torch.exp((theta[:, :count] @ basis.T).clamp(-40, 40)) * transfers
        total = texture + theta[:, count:].exp()
        ratio, share = power / total, texture / total
        if step == _MOTION_STEPS:
            break
        pull, noise = (_SHAPE + 1) * ratio / (_SHAPE + ratio) - 1, 1 - share
        score = torch.cat([(share * pull) @ basis, (noise * pull).sum(1, keepdim=True)], 1)
        block = (share.square() @ pairs).unflatten(1, (count, count))
        corner = torch.cat([(share * noise) @ basis, noise.square().sum(1, keepdim=True)], 1)
        matrix = torch.cat([torch.cat([block, corner[:, None, :-1]], 1), corner[:, :, None]], 2)
        matrix *= _SHAPE / (_SHAPE + 2)  # Fisher's information, and a little damping
        diagonal = matrix.diagonal(dim1=1, dim2=2)
        diagonal += _STIFF + 1e-2 + 1e-3 * diagonal
        score -= _STIFF * (theta - _CENTRE)
        theta = theta + torch.linalg.solve(matrix, score).clamp(-1.5, 1.5)
        theta[:, count].clamp_(min=math.log(QUANTIZATION_VARIANCE))
    value = -(total.log() + (_SHAPE + 1) * torch.log1p(ratio / _SHAPE)).sum(1)
    return value - (_STIFF * (theta - _CENTRE).square()).sum(1) / 2, theta


def _closely(bank, power, best, theta):
    """Return motions around the bank's best, their likelihoods, and which of it they replace."""
    length, angle = bank.motions[best]
    step = torch.stack([torch.ones(()), 180 / (math.pi * length)])
    offsets = torch.cartesian_prod(*[torch.arange(-4, 5) / 4] * 2)
    near = bank.motions[best] + offsets * step
    value, _ = _fit(power, bank.of_motions(near), bank.basis, theta)
    turned = angle_between(bank.motions[:, 1], angle).abs()
    replaced = ((bank.motions[:, 0] - length).abs() < 1.1) & (turned < 1.1 * step[1])
    return near, value, replaced


def _seen(image, window):
    """Return the bank of a window's size, an image's power, and where a fit starts."""
    check_image(image, min_side=32, ndim=2)
    bank = _bank(min(check_integer(window, "window", low=32), *image.shape) // 2 * 2)
    power = bank.power(255 * image.detach().cpu().float()).clamp_min(1e-3)
    level = (power.log() - _CENTRE[1] * bank.basis[:, 1])[bank.basis[:, 1] < 0].mean()
    floor = power.quantile(0.1).clamp_min(QUANTIZATION_VARIANCE).log()
    return bank, power, torch.stack([level, _CENTRE[1], *[torch.zeros(())] * 2, floor])


def psf_log_likelihoods(image, psfs, *, window=64):
    """Return how likely each PSF makes a picture's spectrum, as `fit_motion` tells.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    psfs : sequence of Tensors of shape (k, l)
        No larger than the windows.
    window : int, optional
        As in `fit_motion`.

    Returns
    -------
    log_likelihoods : Tensor of shape (n,)
        Only their differences tell something.

    Raises
    ------
    TypeError, ValueError
        As `fit_motion`.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> psf = blur.motion_psf(12, 30)
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), psf)
    >>> likely = psf_log_likelihoods(image, [psf, blur.gaussian_psf(0.6)])
    >>> (likely[0] > likely[1]).item()
    True
    """
    bank, power, start = _seen(image, window)
    powers = [torch.fft.fft2(psf.cpu().double(), s=[bank.size] * 2).abs().square() for psf in psfs]
    return _fit(power, bank.leaked(torch.stack(powers)), bank.basis, start)[0]


def fit_motion(image, *, window=64):
    r"""Find the likeliest motion, and how probable it is that the blur is one.

    A texture's power falls like a power law, with an exponent and an anisotropy of its own; blur
    multiplies it by the squared OTF, and noise is white.

    .. math:: P(f) = A |f|^{-\beta} e^{c \cos 2\varphi + d \sin 2\varphi} |H(f)|^2 + N

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    window : int, optional
        Side of the windows whose spectra are averaged, in pixels: at least 32, even. A smaller
        image has smaller ones. Motions are sought up to half of it.

    Returns
    -------
    found : Motion
        Length and angle of the best motion whatever the kind; `sigma` is a mean over all kinds.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or it or the window is smaller.

    Notes
    -----
    Whittle's likelihood takes a coefficient's power over its expectation for exponential. Here
    that law is mixed over gammas, so that a line or an edge in the picture does not outweigh all
    the rest: :math:`\log P + (\nu + 1) \log(1 + |g|^2 / \nu P)`. A few Fisher steps find A,
    :math:`\beta`, c, d and N under each of some hundred blurs. Neighbouring coefficients stray
    alike, so the log-likelihood is divided by how many of them tell what one would.

    References
    ----------
    .. [1] P. Whittle, "Estimation and information in stationary time series", Arkiv foer Matematik
       2, 1953; key ``whittle1953``.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    >>> found = fit_motion(image[:64, :64])
    >>> found.kind, abs(found.length - 12) < 0.5, abs(found.angle - 30) < 2
    ('motion', True, True)
    """
    bank, power, start = _seen(image, window)
    value, theta = _fit(power, bank.transfers, bank.basis, start)
    score = value / _ALIKE + bank.log_prior
    weights = torch.softmax(score.double(), 0)
    of_kind = weights.new_zeros(len(BLUR_KINDS)).index_add_(0, bank.kinds, weights)
    sigma = (weights * bank.sigmas).sum()
    sigma_std = (weights * (bank.sigmas - sigma).square()).sum().sqrt()

    # If it is a motion: those of the bank, but near the best of them others, closer together.
    moved, theta = (each[-len(bank.motions) :] for each in (score, theta))
    best = moved.argmax()
    near, value, replaced = _closely(bank, power, best, theta[best])
    # Each stands for a sixteenth of its cell.
    fine = value / _ALIKE + bank.log_prior[best - len(bank.motions)] - math.log(16)
    share, turned = torch.softmax(fine, 0), angle_between(near[:, 1], bank.motions[best, 1])
    mean = torch.stack([(share * near[:, 0]).sum(), bank.motions[best, 1] + (share * turned).sum()])
    weights = torch.cat([moved.masked_fill(replaced, -math.inf), fine]).softmax(0)
    off = torch.cat([bank.motions, near]) - mean
    off[:, 1] = angle_between(off[:, 1], 0)
    stds = (weights @ off.square()).sqrt()
    return Motion(
        mean[0].item(), mean[1].item() % 180, *stds.tolist(),
        dict(zip(BLUR_KINDS, of_kind.tolist(), strict=True)), sigma.item(), sigma_std.item(),
    )  # fmt: skip
