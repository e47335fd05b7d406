"""What the families paint with: coordinates, noise, scattered points, strokes and light."""

import inspect
import itertools
import math

import torch

from ..._checks import check_generator, check_integer


def several(draw):
    """Make a function that draws one picture, by size and generator, draw and return several.

    It keeps its name; its docstring takes the place of the first line of the other's.
    """

    def draw_several(num, *, rng, size=256):
        """Draw several pictures.

        Parameters
        ----------
        num : int
            How many.
        rng : torch.Generator
            Source of all that is random in them, on the CPU.
        size : int, optional
            Side in pixels, at least 32.

        Returns
        -------
        pictures : list of Tensors of shape (size, size)
            float32 in [0, 1].

        Raises
        ------
        TypeError, ValueError
            If an argument is out of range.
        """
        check_generator(rng, cpu=True)
        check_integer(size, "size", low=32)
        return [draw(size, rng) for _ in range(check_integer(num, "num", low=0))]

    parameters = (inspect.getdoc(draw_several) or "").removeprefix("Draw several pictures.")
    draw_several.__doc__ = f"{inspect.getdoc(draw)}{parameters}"
    draw_several.__module__ = draw.__module__
    draw_several.__name__ = draw_several.__qualname__ = draw.__name__
    return draw_several


def uniform(rng, low, high, count=None):
    """Draw one float, or a tensor of `count`, evenly between two bounds."""
    draws = low + (high - low) * torch.rand(count or 1, generator=rng, dtype=torch.float64)
    return draws if count else draws.item()


def grid(size):
    """Return rows and columns as two (size, size) tensors."""
    axis = torch.arange(size, dtype=torch.float32)
    return axis[:, None].expand(size, size), axis[None, :].expand(size, size)


def turned(rows, columns, angle):
    """Return coordinates along and across a direction, from rows and columns."""
    sine, cosine = math.sin(angle), math.cos(angle)
    return cosine * columns + sine * rows, cosine * rows - sine * columns


def around(row, column, reach):
    """Return the slices of a square around a point, as far as it lies on the canvas."""
    return tuple(slice(max(0, int(at - reach)), int(at + reach) + 2) for at in (row, column))


def any_angle(rng):
    """Draw the direction of a line."""
    return uniform(rng, 0, math.pi)


def noise(size, rng, slope, stretch=1.0, angle=math.pi / 2):
    """Gaussian noise with amplitude spectrum 1 / f^slope, standardised.

    Its grains are `stretch` times as long along `angle` (downwards by default) as across it.
    """
    white = torch.randn(size, size, generator=rng)
    rows, columns = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)
    along, across = turned(rows, columns, angle)
    frequency = torch.sqrt((along * stretch) ** 2 + across**2).clamp_min(1 / size)
    field = torch.fft.irfft2(torch.fft.rfft2(white) * frequency**-slope, s=(size, size))
    return (field - field.mean()) / field.std()


def nearest_points(size, rng, spacing, position=None):
    """Distances to the two nearest of random points, and the nearest one's number.

    One point lies in each cell of a lattice. `position` holds the coordinates (rows, columns) to
    measure at, the pixels' own by default; turned or stretched ones turn or stretch the pattern.
    """
    rows, columns = grid(size) if position is None else position
    side = max(2, int(size / spacing))
    jitter = torch.rand(2, side + 2, side + 2, generator=rng)
    cell = size / side
    nearest = torch.full((2, size, size), math.inf)
    number = torch.zeros(size, size)
    base_row, base_column = torch.floor(rows / cell).long(), torch.floor(columns / cell).long()
    for row_step, column_step in itertools.product((-1, 0, 1), repeat=2):
        row, column = base_row + row_step, base_column + column_step
        i, j = (row + 1) % (side + 2), (column + 1) % (side + 2)
        there = (row + jitter[0][i, j]) * cell, (column + jitter[1][i, j]) * cell
        distance = torch.hypot(rows - there[0], columns - there[1])
        closer = distance < nearest[0]
        nearest[1] = torch.where(closer, nearest[0], torch.minimum(nearest[1], distance))
        nearest[0] = torch.where(closer, distance, nearest[0])
        number = torch.where(closer, (i * (side + 2) + j).float(), number)
    return nearest, number


def draw_tones(number, rng):
    """Give every number in a map of whole numbers its own random grey."""
    return torch.rand(int(number.max()) + 1, generator=rng)[number.long()]


def top_points(size, rows, columns, thickness):
    """Lay points on the canvas one over the other: the number of the one on top, -1 where none.

    Each covers a square of `thickness` pixels. Strokes are points in a row.
    """
    number = torch.arange(rows.numel())
    top = torch.full((size * size,), -1)
    for down, right in itertools.product(range(thickness), repeat=2):
        row, column = (rows.flatten() + down).long(), (columns.flatten() + right).long()
        inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
        top.scatter_reduce_(0, (row * size + column)[inside], number[inside], "amax")
    return top.view(size, size)


def lit(height, rng):
    """Light that a matt surface sends up when a lamp stands at its side (Lambert's law)."""
    down, right = torch.gradient(height)
    azimuth, elevation = uniform(rng, 0, 2 * math.pi), uniform(rng, math.pi / 9, math.pi / 3)
    slope = math.sin(azimuth) * down + math.cos(azimuth) * right
    facing = math.sin(elevation) - math.cos(elevation) * slope
    return (facing / torch.sqrt(1 + down**2 + right**2)).clamp_min(0)
