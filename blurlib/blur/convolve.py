r"""Blurring an image: with one PSF everywhere, or with a sigma of its own at each pixel."""

import torch
from torch.nn import functional

from .._checks import check_choice, check_image, check_number
from .borders import pad
from .psf import MAX_REACH, check_psf, gaussian_reach

#: Rows and columns of a tile in `blur_varying`. It and its weights stay in the processor's cache,
#: and each tile pays only for its own largest sigma. Not larger: from 32,768 elements on torch
#: splits every small sum over threads, which on a busy machine wait longer than they work.
_TILE = (128, 128)


def blur_uniform(image, psf, *, padding_mode="reflect"):
    r"""Convolve an image with one point spread function.

    .. math:: G(p) = \sum_q h(q) \, F(p - q)

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Sharp image F, floating point.
    psf : Tensor of shape (k, l)
        Point spread function h: odd sides, non-negative, sum 1.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What the PSF meets beyond the border: see `blurlib.blur.pad`.

    Returns
    -------
    blurred : Tensor of shape (..., H, W)
        Same dtype and device as `image`.

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or the padding mode is unknown.

    Notes
    -----
    A true convolution: the PSF is turned by 180 degrees before it is slid, which matters for
    camera shake. Cost: H W k l.

    References
    ----------
    .. [1] Chapter "What is blur?", ``book/blur/what_blur_is.ipynb``.

    Examples
    --------
    >>> blur_uniform(torch.ones(9, 7), torch.full((3, 3), 1 / 9)).shape
    torch.Size([9, 7])
    """
    check_image(image)
    check_psf(psf)
    row_reach, column_reach = psf.shape[0] // 2, psf.shape[1] // 2
    padded = pad(image, (row_reach, row_reach, column_reach, column_reach), padding_mode)
    stack = padded.reshape(-1, 1, *padded.shape[-2:])
    turned = psf.to(image).flip(0, 1)[None, None]  # conv2d slides without turning
    return functional.conv2d(stack, turned).reshape(image.shape)


def blur_varying(image, sigma_map, *, mode="gather", truncate=4.0, padding_mode="reflect"):
    r"""Blur an image with a gaussian PSF whose sigma changes from pixel to pixel. Exact.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Sharp image F, floating point.
    sigma_map : Tensor of shape (H, W)
        Sigma of the PSF at each pixel, at least 0, in pixels.
    mode : {"gather", "scatter"}, optional
        Whether the PSF belongs to the output pixel, which gathers light, or to the source pixel,
        which scatters it.
    truncate : float, optional
        Where each PSF is cut, in units of its sigma; 2 is the author's.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What lies beyond the border: see `blurlib.blur.pad`. When scattering, light that leaves
        the image comes back where gathering would have fetched it.

    Returns
    -------
    blurred : Tensor of shape (..., H, W)
        Same dtype and device as `image`.

    Raises
    ------
    TypeError, ValueError
        If image or map is none, the shapes differ, or a sigma is negative or enormous.

    Notes
    -----
    With g the gaussian of sigma :math:`\sigma`, cut and normalised,

    .. math::
        G_\text{gather}(p) &= \sum_q g(q - p; \sigma(p)) \, F(q) \\
        G_\text{scatter}(p) &= \sum_q g(p - q; \sigma(q)) \, F(q)

    The second is the first with its matrix transposed, and is computed so. Gathering keeps a
    constant image as it is; scattering keeps the sum of the light. Where sigma is uniform the two
    agree, but for the border: there the mirrors' matrix is not symmetric. A map that is constant
    along an axis lets the two axes be summed one after the other.

    References
    ----------
    .. [1] Chapter "Uniform and non-uniform blur", ``book/blur/varying_blur.ipynb``.

    Examples
    --------
    >>> blur_varying(torch.ones(9, 7), torch.ones(9, 7)).shape
    torch.Size([9, 7])
    """
    check_image(image)
    check_image(sigma_map, "sigma_map")
    check_choice(mode, "mode", ("gather", "scatter"))
    truncate = check_number(truncate, "truncate", low=0.5, high=20, unit="sigma")
    if sigma_map.shape != image.shape[-2:]:
        raise ValueError(
            f"sigma_map must have the image's height and width, {tuple(image.shape[-2:])}, "
            f"got {tuple(sigma_map.shape)}."
        )
    low, high = sigma_map.min().item(), sigma_map.max().item()
    if low < 0 or truncate * high > MAX_REACH:
        raise ValueError(
            f"sigma_map must lie between 0 and {MAX_REACH / truncate:g} pixels, "
            f"it runs from {low:g} to {high:g}."
        )
    spread = _gather if mode == "gather" else _scatter
    # Half precision has too few digits to sum in.
    working = image.float() if image.dtype in (torch.float16, torch.bfloat16) else image
    return spread(working, sigma_map.to(working), truncate, padding_mode).to(image.dtype)


def _scatter(image, sigma_map, truncate, padding_mode):
    """Gathering is linear: the derivative of <gather(x), image> by x is the transpose."""
    differentiable = torch.is_grad_enabled() and (image.requires_grad or sigma_map.requires_grad)
    with torch.inference_mode(False), torch.enable_grad():
        image, sigma_map = (x.clone() if x.is_inference() else x for x in (image, sigma_map))
        probe = torch.zeros_like(image, requires_grad=True)
        gathered = _gather(probe, sigma_map, truncate, padding_mode)
        (scattered,) = torch.autograd.grad(
            gathered, probe, grad_outputs=image, create_graph=differentiable
        )
    return scattered


def _gather(image, sigma_map, truncate, padding_mode):
    if (sigma_map == sigma_map[:1]).all():
        return _gather_tiles(image, sigma_map, truncate, padding_mode, by_columns=True)
    if (sigma_map == sigma_map[:, :1]).all():
        turned = _gather_tiles(image.mT, sigma_map.mT, truncate, padding_mode, by_columns=True)
        return turned.mT.contiguous()
    return _gather_tiles(image, sigma_map, truncate, padding_mode, by_columns=False)


def gaussian_profiles(sigma, truncate):
    """Return the list g[0], g[1], ... of a gaussian's weights at distance k, for each sigma.

    One axis of `gaussian_psf`, for a whole tensor of sigmas at once.
    """
    reach = gaussian_reach(sigma, truncate)
    # With q = exp(-1 / (2 sigma^2)) the weights are q^(k^2), and each follows from the one before:
    # k^2 = (k - 1)^2 + (2k - 1). Products cost a tenth of exponentials.
    # A large sigma has q near 1, where single precision is too coarse for so many products.
    precise = sigma.double() if reach.max() > 64 else sigma
    ratio = torch.exp(-0.5 / precise.clamp_min(1e-2).square())
    square = ratio.square()
    weight = torch.ones_like(precise)
    weights = [weight]
    for distance in range(1, int(reach.max().item()) + 1):
        weight = weight * ratio
        ratio = ratio * square
        weights.append(weight * (distance <= reach))
    total = weights[0] + 2 * sum(weights[1:])
    return [(weight / total).to(sigma.dtype) for weight in weights]


def _weighted_sum(line, weights, size, axis):
    """Return the sum over k of g[k] (line[i + k] + line[i - k]) for the `size` inner positions."""
    reach = len(weights) - 1
    total = weights[0] * line.narrow(axis, reach, size)
    for distance in range(1, reach + 1):
        both = line.narrow(axis, reach + distance, size) + line.narrow(axis, reach - distance, size)
        total = total.addcmul_(both, weights[distance])
    return total


def _gather_tiles(image, sigma_map, truncate, padding_mode, *, by_columns):
    """Gather tile by tile; `by_columns` says that sigma is constant down each column."""
    reach = int(gaussian_reach(sigma_map.max(), truncate).item())
    padded = pad(image, (reach,) * 4, padding_mode)
    height, width = image.shape[-2:]
    sum_tile = _sum_axes_in_turn if by_columns else _sum_axes_together
    bands = []
    for top in range(0, height, _TILE[0]):
        tiles = []
        for left in range(0, width, _TILE[1]):
            sigma = sigma_map[top : top + _TILE[0], left : left + _TILE[1]]
            weights = gaussian_profiles(sigma[:1] if by_columns else sigma, truncate)
            inset = reach - (len(weights) - 1)  # this tile's PSFs may reach less far
            rows, columns = (size + 2 * (len(weights) - 1) for size in sigma.shape)
            source = padded[
                ..., top + inset : top + inset + rows, left + inset : left + inset + columns
            ]
            tiles.append(sum_tile(source, weights, *sigma.shape))
        bands.append(torch.cat(tiles, -1))
    return torch.cat(bands, -2)


def _sum_axes_in_turn(source, weights, height, width):
    """Sum along the rows, then down the columns: each column has one sigma."""
    return _weighted_sum(_weighted_sum(source, weights, width, -1), weights, height, -2)


def _sum_axes_together(source, weights, height, width):
    """Sum over both axes: the four mirror images of an offset share one weight g[k] g[l]."""
    reach = len(weights) - 1
    total = weights[0] * _weighted_sum(source.narrow(-2, reach, height), weights, width, -1)
    for distance in range(1, reach + 1):
        rows = source.narrow(-2, reach + distance, height) + source.narrow(
            -2, reach - distance, height
        )
        total = total.addcmul_(_weighted_sum(rows, weights, width, -1), weights[distance])
    return total
