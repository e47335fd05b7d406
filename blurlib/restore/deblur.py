"""Deblurring with a map: a PSF of each pixel's own, how sure it is, colours and large pictures."""

import torch

from .._checks import check_choice, check_image
from ..blur import effective_sigma
from ..blur.psf import check_psf
from ..data import to_grey
from ..learn.deblur_net import OTHER_PSF
from ..maps import SigmaMap, load_estimator
from ..maps.uncertainty import no_texture
from .answers import both_on, by_mean, wiener_on
from .blind import find_shake
from .canvas import Canvas
from .inputs import layers_of, read
from .learned import MAP_STEPS, PSF_STEPS, careful, mended_on
from .motion import find_moved
from .noise import resolve_noise
from .tiles import in_tiles

#: What takes blur away: `deblur-net` is the safest where the map may be wrong.
DEBLUR_METHODS = ("deblur-net", "sparse", "wiener")

#: Larger sigmas are no blur that could be undone.
_MOST_SIGMA = 20.0

#: An estimate of less noise is not believed: a map is never right to a hundredth, and what is wrong
#: with it counts as noise. On eight development pictures without any but rounding, of 0.7 to 4
#: pixels, by `sigma-net`'s maps, this gains 0.5 to 1.8 dB over `LEAST_NOISE`.
_LEAST_BELIEVED = 0.65 / 255

#: Steps of conjugate gradients, by a map, for what the colours differ in: that is weak.
_COLOUR_STEPS = 2

#: Below the first sigma a pixel stays as it is, from the second on it is wholly restored.
SHARP, _BLURRED = 0.2, 0.5


def deblur(
    image, sigma_map=None, *, std=None, psf=None, mask=None, noise_std=None,
    method="deblur-net",
):  # fmt: skip
    r"""Take away a blur that differs from pixel to pixel.

    Parameters
    ----------
    image : str, path-like, or Tensor of shape (H, W) or (1 or 3, H, W)
        A file, grey or colour, or intensities in [0, 1]; at least 5 pixels a side.
    sigma_map : float, Tensor of shape (H, W) or SigmaMap, optional
        Standard deviation of the PSF at each pixel, in pixels, at most 20. By default `sigma-net`
        estimates it. A `SigmaMap` brings its own deviation, and follows the picture's edges.
    std : float or Tensor of shape (H, W), optional
        How uncertain sigma is, in pixels: the more, the less is taken away.
    psf : {"gaussian", "disk", "estimate", "motion"} or Tensor of shape (k, l), optional
        The PSF's profile, by default that of `likely_profile`; or one PSF for all pixels, at
        most half as large as the picture, and no map. With "estimate" that one is found by
        `estimate_psf`, of up to 27 pixels. The picture stays as it is if its spectrum is no
        likelier with that PSF, or if `sigma-net` takes a tenth of it for sharper than such a PSF
        allows: a shake spares no place. With "motion" PSF and mask are those of `find_moved`; where
        nothing moved the picture stays as it is.
    mask : Tensor of shape (H, W), optional
        Of a PSF: how much of each pixel it blurred, in [0, 1]; the rest stays as it is. Pixels
        between are mixtures: they are faded, and tell nothing of the others.
    noise_std : float, optional
        Standard deviation of the noise, in the image's unit; by default that of `estimate_noise`.
    method : {"deblur-net", "sparse", "wiener"}, optional
        The network that mends what the next one answers; sharp edges from the prior of few of them
        (both of colours in their mean alone); or the linear filter, which is the quickest.

    Returns
    -------
    deblurred : Tensor of the image's shape
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
    return deblur_with_error(
        image, sigma_map, std=std, psf=psf, mask=mask, noise_std=noise_std, method=method
    )[0]


def deblur_with_error(
    image, sigma_map=None, *, std=None, psf=None, mask=None, noise_std=None,
    method="deblur-net",
):  # fmt: skip
    """Do what `deblur` does, and say how wrong the result is expected to be.

    Parameters
    ----------
    image, sigma_map, std, psf, mask, noise_std, method
        As those of `deblur`.

    Returns
    -------
    deblurred : Tensor of the image's shape
        As of `deblur`.
    error : Tensor of shape (H, W) or None
        Expected deviation of the channels' mean from the sharp one, in the image's unit, as
        `deblur-net` states it; where the picture stays as it is, the noise. The other methods state
        nothing.
    noise_std : float
        The noise that was given or found.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError, ImageError
        As `deblur`.

    References
    ----------
    .. [1] Chapter "Deblurring with a map", ``book/restore/deblurring.ipynb``.

    Examples
    --------
    >>> deblurred, error, noise_std = deblur_with_error(torch.rand(3, 40, 50), 1.5)
    >>> deblurred.shape, error.shape
    (torch.Size([3, 40, 50]), torch.Size([40, 50]))
    """
    image = read(image)
    check_choice(method, "method", DEBLUR_METHODS)
    if isinstance(psf, torch.Tensor):
        most = tuple((side + 1) // 2 for side in image.shape[-2:])
        if any(side > half for side, half in zip(check_psf(psf).shape, most, strict=True)):
            remedy = "crop it, or pass a larger picture"
            wanted = f"at most half as large as the picture, {most}"
            raise ValueError(f"psf must be {wanted}, got {tuple(psf.shape)}; {remedy}.")
    elif psf is not None:
        check_choice(psf, "psf", ("gaussian", "disk", "estimate", "motion"))
    if mask is not None:
        if not isinstance(psf, torch.Tensor):
            raise ValueError("mask says where a PSF is; pass a PSF too.")
        if check_image(mask, "mask").shape != image.shape[-2:]:
            raise ValueError(f"mask must have the image's size, got {tuple(mask.shape)}.")
    if isinstance(psf, torch.Tensor) or psf in ("estimate", "motion"):
        if sigma_map is not None or std is not None:
            raise ValueError("psf is the whole blur; pass either it or a map.")
        if psf == "estimate":
            psf = find_shake(to_grey(image))
            if psf is None:
                noise_std = resolve_noise(image, noise_std)
                error = torch.full(image.shape[-2:], noise_std / image[..., 0, 0].numel() ** 0.5)
                return image.clamp(0, 1), error if method == "deblur-net" else None, noise_std
        elif psf == "motion":
            _, psf, mask = find_moved(image)
        sure = torch.ones(image.shape[-2:]) if mask is None else mask.clamp(0, 1).cpu()
        layers, kind, steps = sure[None], OTHER_PSF, PSF_STEPS
        noise_std = resolve_noise(image, noise_std, mask, psf, _LEAST_BELIEVED)
        reach = max(psf.shape)
    else:
        sigma_map = load_estimator().predict(to_grey(image)) if sigma_map is None else sigma_map
        psf = likely_profile(sigma_map) if psf is None else psf
        layers = torch.stack(layers_of(image, sigma_map, std))
        if layers[0].max() > _MOST_SIGMA:
            raise ValueError(
                f"sigma_map must be at most {_MOST_SIGMA:g} pixels, got {layers[0].max():g}; "
                "scale the picture down first."
            )
        layers[0], kind, steps = careful(*layers), int(psf == "disk"), MAP_STEPS
        noise_std = resolve_noise(image, noise_std, layers[0], psf, _LEAST_BELIEVED)
        reach = int(4 * layers[0].max())
    states = method == "deblur-net"

    def restore(part, layers):
        """Restore channels (C, h, w); the variance follows them, if it is stated."""
        sigma, std = layers.to(part).expand(2, -1, -1)
        if kind == OTHER_PSF:
            sure, sigma, std = sigma, effective_sigma(psf) * sigma, 0 * std
        else:
            sure = ((sigma - SHARP) / (_BLURRED - SHARP)).clamp(0, 1)
        before = part
        if states:
            before = torch.cat([part, torch.full_like(part[:1], noise_std**2 / len(part))])
        if not sure.any():
            return before
        if kind == OTHER_PSF:
            canvas = Canvas.of_psf(part, psf, sure)
        else:
            canvas = Canvas.of_map(part, sigma, psf)
        if method == "wiener":
            found = wiener_on(canvas, noise_std, steps[0])[0]
        else:
            # Both take what colours have in common, and its scale.
            def learned(canvas, scale):
                return mended_on(canvas, sigma, std, noise_std, kind, steps, scale)

            def sparse(canvas, _):
                return both_on(canvas, noise_std, num_iter=steps)[1:]

            weak = steps[-1] if kind == OTHER_PSF else _COLOUR_STEPS
            found = by_mean(canvas, learned if states else sparse, noise_std, weak)
        return torch.lerp(before, canvas.crop(found), sure)

    channels = image.reshape(-1, *image.shape[-2:])
    done = in_tiles(channels, layers, restore, reach)
    deblurred = done[: len(channels)].view_as(image).clamp(0, 1)
    return deblurred, done[-1].clamp_min(0).sqrt() if states else None, noise_std


def expected_gain(image, deblurred, error):
    r"""Return by how much a picture should be nearer to the sharp one, from `deblur_with_error`.

    Parameters
    ----------
    image, deblurred : Tensors of shape (..., H, W)
        Before and after.
    error : Tensor of shape (H, W)
        Expected deviation of what came after.

    Returns
    -------
    gain : float
        Expected gain in PSNR of the channels' mean, in dB; never negative.

    Notes
    -----
    Of the restored picture the network states the mean :math:`\hat x` and the variance v of what
    may be true. So the blurred one, y, is expected to be wrong by
    :math:`(y - \hat x)^2 + v`, and both are known.

    Examples
    --------
    >>> round(expected_gain(torch.zeros(4, 4), torch.ones(4, 4), torch.ones(4, 4)), 2)
    3.01
    """
    before, after = (x.reshape(-1, *x.shape[-2:]).mean(0) for x in (image, deblurred))
    changed, variance = (x.square().mean(dtype=torch.float64) for x in (before - after, error))
    return 10 * ((changed + variance) / variance).log10().item()


def likely_profile(sigma_map):
    """Return which profile most of a map's evidence is for, where the picture is blurred.

    Parameters
    ----------
    sigma_map : SigmaMap, or what else `deblur` takes
        Whatever says nothing of the profile is for gaussians.

    Returns
    -------
    profile : {"gaussian", "disk"}

    Examples
    --------
    >>> likely_profile(2.0)
    'gaussian'
    """
    if not isinstance(sigma_map, SigmaMap) or sigma_map.profile is None:
        return "gaussian"
    found = sigma_map.to("std")
    seen = found.sigma > _BLURRED
    if found.std is not None:
        seen &= ~no_texture(found.sigma, found.std)
    return "disk" if found.profile[seen].mean() > 0.5 else "gaussian"  # of nothing it is NaN
