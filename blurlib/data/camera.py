"""What a camera does to a blurred picture before it is a file: batches of training crops in torch.

Pictures are (B, H, W) in [0, 1], parameters floats or (B, 1, 1): each picture has its own. These
are inner loops: nothing is checked, nothing is drawn, and what becomes of a picture does not
depend on the others of its batch. *Light* is proportional to what falls on the sensor, *levels* are
what a file holds, bent by the curve of sRGB (IEC 61966-2-1:1999).
"""

import functools

import torch
from torch.nn import functional

from ..blur.psf import gaussian_profiles

#: Share of red, green and blue in luminance, ITU-R BT.601.
_LUMINANCE = (0.299, 0.587, 0.114)

#: Which channel each pixel of a Bayer cell sees: red, green, green, blue, row by row.
_BAYER_CELL = (0, 1, 1, 2)

#: Kinds of neighbours that are summed up: the pixel itself, those in its row, in its column, and
#: across a corner.
_NEIGHBOURS = (
    ((0, 0),), ((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (-1, 1), (1, -1), (1, 1)),
)  # fmt: skip

#: Most that `clip_light` takes for the whole range of brightness: beyond 50 times only noise grows.
_LEAST_RANGE = 0.02


def to_light(images):
    """Undo the curve of sRGB: from levels in [0, 1] to light.

    >>> to_light(torch.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.2140, 1.0000])
    """
    steep = _power((images.clamp_min(0.04045) + 0.055) / 1.055, 2.4)
    return torch.where(images <= 0.04045, images / 12.92, steep)


def to_levels(light):
    """Bend light by the curve of sRGB, the inverse of `to_light`; below 0 it goes on straight.

    >>> to_levels(torch.tensor([0.0, 0.214, 1.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    steep = 1.055 * _power(light.clamp_min(0.0031308), 1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, steep)


def _power(base, exponent):
    """Raise in place. Unlike those of ``**``, its last bits are the same anywhere in a batch."""
    return base.log_().mul_(exponent).exp_()


def sharpen(images, radius, amount):
    """Sharpen as cameras do: add so much of what a gaussian of `radius` takes away.

    The radius is a standard deviation in pixels. Not clipped: edges swing beyond [0, 1].
    """
    weights = gaussian_profiles(torch.as_tensor(radius).to(images), 4.0)
    soft = _mirror(images, len(weights) - 1)
    for axis in (-1, -2):
        soft = _gather(soft, weights[:0:-1] + weights, axis)
    return images + amount * (images - soft)


def shot_noise(light, full_well, white):
    """Add the noise of light itself: its variance is the light over the electrons of white.

    `full_well` are the electrons that a pixel holds where light is 1, infinite for no noise;
    `white` is standard normal noise, (B, H, W). Not clipped. A Poisson draw's mean and variance,
    gaussian: good from ten electrons upward.
    """
    return torch.addcmul(light, (light.clamp_min(0) / full_well).sqrt(), white)


def mosaic(light, gains, phase, *, tint=None):
    """Look at a scene through a Bayer mosaic, and see the luminance of what is demosaiced.

    It is the light where that is smooth; fine detail is softened, and patterned by colour.
    Arguments are those of `bayer`; with noise on the sensor call `demosaic` on what has it.
    """
    return demosaic(bayer(light, gains, phase, tint=tint), gains, phase)


def bayer(light, gains, phase, *, tint=None):
    """Sample a scene through a Bayer mosaic: each pixel sees red, green or blue alone, cut at 1.

    `gains` (B, 3), in (0, 1], say how sensitive the sensor is to red, green and blue of white
    light, `phase` (B, 2) by how many rows and columns, 0 or 1, the pattern (red, green; green,
    blue) is shifted. Where the scene is not grey, `tint` (B, 3), up to 0.7, says how much stronger
    the three are in what is bright, and weaker in what is dark; luminance stays.
    """
    raw = light
    if tint is not None:
        tint = tint - tint @ tint.new_tensor(_LUMINANCE)[:, None]
        raw = light * (1 + _at_sites(tint[:, _BAYER_CELL], phase, light) * (2 * light - 1))
    return (raw * _at_sites(gains[:, _BAYER_CELL], phase, light)).clamp(max=1)


def demosaic(raw, gains, phase):
    """Balance white, demosaic by the mean of the nearest neighbours, and take the luminance.

    `raw` is what `bayer` gives, with noise or without; `gains`, by which it is divided, and `phase`
    are those of `bayer`. Rec. 601, not clipped.
    """
    # Mirrored at a pixel's centre, where the pattern goes on.
    balanced = _mirror(raw / _at_sites(gains[:, _BAYER_CELL], phase, raw), 1)
    height, width = raw.shape[1:]
    luminance = torch.zeros_like(raw)
    for weight, offsets in zip(_luminance_weights(), _NEIGHBOURS, strict=True):
        near = [balanced[:, 1 + i :, 1 + j :][:, :height, :width] for i, j in offsets]
        near = functools.reduce(torch.add, near)
        weight = raw.new_tensor(weight).expand(len(raw), 4)
        luminance.addcmul_(_at_sites(weight, phase, raw), near)
    return luminance


def _luminance_weights():
    """Return how much each kind of neighbour counts in the luminance at a cell's four sites."""
    own, other, across = (1, 0, 0, 0), (0, 0.25, 0.25, 0), (0, 0, 0, 0.25)
    beside, above = (0, 0.5, 0, 0), (0, 0, 0.5, 0)
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

    `noise_std` is what the camera reckons with: where a window's is smaller, the window's mean
    replaces the pixel, and faint texture goes with the noise. `strength` is the filtered picture's
    share in what comes out. As ``scipy.signal.wiener``; J. S. Lim, "Two-Dimensional Signal and
    Image Processing", 1990, p. 548.
    """
    padded, fifths = _mirror(images, 2), images.new_full((5,), 0.2)
    both = padded, padded.square()
    mean, square = (_gather(_gather(lines, fifths, -1), fifths, -2) for lines in both)
    variance = (square - mean.square()).clamp_min(1e-12)
    kept = (1 - noise_std**2 / variance).clamp_min(0)
    return images + strength * (1 - kept) * (mean - images)


def clip_light(images, low_share, high_share):
    """Expose so that given shares of each picture's pixels, less than 1, are black and white.

    Where a share is 0, nothing is clipped at that end, and 0 or 1 stays where it is. Fewer are
    clipped where less than a fiftieth of the range would fill the whole, more where many pixels
    are alike.
    """
    shares = (torch.as_tensor(share).to(images) for share in (low_share, high_share))
    low_share, high_share = (share.expand(len(images), 1, 1) for share in shares)
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
    """Give pictures the low contrast of haze, dusk or fog: all are drawn towards a brightness."""
    return contrast * images + (1 - contrast) * brightness


def letterbox(images, top, left, bottom, right, level):
    """Lay bars of one level, so many pixels wide, over the borders; return them and where they are.

    Where they are, a bool (B, H, W), there is no evidence of blur.
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
