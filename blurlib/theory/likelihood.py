"""The likeliest sigma of a patch: estimators that reach the bounds of `blurlib.theory`."""

import math

import torch

from .._checks import check_choice, check_image, check_number, check_same
from ..blur import fold_counts, fold_power, frequencies, hann_window, windowed_power
from .textures import SIGMA_LIMIT, SLOPES, check_truncate, noise_power, power_law, transfers

TAPERS = ("none", "hann")

#: Steps of the search, and how far its first guesses of sigma lie apart, in pixels.
_STEPS, _APART = 40, 1.0

#: Ends of the logarithm of a power law's amplitude.
_LOG_AMPLITUDES = (-60.0, 20.0)

#: The search keeps away from sigma 0, where all derivatives vanish.
_SMALLEST = 1e-3


def fit_texture_known(images, texture, *, noise=0.0, truncate=None, sigma_max=6.0):
    """Return the likeliest sigma of blurred copies of a known texture.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        The copies, blurred as by `blurlib.theory.blur_periodic`, and noisy.
    texture : Tensor of shape (H, W)
        The sharp texture.
    noise : float, optional
        Standard deviation of camera noise in grey levels of 255; rounding comes on top.
    truncate : float, optional
        Of the PSF, as in `blurlib.theory.transfer`.
    sigma_max : float, optional
        The largest sigma that is looked at, in pixels.

    Returns
    -------
    sigma : float64 Tensor of shape (B,)
        In pixels, above 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the shapes differ.

    References
    ----------
    .. [1] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> from blurlib import theory
    >>> rng = torch.Generator().manual_seed(0)
    >>> texture = torch.rand(32, 32, generator=rng)
    >>> images = theory.blur_periodic(texture, 1.0)[None]
    >>> round(fit_texture_known(images, texture).item(), 3)
    1.0
    """
    images, truncate, sigma_max = _check(images, truncate, sigma_max)
    check_image(texture, "texture", ndim=2)
    check_same(images.shape[1:], texture.shape, "images and texture must have one height, width:")
    rows, columns = frequencies(texture.shape)
    sharp = torch.fft.fft2(texture.detach().cpu().double())
    seen = torch.fft.fft2(images)
    unit = noise_power(noise) * texture.numel()

    def likelihood(theta):
        h, change = transfers(theta[:, 0], rows, columns, truncate)
        residual = seen - h * sharp
        value = residual.abs().square().sum((1, 2)) / (2 * unit)
        score = (change * (sharp.conj() * residual).real).sum((1, 2)) / unit
        information = (change * sharp.abs()).square().sum((1, 2)) / unit
        return value, score[:, None], information[:, None, None]

    return _likeliest(likelihood, images.new_empty(len(images), 0), (), truncate, sigma_max)[:, 0]


def fit_power_law(images, *, noise=0.0, truncate=None, sigma_max=6.0, window="none"):
    """Return the likeliest sigma, slope and contrast of blurred power-law textures.

    Parameters
    ----------
    images : Tensor of shape (B, N, N)
        The patches; any mean.
    noise, truncate, sigma_max : float, optional
        As in `fit_texture_known`.
    window : {"none", "hann"}, optional
        "none" takes the patch to repeat itself. "hann" fades its rim out first, as a patch that was
        cut out of a picture needs, and leaves out the lowest frequencies, which the fading smears:
        no longer the likeliest, but the best that this likelihood can do there.

    Returns
    -------
    sigma, slope, contrast : float64 Tensors of shape (B,)
        In pixels; and as in `blurlib.theory.power_law`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from blurlib import theory
    >>> power = theory.power_law((32, 32), -2.0, 0.1)
    >>> sharp = theory.gaussian_fields(power, 2, rng=torch.Generator().manual_seed(0))
    >>> sigma, slope, contrast = fit_power_law(theory.blur_periodic(sharp, 1.0))
    >>> sigma.shape
    torch.Size([2])
    """
    images, truncate, sigma_max = _check(images, truncate, sigma_max)
    check_choice(window, "window", TAPERS)
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"images must be square, got {tuple(images.shape)}; cut them.")
    size = images.shape[-1]
    seen, counts = _folded_periodogram(images, window)
    grid = torch.arange(size // 2 + 1, dtype=torch.float64) / size
    log_radius = torch.hypot(grid[:, None], grid).clamp_min(1e-12).log()

    def likelihood(theta):
        sigma, log_amplitude, slope = (column[:, None, None] for column in theta.unbind(1))
        h, change = transfers(theta[:, 0], grid, grid, truncate)
        sharp = torch.exp(log_amplitude + slope * log_radius)
        texture = sharp * h.square()
        parts = torch.stack([2 * sharp * h * change, texture, texture * log_radius], 1)
        return _whittle(seen, texture + noise_power(noise), parts, counts)

    low = (counts > 0) & (log_radius < math.log(0.15))  # where little is lost, for a first guess
    if not low.any():
        small = f"with {window=} and {size} pixels a side no low frequency is left"
        raise ValueError(f"{small}; pass at least 16 pixels.")
    level = torch.log((seen * low * log_radius.exp() ** 2).sum((1, 2)) / low.sum())
    others = torch.stack([level.clamp(*_LOG_AMPLITUDES), torch.full_like(level, -2.0)], 1)
    best = _likeliest(likelihood, others, (_LOG_AMPLITUDES, SLOPES), truncate, sigma_max)
    sigma, log_amplitude, slope = best.unbind(1)
    unit = torch.stack([power_law((size, size), s, 1.0)[0, 1] * size**s for s in slope.tolist()])
    return sigma, slope, (log_amplitude.exp() / unit).sqrt()


def _check(images, truncate, sigma_max):
    check_image(images, "images", min_side=4)
    if images.ndim != 3:
        raise ValueError(f"images must have shape (B, H, W), got {tuple(images.shape)}.")
    sigma_max = check_number(sigma_max, "sigma_max", low=0.1, high=SIGMA_LIMIT, unit="pixels")
    return images.detach().cpu().double(), check_truncate(truncate), sigma_max


def _folded_periodogram(images, window):
    """Return mean power of the up to four coefficients that mirror each other, and their number.

    Both are for row and column frequencies from 0 up to 1/2.
    """
    size = images.shape[-1]
    shape = (size, size)
    weight = hann_window(shape, dtype=images.dtype) if window == "hann" else images.new_ones(shape)
    seen = fold_power(windowed_power(images, weight)) / weight.square().sum()
    counts = fold_counts(shape, dtype=images.dtype)
    lowest = 2 if window == "hann" else 1
    counts[:lowest, :lowest] = 0
    return seen, counts


def _whittle(seen, total, parts, counts):
    """Return minus Whittle's log-likelihood, its negative gradient, and the Fisher information.

    `total` (B, R, C) is the expected power, `parts` (B, p, R, C) are its derivatives.
    """
    ratio = seen / total
    value = (counts * (total.log() + ratio)).sum((1, 2)) / 2
    gradients = (parts / total[:, None]).flatten(2)
    weighted = gradients * counts.flatten() / 2
    score = (weighted @ (ratio - 1).flatten(1)[:, :, None])[:, :, 0]
    return value, score, weighted @ gradients.transpose(1, 2)


def _likeliest(likelihood, others, ends, truncate, sigma_max):
    """Return the likeliest of the maxima that are found from every first guess of sigma.

    `others` (B, p - 1) are first guesses of the other parameters, `ends` what they are kept within.
    """
    found = []
    for first, last, guess in _pieces(truncate, sigma_max):
        start = torch.cat([others.new_full((len(others), 1), guess), others], 1)
        low, high = (start.new_tensor(end) for end in zip((first, last), *ends, strict=True))
        found.append(_maximise(likelihood, start, low, high))
    thetas, values = map(torch.stack, zip(*found, strict=True))
    return thetas[values.argmin(0), torch.arange(len(others))]


def _pieces(truncate, sigma_max):
    """Return (first, last, guess) of sigma: stretches where the OTF is smooth, and where to begin.

    A PSF that is cut grows by a pixel just above each multiple of 1 / truncate.
    """
    if truncate is None:
        count = math.ceil(sigma_max / _APART)
        return [(_SMALLEST, sigma_max, sigma_max * (k + 0.5) / count) for k in range(count)]
    edges = [k / truncate for k in range(math.ceil(sigma_max * truncate * (1 - 1e-6)))]
    stretches = [(edge * (1 + 2e-6), min(edge + 1 / truncate, sigma_max)) for edge in edges]
    return [(max(_SMALLEST, low), high, (low + high) / 2) for low, high in stretches]


def _maximise(likelihood, theta, low, high):
    """Climb to the likeliest parameters by damped Fisher scoring, all patches at once.

    `likelihood` takes parameters (B, p) and returns what `_whittle` does. Where a parameter is at
    its end and would go beyond it, the others move alone.
    """
    value, score, information = likelihood(theta)
    damping = torch.full_like(value, 1e-3)
    unit = torch.eye(theta.shape[1], dtype=theta.dtype)
    for _ in range(_STEPS):
        free = ~(((theta <= low) & (score < 0)) | ((theta >= high) & (score > 0)))
        free = free.to(theta)
        matrix = information * free[:, :, None] * free[:, None, :]
        more = damping[:, None] * matrix.diagonal(dim1=1, dim2=2) + 1e-9 + (1 - free)
        step = torch.linalg.solve(matrix + unit * more[:, None, :], score * free)
        trial = (theta + step).clamp(low, high)
        found = likelihood(trial)
        settled = (found[0] - value).abs().max() < 1e-7
        better = found[0] < value
        value = torch.where(better, found[0], value)
        theta = torch.where(better[:, None], trial, theta)
        score = torch.where(better[:, None], found[1], score)
        information = torch.where(better[:, None, None], found[2], information)
        damping = torch.where(better, damping / 5, damping * 5).clamp(1e-9, 1e9)
        if settled:
            break
    return theta, value
