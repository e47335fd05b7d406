"""What moved: the whole picture, or an object before a still background."""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from .._checks import check_image
from ..blur import gaussian_psf, motion_psf
from ..data import to_grey
from ..maps import SigmaMap
from ..maps.motion import BLUR_KINDS, Motion, angle_between, motion_field, psf_log_likelihoods
from ..maps.motion import find_motion as motion_of

#: A place is sure of its kind from here on; if so many of those that are say motion, all moved.
_SURE, _EVERYWHERE = 0.8, 0.75

#: Places move alike within so many degrees, and so many pixels or this share of the length.
_TURN, _LONGER = 15.0, (3.0, 0.25)

#: A window moved if its log-likelihood is so much larger with the PSF than with a gaussian of this
#: sigma; windows are asked at so many places along the longer side.
_LEAST_GAIN, _NO_MOTION, _MOST_STEPS = 5.0, 0.5, 64

#: Shorter paths are as good as none. An object has at least this share of the picture; of so many
#: places each may be its centre.
_SHORTEST_PATH, _LEAST_SHARE, _MOST_CENTRES = 3.0, 0.01, 64

#: Fewer places that moved alike are no object. With eight, one of 50 sharp photographs of the
#: development and training splits is taken for one, with four three; of 8 objects all are found.
_FEWEST = 6


def estimate_motion(image):
    """Return the motion of a grey picture as a whole, and its field: the one place that asks."""
    return motion_of(image), motion_field(image)


def find_moved(image):
    r"""Find what moved: the whole picture, or an object before a still background.

    Parameters
    ----------
    image : Tensor of shape (H, W) or (3, H, W)
        Intensities in [0, 1], at least 32 pixels a side.

    Returns
    -------
    motion : Motion
        Of what moved. Its `kind` is "motion", or what the whole picture's blur is instead.
    psf : Tensor of shape (k, k)
        Of that motion.
    mask : Tensor of shape (H, W)
        How much of each pixel moved, as `deblur` takes it: 1 everywhere if the whole picture did,
        0 everywhere if nothing did. At an object's rim it lies between.

    Raises
    ------
    TypeError, ValueError
        If the image is none, or too small.

    Notes
    -----
    All moved if the picture as a whole says motion, and three quarters of the places that are sure
    of their kind do. Otherwise the largest group of places that moved alike, within 15 degrees and
    a quarter of the length, tells the object's motion: their mean. The mask is where small windows
    are likelier with that PSF than without it, the largest piece, its holes filled. Of several
    objects that move differently one is found. What is shorter than 3 pixels, or what `sigma-net`
    takes for sharp, counts as still.

    Examples
    --------
    >>> from blurlib import blur, data
    >>> image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    >>> motion, psf, mask = find_moved(image[:96, :96])
    >>> abs(motion.length - 12) < 1, mask.min().item()
    (True, 1.0)
    """
    image = to_grey(image) if check_image(image).ndim == 3 else image
    motion, field = estimate_motion(image)
    moved = field.probabilities[BLUR_KINDS.index("motion")]
    sure = field.probabilities.amax(0) > _SURE
    mask = torch.zeros(image.shape)
    if motion.kind == "motion" and (not sure.any() or moved[sure].mean() > _EVERYWHERE):
        return _checked(motion, motion, torch.ones_like(mask))
    weights = moved * (moved > _SURE)
    centres = weights.flatten().topk(min(_MOST_CENTRES, weights.numel())).indices
    length, angle = (layer.flatten()[centres, None, None] for layer in (field.length, field.angle))
    turned = angle_between(field.angle, angle)
    alike = turned.abs() < _TURN
    alike &= (field.length - length).abs() < (_LONGER[1] * length).clamp_min(_LONGER[0])
    best = (alike * weights).sum((1, 2)).argmax()
    share = weights * alike[best]
    if (share > 0).sum() < _FEWEST:
        return motion, motion_psf(motion.length, motion.angle), mask
    near = functional.max_pool2d((share > 0).float()[None], 3, 1, 1)[0]
    share = share / share.sum()
    means = (share * field.length).sum(), angle[best, 0, 0] + (share * turned[best]).sum()
    off = (field.length - means[0], angle_between(field.angle, means[1]))
    stds = [(share * each.square()).sum().sqrt().item() for each in off]
    moving = Motion(means[0].item(), means[1].item() % 180, *stds)
    found = _object(image, motion_psf(moving.length, moving.angle))
    found = found * (field.sigma_map.upsample(near) > 0)
    return _checked(moving, motion, found)


def _checked(moving, motion, mask):
    """Return what moved, unless it is too short or too small."""
    psf = motion_psf(moving.length, moving.angle)
    if moving.length > _SHORTEST_PATH and mask.mean() > _LEAST_SHARE:
        return moving, psf, mask
    return motion, psf, torch.zeros_like(mask)


def _object(image, psf):
    """Return where a PSF is likelier than none, as one piece without holes."""
    size = 32 if len(psf) <= 32 else 64
    size, stride = min(size, *image.shape) // 2 * 2, max(8, -(-max(image.shape) // _MOST_STEPS))
    rivals = [psf, gaussian_psf(_NO_MOTION)]
    likely = [
        torch.stack([psf_log_likelihoods(part, rivals, window=size) for part in row])
        for row in image.unfold(0, size, stride).unfold(1, size, stride)
    ]
    gain = torch.stack(likely) @ torch.tensor([1.0, -1.0])
    piece = np.pad(gain.numpy() > _LEAST_GAIN, 2, "edge")
    piece = ndimage.binary_fill_holes(ndimage.binary_closing(piece, iterations=2))[2:-2, 2:-2]
    labels = ndimage.label(piece)[0]
    largest = np.bincount(labels.ravel(), minlength=2)[1:].argmax() + 1
    piece = torch.from_numpy(labels == largest).float()
    return SigmaMap(piece, piece, stride, size // 2, tuple(image.shape), "std").upsample(piece)
