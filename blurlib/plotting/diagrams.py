"""Drawings of things that are no pictures: rays through a lens, the layers of a network."""

import numpy as np
from matplotlib.patches import Ellipse, FancyBboxPatch

from .house import LINE_COLOURS


def draw_lens(axis, depths, *, focus_distance, focal_length, aperture, sensor=None, names=None):
    """Draw the rays of a thin lens from points on its axis to the sensor, and their spots there.

    Rays that would meet behind the sensor go on as dots, to where they meet. Spots that lie on
    each other cannot be told apart: give each depth an axis of its own, and all the same limits.

    Parameters
    ----------
    axis
        Where; about six inches wide and an inch high.
    depths : sequence of float
        Distances of the points from the lens, in any unit of length.
    focus_distance, focal_length, aperture : float
        Distance at which points are sharp, focal length, and diameter of the lens, in that unit.
    sensor : float, optional
        Distance of the sensor from the lens; by default where points at `focus_distance` are sharp.
    names : sequence of str, optional
        One for each point.

    Raises
    ------
    ValueError
        If a point is not farther from the lens than its focal length: it has no image.
    """
    if min(*depths, focus_distance) <= focal_length:
        raise ValueError(
            f"every point must be farther away than the focal length {focal_length}, got {depths}."
        )

    def image_of(depth):  # thin lens: 1 / f = 1 / depth + 1 / image
        return 1 / (1 / focal_length - 1 / depth)

    sensor = image_of(focus_distance) if sensor is None else sensor
    half = aperture / 2
    for number, depth in enumerate(depths):
        colour, image = LINE_COLOURS[number % len(LINE_COLOURS)], image_of(depth)
        for height in np.linspace(-half, half, 5):
            landing = height * (1 - sensor / image)
            axis.plot([-depth, 0, sensor], [0, height, landing], color=colour, linewidth=1)
            if image > sensor:
                axis.plot([sensor, image], [landing, 0], ":", color=colour, linewidth=1)
        axis.plot(-depth, 0, "o", color=colour)
        spot = half * abs(1 - sensor / image)
        axis.plot([sensor] * 2, [-spot, spot], color=colour, linewidth=6, solid_capstyle="butt")
        if names is not None:
            axis.annotate(
                names[number], (-depth, 0), (0, -9), textcoords="offset points",
                ha="center", va="top", color=colour,
            )  # fmt: skip
    width = 0.04 * (focus_distance + sensor)
    axis.add_patch(Ellipse((0, 0), width, aperture, facecolor="#cccccc", zorder=0))
    axis.vlines(sensor, -half, half, color="black", linewidth=1, zorder=1)
    axis.annotate("lens", (0, half), (0, 5), textcoords="offset points", ha="center")
    axis.annotate("sensor", (sensor, half), (0, 5), textcoords="offset points", ha="center")
    axis.axhline(0, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
    axis.margins(y=0.25)
    axis.set_axis_off()


def draw_network(axis, layers, *, per_row=4):
    """Draw a network as boxes that are read like text, from left to right and row by row.

    Parameters
    ----------
    axis
        Where; the drawing needs about an inch of height for each row.
    layers : sequence of (str, str)
        What each layer does, and the shape of what comes out of it.
    per_row : int, optional
        Boxes beside each other; more than four are too small on a phone.
    """
    rows = -(-len(layers) // per_row)
    for number, (name, shape) in enumerate(layers):
        row, column = divmod(number, per_row)
        axis.add_patch(
            FancyBboxPatch(
                (column, -row),
                0.74,
                0.5,
                boxstyle="round,pad=0.02",
                facecolor="#e8f1f8",
                edgecolor=LINE_COLOURS[0],
            )  # fmt: skip
        )
        axis.text(column + 0.37, 0.25 - row, name, ha="center", va="center", fontsize=10)
        axis.text(column + 0.37, -0.06 - row, shape, ha="center", va="top", fontsize=9)
        if number + 1 < len(layers):
            axis.annotate(
                "", (column + 0.98, 0.25 - row), (column + 0.77, 0.25 - row),
                arrowprops={"arrowstyle": "->"},
            )  # fmt: skip
        if column == 0 and row:  # from the row above
            axis.annotate(
                "",
                (column - 0.03, 0.25 - row),
                (column - 0.24, 0.25 - row),
                arrowprops={"arrowstyle": "->"},
            )
    axis.set(xlim=(-0.3, per_row), ylim=(0.35 - rows, 0.6))
    axis.set_axis_off()
