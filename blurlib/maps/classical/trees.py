"""Fifteen numbers of a window, and boosted trees that make a sigma of them."""

from dataclasses import dataclass

import torch

from ...blur.degrade import QUANTIZATION_VARIANCE
from . import sharpness
from .spectrum_fit import ring_power, spectrum_fit
from .windows import as_levels, box_mean, gradient, variance

#: First rings of the six bands whose power is taken.
_BANDS = (0, 3, 6, 9, 12, 16, 21)

#: The methods that measure one number of a window, by name.
SINGLE_MEASURES = {
    "laplacian-variance": sharpness.laplacian_variance,
    "autocorrelation": sharpness.autocorrelation,
    "reblur-ratio": sharpness.reblur_ratio,
    "max-gradient": sharpness.max_gradient,
    "spectrum-fit": spectrum_fit,
}

#: What the trees see of a window.
FEATURES = (
    *SINGLE_MEASURES, "contrast", "tails of the slopes", "slopes at lag 1", "slopes at lag 3",
    *(f"power in band {k}" for k in range(1, 7)))  # fmt: skip

_WINDOWS_AT_ONCE = 8192  # windows


def hand_features(image, stride=1):
    """Return what the trees see of every window.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1], at least 32 pixels a side.
    stride : int, optional
        Step between windows in pixels.

    Returns
    -------
    features : Tensor of shape (15, rows, columns)
        float32, in the order of `FEATURES`: what the five other methods found; the logarithm of the
        contrast, kurtosis and autocorrelation of the slopes; the logarithms of the power in six
        bands of frequency.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or smaller than a window.
    """
    levels = as_levels(image)
    slope = gradient(levels)
    second, fourth = (box_mean(slope**power, stride).mean(0) for power in (2, 4))
    lags = sharpness.gradient_autocorrelation(image, stride)
    power = ring_power(image, stride)
    bands = [power[..., a:b].mean(-1) for a, b in zip(_BANDS, _BANDS[1:], strict=False)]
    found = [
        *(measure(image, stride) for measure in SINGLE_MEASURES.values()),
        (variance(levels, stride) + QUANTIZATION_VARIANCE).log(),
        fourth / (second + QUANTIZATION_VARIANCE) ** 2,
        lags[1], lags[3],
        *((band + QUANTIZATION_VARIANCE / 100).log() for band in bands)]  # fmt: skip
    return torch.stack(found).float()


@dataclass(frozen=True)
class Forest:
    """Regression trees whose answers are summed up.

    Attributes
    ----------
    start : Tensor of shape ()
        Added to the sum, float32.
    feature : Tensor of shape (trees, nodes)
        Which number a node asks for, uint8.
    threshold : Tensor of shape (trees, nodes)
        A number up to it goes to the child below, a larger one to the one above; float32.
    below, above : Tensors of shape (trees, nodes)
        Numbers of the children, int16; a leaf is its own child.
    value : Tensor of shape (trees, nodes)
        A leaf's answer, float32.
    """

    start: torch.Tensor
    feature: torch.Tensor
    threshold: torch.Tensor
    below: torch.Tensor
    above: torch.Tensor
    value: torch.Tensor

    def __call__(self, features):
        """Return the sum of all trees' answers.

        Parameters
        ----------
        features : Tensor of shape (F, ...)
            float32.

        Returns
        -------
        answers : Tensor of shape (...)
            float64.
        """
        columns = features.flatten(1).split(_WINDOWS_AT_ONCE, 1)
        return torch.cat([self._sum(part) for part in columns]).view(features.shape[1:])

    def _sum(self, features):
        total = torch.full((features.shape[1],), self.start.item(), dtype=torch.float64)
        children = torch.stack([self.above, self.below], -1).long().flatten(1)
        trees = zip(self.feature.long(), self.threshold, children, self.value.double(), strict=True)
        for feature, threshold, child, value in trees:
            node = torch.zeros(features.shape[1], dtype=torch.long)
            for _ in range(len(value)):  # no way through a tree is longer
                asked = features.gather(0, feature[node][None])[0]
                after = child[2 * node + (asked <= threshold[node])]
                if torch.equal(after, node):
                    break
                node = after
            total += value[node]
        return total
