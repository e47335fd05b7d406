"""Sigma maps as picture files, of any size."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from .._files import replacing
from .house import STYLE, WIDTH
from .maps import show_ellipses, show_sigma_map
from .pictures import MAX_DRAWN, as_picture


def write_sigma_map(path, sigma_map, title="", *, vmax=None, hidden=None):
    """Write a sigma map with its colour bar as a PNG; an old file stays whole until the new one is.

    Parameters
    ----------
    path : str, path-like or binary file
        Where to; an OSError says if the folder cannot be written.
    sigma_map, title, hidden
        As in `show_sigma_map`.
    vmax : float, optional
        Sigma at the bright end of the colours; the dark end is 0. By default the least of 3, 6, 12,
        24, ... that holds the map: pictures of like maps share a scale, and none saturates.

    Raises
    ------
    ValueError
        If the map or `hidden` is not (H, W).
    """
    sigma_map = as_picture(sigma_map, "sigma_map")
    if vmax is None:
        shown = sigma_map if hidden is None else sigma_map[~as_picture(hidden, "hidden")]
        vmax = _scale_of(shown.max(initial=0))
    if not hasattr(path, "write"):
        with replacing(path) as file:
            write_sigma_map(file, sigma_map, title, vmax=vmax, hidden=hidden)
        return
    height, width = sigma_map.shape
    # matplotlib copies what it draws a dozen times over: a large map is drawn from block means.
    step = -(-max(height, width) // MAX_DRAWN)
    means = _block_means(sigma_map, step)
    if hidden is not None:  # a block is, if most of it is
        hidden = _block_means(as_picture(hidden, "hidden").astype(np.float32), step) > 0.5
    # Not through pyplot: this works in a script or a server, beside whatever else is open there.
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, WIDTH))
        axis = figure.subplots()
        show_sigma_map(axis, means, title, vmax=vmax, hidden=hidden)
        bottom, right = step * means.shape[0], step * means.shape[1]
        axis.images[0].set_extent((-0.5, right - 0.5, bottom - 0.5, -0.5))
        axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        figure.savefig(path, format="png", bbox_inches="tight")


def write_ellipses(path, image, places, lengths, widths, angles):
    """Write a picture with ellipses over it, the form of the blur at each place, as a PNG.

    Parameters
    ----------
    path : str, path-like or binary file
        Where to.
    image, places, lengths, widths, angles
        As in `show_ellipses`.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, WIDTH))
        show_ellipses(figure.subplots(), image, places, lengths, widths, angles)
        figure.savefig(path, format="png", bbox_inches="tight")


def _scale_of(largest):
    """Return the least of 3, 6, 12, ... that is not smaller, but for a hundredth of it."""
    vmax = 3.0
    while vmax * 1.01 < largest:
        vmax *= 2
    return vmax


def _block_means(values, side):
    """Return the means of blocks, side by side; those at the far edges may be smaller."""
    if side == 1:
        return values
    for axis, size in enumerate(values.shape):
        starts = np.arange(0, size, side)
        counts = np.diff(starts, append=size)
        values = np.add.reduceat(values, starts, axis) / np.expand_dims(counts, 1 - axis)
    return values
