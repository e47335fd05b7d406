"""Wiener's answer and that of few edges on a canvas: for one PSF, and for a map of them."""

import numpy as np
import torch
from scipy import fft

#: Of `sparse_gradients`: strength of the prior, and share of the gradients' variance given the
#: picture that counts as their own. Found on eight pictures, two blurs; the answer is flat there.
_STRENGTH, _VARIANCE_SHARE = 0.35, 0.2


def wiener_on(canvas, noise_std, num_iter):
    """Return Wiener's answer on a canvas, and its penalty's spectrum."""
    spectrum = noise_std**2 / canvas.fit_power_law(noise_std)
    spectrum[0, 0] = 0  # of the mean nothing is known before
    start = canvas.extend(canvas.blurred, "symmetric")
    penalty = lambda x: canvas.filter(x, spectrum)  # noqa: E731
    return canvas.solve(start, penalty, spectrum, num_iter), spectrum


def sparse_on(canvas, noise_std, *, exponent=0.8, num_iter=(30, 15, 15, 15)):
    """Return the answer of few edges on a canvas; `num_iter` are Wiener's steps and each time's."""

    def of_mean(canvas, _):
        return both_on(canvas, noise_std, exponent, num_iter)[1:]

    found = by_mean(canvas, of_mean, noise_std, num_iter[-1])
    return found.view(*canvas.blurred.shape[:-2], *canvas.shape)


def by_mean(canvas, answer, noise_std, num_iter):
    """Restore the channels' mean by its edges, and what they differ in, which is weak, by Wiener.

    `answer` takes the canvas of the channels' sum over a root of their number, and that root. It
    returns the sum's answer, and perhaps what else there is to say, which follows the channels.
    """
    channels = canvas.blurred.reshape(-1, *canvas.blurred.shape[-2:])
    # Orthonormal, the first row constant: white noise of each channel stays white, and as strong.
    mix = torch.from_numpy(fft.dct(np.eye(len(channels)), axis=0, norm="ortho")).to(channels)
    mixed = torch.einsum("mc,chw->mhw", mix, channels)
    first, *more = answer(canvas.of_other(mixed[0]), len(mixed) ** 0.5)
    found = [first[None]]
    if len(mixed) > 1:
        found.append(wiener_on(canvas.of_other(mixed[1:]), noise_std, num_iter)[0])
    return torch.stack([*torch.einsum("mc,mhw->chw", mix, torch.cat(found)), *more])


def both_on(canvas, noise_std, exponent=0.8, num_iter=(30, 15, 15, 15)):
    """Return Wiener's answer for a picture (H, W) on a canvas, and that of few edges."""
    x, spectrum = wiener_on(canvas, noise_std, num_iter[0])
    wiener = x
    # A gaussian picture's variance given the blurred one, at each frequency; summed over the
    # plane, of which the stored half lacks the mirror's columns, that of a gradient.
    open_power = noise_std**2 / (canvas.transfer + spectrum + 1e-9)
    columns = torch.full_like(open_power[0], 2.0)
    columns[0] = 1
    total = (open_power * canvas.slopes * columns).sum() / (canvas.shape[0] * canvas.shape[1])
    variance = _VARIANCE_SHARE * total / 2  # of either direction
    for count in num_iter[1:]:
        sizes = gradient(x).square()
        powers = (sizes + variance).clamp_min(1e-12)
        scale = canvas.crop(powers).pow(exponent / 2).mean((-2, -1), keepdim=True)
        weights = _STRENGTH * noise_std**2 * powers.pow(exponent / 2 - 1) / scale
        likeness = weights.log().mean().exp() * canvas.slopes
        penalty = lambda x, w=weights: gradient_adjoint(w * gradient(x))  # noqa: E731
        x = canvas.solve(x, penalty, likeness, count)
    return wiener, x


def gradient(x):
    """Return the differences downward and across, periodic, of shape (2, ..., n, m)."""
    return torch.stack([x.roll(-1, -2) - x, x.roll(-1, -1) - x])


def gradient_adjoint(steps):
    """Do the transpose of `gradient`."""
    down, across = steps
    return down.roll(1, -2) - down + across.roll(1, -1) - across
