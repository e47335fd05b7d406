"""How likely a PSF makes a picture's spectrum, with whatever texture fits it best."""

import functools
import math

import torch

from ..._checks import check_image, check_integer
from ...blur.degrade import QUANTIZATION_VARIANCE
from ...blur.spectra import frequencies, hann_window, windowed_power

#: A texture's law: mean and precision of its logarithm's parts. They are its level, the exponent
#: of its power over frequency, two of its anisotropy; the last is the noise.
_CENTRE = torch.tensor([0, -2.2, 0, 0, 0])
_STIFF = torch.tensor([0, 0.7**-2, 0.5**-2, 0.5**-2, 0])

#: The smaller, the more freely a single coefficient may stray from that law.
_SHAPE = 1.5

#: Steps of a fit.
_MOTION_STEPS = 4


class _Bank:
    """What a blur leaves of a window's power, and the form that a texture's power has."""

    def __init__(self, size):
        self.size, self.window = size, hann_window((size, size))
        rows, columns = frequencies((size, size))
        rows = rows[:, None]
        radius = torch.hypot(rows, columns)
        self.seen = radius * size > 2  # what lies lower holds the window's own shape
        self.seen[:, size // 2 + 1 :] = False  # the half plane that a real picture repeats
        self.seen[size // 2 + 1 :, [0, size // 2]] = False
        self.law = radius.clamp_min(1 / size) ** _CENTRE[1]
        self.law[0, 0] = 0  # a window's mean is taken out
        twice, far = 2 * torch.atan2(rows, columns)[self.seen], radius[self.seen] / 0.1
        self.basis = torch.stack([far**0, far.log(), twice.cos(), twice.sin()], 1).float()

    def leaked(self, transfers):
        """Return the share of a texture's power that is left, as the window sees it: smeared."""
        power = transfers * self.law
        for axis in (-2, -1):
            power = power * 2 / 3 + (power.roll(1, axis) + power.roll(-1, axis)) / 6
        return (power[:, self.seen] / self.law[self.seen]).float()

    def power(self, image):
        """Return the mean power of windows half a window apart."""
        for axis, side in enumerate(image.shape):  # evenly, up to the last pixel or nearly
            more = side - self.size
            image = image.unfold(axis, self.size, max(1, more // max(1, -(-2 * more // self.size))))
        rows = [windowed_power(row, self.window, half=False).mean(0) for row in image]
        return torch.stack(rows).mean(0)[self.seen] / self.window.square().sum()


_bank = functools.lru_cache(4)(_Bank)


def _fit(power, transfers, basis, theta):
    """Fit texture and noise under each blur; return log-likelihoods (C,)."""
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
    return value - (_STIFF * (theta - _CENTRE).square()).sum(1) / 2


def psf_log_likelihoods(image, psfs, *, window=64):
    r"""Return how likely each PSF makes a picture's spectrum.

    A texture's power falls like a power law, with an exponent and an anisotropy of its own; blur
    multiplies it by the squared OTF, and noise is white. All of it is fitted under each PSF.

    .. math:: P(f) = A |f|^{-\beta} e^{c \cos 2\varphi + d \sin 2\varphi} |H(f)|^2 + N

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    psfs : sequence of Tensors of shape (k, l)
        No larger than the windows.
    window : int, optional
        Side of the windows whose spectra are averaged, in pixels: at least 32, even. A smaller
        image has smaller ones.

    Returns
    -------
    log_likelihoods : Tensor of shape (n,)
        Only their differences tell something.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or it or the window is smaller.

    Notes
    -----
    Whittle's likelihood takes a coefficient's power over its expectation for exponential. Here
    that law is mixed over gammas, so that a line or an edge in the picture does not outweigh all
    the rest: :math:`\log P + (\nu + 1) \log(1 + |g|^2 / \nu P)`.

    References
    ----------
    .. [1] P. Whittle, "Estimation and information in stationary time series", Arkiv foer Matematik
       2, 1953; key ``whittle1953``.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> psf = blur.motion_psf(12, 30)
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), psf)
    >>> likely = psf_log_likelihoods(image, [psf, blur.gaussian_psf(0.6)])
    >>> (likely[0] > likely[1]).item()
    True
    """
    check_image(image, min_side=32, ndim=2)
    bank = _bank(min(check_integer(window, "window", low=32), *image.shape) // 2 * 2)
    power = bank.power(255 * image.detach().cpu().float()).clamp_min(1e-3)
    level = (power.log() - _CENTRE[1] * bank.basis[:, 1])[bank.basis[:, 1] < 0].mean()
    floor = power.quantile(0.1).clamp_min(QUANTIZATION_VARIANCE).log()
    start = torch.stack([level, _CENTRE[1], *[torch.zeros(())] * 2, floor])
    powers = [torch.fft.fft2(psf.cpu().double(), s=[bank.size] * 2).abs().square() for psf in psfs]
    return _fit(power, bank.leaked(torch.stack(powers)), bank.basis, start)
