"""What a network on a pyramid of scales learns from: the likelihood of all its answers."""

import torch
from torch.nn import functional

from . import scales
from .gaussian import gaussian_loss, gaussian_metrics

#: What the logarithm of the variance is kept within: deviations from 0.008 to 4.5 pixels.
LOG_VARIANCE = (-9.7, 3.0)

#: The same where scales are mixed: deviations up to 150 pixels.
_LARGEST_LOG_VARIANCE = 10.0

#: How much a scale's answer weighs in the loss, over that of the next finer one.
_SCALE_WEIGHT = 0.5

#: So much weighs the profile's loss, and from this sigma on there is a profile to see.
_PROFILE_WEIGHT, _PROFILE_FROM = 0.05, 0.7


def pyramid_loss(prediction, target):
    """Return the weighted likelihood: see `SigmaNet.loss`."""
    total = 0
    for weight, answer, truth in _with_truth(prediction, target):
        parts = (_bent_error(answer[:, k : k + 2], truth[:, 0]) for k in (0, 2, 4))
        first, own, both = (gaussian_loss(*part).mean() for part in parts)
        total = total + weight * (first / 2 + own / 2 + both)
        told = (truth[:, 1] >= 0) & (truth[:, 0] > _PROFILE_FROM)
        profiles = answer[:, 6].clamp(1e-4, 1 - 1e-4), truth[:, 1].clamp(0, 1)
        likelihood = functional.binary_cross_entropy(*profiles, reduction="none")
        total = total + weight * _PROFILE_WEIGHT * (likelihood * told).mean()
    return total


def pyramid_metrics(prediction, target):
    """Return what a run tells of the last answer: see `SigmaNet.metrics`."""
    _, answer, truth = next(_with_truth(prediction, target))
    return gaussian_metrics(answer[:, 4] - truth[:, 0], answer[:, 5])


def _with_truth(prediction, target):
    """Yield weight, answer and truth (B, 2, rows, columns) of every scale, from the finest."""
    height, width = target.shape[-2:]
    sigma, step = target, scales.COARSE_STRIDE
    for number, answer in enumerate(prediction):
        rows, columns = (
            (step * torch.arange(count, device=target.device)).clamp(max=side - 1)
            for count, side in zip(answer.shape[-2:], (height, width), strict=True)
        )
        yield _SCALE_WEIGHT**number, answer, sigma[..., rows[:, None], columns]
        sigma = torch.stack([scales.halved_sigma(sigma[:, 0]), sigma[:, 1]], 1)
        step *= 2


def _bent_error(answer, truth):
    """Return the error and its log variance on the scale where errors count alike."""
    sigma, log_variance = answer.unbind(1)
    log_variance = log_variance.clamp(LOG_VARIANCE[0], _LARGEST_LOG_VARIANCE)
    log_variance = scales.bent_log_variance(log_variance, sigma.detach())
    return scales.bend(sigma) - scales.bend(truth), log_variance
