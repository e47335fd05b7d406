"""A blurred picture on a larger periodic canvas, whose rim is unknown and solved for."""

import copy
import math

import numpy as np
import torch
from scipy import fft

from ..blur import FourierBlur, frequencies, hann_window, windowed_power
from ..blur.borders import pad
from ..blur.fourier import psf_family

#: So many sigmas, in equal steps, stand for a map's where systems are preconditioned.
_NUM_LEVELS = 6

#: So many convolutions make a map's blur: to 4e-4 of full scale, a tenth of the usual noise.
_NUM_TERMS = 6

#: Rounding to 8 bits is the least noise that is believed in: restoration divides by it.
LEAST_NOISE = 0.29 / 255

#: Noise is looked for between these logarithms, and in so many bands of so many frequencies; a band
#: with so many times the mean power is no chance.
_LOG_NOISE, _NUM_BANDS, _LEAST_COUNT = (math.log(0.2 / 255), math.log(0.2)), 12, 100
_NOT_WHITE = 1.4

#: A pixel belongs to a mask if so much of it does.
_WHOLE = 0.98


class Canvas:
    r"""A picture :math:`y = A x + n`, where x reaches further than y: beyond the border is unknown.

    The canvas is periodic, and so much larger than the picture that light from one side does not
    reach the other. Its rows and columns beyond the picture's are the rim of all four sides.

    Parameters
    ----------
    blurred : Tensor of shape (..., H, W)
        The picture y.
    psfs : Tensor of shape (K, k, l)
        The blur as a sum of convolutions: one PSF, or see `blur.FourierBlur.of_map`.
    weights : Tensor of shape (K, H, W)
        What each pixel takes of each convolution.
    levels : Tensor of shape (L, k, l), optional
        PSFs that stand for the picture's, when they differ; `psfs` by default.
    shares : Tensor of shape (L, H, W), optional
        How much of each pixel's PSF is each level's; sums to 1.
    """

    def __init__(self, blurred, psfs, weights, levels=None, shares=None):
        #: Of the picture's pixels those that say something: 1, the others 0.
        self.told = 1
        self.blurred = blurred
        self.height, self.width = blurred.shape[-2:]
        reach = max(psfs.shape[-2:])
        self.shape = tuple(
            fft.next_fast_len(side + reach, real=True) for side in blurred.shape[-2:]
        )
        self.operator = FourierBlur(
            psfs, self.shape, weights=self.extend(weights, "constant"), padding_mode="circular"
        )
        levels = psfs if levels is None else levels
        spread = FourierBlur(levels, self.shape, padding_mode="circular")
        self.powers = spread.otfs(blurred).abs().square()
        # Roots: what is shared out before and after has the shares' sum of squares 1.
        self.roots = [1.0] if shares is None else self.extend(shares, "replicate").sqrt()
        means = torch.ones(1) if shares is None else shares.mean((-2, -1))
        #: Mean of the pixels' squared transfer functions: what the blur leaves of a power.
        self.transfer = torch.einsum("l,lrc->rc", means.to(self.powers), self.powers)
        rows, columns = frequencies(self.shape, half=True)
        rows, columns = (2 - 2 * torch.cos(2 * torch.pi * f) for f in (rows[:, None], columns))
        #: Squared transfer function of the gradient, by finite differences.
        self.slopes = (rows + columns).to(blurred)

    @classmethod
    def of_psf(cls, blurred, psf, mask=None):
        """Make the canvas of a picture with one PSF, everywhere or where a mask is.

        What is not wholly the mask's is a mixture of two pictures, or the mask's by mistake not: it
        is left unknown like what lies beyond the border.
        """
        psf = psf.to(blurred)
        if mask is None or (mask == 1).all():
            return cls(blurred, psf[None], blurred.new_ones(1, *blurred.shape[-2:]))
        none = torch.zeros_like(psf)
        none[len(psf) // 2, psf.shape[1] // 2] = 1
        inside, shares = (mask > _WHOLE).to(blurred)[None], torch.stack([mask, 1 - mask])
        canvas = cls(blurred, psf[None], inside, torch.stack([psf, none]), shares)
        canvas.told = canvas.operator.weights[0]
        return canvas

    @classmethod
    def of_map(cls, blurred, sigma_map, profile):
        """Make the canvas of a picture with a PSF of each pixel's own."""
        sigma_map = sigma_map.to(blurred)
        blur = FourierBlur.of_map(sigma_map, profile, num_terms=_NUM_TERMS)
        low, high = sigma_map.min().item(), sigma_map.max().item()
        if high - low > 0.05:
            sigmas = torch.linspace(low, high, _NUM_LEVELS).to(blurred)
            step = (high - low) / (_NUM_LEVELS - 1)
            shares = (1 - (sigma_map - sigmas[:, None, None]).abs() / step).clamp(0, 1)
            shares = shares / shares.sum(0)
        else:
            sigmas, shares = blurred.new_tensor([(low + high) / 2]), None
        levels = psf_family(sigmas, profile)
        return cls(blurred, blur.psfs, blur.weights, levels, shares)

    def of_other(self, blurred):
        """Return the same canvas for another picture of the same size and blur."""
        canvas = copy.copy(self)
        canvas.blurred = blurred
        return canvas

    def extend(self, image, padding_mode):
        """Extend a picture to the whole canvas; half of the rim is beyond each border."""
        below, right = self.shape[0] - self.height, self.shape[1] - self.width
        frame = (below // 2, below - below // 2, right // 2, right - right // 2)
        extended = pad(image, frame, padding_mode)
        return extended.roll((-frame[0], -frame[2]), (-2, -1))  # the picture starts at the origin

    def crop(self, image):
        """Return the picture's part of the canvas."""
        return image[..., : self.height, : self.width]

    def filter(self, image, transfer):
        """Filter an image of the canvas's size, periodically."""
        return torch.fft.irfft2(torch.fft.rfft2(image) * transfer, s=self.shape)

    def solve(self, start, penalty, spectrum, num_iter):
        r"""Solve :math:`(A^\top A + R) x = A^\top y` by preconditioned conjugate gradients.

        scipy's would need the picture as one long numpy vector, all channels with one step.

        Parameters
        ----------
        start : Tensor of shape (..., n, m)
            A first x.
        penalty : callable
            R, from canvas to canvas.
        spectrum : Tensor of shape (n, m // 2 + 1)
            The penalty as a filter, or a filter that is like it: each level's periodic answer
            with this penalty, shared out by pixel, is the preconditioner.
        num_iter : int
            Steps.

        Returns
        -------
        x : Tensor of shape (..., n, m)
        """

        def dot(a, b):
            return (a * b).sum((-2, -1), keepdim=True)

        answers = 1 / (self.powers + spectrum + 1e-5)

        def precondition(residual):
            shared = zip(self.roots, answers, strict=True)
            return sum(root * self.filter(root * residual, answer) for root, answer in shared)

        tiny = torch.finfo(start.dtype).tiny
        operator, x = self.operator, start
        observed = self.told * self.extend(self.blurred, "constant")
        residual = operator.adjoint(observed - operator.forward(x)) - penalty(x)
        step = ahead = precondition(residual)
        size = dot(residual, ahead)
        for _ in range(num_iter):
            change = operator.adjoint(operator.forward(step)) + penalty(step)
            length = size / dot(step, change).clamp_min(tiny)
            x = x + length * step
            residual = residual - length * change
            ahead = precondition(residual)
            before, size = size, dot(residual, ahead)
            step = ahead + size / before.clamp_min(tiny) * step
        return x

    def fit_power_law(self, noise_std):
        r"""Fit the sharp picture's mean power by a power law :math:`a / s^\gamma` of the slopes s.

        The likeliest law under which the blurred picture's periodogram is that of Gaussian
        textures seen through the blur, with white noise on them (Whittle's likelihood).

        Returns
        -------
        power : Tensor of shape (n, m // 2 + 1)
        """
        law = self._likeliest(self._periodogram(), [math.log(noise_std)])
        floor = self.slopes[self.slopes > 0].min()
        return torch.exp(law[0] - law[1] * self.slopes.clamp_min(floor).log())

    def fit_noise(self):
        """Return the standard deviation of the noise: the likeliest together with the power law.

        What JPEG, or a smaller number of levels, does to a blurred picture is not white: its
        fastest waves have less of it than those that deconvolution raises most. So the noisiest
        band is believed, of those that hold nothing but noise.
        """
        seen = self._periodogram()
        law = self._likeliest(seen, [math.log(start / 255) for start in (0.3, 1.2, 5)])
        noise = math.exp(2 * law[2])
        known = self._known()
        slopes, transfer, seen = (x[known].double() for x in (self.slopes, self.transfer, seen))
        band = (_NUM_BANDS * (slopes / slopes.max()).sqrt()).long().clamp(max=_NUM_BANDS - 1)
        expected = transfer * torch.exp(law[0] - law[1] * slopes.log())
        count = torch.bincount(band)
        power, expected = (torch.bincount(band, x) / count for x in (seen, expected))
        alone = power[(expected < noise / 2) & (count > _LEAST_COUNT)]
        noisiest = max([noise, *alone.tolist()])
        return (noisiest if noisiest > _NOT_WHITE * noise else noise) ** 0.5

    def _periodogram(self):
        """Return the blurred picture's mean power at each frequency of the canvas."""
        window = self.extend(hann_window((self.height, self.width)).to(self.blurred), "constant")
        power = windowed_power(self.extend(self.blurred, "constant"), window)
        return power.reshape(-1, *power.shape[-2:]).mean(0) / window.square().sum()

    def _known(self):
        """Return where a frequency is above the window's own width; below there is no telling."""
        return self.slopes > (4 * torch.pi / min(self.height, self.width)) ** 2

    def _likeliest(self, seen, noises):
        """Return log a and gamma of the law; with several first noises, the log noise as well."""
        from scipy import optimize  # it takes long to import

        known = self._known()
        step = 1 + int(known.sum()) // 20_000  # some 20,000 values are enough
        seen, transfer, slopes = (
            values[known][::step].double().cpu().numpy()
            for values in (seen, self.transfer, self.slopes)
        )
        slopes, fixed = np.log(slopes), len(noises) == 1

        def cost(law):
            noise = np.exp(2 * (noises[0] if fixed else law[2]))
            expected = transfer * np.exp(law[0] - law[1] * slopes) + noise
            return np.mean(np.log(expected) + seen / expected)

        found = [
            optimize.minimize(
                cost, [-5.0, 1.2] if fixed else [-5.0, 1.2, noise], method="Nelder-Mead",
                bounds=[(-25, 5), (0, 3), _LOG_NOISE][: 3 - fixed],
                options={"maxiter": 80 if fixed else 200, "xatol": 0.02, "fatol": 1e-5},
            )
            for noise in noises
        ]  # fmt: skip
        return min(found, key=lambda result: result.fun).x
