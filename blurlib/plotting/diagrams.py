"""Drawings of things that are no pictures: rays through a lens, the layers of a network."""

import numpy as np
from matplotlib.colors import to_rgba
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
        raise ValueError(f"points must lie farther away than the focal length, got {depths}.")

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
                ha="center", va="top", color=colour)  # fmt: skip
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
        What each layer does, in one or two lines, and the shape of what comes out of it. Layers
        whose names begin with the same word have one colour.
    per_row : int, optional
        Boxes beside each other; more than four are too small on a phone.
    """
    width, height, size = 0.84, 0.5, 11.5  # letters: 9 px on a page of 390
    kinds = list(dict.fromkeys(name.split()[0] for name, _ in layers))
    for number, (name, shape) in enumerate(layers):
        row, column = divmod(number, per_row)
        colour = LINE_COLOURS[kinds.index(name.split()[0]) % len(LINE_COLOURS)]
        box = FancyBboxPatch(
            (column, -row), width, height, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=to_rgba(colour, 0.12), edgecolor=colour)  # fmt: skip
        axis.add_patch(box)
        middle = column + width / 2, height / 2 - row
        axis.text(*middle, name, ha="center", va="center", fontsize=size, linespacing=1.1)
        axis.text(middle[0], -0.05 - row, shape, ha="center", va="top", fontsize=size)
        # From the box before; a row's first is entered from the left.
        if number:
            tip = column, middle[1]
            start = tip[0] - (1 - width if column else 0.16), tip[1]
            axis.annotate("", tip, start, arrowprops={"arrowstyle": "-|>", "color": "black"})
        if number + 1 < len(layers) and column == per_row - 1:
            axis.plot([column + width, per_row], [middle[1]] * 2, color="black", linewidth=1)
    rows = -(-len(layers) // per_row)
    axis.set(xlim=(-0.18, per_row + 0.02), ylim=(0.7 - rows, height + 0.05))
    axis.set_axis_off()
