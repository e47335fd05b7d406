"""Pictures in a figure: grey images, patches, PSFs and their transforms."""

import numpy as np
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


def pixel_axes(axis, title, pixels):
    """Label the rows and columns of an axis, or leave them away."""
    axis.set_title(title)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    if not pixels:
        axis.set(xticks=[], yticks=[])
        return
    axis.set(xlabel="column (px)", ylabel="row (px)")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(MaxNLocator(nbins=4, integer=True))


def colour_bar_of(axis, picture, label, **bar):
    """Draw a colour bar beside a picture."""
    # In the axis's own frame, so that the bar is as high as the map, whatever the layout.
    axis.figure.colorbar(picture, cax=axis.inset_axes([1.03, 0, 0.05, 1]), label=label, **bar)


def arrow(values, largest):
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
    pixel_axes(axis, title, pixels)
    axis.imshow(as_picture(image, "image"), cmap=house.IMAGE_COLOURS, vmin=vmin, vmax=vmax)


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
    pixel_axes(axis, title, True)
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
