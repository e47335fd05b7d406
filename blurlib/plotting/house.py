"""The house's colours, letters and sizes, and figures of equal panels."""

import matplotlib
import numpy as np
from matplotlib import pyplot

IMAGE_COLOURS, PSF_COLOURS, SIGMA_COLOURS, ERROR_COLOURS = "gray", "magma", "viridis", "RdBu_r"

#: Of what has no sign and should be small: a std, or the size of an error.
STD_COLOURS = "Oranges"

#: Where a sigma map is not to be believed.
HIDDEN_COLOUR = "#d4d4d4"

#: Width of a figure, in inches.
WIDTH = 6.0

#: Lines that people with any colour vision can tell apart (Okabe and Ito).
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: What `style` sets, in matplotlib's words.
STYLE = {
    "figure.figsize": (WIDTH, 3.2), "figure.dpi": 144, "figure.constrained_layout.use": True,
    "figure.facecolor": "white", "savefig.facecolor": "white", "font.size": 11,
    "axes.titlesize": 11, "axes.labelsize": 11, "xtick.labelsize": 10, "ytick.labelsize": 10,
    "legend.fontsize": 10, "legend.frameon": False, "lines.linewidth": 2,
    "axes.prop_cycle": matplotlib.cycler(color=LINE_COLOURS), "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": "#dddddd"}  # fmt: skip


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
    whole = {"figsize": (WIDTH, height), "squeeze": False, "layout": "compressed"}
    figure, axes = pyplot.subplots(rows, columns, **whole)
    return figure, axes.ravel()


def as_array(values):
    """Return numbers as numpy's array, from whatever device."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
