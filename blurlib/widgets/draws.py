"""Numbers that look like chance and are the same in the page and in the kernel."""

import numpy as np
import torch


def normal_draws(first, count):
    """Return numbers `first` to `first + count` of a fixed list of normal draws, float64."""
    x = np.arange(2 * first, 2 * (first + count)).astype(np.uint32) + np.uint32(1)
    x = x * np.uint32(0x9E3779B1)  # as `normal` in parts/fourier.js, modulo 2^32
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    radius, turn = torch.from_numpy(((x ^ (x >> 16)) + 0.5) / 2**32).view(-1, 2).T
    return torch.sqrt(-2 * radius.log()) * torch.cos(2 * torch.pi * turn)
