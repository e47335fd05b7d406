"""A scene whose depth was measured, and the defocus that a lens would give it.

It is the motorcycle of the Middlebury 2014 stereo data, which scikit-image packages.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
import skimage
import torch

from .._checks import check_choice, check_number
from ..blur import blur_varying, depth_field, disk_psf, effective_sigma, pad, sigma_to_disk_radius
from .images import packaged_image
from .lens_bank import blur_uniform_each

#: Calibration of the packaged pair, from the docstring of `skimage.data.stereo_motorcycle`:
#: focal length in pixels, distance between the cameras in metres, and how far the right camera's
#: principal point lies to the right of the left one's, in pixels ("doffs" at Middlebury).
FOCAL_PIXELS, BASELINE, PRINCIPAL_SHIFT = 994.978, 0.193001, 31.086

#: Focal length of the lens that we pretend to have, in metres. With the camera's focal length in
#: pixels the picture is then 37 mm wide on the sensor, about the 36 mm of full-frame film.
FOCAL_LENGTH = 0.05

#: Share of the measured points that lie nearer than the plane in focus.
_FOCUS = {"foreground": 0.1, "background": 0.9}

#: Into so many layers `layered_scene` cuts a scene, equally thick in the blur that they get.
_LAYERS = 32


@dataclass(frozen=True, eq=False)
class DepthScene:
    """A picture with the distance of what it shows.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Grey, float32, in [0, 1].
    depth : Tensor of shape (H, W)
        Distance from the camera along its axis, in metres, float32.
    known : Tensor of shape (H, W)
        Boolean: where depth was measured. Elsewhere it is a guess; score nothing there.

    Examples
    --------
    >>> DepthScene(torch.zeros(2, 3), torch.ones(2, 3), torch.ones(2, 3, dtype=torch.bool)).known
    tensor([[True, True, True],
            [True, True, True]])
    """

    image: torch.Tensor
    depth: torch.Tensor
    known: torch.Tensor


def motorcycle_scene():
    r"""Return the Middlebury motorcycle in its garage, with the depth of each pixel; no download.

    Returns
    -------
    scene : DepthScene
        500 x 741 pixels, from about 2.1 to 5.0 metres.

    Raises
    ------
    FileNotFoundError
        If scikit-image's folder does not hold the disparity or the picture.

    Notes
    -----
    Disparity d (how far a point moves to the left from the left picture to the right one, in
    pixels) becomes depth by

    .. math:: Z = \frac{B f}{d + \delta}

    with baseline B = 193.001 mm, focal length f = 994.978 pixels and :math:`\delta` = 31.086
    pixels between the principal points.

    Some seven per cent of the pixels have no disparity (scikit-image's file says infinity, its
    docstring NaN): mostly background that one of the two cameras did not see. They get the depth
    of the nearest pixel that has one, and beside an edge that may be the wrong side's. `known`
    is False there.

    The picture is a photograph with a little blur of its own. scikit-image averaged 4 x 4 pixels
    of the original, so it is nearly sharp to the pixel and needs no further halving.

    scikit-image names no licence for this picture; Middlebury grants permission to use and
    publish images and disparities of its stereo page, and asks for the citation.

    References
    ----------
    .. [1] D. Scharstein et al., "High-resolution stereo datasets with subpixel-accurate ground
       truth", German Conf. Pattern Recognition, 2014; key ``scharstein2014``.
    .. [2] S. van der Walt et al., "scikit-image: image processing in Python", PeerJ 2:e453, 2014;
       key ``scikitimage2014``.

    Examples
    --------
    >>> scene = motorcycle_scene()
    >>> scene.depth.shape
    torch.Size([500, 741])
    >>> f"{scene.depth.min():.1f} to {scene.depth.max():.1f} m"
    '2.1 to 5.0 m'
    """
    path = Path(skimage.__file__).parent / "data" / "motorcycle_disp.npz"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; install scikit-image 0.22 or later.")
    with np.load(path, allow_pickle=False) as file:
        disparity = file["arr_0"]
    known = np.isfinite(disparity) & (disparity > 0)
    disparity = disparity[_nearest(known)].astype(np.float64)
    depth = BASELINE * FOCAL_PIXELS / (disparity + PRINCIPAL_SHIFT)
    depth, known = torch.from_numpy(depth).float(), torch.from_numpy(known)
    return DepthScene(packaged_image("motorcycle"), depth, known)


def _nearest(known):
    """Return row and column of the nearest pixel that is known, for every pixel."""
    return tuple(scipy.ndimage.distance_transform_edt(~known, None, False, True))


def scene_lens(scene, focus, *, max_sigma=3.0):
    """Return a lens, focused on the near or the far side, whose largest blur is `max_sigma`.

    Parameters
    ----------
    scene : DepthScene
        As `motorcycle_scene` gives it: the lens has that camera's focal length in pixels.
    focus : {"foreground", "background"}
        What is sharp: the depth with a tenth of the measured points nearer, or farther, than it.
    max_sigma : float, optional
        Largest sigma in the scene in pixels, from 0.01 to 6; it decides the f-number.

    Returns
    -------
    lens : dict
        focus_distance, focal_length, f_number and pixel_pitch, for `blurlib.blur.depth_field`.

    Raises
    ------
    TypeError, ValueError
        If the scene is none, the focus unknown or `max_sigma` out of range.

    Notes
    -----
    The focal length is 50 mm, and the pixel pitch follows from the camera's focal length in
    pixels. (That is strictly the distance from lens to sensor, two per cent more than the focal
    length when the focus is at two metres; we neglect it.)

    References
    ----------
    .. [1] A. P. Pentland, "A new sense for depth of field", 1987; key ``pentland1987``.

    Examples
    --------
    >>> lens = scene_lens(motorcycle_scene(), "foreground")
    >>> f"{lens['focus_distance']:.2f} m, f/{lens['f_number']:.2f}"
    '2.27 m, f/1.02'
    """
    if not isinstance(scene, DepthScene):
        raise TypeError(f"scene must be like motorcycle_scene(), got {type(scene).__name__}.")
    check_choice(focus, "focus", _FOCUS)
    max_sigma = check_number(max_sigma, "max_sigma", low=0.01, high=6, unit="pixels")
    measured = scene.depth[scene.known]
    if measured.numel() == 0:
        raise ValueError("the scene's depth is known nowhere; there is nothing to focus on.")
    lens = {
        "focus_distance": float(np.quantile(measured.numpy(), _FOCUS[focus])),
        "focal_length": FOCAL_LENGTH, "f_number": 1.0,
        "pixel_pitch": FOCAL_LENGTH / FOCAL_PIXELS}  # fmt: skip
    # Blur is the aperture times what depends on distances alone, so one division finds it.
    widest = depth_field(scene.depth, **lens).max().item()
    if widest == 0:
        raise ValueError("the scene has one depth only; no f-number blurs what is in focus.")
    return lens | {"f_number": widest / max_sigma}


def defocused_scene(focus, *, max_sigma=3.0):
    """Return the motorcycle as a lens with a wide aperture would show it, and the true sigma map.

    Parameters
    ----------
    focus : {"foreground", "background"}
        What is sharp. On the foreground, the garage's wall is blurred; on the background, the
        motorcycle.
    max_sigma : float, optional
        Largest sigma in pixels, from 0.01 to 6.

    Returns
    -------
    blurred : Tensor of shape (H, W)
        Not rounded: see `blurlib.blur.quantize`.
    sigma_map : Tensor of shape (H, W)
        Sigma of the gaussian at each pixel. The photograph's own small blur comes on top.
    scene : DepthScene
        Its `known` says where the sigma is ground truth.

    Raises
    ------
    ValueError, TypeError
        If the focus is unknown or `max_sigma` out of range.

    Notes
    -----
    Blurred by gathering (`blurlib.blur.blur_varying`), with gaussians for the lens' disks. So
    each pixel has exactly the blur that the map states, but within the reach of a PSF from an
    edge of depth it is no true picture. A lens scatters the light of each point, and near things
    hide far ones: a blurred foreground would spread over a sharp background, and a sharp
    foreground would not leak into a blurred background. Here the first does not happen and the
    second does. Score such edges apart, or not at all.

    References
    ----------
    .. [1] D. Scharstein et al., "High-resolution stereo datasets with subpixel-accurate ground
       truth", 2014; key ``scharstein2014``.
    .. [2] M. Potmesil and I. Chakravarty, "A lens and aperture camera model for synthetic image
       generation", SIGGRAPH, 1981; key ``potmesil1981`` (points that scatter).
    .. [3] Chapter "Text and photographs", ``book/maps/text_and_photographs.ipynb``.

    Examples
    --------
    >>> blurred, sigma_map, scene = defocused_scene("background", max_sigma=2.0)
    >>> f"{sigma_map.max():.2f}"
    '2.00'
    """
    scene = motorcycle_scene()
    sigma_map = depth_field(scene.depth, **scene_lens(scene, focus, max_sigma=max_sigma))
    return blur_varying(scene.image, sigma_map), sigma_map, scene


def layered_scene(focus, *, max_sigma=3.0):
    r"""Return the motorcycle as a lens shows it: points spread as disks, near things hide far ones.

    Parameters
    ----------
    focus : {"foreground", "background"}
        What is sharp: see `defocused_scene`.
    max_sigma : float, optional
        Largest sigma in pixels, from 0.01 to 6: half of the largest disk's radius.

    Returns
    -------
    blurred : Tensor of shape (H, W)
        Not rounded: see `blurlib.blur.quantize`.
    std_map : Tensor of shape (H, W)
        Standard deviation of the disk of what lies at each pixel, as sampled, in pixels.
    scene : DepthScene
        Its `known` says where that is ground truth.

    Raises
    ------
    ValueError, TypeError
        If the focus is unknown or `max_sigma` out of range.

    Notes
    -----
    From the farthest layer to the nearest, what a layer shows is put on what is there:

    .. math:: G \leftarrow h * (F M) + (1 - h * M) \, G

    with the layer's disk h. Its mask M holds the layer and all that is nearer, where it goes on
    unseen: there its nearest visible pixel stands for it. So a near thing out of focus spills over
    what is behind, and one in focus leaves no trace in the blur behind it. Within the reach of its
    disk from such an edge, a pixel holds light of two blurs, and `std_map` names only one.

    References
    ----------
    .. [1] M. Potmesil and I. Chakravarty, "A lens and aperture camera model for synthetic image
       generation", SIGGRAPH, 1981; key ``potmesil1981``.
    .. [2] Chapter "Text and photographs", ``book/maps/text_and_photographs.ipynb``.

    Examples
    --------
    >>> blurred, std_map, scene = layered_scene("foreground", max_sigma=2.0)
    >>> f"{std_map.max():.1f}"
    '2.0'
    """
    scene = motorcycle_scene()
    lens = scene_lens(scene, focus, max_sigma=max_sigma)
    # Blur is linear in the inverse of the distance, and so are the layers' thicknesses.
    inverse = 1 / scene.depth
    low, high = inverse.aminmax()
    layer = ((inverse - low) / (high - low) * _LAYERS).long().clamp(max=_LAYERS - 1)
    blurred, std_map = torch.zeros_like(inverse), torch.zeros_like(inverse)
    for number in layer.unique().tolist():
        middle = low + (high - low) * (number + 0.5) / _LAYERS
        sigma = depth_field(1 / middle.view(1, 1), **lens).item()
        psf = disk_psf(sigma_to_disk_radius(sigma))
        mask = (layer >= number).float()
        # Of its neighbours too: they lie as deep, and a surface goes on from one to the other.
        place = _nearest(((layer - number).abs() <= 1).numpy())
        shown = torch.stack([scene.image[place] * mask, mask])
        shown = blur_uniform_each(pad(shown, (len(psf) // 2,) * 4, "reflect"), psf[None])
        blurred = shown[0] + (1 - shown[1]) * blurred
        std_map[layer == number] = effective_sigma(psf)
    return blurred, std_map, scene
