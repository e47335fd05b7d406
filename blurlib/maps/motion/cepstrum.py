"""The two textbook methods: the zeros of a motion's spectrum lie on lines, equally far apart."""

import math

import torch

from ..._checks import check_image
from ...blur.degrade import QUANTIZATION_VARIANCE
from ...blur.spectra import frequencies, hann_window, radial_frequency, windowed_power
from .answer import Motion

#: Shortest path that is looked for, in pixels: nearer dips are the texture's own.
_SHORTEST = 3.0

#: Deviations of an answer that is right and of a guess: of length as shares of the longest, of
#: angle in degrees. A dip so deep is as often the one as the other; so much more, e times as often.
#: Found on training pictures.
_RIGHT, _GUESS = (0.02, 1.4), {"cepstrum": (0.28, 50.0), "radon": (0.28, 30.0)}
_HALF, _MORE = {"cepstrum": 3.8, "radon": 1.8}, {"cepstrum": 0.77, "radon": 1.7}


def _whitened(image):
    """Return the log power spectrum less its mean at each distance from frequency 0."""
    check_image(image, min_side=32, ndim=2)
    levels = 255 * image.detach().cpu().double()
    window = hann_window(levels.shape, dtype=levels.dtype)
    power = windowed_power(levels, window, half=False) / window.square().sum()
    log_power = torch.log(power + QUANTIZATION_VARIANCE).flatten()
    radius = radial_frequency(levels.shape).flatten()
    ring = (radius * min(levels.shape)).round().long()
    mean = torch.bincount(ring, log_power) / torch.bincount(ring)
    inside = (radius > 2 / min(levels.shape)) & (radius <= 0.5)
    return ((log_power - mean[ring]) * inside).view_as(levels)


def _stated(length, angle, depth, shape, name):
    """Return the motion with its deviations: the deeper the dip, the less often it is a guess."""
    guess = 1 / (1 + math.exp((depth - _HALF[name]) / _MORE[name]))
    pairs = zip(_RIGHT, _GUESS[name], strict=True)
    stds = [math.sqrt((1 - guess) * right**2 + guess * wrong**2) for right, wrong in pairs]
    return Motion(length, angle % 180, stds[0] * min(shape) / 2, stds[1])


def power_cepstrum(image):
    r"""Return the Fourier transform of the logarithm of an image's power spectrum.

    A motion multiplies the spectrum, so it adds to its logarithm: a ripple, whose transform dips
    where the path ends.

    .. math:: C = \mathcal F^{-1} \left( \log |\mathcal F g|^2 \right)

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.

    Returns
    -------
    cepstrum : float64 Tensor of shape (H, W)
        Entry (0, 0) is no shift; less what is the same in all directions.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller.
    """
    return torch.fft.ifft2(_whitened(image)).real


def cepstrum_motion(image):
    """Find a motion by the deepest dip of the power cepstrum.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.

    Returns
    -------
    found : Motion
        Of 3 pixels to half the shorter side.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller.

    References
    ----------
    .. [1] M. Cannon, "Blind deconvolution of spatially invariant image blurs with phase", IEEE
       Transactions on Acoustics, Speech, and Signal Processing 24(1), 1976; key
       ``cannon1976``.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    >>> found = cepstrum_motion(image[:128, :128])
    >>> abs(found.length - 12) < 1 and abs(found.angle - 30) < 5
    True
    """
    cepstrum = power_cepstrum(image)
    rows, columns = (f * n for f, n in zip(frequencies(image.shape), image.shape, strict=True))
    length = torch.hypot(rows[:, None], columns)
    sought = (length >= _SHORTEST) & (length <= min(image.shape) / 2) & (rows[:, None] <= 0)
    weighted = cepstrum * length.sqrt()  # or the texture's own dips, all of them near, would win
    place = torch.where(sought, weighted, math.inf).argmin().item()
    row, column = divmod(place, image.shape[1])
    ends = []
    for line, number, at in ((cepstrum[:, column], rows, row), (cepstrum[row], columns, column)):
        left, middle, right = line.roll(1 - at)[:3]  # and the dip of the parabola through them
        bend = (left + right - 2 * middle).clamp_min(1e-12)
        ends.append((number[at] + ((left - right) / (2 * bend)).clamp(-0.5, 0.5)).item())
    depth = -weighted[row, column] / weighted[sought].std().clamp_min(1e-12)
    angle = math.degrees(math.atan2(-ends[0], ends[1]))
    return _stated(math.hypot(*ends), angle, depth.item(), image.shape, "cepstrum")


def radon_motion(image):
    """Find a motion by Radon's transform of the log spectrum, its sums along parallel lines.

    Along the lines of zeros the sums differ most: that is the angle. How far the lines are apart
    is the length.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.

    Returns
    -------
    found : Motion
        Of 3 pixels to half the shorter side.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    >>> abs(radon_motion(image[:128, :128]).angle - 30) < 10
    True
    """
    spectrum, side = _whitened(image).flatten(), min(image.shape)
    rows, columns = frequencies(image.shape)
    angles = torch.deg2rad(torch.arange(180, dtype=torch.float64))
    across = [(columns * a.cos() - rows[:, None] * a.sin()).flatten() for a in angles]
    lines = [(along * side).round().abs().long() for along in across]
    # The variance of the sums, each over what its number of terms would give it by chance.
    spread = [
        (torch.bincount(line, spectrum).square() / torch.bincount(line).clamp_min(1)).sum()
        for line in lines
    ]
    best = torch.stack(spread).argmax().item()
    lengths = torch.arange(_SHORTEST, side / 2 + 0.1, 0.25, dtype=torch.float64)
    wave = torch.cos(2 * math.pi * lengths[:, None] * across[best]) @ spectrum
    noise = spectrum.square().sum().div(2).sqrt().clamp_min(1e-12)  # of a sum by chance
    depth = -wave.min() / noise
    length = lengths[wave.argmin()].item()
    return _stated(length, float(best), depth.item(), image.shape, "radon")
