"""Pictures in a figure: grey images, PSFs, sigma maps and their errors."""

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from . import house

#: Pixels a side of a map that is drawn as it is: twice what a picture of that width can show.
MAX_DRAWN = 1728


def as_picture(values, name):
    """Return a picture as an array, or raise unless it is (H, W)."""
    values = house.as_array(values)
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


def _arrow(values, largest):
    """Let a colour bar end in an arrow if the values go beyond it."""
    return {"extend": "max", "extendfrac": 0.03} if (values > largest).any() else {}


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
    axis.imshow(as_picture(image, "image"), cmap=house.IMAGE_COLOURS, vmin=vmin, vmax=vmax)


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
    height, width = as_picture(images[0], "each image").shape
    figure, axes = house.panels(-(-len(images) // columns), columns, aspect=height / width)
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
    image = as_picture(image, "image")
    show_image(axis, image, title, pixels=True)
    for side, draw_line in zip(image.shape, (axis.axhline, axis.axvline), strict=True):
        for edge in range(patch_size, side, patch_size):
            draw_line(edge - 0.5, color="white", linewidth=0.5, alpha=0.5)
    across = image.shape[1] // patch_size
    for kind, (name, places) in enumerate(chosen.items()):
        colour = f"C{kind}"
        for place in house.as_array(places).tolist():
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
    psf = as_picture(psf, "psf")
    bottom, right = psf.shape[0] / 2, psf.shape[1] / 2
    _pixel_axes(axis, title, True)
    axis.imshow(psf, cmap=house.PSF_COLOURS, vmin=0, extent=(-right, right, bottom, -bottom))


def show_otf(axis, otf, title=""):
    """Show the size of an optical transfer function, frequency 0 in the middle; white is 1.

    Parameters
    ----------
    axis, title
        Where, and what stands above it.
    otf : complex Tensor or ndarray of shape (H, W)
        In the order of `torch.fft.fftfreq`, as `blurlib.blur.otf` returns it.
    """
    shifted = np.fft.fftshift(np.abs(as_picture(otf, "otf")))
    label, ticks = "frequency (cycles/px)", [-0.4, 0, 0.4]
    axis.set(title=title, xlabel=label, ylabel=label, xticks=ticks, yticks=ticks)
    axis.grid(False)
    axis.imshow(shifted, cmap=house.IMAGE_COLOURS, vmin=0, vmax=1, extent=(-0.5, 0.5, 0.5, -0.5))


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
    _pixel_axes(axis, title, pixels)
    picture = axis.imshow(sigma_map, cmap=house.SIGMA_COLOURS, vmin=vmin, vmax=vmax)
    if colour_bar:
        _colour_bar(axis, picture, "sigma (px)", **_arrow(sigma_map, vmax))


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
    _pixel_axes(axis, title, pixels)
    picture = axis.imshow(error, cmap=house.ERROR_COLOURS, vmin=-limit, vmax=limit)
    if colour_bar:
        _colour_bar(axis, picture, f"error ({unit})", extend="both", extendfrac=0.03)


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
    _pixel_axes(axis, title, pixels)
    values = as_picture(std, "std")
    picture = axis.imshow(values, cmap=house.STD_COLOURS, vmin=0, vmax=limit)
    if colour_bar:
        _colour_bar(axis, picture, label, **_arrow(values, limit))


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
