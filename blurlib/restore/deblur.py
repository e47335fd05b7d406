"""Deblurring with a map: a PSF of each pixel's own, how sure it is, colours and large pictures."""

from pathlib import Path

import torch

from .._checks import check_choice, check_image, check_number
from ..blur.psf import check_psf
from ..data import load_image, to_grey
from ..maps import SigmaMap, estimate
from .blind import estimate_psf
from .canvas import Canvas
from .deconvolve import sparse_on, wiener_on
from .noise import resolve_noise

_SOLVERS = ("sparse", "wiener")

#: Larger sigmas are no blur that could be undone.
_MOST_SIGMA = 20.0

#: Restored at a time are tiles of so many pixels a side, faded into each other over the halo.
_BLOCK, _HALO = 896, 64

#: Below the first sigma a pixel stays as it is, from the second on it is wholly restored.
SHARP, _BLURRED = 0.2, 0.5

#: Side of the PSF of a shaken camera, if it is to be found; and a shake leaves no tenth of the
#: picture with a sigma below the second: 32 shaken ones had 0.38 and more, 32 sharp ones up to 0.3.
_SHAKE, _STILL = 27, 0.34

#: So many squared deviations are taken off the square of sigma: too large a sigma rings, and costs
#: more than one that is too small. Found on four pictures with wrong maps; from 4 to 6 all do.
_CAUTION = 5.0


def deblur(image, sigma_map=None, *, std=None, psf="gaussian", noise_std=None, method="sparse"):
    r"""Take away a blur that differs from pixel to pixel.

    Parameters
    ----------
    image : str, path-like, or Tensor of shape (..., H, W)
        A file, grey or colour, or intensities in [0, 1]; at least 3 pixels a side.
    sigma_map : float, Tensor of shape (H, W) or SigmaMap, optional
        Standard deviation of the PSF at each pixel, in pixels, at most 20. By default `sigma-net`
        estimates it. A `SigmaMap` brings its own deviation.
    std : float or Tensor of shape (H, W), optional
        How uncertain sigma is, in pixels: the more, the less is taken away.
    psf : {"gaussian", "disk", "estimate"} or Tensor of shape (k, l), optional
        The PSF's profile; or one PSF for all pixels, and no map. With "estimate" that one is found
        by `estimate_psf`, of up to 27 pixels, unless `sigma-net` takes a tenth of the picture for
        sharp: a shake spares no place, so the picture stays as it is.
    noise_std : float, optional
        Standard deviation of the noise, in the image's unit; by default that of `estimate_noise`.
    method : {"sparse", "wiener"}, optional
        Sharp edges from the prior of few of them (of colours in their mean alone), or the linear
        filter, which is quicker.

    Returns
    -------
    deblurred : Tensor of shape (..., H, W)
        Within [0, 1]; of a colour file (3, H, W).

    Raises
    ------
    TypeError, ValueError
        If image, map or PSF is none, sizes differ, or a name is unknown.
    FileNotFoundError, ImageError
        If the file is missing, or no picture.

    Notes
    -----
    The equations are those of `wiener` and `sparse_gradients`, with the blur as a sum of few
    convolutions (`blur.FourierBlur.of_map`). Each sigma's own Wiener filter, blended by the map,
    preconditions them, so that a few steps do. The sigma that is undone is
    :math:`\sqrt{\sigma^2 - 5 \, \mathrm{std}^2}`: where the map is too uncertain, the picture stays
    as it is, and so it does where it is sharp. Large pictures are restored in tiles.

    Examples
    --------
    >>> deblur(torch.rand(3, 40, 50), 1.5).shape
    torch.Size([3, 40, 50])
    """
    image = read(image)
    check_choice(method, "method", _SOLVERS)
    if not isinstance(psf, torch.Tensor):
        check_choice(psf, "psf", ("gaussian", "disk", "estimate"))
    if isinstance(psf, torch.Tensor) or psf == "estimate":
        if sigma_map is not None or std is not None:
            raise ValueError("psf is the whole blur; pass either it or a map.")
        if psf == "estimate":
            sigma = estimate(to_grey(image)).to("std").sigma[::4, ::4]
            if sigma.flatten().quantile(0.1) < _STILL:
                return image.clamp(0, 1)
            psf = estimate_psf(image, min(_SHAKE, (min(image.shape[-2:]) // 2 - 1) | 1))
        check_psf(psf)
        sigma = torch.full(image.shape[-2:], torch.inf)
        noise_std = resolve_noise(image, noise_std)
        halo = max(_HALO, max(psf.shape))
    else:
        sigma, std = layers_of(image, sigma_map, std)
        if sigma.max() > _MOST_SIGMA:
            raise ValueError(
                f"sigma_map must be at most {_MOST_SIGMA:g} pixels, got {sigma.max().item():g}; "
                "scale the picture down first."
            )
        sigma = (sigma.square() - _CAUTION * std.square()).clamp_min(0).sqrt()
        noise_std = resolve_noise(image, noise_std, sigma)
        halo = max(_HALO, int(4 * sigma.max()))

    def restore(part, sigma):
        sure = ((sigma - SHARP) / (_BLURRED - SHARP)).clamp(0, 1).to(part)
        if not sure.any():
            return part
        if isinstance(psf, torch.Tensor):
            canvas, steps = Canvas.of_psf(part, psf), (30, 15, 15, 15)
        else:
            canvas, steps = Canvas.of_map(part, sigma, psf), (8, 5, 5)
        if method == "wiener":
            found = wiener_on(canvas, noise_std, steps[0])[0]
        else:
            found = sparse_on(canvas, noise_std, num_iter=steps)
        return torch.lerp(part, canvas.crop(found), sure)

    return in_tiles(image, sigma, restore, halo).clamp(0, 1)


def read(image):
    """Return a picture as a tensor, colours included, if it is the name of one; check it."""
    if isinstance(image, str | Path):
        image = load_image(image, colour=True)
    return check_image(image, min_side=3)


def layers_of(image, sigma_map, std):
    """Return sigma and its deviation at each pixel, (H, W) each; estimated if there is no map."""
    shape = image.shape[-2:]
    if sigma_map is None:
        sigma_map = estimate(to_grey(image))
    if isinstance(sigma_map, SigmaMap):
        found = sigma_map.to("std").full_size()
        sigma_map, std = found.sigma, found.std if std is None else std
    layers = []
    for name, values in (("sigma_map", sigma_map), ("std", 0.0 if std is None else std)):
        if not isinstance(values, torch.Tensor) or values.ndim == 0:
            values = torch.full(shape, check_number(values, name, low=0, unit="pixels"))
        check_image(values, name)
        if values.shape != shape:
            raise ValueError(
                f"{name} must have the image's height and width {tuple(shape)}, "
                f"got {tuple(values.shape)}."
            )
        if values.min() < 0:
            raise ValueError(f"{name} must not be negative, got {values.min().item():g} pixels.")
        layers.append(values.cpu())
    return layers


def in_tiles(image, sigma, restore, halo):
    """Restore tile by tile, of which each fades into its neighbours."""
    if max(image.shape[-2:]) <= _BLOCK + 2 * halo:
        return restore(image, sigma)
    total, norm = torch.zeros_like(image), torch.zeros_like(image[(0,) * (image.ndim - 2)])
    spans = [
        [slice(max(0, start - halo), start + _BLOCK + halo) for start in range(0, side, _BLOCK)]
        for side in image.shape[-2:]
    ]
    for rows in spans[0]:
        for columns in spans[1]:
            share = _fade(rows, image.shape[-2], halo)[:, None]
            share = (share * _fade(columns, image.shape[-1], halo)).to(image)
            part = restore(image[..., rows, columns], sigma[rows, columns])
            total[..., rows, columns] += share * part
            norm[rows, columns] += share
    return total / norm


def _fade(span, side, halo):
    """Return a tile's weights along one axis: they fade out where the picture goes on."""
    places = torch.arange(side)[span]
    away = torch.full(places.shape, 2 * halo)
    if span.start > 0:
        away = torch.minimum(away, places - span.start + 1)
    if span.stop < side:
        away = torch.minimum(away, span.stop - places)
    return away / (2 * halo)
