"""Log power spectra of all windows of an image: what the network that regresses sees."""

import functools
import math

import torch

from ..blur.spectra import hann_window

#: So many numbers of windows become spectra at once on a CPU.
_NUMBERS_AT_ONCE = 2**17


@torch.no_grad()
def folded_log_power(images, size, stride, margin):
    r"""Return the log power spectra of all windows of an image, opposite rows averaged.

    Parameters
    ----------
    images : Tensor of shape (B, 1, H, W)
        Grey levels in [0, 1].
    size, stride : int
        Of the windows, in pixels; the size is even.
    margin : int
        Pixels left out on every side, so that windows of several sizes share their centres.

    Returns
    -------
    features : Tensor of shape (B, (size // 2 + 1) ** 2, rows, columns)

    Notes
    -----
    A windowed Fourier transform is separable: cosines and sines down the columns, then along the
    rows, so windows that overlap share the first half of the work. Counted from the window's
    centre, a real image's transform at (u, v) and (-u, v) is :math:`(cc \mp ss) - i (cs \pm sc)`,
    where :math:`cs` stands for cosines down and sines across; the mean of the two powers is
    :math:`cc^2 + ss^2 + cs^2 + sc^2`. The window's mean is in :math:`cc` alone.

    What comes out is a constant to whoever learns from it: no gradient reaches the images.
    """
    bank, transform, floor = filter_bank(size, images.device)
    count = len(transform)
    constant = torch.outer(transform, transform) / transform[0] ** 2  # what a mean of 1 leaves
    batch, _, height, width = images.shape
    inner = images[:, 0, margin : height - margin, margin : width - margin].float() - 0.5
    with torch.autocast(images.device.type, enabled=False):  # halves would drown the faint powers
        down = inner.unfold(1, size, stride) @ bank  # (B, rows, W, 2K)
        lines = down.flatten(0, 1).unfold(1, size, stride)  # (B rows, columns, 2K, size)
        features = lines.new_empty(*lines.shape[:2], count**2)
        # On a CPU a few rows at a time, which then stay in its cache: four times faster.
        step = len(lines) if images.is_cuda else max(1, _NUMBERS_AT_ONCE // lines[0].numel())
        for part, found in zip(lines.split(step), features.split(step), strict=True):
            both = part @ bank  # (..., columns, 2K down, 2K across)
            both[..., :count, :count] -= both[..., :1, :1] * constant
            power = both.square_()
            power = power[..., :count] + power[..., count:]
            power = power[..., :count, :] + power[..., count:, :]
            torch.log(power.add_(floor).flatten(2), out=found)
        return features.unflatten(0, (batch, -1)).permute(0, 3, 1, 2)


@functools.cache
def filter_bank(size, device):
    """Return windowed cosines and sines (size, 2K), the window's transform (K,), the floor."""
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    angle = 2 * math.pi / size * torch.outer(place, torch.arange(size // 2 + 1))
    hann = hann_window((size, 1), dtype=torch.float64)
    bank = hann * torch.cat([angle.cos(), angle.sin()], 1)
    transform = bank[:, : size // 2 + 1].sum(0)
    # A third of what rounding to 8 bits adds, so that it cannot pose as detail.
    floor = hann.square().sum().item() ** 2 / 12 / 255**2 / 3
    return bank.float().to(device), transform.float().to(device), floor
