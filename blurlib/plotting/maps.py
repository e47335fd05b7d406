"""Sigma maps, their errors and deviations, and fields of motion."""

import numpy as np
from matplotlib.collections import EllipseCollection

from . import house
from .pictures import MAX_DRAWN, arrow, as_picture, colour_bar_of, pixel_axes, show_image


def show_ellipses(axis, image, places, lengths, widths, angles):
    """Show an image with ellipses over it, the form of the blur at each place.

    Parameters
    ----------
    axis
        Where.
    image : Tensor or ndarray of shape (H, W)
        Intensities in [0, 1].
    places : Tensor or ndarray of shape (n, 2)
        Rows and columns of the middles.
    lengths, widths, angles : Tensors or ndarrays of shape (n,)
        In pixels; and degrees counter-clockwise from the horizontal.
    """
    image = as_picture(image, "image")
    # Large pictures are thinned, not averaged: nobody reads sharpness here.
    step = -(-max(image.shape) // MAX_DRAWN)
    show_image(axis, image[::step, ::step])
    bottom, right = (length - 0.5 for length in image.shape)
    axis.images[0].set_extent((-0.5, right, bottom, -0.5))
    axis.set(xlim=(-0.5, right), ylim=(bottom, -0.5))
    ellipses = EllipseCollection(
        house.as_array(lengths), house.as_array(widths), -house.as_array(angles), units="xy",
        offsets=house.as_array(places)[:, ::-1], offset_transform=axis.transData,
        facecolors="none", edgecolors=house.LINE_COLOURS[1],
    )  # fmt: skip
    axis.add_collection(ellipses)


def show_sigma_map(
    axis, sigma_map, title="", vmin=0.0, vmax=3.0, *, hidden=None, pixels=True, colour_bar=True
):
    """Show a sigma map: dark is sharp, bright is blurred.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    sigma_map : Tensor or ndarray of shape (H, W)
        Sigma in pixels.
    vmin, vmax : float, optional
        Sigma at the ends of the colour scale; the same for every map that is compared.
    hidden : Tensor or ndarray of shape (H, W), optional
        True where the map is not to be believed: drawn light grey.
    pixels, colour_bar : bool, optional
        Whether rows and columns are labelled, and whether the colour bar stands beside the map.
    """
    sigma_map = as_picture(sigma_map, "sigma_map")
    if hidden is not None:
        sigma_map = np.ma.masked_where(as_picture(hidden, "hidden"), sigma_map)
        axis.set_facecolor(house.HIDDEN_COLOUR)
    pixel_axes(axis, title, pixels)
    picture = axis.imshow(sigma_map, cmap=house.SIGMA_COLOURS, vmin=vmin, vmax=vmax)
    if colour_bar:
        colour_bar_of(axis, picture, "sigma (px)", **arrow(sigma_map, vmax))


def show_error_map(axis, error, title="", *, limit, unit="px", pixels=True, colour_bar=True):
    """Show signed errors: red is too much, blue too little, white none.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    error : Tensor or ndarray of shape (H, W)
        Estimate minus truth.
    limit : float
        Error at which the colours end, the same on both sides.
    unit : str, optional
        Of the error; stands on the colour bar.
    pixels, colour_bar : bool, optional
        As in `show_sigma_map`.
    """
    error = as_picture(error, "error")
    pixel_axes(axis, title, pixels)
    picture = axis.imshow(error, cmap=house.ERROR_COLOURS, vmin=-limit, vmax=limit)
    if colour_bar:
        colour_bar_of(axis, picture, f"error ({unit})", extend="both", extendfrac=0.03)


def show_std_map(axis, std, title="", *, limit, label="std (px)", pixels=True, colour_bar=True):
    """Show what has no sign and should be small: a std, or the size of an error; pale is little.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    std : Tensor or ndarray of shape (H, W)
        Not negative.
    limit : float
        Where the colours end; give a std and the size of its error the same.
    label : str, optional
        Stands on the colour bar.
    pixels, colour_bar : bool, optional
        As in `show_sigma_map`.
    """
    pixel_axes(axis, title, pixels)
    values = as_picture(std, "std")
    picture = axis.imshow(values, cmap=house.STD_COLOURS, vmin=0, vmax=limit)
    if colour_bar:
        colour_bar_of(axis, picture, label, **arrow(values, limit))


def compare_maps(image, truth, sigma, *, std=None, limit=0.5, vmax=3.0):
    """Set picture, true sigma, estimate and error side by side, on the book's scales.

    Parameters
    ----------
    image : Tensor or ndarray of shape (H, W)
        The blurred picture.
    truth, sigma : Tensor or ndarray of shape (H', W')
        True and estimated sigma in pixels, of one shape: the picture's, or that of its windows.
    std : Tensor or ndarray of shape (H', W'), optional
        What the estimator expects its error to be; drawn above the size of the error.
    limit, vmax : float, optional
        Error (and std) and sigma at the ends of their colours, in pixels.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the maps have not one shape.
    """
    maps = [as_picture(values, name) for values, name in ((truth, "truth"), (sigma, "sigma"))]
    if std is not None:
        maps.append(as_picture(std, "std"))
    if len({one.shape for one in maps}) > 1:
        raise ValueError(f"the maps must have one shape, got {[one.shape for one in maps]}.")
    height, width = maps[0].shape
    figure, axes = house.panels(2 if std is None else 3, 2, aspect=height / width)
    show_image(axes[0], image, "picture")
    show_sigma_map(axes[1], maps[0], "true sigma", vmax=vmax, pixels=False)
    show_sigma_map(axes[2], maps[1], "estimate", vmax=vmax, pixels=False)
    error = maps[1] - maps[0]
    show_error_map(axes[3], error, "estimate − truth", limit=limit, pixels=False)
    if std is not None:
        show_std_map(axes[4], maps[2], "stated std", limit=limit, pixels=False)
        label = "|error| (px)"
        show_std_map(axes[5], abs(error), "size of error", limit=limit, label=label, pixels=False)
    return figure
