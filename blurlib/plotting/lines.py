"""Lines in a figure: profiles, transfer functions, paths."""

from .house import as_array


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
    axis.plot(as_array(x), as_array(y), label=label, **line)
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
    row, column = as_array(points).T
    (line,) = axis.plot(column, row)
    axis.plot(column[0], row[0], "o", color=line.get_color())
    axis.set(title=title, xlabel="column (px)", ylabel="row (px)", aspect="equal")
    axis.yaxis.set_inverted(True)  # rows grow downward
