r"""The thin lens: from the depth of a point to the size of its blur.

A lens of focal length f and f-number N, focused at distance s, images a point at depth d as a disk,
the circle of confusion. Everything here is in metres but for the last step, which needs the
distance between two pixels (`pixel_pitch`) to speak of pixels.
"""

import torch

from .._checks import check_number


def coc_diameter(depth, *, focus_distance, focal_length, f_number):
    r"""Return the diameter of the circle of confusion on the sensor.

    .. math:: c = \frac{f^2}{N} \, \frac{|d - s|}{d \, (s - f)}

    Parameters
    ----------
    depth : float or Tensor
        Distance d of the point from the lens, in metres, larger than 0; may be infinite.
    focus_distance : float
        Distance s at which points are sharp, in metres, larger than `focal_length`.
    focal_length : float
        Focal length f in metres.
    f_number : float
        Focal length over aperture diameter, N.

    Returns
    -------
    diameter : float or Tensor
        In metres, of the shape of `depth`.

    Raises
    ------
    TypeError, ValueError
        If a distance is not positive or the lens cannot focus that near.

    References
    ----------
    .. [1] A. P. Pentland, "A new sense for depth of field", IEEE Trans. Pattern Analysis and
       Machine Intelligence 9(4), 1987; key ``pentland1987``.
    .. [2] Chapter "What is blur?", ``book/blur/what_blur_is.ipynb``.

    Examples
    --------
    >>> diameter = coc_diameter(4.0, focus_distance=2.0, focal_length=0.05, f_number=2.0)
    >>> f"{1000 * diameter:.3f} mm"
    '0.321 mm'
    """
    focal_length = check_number(focal_length, "focal_length", low=1e-6, high=100, unit="metres")
    f_number = check_number(f_number, "f_number", low=0.1, high=1000)
    focus_distance = check_number(focus_distance, "focus_distance", low=0, high=1e9, unit="metres")
    if focus_distance <= focal_length:
        lengths = f"({focal_length:g} m), got {focus_distance:g} m: a lens cannot focus nearer"
        raise ValueError(f"focus_distance must be larger than focal_length {lengths}.")
    if not (torch.as_tensor(depth) > 0).all():
        raise ValueError("depth must be larger than 0 everywhere, in metres; got 0, less or NaN.")
    # |d - s| / d written as |1 - s / d|: right at infinity too.
    away = abs(1 - focus_distance / depth)
    return focal_length**2 / f_number * away / (focus_distance - focal_length)


def disk_radius_to_sigma(radius):
    """Return the sigma of the gaussian with the second moment of a disk: radius / 2.

    Parameters
    ----------
    radius : float or Tensor
        In pixels, or in any unit.

    Returns
    -------
    sigma : float or Tensor
        In the same unit.

    Examples
    --------
    >>> disk_radius_to_sigma(4.0)
    2.0
    """
    return radius / 2


def sigma_to_disk_radius(sigma):
    """Return the radius of the disk with the second moment of a gaussian: 2 sigma.

    Parameters
    ----------
    sigma : float or Tensor
        In pixels, or in any unit.

    Returns
    -------
    radius : float or Tensor
        In the same unit.

    Examples
    --------
    >>> sigma_to_disk_radius(2.0)
    4.0
    """
    return 2 * sigma


def coc_diameter_to_sigma(diameter, *, pixel_pitch):
    """Return the sigma, in pixels, of a circle of confusion.

    Parameters
    ----------
    diameter : float or Tensor
        Diameter on the sensor, in metres.
    pixel_pitch : float
        Distance between neighbouring pixels, in metres.

    Returns
    -------
    sigma : float or Tensor
        In pixels: a quarter of the diameter in pixels (diameter -> radius -> second moment).

    Raises
    ------
    TypeError, ValueError
        If `pixel_pitch` is no positive length.

    Examples
    --------
    >>> round(coc_diameter_to_sigma(40e-6, pixel_pitch=5e-6), 6)
    2.0
    """
    pixel_pitch = check_number(pixel_pitch, "pixel_pitch", low=1e-9, high=1, unit="metres")
    return disk_radius_to_sigma(diameter / 2) / pixel_pitch
