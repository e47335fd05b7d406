"""Moving the focus of a picture after it was taken: more blur, less, or another depth."""

import math

import torch
from scipy import ndimage

from .._checks import check_integer, check_number
from ..blur import disk_psf, pad, sigma_to_disk_radius
from ..data.lens_bank import blur_uniform_each
from .deblur import SHARP, deblur
from .inputs import layers_of, read
from .tiles import in_tiles

#: A picture is cut into at most so many layers, in steps of at least so many pixels of sigma.
_SLICES, _LEAST_STEP = 24, 0.1


def refocus(
    image, sigma_map=None, factor=2.0, *, std=None, focus=None, sign=1, softness=0.8,
    noise_std=8 / 255, **options,
):  # fmt: skip
    r"""Change how much, and at which depth, a picture is out of focus.

    Parameters
    ----------
    image, sigma_map, std
        As `deblur` takes them.
    factor : float, optional
        How many times as wide the blur shall be, at most 10, as if the aperture had been opened:
        0 puts all in focus, 1 leaves it.
    focus : (int, int) or float, optional
        What shall be in focus: row and column of a pixel, or a sigma with its sign. By default
        what is in focus already, 0.
    sign : {1, -1} or Tensor of shape (H, W), optional
        1 where what is out of focus lies behind the depth in focus, -1 where it lies before it.
        A sigma does not tell (Notes).
    softness : float, optional
        Up to this sigma, in pixels, a pixel is in focus; beyond, its square is taken off.
    noise_std : float, optional
        What `deblur` is told where it takes blur away. More than the noise: at edges of depth a
        pixel holds light of two blurs, and what is told less rings from there.
    **options
        Of `deblur` too: `psf`, `method`.

    Returns
    -------
    refocused : Tensor of the image's shape
        Within [0, 1]. Without a new focus, pixels in focus are as they were, unless something
        nearer spreads over them.

    Raises
    ------
    TypeError, ValueError
        If image, map, focus or sign is none, or a number out of range.
    FileNotFoundError, ImageError
        If the file is missing, or no picture.

    Notes
    -----
    With its sign, sigma is linear in the inverse depth: to focus elsewhere is to subtract one
    number from the whole map, to open the aperture is to multiply it by one.

    .. math:: \delta(p) = \pm \sqrt{\max(\sigma^2(p) - \sigma_0^2, 0)}, \qquad
              \delta'(p) = k \, (\delta(p) - \delta_0)

    with the softness :math:`\sigma_0` and the factor k. Squares add: where the new sigma is the
    larger, a disk of the difference is put on; elsewhere the difference is taken away, as far as
    `deblur` can. Disks are put on from the farthest layer to the nearest [1]_, each with all that
    is nearer: there it goes on unseen, and its nearest visible pixel stands for it. So nothing in
    focus bleeds into the blur behind it.

    *Two depths have one sigma*, one behind the focus and one before it; no program tells them
    apart by the width of a blur. `sign` comes from whoever knows the scene. The order of depths is
    that of :math:`\delta`, and where the sign is one, that of sigma.

    References
    ----------
    .. [1] M. Potmesil and I. Chakravarty, "A lens and aperture camera model for synthetic image
       generation", SIGGRAPH, 1981; key ``potmesil1981``.
    .. [2] Chapter "Refocusing and depth", ``book/restore/refocus.ipynb``.

    Examples
    --------
    >>> image, sigma_map = torch.rand(3, 20, 30), torch.zeros(20, 30)
    >>> sigma_map[:, 15:] = 2.0
    >>> wider = refocus(image, sigma_map, 3.0)
    >>> torch.equal(wider[..., :15], image[..., :15]), torch.equal(wider, image)
    (True, False)
    """
    image = read(image)
    sigma, std = layers_of(image, sigma_map, std)
    factor = check_number(factor, "factor", low=0, high=10)
    softness = check_number(softness, "softness", low=0, unit="pixels")
    signed = _signs(sign, sigma) * (sigma.square() - softness**2).clamp_min(0).sqrt()
    origin = _signed_focus(focus, signed)

    def change(signed):
        """Return by how much the square of sigma rises."""
        return (factor * (signed - origin)) ** 2 - signed**2

    rise = change(signed)
    less = (-rise).clamp_min(0).sqrt()
    if less.max() > SHARP:
        # What stays has no part in the blur beside it: the nearest blur goes on in its place.
        near = (..., *_nearest(less <= SHARP))
        sharper = deblur(image[near], less[near], std=std[near], noise_std=noise_std, **options)
        image = torch.where((less > SHARP).to(image.device), sharper, image)
    if rise.max() <= 0:
        return image
    low, high = (end.item() for end in signed.aminmax())
    step = max((high - low) / _SLICES, _LEAST_STEP)

    def scatter(part, layer):
        seen = torch.zeros_like(part)
        for number in layer.unique().flip(0).tolist():  # the farthest first
            add = math.sqrt(max(change(number * step), 0))
            psf = disk_psf(sigma_to_disk_radius(add)).to(part)
            # Of its neighbours too: a surface goes on from one layer to the next.
            near = (..., *_nearest((layer - number).abs() > 1))
            mask = (layer <= number).to(part)
            light = (part[near] * mask).reshape(-1, *mask.shape)
            shown = torch.cat([light, mask[None]])
            if len(psf) > 1:
                shown = blur_uniform_each(pad(shown, (len(psf) // 2,) * 4), psf[None])
            seen = shown[:-1].view_as(seen) + (1 - shown[-1]) * seen
        return seen

    halo = 2 + math.ceil(sigma_to_disk_radius(rise.max().sqrt().item()))
    return in_tiles(image, (signed / step).round(), scatter, max(64, halo)).clamp(0, 1)


def _nearest(away):
    """Return rows and columns of the nearest pixel that is not away, for each pixel."""
    found = ndimage.distance_transform_edt(
        away.numpy(), return_distances=False, return_indices=True
    )
    return torch.from_numpy(found).long()


def _signs(sign, sigma):
    """Return the sign as a number, or as a tensor of sigma's shape."""
    if not isinstance(sign, torch.Tensor) or sign.ndim == 0:
        sign = torch.tensor(check_number(sign, "sign"))
    elif sign.shape != sigma.shape:
        wanted, got = tuple(sigma.shape), tuple(sign.shape)
        raise ValueError(f"sign must have the image's height and width {wanted}, got {got}.")
    if not (sign.abs() == 1).all():
        raise ValueError("sign must be 1 (behind what is in focus) or -1 (before it) everywhere.")
    return sign.to(sigma)


def _signed_focus(focus, signed):
    """Return the signed sigma that shall become 0."""
    if not isinstance(focus, tuple | list):
        return check_number(0.0 if focus is None else focus, "focus", unit="pixels")
    if len(focus) != 2:
        raise ValueError(f"focus must be (row, column), or a sigma with its sign, got {focus}.")
    sides = zip(focus, ("row", "column"), signed.shape, strict=True)
    place = [check_integer(k, f"the {name} of focus", low=0, high=n - 1) for k, name, n in sides]
    return signed[tuple(place)].item()
