"""What a camera does to a blurred picture before it is a file: batches of training crops in torch.

Pictures are (B, H, W), parameters floats or (B, 1, 1): each picture has its own. These are inner
loops: nothing is checked, nothing is drawn, and what becomes of a picture does not depend on the
others of its batch. *Light* is proportional to what falls on the sensor, *levels* are what a file
holds, bent by the curve of sRGB.
"""

import functools

import torch
from torch.nn import functional

from ..blur.psf import gaussian_profiles

#: Share of red, green and blue in luminance, ITU-R BT.601.
_LUMINANCE = (0.299, 0.587, 0.114)

#: Which channel each pixel of a Bayer cell sees: red, green, green, blue, row by row.
_BAYER_CELL = (0, 1, 1, 2)

#: Kinds of neighbours that are summed up: the pixel itself, those in its row, in its column, across
#: a corner, and the next in its row and in its column that see what it sees.
_NEIGHBOURS = (
    ((0, 0),), ((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    ((0, -2), (0, 2)), ((-2, 0), (2, 0)),
)  # fmt: skip

#: Most that `clip_light` takes for the whole range of brightness: beyond 50 times only noise grows.
_LEAST_RANGE = 0.02


def to_light(images):
    """Undo the curve of sRGB: from levels to light.

    Parameters
    ----------
    images : Tensor of shape (...)
        Levels in [0, 1].

    Returns
    -------
    light : Tensor of shape (...)
        In [0, 1].

    References
    ----------
    .. [1] IEC 61966-2-1:1999, "Default RGB colour space - sRGB".

    Examples
    --------
    >>> to_light(torch.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.2140, 1.0000])
    """
    steep = _power((images.clamp_min(0.04045) + 0.055) / 1.055, 2.4)
    return torch.where(images <= 0.04045, images / 12.92, steep)


def to_levels(light):
    """Bend light by the curve of sRGB: from light to levels, the inverse of `to_light`.

    Parameters
    ----------
    light : Tensor of shape (...)
        In [0, 1]; below 0 the curve goes on straight, above 1 as it came.

    Returns
    -------
    images : Tensor of shape (...)
        Levels in [0, 1].

    Examples
    --------
    >>> to_levels(torch.tensor([0.0, 0.214, 1.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    steep = 1.055 * _power(light.clamp_min(0.0031308), 1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, steep)


def _power(base, exponent):
    """Raise in place. Unlike those of ``**``, its last bits are the same anywhere in a batch."""
    return base.log_().mul_(exponent).exp_()


def sharpen(images, radius, amount):
    """Sharpen as cameras do: add what a gaussian takes away (unsharp masking).

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        Levels in [0, 1].
    radius : float or Tensor of shape (B, 1, 1)
        Standard deviation of the gaussian, in pixels; 0 leaves a picture as it is.
    amount : float or Tensor of shape (B, 1, 1)
        How much of it is added; 0 adds nothing.

    Returns
    -------
    sharpened : Tensor of shape (B, H, W)
        Not clipped: edges swing beyond [0, 1].
    """
    weights = gaussian_profiles(torch.as_tensor(radius).to(images), 4.0)
    soft = _mirror(images, len(weights) - 1)
    for axis in (-1, -2):
        soft = _gather(soft, weights[:0:-1] + weights, axis)
    return images + amount * (images - soft)


def shot_noise(light, full_well, white):
    """Add the noise of light itself: its variance is the light over the electrons of white.

    Parameters
    ----------
    light : Tensor of shape (B, H, W)
        In [0, 1].
    full_well : float or Tensor of shape (B, 1, 1)
        Electrons that a pixel holds where light is 1, as far as the exposure fills it; infinite
        for no noise.
    white : Tensor of shape (B, H, W)
        Standard normal noise.

    Returns
    -------
    noisy : Tensor of shape (B, H, W)
        Not clipped. A Poisson draw's mean and variance, gaussian: good from ten electrons upward.
    """
    return torch.addcmul(light, (light.clamp_min(0) / full_well).sqrt(), white)


def mosaic(light, gains, phase, *, tint=None, chroma=None, malvar=False):
    """Look at a scene through a Bayer mosaic, and see the luminance of what is demosaiced.

    Parameters
    ----------
    light, gains, phase, tint, chroma
        As of `bayer`.
    malvar : bool, optional
        As of `demosaic`.

    Returns
    -------
    luminance : Tensor of shape (B, H, W)
        The same as `light` where it is smooth; fine detail is softened, and patterned by colour.

    Notes
    -----
    With noise on the sensor: ``demosaic(shot_noise(bayer(...), ...), gains, phase)``.
    """
    raw = bayer(light, gains, phase, tint=tint, chroma=chroma)
    return demosaic(raw, gains, phase, malvar=malvar)


def bayer(light, gains, phase, *, tint=None, chroma=None):
    """Sample a scene through a Bayer mosaic: each pixel sees red, green or blue alone.

    Parameters
    ----------
    light : Tensor of shape (B, H, W)
        The scene's luminance, in [0, 1].
    gains : Tensor of shape (B, 3)
        How sensitive the sensor is to red, green and blue of white light, in (0, 1].
    phase : Tensor of shape (B, 2)
        Rows and columns, 0 or 1, by which the pattern (red, green; green, blue) is shifted.
    tint : Tensor of shape (B, 3), optional
        How much stronger red, green and blue are where chroma is 1, and weaker where it is -1; up
        to 0.7. Its luminance is taken off: colour alone changes. By default the scene is grey.
    chroma : Tensor of shape (B, H, W), optional
        Where the scene has which colour, from -1 to 1: a smooth field, or the texture of a second
        picture. By default ``2 * light - 1``: what is bright has another colour than what is dark.

    Returns
    -------
    raw : Tensor of shape (B, H, W)
        Cut at 1, where the sensor is full.
    """
    raw = light
    if tint is not None:
        chroma = 2 * light - 1 if chroma is None else chroma
        tint = tint - tint @ tint.new_tensor(_LUMINANCE)[:, None]
        raw = light * (1 + _at_sites(tint[:, _BAYER_CELL], phase, light) * chroma)
    return (raw * _at_sites(gains[:, _BAYER_CELL], phase, light)).clamp(max=1)


def demosaic(raw, gains, phase, *, malvar=False):
    """Balance white, demosaic, and take the luminance.

    Parameters
    ----------
    raw : Tensor of shape (B, H, W)
        What `bayer` gives, with noise or without.
    gains : Tensor of shape (B, 3)
        As of `bayer`: they are divided by.
    phase : Tensor of shape (B, 2)
        As of `bayer`.
    malvar : bool, optional
        Whether to use the 5 x 5 filters of Malvar, He and Cutler, which look for edges in the
        channel that is known; by default the mean of the nearest neighbours (bilinear).

    Returns
    -------
    luminance : Tensor of shape (B, H, W)
        Rec. 601, not clipped.

    References
    ----------
    .. [1] H. S. Malvar, L.-W. He and R. Cutler, "High-quality linear interpolation for demosaicing
       of Bayer-patterned color images", ICASSP 2004.
    """
    reach = 2 if malvar else 1
    # Mirrored at a pixel's centre, where the pattern goes on.
    balanced = _mirror(raw / _at_sites(gains[:, _BAYER_CELL], phase, raw), reach)
    height, width = raw.shape[1:]
    luminance = torch.zeros_like(raw)
    weights = _luminance_weights(malvar)
    for weight, offsets in zip(weights, _NEIGHBOURS[: len(weights)], strict=True):
        near = [balanced[:, reach + i :, reach + j :][:, :height, :width] for i, j in offsets]
        near = functools.reduce(torch.add, near)
        weight = raw.new_tensor(weight).expand(len(raw), 4)
        luminance.addcmul_(_at_sites(weight, phase, raw), near)
    return luminance


def _luminance_weights(malvar):
    """Return how much each kind of neighbour counts in the luminance at a cell's four sites."""
    if malvar:
        other = (0.5, 0.25, 0.25, 0, -0.125, -0.125)  # green at red and blue
        beside = (0.625, 0.5, 0, -0.125, -0.125, 0.0625)  # of a green pixel's row
        above = (0.625, 0, 0.5, -0.125, 0.0625, -0.125)
        across = (0.75, 0, 0, 0.25, -0.1875, -0.1875)  # red at blue, blue at red
    else:
        other, beside, above, across = (
            (0, 0.25, 0.25, 0), (0, 0.5, 0, 0), (0, 0, 0.5, 0), (0, 0, 0, 0.25)
        )  # fmt: skip
    own = (1,) + (0,) * (len(other) - 1)
    sites = ((own, other, across), (beside, own, above), (above, own, beside), (across, other, own))
    return [
        [sum(w * f[k] for w, f in zip(_LUMINANCE, site, strict=True)) for site in sites]
        for k in range(len(own))
    ]


def _at_sites(cells, phase, like):
    """Spread a value for each site of a cell, (B, 4), over the pixels."""
    height, width = like.shape[1:]
    row, column = (torch.arange(2, device=like.device) + phase.long().mT[..., None]) % 2
    site = 2 * row[:, :, None] + column[:, None, :]
    rows = cells.gather(1, site.flatten(1)).view(-1, 2, 2).repeat(1, 1, -(-width // 2))
    return rows.repeat(1, -(-height // 2), 1)[:, :height, :width]


def denoise(images, noise_std, strength):
    """Denoise but keep edges, as cameras do: a local Wiener filter in windows of 5 x 5.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        In [0, 1].
    noise_std : float or Tensor of shape (B, 1, 1)
        Standard deviation of the noise that the camera reckons with. Where a window's is smaller,
        the window's mean replaces the pixel: faint texture goes with the noise.
    strength : float or Tensor of shape (B, 1, 1)
        Share of the filtered picture in what comes out: 0 leaves it as it is, 1 hides the rest.

    Returns
    -------
    denoised : Tensor of shape (B, H, W)

    References
    ----------
    .. [1] J. S. Lim, "Two-Dimensional Signal and Image Processing", 1990, p. 548;
       ``scipy.signal.wiener``.
    """
    padded, fifths = _mirror(images, 2), images.new_full((5,), 0.2)
    mean, square = (
        _gather(_gather(lines, fifths, -1), fifths, -2) for lines in (padded, padded.square())
    )
    variance = (square - mean.square()).clamp_min(1e-12)
    kept = (1 - noise_std**2 / variance).clamp_min(0)
    return images + strength * (1 - kept) * (mean - images)


def clip_light(images, low_share, high_share):
    """Expose so that given shares of each picture's pixels are black and white.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        Light or levels in [0, 1].
    low_share, high_share : float or Tensor of shape (B, 1, 1)
        Share of the pixels that become 0, and 1; together less than 1. Where one is 0, nothing is
        clipped at that end, and 0 or 1 stays where it is.

    Returns
    -------
    clipped : Tensor of shape (B, H, W)
        In [0, 1]. Fewer are clipped where less than a fiftieth of the range would fill the whole,
        more where many pixels are alike.
    """
    low_share, high_share = (
        torch.as_tensor(share).to(images).expand(len(images), 1, 1)
        for share in (low_share, high_share)
    )
    touched = ((low_share > 0) | (high_share > 0)).flatten()  # sorting takes long
    ordered = images[touched].flatten(1).sort(1).values
    ends = []
    for share, end in ((low_share, 0), (1 - high_share, 1)):
        place = (share[touched, :, 0] * (ordered.shape[1] - 1)).round().long()
        level = ordered.gather(1, place)
        ends.append(torch.where(share[touched, :, 0] == end, end, level)[..., None])
    low, high = ends
    clipped = images.clamp(0, 1)
    clipped[touched] = ((images[touched] - low) / (high - low).clamp_min(_LEAST_RANGE)).clamp(0, 1)
    return clipped


def expose(images, contrast, brightness):
    """Give pictures the low contrast of haze, dusk or fog.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        In [0, 1].
    contrast : float or Tensor of shape (B, 1, 1)
        Gain, in (0, 1]; 1 leaves a picture as it is.
    brightness : float or Tensor of shape (B, 1, 1)
        The level that all are drawn towards, in [0, 1].

    Returns
    -------
    exposed : Tensor of shape (B, H, W)
        In [0, 1].
    """
    return contrast * images + (1 - contrast) * brightness


def letterbox(images, top, left, bottom, right, level):
    """Lay bars of one level over the borders.

    Parameters
    ----------
    images : Tensor of shape (B, H, W)
        In [0, 1].
    top, left, bottom, right : int or Tensor of shape (B, 1, 1)
        Widths of the bars, in pixels; 0 for none.
    level : float or Tensor of shape (B, 1, 1)
        Of the bars: black, white or grey.

    Returns
    -------
    boxed : Tensor of shape (B, H, W)
    barred : bool Tensor of shape (B, H, W)
        Where the bars are: there is no evidence of blur.
    """
    height, width = images.shape[1:]
    row = torch.arange(height, device=images.device)[:, None]
    column = torch.arange(width, device=images.device)
    barred = (row < top) | (row >= height - bottom) | (column < left) | (column >= width - right)
    barred = barred.expand_as(images)
    return torch.where(barred, level, images), barred


def _mirror(images, reach):
    """Go on beyond the borders, mirrored at the outermost pixels' centres."""
    return functional.pad(images, (reach,) * 4, mode="reflect")


def _gather(lines, weights, axis):
    """Sum neighbours up along an axis, an odd number of them; what has too few falls away."""
    size = lines.shape[axis] - len(weights) + 1
    total = lines.narrow(axis, 0, size) * weights[0]
    for start, weight in enumerate(weights[1:], start=1):
        total.addcmul_(lines.narrow(axis, start, size), weight)
    return total
