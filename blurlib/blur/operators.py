r"""Blur as a linear operator: each output pixel gathers with a PSF of its own."""

import functools
import itertools
import math

import torch

from .._checks import check_choice, check_image, check_integer, check_number, check_same
from .borders import PADDING_MODES, pad
from .psf import MAX_REACH, gaussian_profiles, gaussian_reach

#: Rows and columns of a tile. It and its weights stay in the processor's cache, and each tile pays
#: only for its own largest sigma. Not larger: from 32,768 elements on torch splits every small sum
#: over threads, which on a busy machine wait longer than they work.
_TILE = (128, 128)


class VaryingBlur:
    r"""A blur whose PSF changes from pixel to pixel, and its adjoint. Exact.

    .. math::
        (A F)(p) &= \sum_q h(q - p; \sigma(p)) \, F(q) \\
        (A^\top G)(q) &= \sum_p h(q - p; \sigma(p)) \, G(p)

    Parameters
    ----------
    sigma_map : Tensor of shape (..., H, W)
        Sigma of the PSF at each pixel, at least 0, in pixels; one map for all images, or one each.
    psf : {"gaussian", "disk"} or callable, optional
        The family of PSFs. Of a disk sigma is the standard deviation along an axis, half of its
        radius; a pixel that its rim crosses gets the share that a straight edge would give it.
        A callable gives another family: see Notes.
    truncate : float or Tensor of shape (..., 1, 1), optional
        Where a gaussian is cut, in units of its sigma; 2 is the author's.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What lies beyond the border: see `blurlib.blur.pad`.
    margin : int, optional
        Instead of padding: how many more pixels than the map the images bring on each side. What a
        PSF would fetch from further away is cut off.

    Raises
    ------
    TypeError, ValueError
        If the map is none, a name is unknown, or a sigma is negative or enormous.

    Notes
    -----
    The four mirror images of an offset share one weight, so that a quarter of the offsets is summed
    up. A callable takes sigmas (..., h, w) and returns how far the PSFs reach and a function: from
    an offset's rows and columns, both at least 0, to a weight that broadcasts with the sigmas, or
    None for nothing. Weights need no norm.

    The adjoint is the derivative of the gather: one piece of code, adjoint by construction. Where
    sigma is constant along an axis, gaussians are summed along one axis after the other.

    References
    ----------
    .. [1] Chapter "A blur for every pixel", ``book/blur/varying_blur.ipynb``.

    Examples
    --------
    >>> operator, image = VaryingBlur(torch.ones(9, 7), "disk"), torch.ones(9, 7)
    >>> operator.forward(image).shape, round(operator.adjoint(image).sum().item())
    (torch.Size([9, 7]), 63)
    """

    def __init__(
        self, sigma_map, psf="gaussian", *, truncate=4.0, padding_mode="reflect", margin=None
    ):
        check_image(sigma_map, "sigma_map")
        if not callable(psf):
            check_choice(psf, "psf", ("gaussian", "disk"))
        check_choice(padding_mode, "padding_mode", PADDING_MODES)
        most = truncate
        if isinstance(truncate, torch.Tensor):
            truncate, most = truncate.to(sigma_map.device), truncate.max().item()
        if margin is not None:
            check_integer(margin, "margin", low=0)
        most = check_number(most, "truncate", low=0.5, high=20, unit="sigma")
        low, high = sigma_map.min().item(), sigma_map.max().item()
        if low < 0 or most * high > MAX_REACH:
            span = f"{MAX_REACH / most:g} pixels, it runs from {low:g} to {high:g}"
            raise ValueError(f"sigma_map must lie between 0 and {span}.")
        self.sigma_map, self.psf, self.truncate = sigma_map, psf, truncate
        self._family = _disks if psf == "disk" else psf
        self.padding_mode, self.margin = padding_mode, margin

    def forward(self, image):
        """Blur an image: each pixel gathers light.

        Parameters
        ----------
        image : Tensor of shape (..., H, W)
            Sharp, floating point; with a margin, so much larger on each side.

        Returns
        -------
        blurred : Tensor of shape (..., H, W)
            Same dtype and device as `image`.

        Raises
        ------
        TypeError, ValueError
            If the image is none, or its height and width are not the map's.
        """
        self._check(image, self.margin or 0)
        return self._in_precision(self._gather, image)

    def adjoint(self, image):
        """Do the transpose of `forward`: each pixel scatters its light.

        Parameters
        ----------
        image : Tensor of shape (..., H, W)
            Floating point.

        Returns
        -------
        scattered : Tensor of shape (..., H, W)
            Same dtype and device as `image`; with a margin, so much larger on each side.

        Raises
        ------
        TypeError, ValueError
            If the image is none, or its height and width are not the map's.
        """
        self._check(image, 0)
        return self._in_precision(self._scatter, image)

    def std(self):
        """Return how wide the PSF of every pixel is, as sampled.

        Returns
        -------
        std : Tensor of shape (..., H, W)
            Root of half the trace of the second-moment matrix, in pixels. With a margin, of what
            is left inside it.
        """
        if self.psf == "gaussian":
            profile = gaussian_profiles(self.sigma_map, self.truncate, self.margin)
            return sum(2 * k**2 * weight for k, weight in enumerate(profile)).sqrt()
        reach, weight = self._family(self.sigma_map)
        if self.margin is not None:
            reach = min(reach, self.margin)
        total = norm = 0
        for row, column in itertools.product(range(reach + 1), repeat=2):
            share = weight(row, column)
            if share is not None:
                share = share * ((2 if row else 1) * (2 if column else 1))
                norm, total = norm + share, total + share * (row**2 + column**2) / 2
        return (total / norm).sqrt()

    def _check(self, image, margin):
        check_image(image)
        inner = [side - 2 * margin for side in image.shape[-2:]]
        less = f", less {margin} pixels on each side" if margin else ""
        wanted = f"sigma_map must have the image's height and width{less},"
        check_same(self.sigma_map.shape[-2:], inner, wanted)

    def _in_precision(self, act, image):
        """Half precision has too few digits to sum in."""
        working = image.float() if image.dtype in (torch.float16, torch.bfloat16) else image
        return act(working, self.sigma_map.to(working)).to(image.dtype)

    def _scatter(self, image, sigma_map):
        """Gathering is linear: the derivative of <gather(x), image> by x is the transpose."""
        follow = torch.is_grad_enabled() and (image.requires_grad or sigma_map.requires_grad)
        with torch.inference_mode(False), torch.enable_grad():
            image, sigma_map = (x.clone() if x.is_inference() else x for x in (image, sigma_map))
            shape = (side + 2 * (self.margin or 0) for side in image.shape[-2:])
            probe = image.new_zeros(*image.shape[:-2], *shape, requires_grad=True)
            gathered = self._gather(probe, sigma_map)
            return torch.autograd.grad(gathered, probe, image, create_graph=follow)[0]

    def _gather(self, image, sigma_map):
        if (sigma_map == sigma_map[..., :1, :]).all():
            return self._gather_tiles(image, sigma_map, by_columns=True)
        # Turned, a family that is not round would lie across.
        if not callable(self.psf) and (sigma_map == sigma_map[..., :1]).all():
            return self._gather_tiles(image.mT, sigma_map.mT, by_columns=True).mT.contiguous()
        return self._gather_tiles(image, sigma_map, by_columns=False)

    def _gather_tiles(self, image, sigma_map, *, by_columns):
        """Gather tile by tile; `by_columns` says that sigma is constant down each column."""
        if by_columns:
            sigma_map = sigma_map[..., :1, :]
        margin = self.margin
        if margin is None:
            margin = self._reach(sigma_map)
            image = pad(image, (margin,) * 4, self.padding_mode)
        height, width = (side - 2 * margin for side in image.shape[-2:])
        strips = []
        for left in range(0, width, _TILE[1]):
            columns = min(_TILE[1], width - left)
            band = sigma_map[..., left : left + columns]
            tiles = []
            for top in range(0, height, _TILE[0]):
                rows = min(_TILE[0], height - top)
                if not (by_columns and tiles):  # further down the weights are the same
                    reach, total = self._summed(band[..., top : top + rows, :], margin)
                inset = margin - reach  # this tile's PSFs may reach less far
                source = image.narrow(-2, top + inset, rows + 2 * reach)
                source = source.narrow(-1, left + inset, columns + 2 * reach)
                tiles.append(total(source, rows, columns))
            strips.append(torch.cat(tiles, -2))
        return torch.cat(strips, -1)

    def _reach(self, sigma):
        """Return how far the PSFs reach, in pixels."""
        if self.psf == "gaussian":
            return int(gaussian_reach(sigma, self.truncate).max().item())
        return self._family(sigma)[0]

    def _summed(self, sigma, most):
        """Return how far these PSFs reach, at most so far, and what sums a tile up."""
        if self.psf == "gaussian":
            profiles = gaussian_profiles(sigma, self.truncate, most)
            # A row of sigmas: each column has one, and its two axes can be summed in turn.
            total = _sum_in_turn if sigma.shape[-2] == 1 else _sum_together
            return len(profiles) - 1, functools.partial(total, profiles)
        reach, weight = self._family(sigma)
        reach = min(reach, most)
        return reach, functools.partial(_sum_offsets, reach, weight)


def _disks(sigma):
    radius = 2 * sigma + 0.5
    largest = radius.max().item()

    def weight(row, column):
        away = math.hypot(row, column)
        return (radius - away).clamp(0, 1) if away < largest else None

    return int(largest), weight


def _mirrored(lines, distance, size, axis):
    """Return lines[i + k] + lines[i - k] for the `size` inner positions, or lines[i] for k = 0."""
    reach = (lines.shape[axis] - size) // 2
    ahead = lines.narrow(axis, reach + distance, size)
    return ahead + lines.narrow(axis, reach - distance, size) if distance else ahead


def _weighted(weights, at):
    """Return the sum over k of g[k] at(k)."""
    total = weights[0] * at(0)
    for distance, weight in enumerate(weights[1:], start=1):
        total = total.addcmul_(at(distance), weight)
    return total


def _sum_axis(weights, lines, size, axis):
    """Return the sum over k of g[k] (lines[i + k] + lines[i - k])."""
    return _weighted(weights, lambda distance: _mirrored(lines, distance, size, axis))


def _sum_in_turn(weights, source, height, width):
    """Sum along the rows, then down the columns: each column has one sigma."""
    return _sum_axis(weights, _sum_axis(weights, source, width, -1), height, -2)


def _sum_together(weights, source, height, width):
    """Sum over both axes of gaussians: an offset has the weight g[k] g[l]."""
    return _weighted(
        weights, lambda row: _sum_axis(weights, _mirrored(source, row, height, -2), width, -1)
    )


def _sum_offsets(reach, weight, source, height, width):
    """Sum over all offsets of any family, and divide by the sum of its weights."""
    total = norm = 0
    for row in range(reach + 1):
        rows = _mirrored(source, row, height, -2)
        for column in range(reach + 1):
            share = weight(row, column)
            if share is not None:
                total = total + share * _mirrored(rows, column, width, -1)
                norm = norm + share * ((2 if row else 1) * (2 if column else 1))
    return total / norm
