"""Figures in one hand: functions that take arrays and an axis, draw, and never compute.

One convention everywhere: pictures are grey, sigma is viridis (dark is sharp, bright is blurred),
PSFs are magma, errors are red and blue around white. Every axis says its unit. A page of the book
is read on a desk and on a phone, so figures are six inches wide and their letters large.

Throughout, `axis` is the `matplotlib.axes.Axes` to draw on, `title` stands above it, and numbers
come as tensors (on any device) or arrays. A picture that is not (H, W) raises a ValueError.
"""

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ._files import replacing

IMAGE_COLOURS, PSF_COLOURS, SIGMA_COLOURS, ERROR_COLOURS = "gray", "magma", "viridis", "RdBu_r"

#: Where a sigma map is not to be believed.
HIDDEN_COLOUR = "#d4d4d4"

#: Width of a figure, in inches.
WIDTH = 6.0

#: Pixels a side of a map that is drawn as it is: twice what a picture of that width can show.
_MAX_DRAWN = 1728

#: Lines that people with any colour vision can tell apart (Okabe and Ito).
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: What `style` sets, in matplotlib's words.
STYLE = {
    "figure.figsize": (WIDTH, 3.2),
    "figure.dpi": 144,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "axes.prop_cycle": matplotlib.cycler(color=LINE_COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}


def style():
    """Set the book's fonts, sizes and colours; a chapter calls it once, after its imports."""
    pyplot.rcParams.update(STYLE)


def panels(rows, columns, *, aspect=1.0):
    """Open a figure of equal panels, as wide as the page's text.

    Parameters
    ----------
    rows, columns : int
        Number of panels; more than three beside each other are too small on a phone.
    aspect : float, optional
        Height of a panel over its width.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : ndarray of shape (rows * columns,)
        Row by row.
    """
    height = rows * (WIDTH / columns * aspect + 0.4)  # a title or an axis label takes 0.4 inches
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(WIDTH, height), squeeze=False, layout="compressed"
    )
    return figure, axes.ravel()


def _array(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _picture(values, name):
    values = _array(values)
    if values.ndim != 2:
        raise ValueError(f"{name} must have shape (H, W), got {values.shape}; pick one with [0].")
    return values


def _pixel_axes(axis, title, pixels):
    axis.set_title(title)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    if not pixels:
        axis.set(xticks=[], yticks=[])
        return
    axis.set(xlabel="column (px)", ylabel="row (px)")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _colour_bar(axis, picture, label, **bar):
    # In the axis's own frame, so that the bar is as high as the map, whatever the layout.
    axis.figure.colorbar(picture, cax=axis.inset_axes([1.03, 0, 0.05, 1]), label=label, **bar)


def show_image(axis, image, title="", *, vmin=0.0, vmax=1.0, pixels=False):
    """Show a grey image on a fixed scale, so that two images can be compared.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    image : Tensor or ndarray of shape (H, W)
        Intensities.
    vmin, vmax : float, optional
        Intensities shown black and white.
    pixels : bool, optional
        Whether rows and columns are labelled.
    """
    _pixel_axes(axis, title, pixels)
    axis.imshow(_picture(image, "image"), cmap=IMAGE_COLOURS, vmin=vmin, vmax=vmax)


def gallery(images, titles, *, columns=3):
    """Show many small pictures of one shape side by side.

    Parameters
    ----------
    images : sequence of Tensors or ndarrays of shape (H, W)
        Intensities in [0, 1].
    titles : sequence of str
        One for each.
    columns : int, optional
        Pictures beside each other.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is not one title for each image.
    """
    images, titles = list(images), list(titles)
    if len(images) != len(titles) or not images:
        raise ValueError(f"pass one title an image, got {len(titles)} for {len(images)}.")
    height, width = _picture(images[0], "each image").shape
    figure, axes = panels(-(-len(images) // columns), columns, aspect=height / width)
    for axis in axes[len(images) :]:
        axis.remove()
    for axis, image, title in zip(axes, images, titles, strict=False):
        show_image(axis, image, title)
    return figure


def show_patch_grid(axis, image, chosen, title="", *, patch_size=32):
    """Show an image cut into patches, with some of them framed.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    image : Tensor or ndarray of shape (H, W)
        Intensities in [0, 1], cropped to whole patches.
    chosen : dict
        Name of each kind, for the legend, and the numbers of its patches, row by row from 0.
    patch_size : int, optional
        Side of a patch in pixels.

    Raises
    ------
    ValueError
        If the image is not (H, W).
    """
    image = _picture(image, "image")
    show_image(axis, image, title, pixels=True)
    for edge in range(patch_size, image.shape[0], patch_size):
        axis.axhline(edge - 0.5, color="white", linewidth=0.5, alpha=0.5)
    for edge in range(patch_size, image.shape[1], patch_size):
        axis.axvline(edge - 0.5, color="white", linewidth=0.5, alpha=0.5)
    across = image.shape[1] // patch_size
    for kind, (name, places) in enumerate(chosen.items()):
        colour = f"C{kind}"
        for place in _array(places).tolist():
            row, column = (patch_size * number - 0.5 for number in divmod(place, across))
            frame = Rectangle(
                (column + 1, row + 1), patch_size - 2, patch_size - 2,
                fill=False, edgecolor=colour, linewidth=2, linestyle=("-", "--")[kind % 2],
            )  # fmt: skip
            axis.add_patch(frame)
        axis.plot([], [], color=colour, linestyle=("-", "--")[kind % 2], label=name)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=len(chosen), frameon=False)


def show_psf(axis, psf, title=""):
    """Show a point spread function, in pixels from its centre; black is no light.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    psf : Tensor or ndarray of shape (k, l)
        Point spread function.
    """
    psf = _picture(psf, "psf")
    bottom, right = psf.shape[0] / 2, psf.shape[1] / 2
    _pixel_axes(axis, title, True)
    axis.imshow(psf, cmap=PSF_COLOURS, vmin=0, extent=(-right, right, bottom, -bottom))


def show_otf(axis, otf, title=""):
    """Show the size of an optical transfer function, frequency 0 in the middle; white is 1.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    otf : complex Tensor or ndarray of shape (H, W)
        In the order of `torch.fft.fftfreq`, as `blurlib.blur.otf` returns it.
    """
    shifted = np.fft.fftshift(np.abs(_picture(otf, "otf")))
    label, ticks = "frequency (cycles/px)", [-0.4, 0, 0.4]
    axis.set(title=title, xlabel=label, ylabel=label, xticks=ticks, yticks=ticks)
    axis.grid(False)
    axis.imshow(shifted, cmap=IMAGE_COLOURS, vmin=0, vmax=1, extent=(-0.5, 0.5, 0.5, -0.5))


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
    sigma_map = _picture(sigma_map, "sigma_map")
    if hidden is not None:
        sigma_map = np.ma.masked_where(_picture(hidden, "hidden"), sigma_map)
        axis.set_facecolor(HIDDEN_COLOUR)
    _pixel_axes(axis, title, pixels)
    picture = axis.imshow(sigma_map, cmap=SIGMA_COLOURS, vmin=vmin, vmax=vmax)
    if colour_bar:  # with an arrow if the map goes beyond it
        beyond = (sigma_map > vmax).any()
        more = {"extend": "max", "extendfrac": 0.03} if beyond else {}
        _colour_bar(axis, picture, "sigma (px)", **more)


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
    error = _picture(error, "error")
    _pixel_axes(axis, title, pixels)
    picture = axis.imshow(error, cmap=ERROR_COLOURS, vmin=-limit, vmax=limit)
    if colour_bar:
        _colour_bar(axis, picture, f"error ({unit})", extend="both", extendfrac=0.03)


def plot_line(axis, x, y, label=None, *, xlabel="", ylabel="", **line):
    """Draw one line.

    Parameters
    ----------
    axis
        Where.
    x, y : Tensor or ndarray of shape (n,)
        Positions and values.
    label : str, optional
        Its name in the legend.
    xlabel, ylabel : str, optional
        What the axes measure, with the unit; empty keeps what an earlier line said.
    **line
        Passed on to matplotlib's `plot`: ``color``, ``marker``, ``linestyle``.
    """
    axis.plot(_array(x), _array(y), label=label, **line)
    axis.set_xlabel(xlabel or axis.get_xlabel())
    axis.set_ylabel(ylabel or axis.get_ylabel())


def plot_otf(axis, frequency, values, label=None, **line):
    """Draw an optical transfer function along one direction.

    Parameters
    ----------
    axis
        Where.
    frequency, values : Tensor or ndarray of shape (n,)
        In cycles per pixel, from 0 to 0.5; and the share of the contrast that is passed on, real:
        a negative one turns bright into dark.
    label : str, optional
        Its name in the legend.
    **line
        Passed on to matplotlib's `plot`.
    """
    line |= {"xlabel": "frequency (cycles/px)", "ylabel": "contrast passed on"}
    plot_line(axis, frequency, values, label, **line)
    axis.set(xlim=(0, 0.5), ylim=(-0.3, 1.05))


def plot_path(axis, points, title=""):
    """Draw the path of a moving camera; the dot is where the exposure begins.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    points : Tensor or ndarray of shape (n, 2)
        Positions (row, column) in pixels, in the order of time.
    """
    row, column = _array(points).T
    (line,) = axis.plot(column, row)
    axis.plot(column[0], row[0], "o", color=line.get_color())
    axis.set(title=title, xlabel="column (px)", ylabel="row (px)", aspect="equal")
    axis.yaxis.set_inverted(True)  # rows grow downward


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
    sigma_map = _picture(sigma_map, "sigma_map")
    if vmax is None:
        shown = sigma_map if hidden is None else sigma_map[~_picture(hidden, "hidden")]
        vmax = _scale_of(shown.max(initial=0))
    if not hasattr(path, "write"):
        with replacing(path) as file:
            write_sigma_map(file, sigma_map, title, vmax=vmax, hidden=hidden)
        return
    height, width = sigma_map.shape
    # matplotlib copies what it draws a dozen times over: a large map is drawn from block means.
    step = -(-max(height, width) // _MAX_DRAWN)
    means = _block_means(sigma_map, step)
    if hidden is not None:  # a block is, if most of it is
        hidden = _block_means(_picture(hidden, "hidden").astype(np.float32), step) > 0.5
    # Not through pyplot: this works in a script or a server, beside whatever else is open there.
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, WIDTH))
        axis = figure.subplots()
        show_sigma_map(axis, means, title, vmax=vmax, hidden=hidden)
        bottom, right = step * means.shape[0], step * means.shape[1]
        axis.images[0].set_extent((-0.5, right - 0.5, bottom - 0.5, -0.5))
        axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
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
