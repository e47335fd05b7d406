"""Textures drawn by rule and chance: free, endless, sharp to the pixel.

A family is a function (size, rng) that paints a square of side `size` at twice the final
resolution; `procedural_texture` averages 2x2 blocks, as a sensor's pixel averages the light that
falls on it, and spreads the result over the grey levels.
"""

import math

import torch
from torch.nn import functional

from .._checks import check_choice, check_generator, check_shape


def _uniform(rng, low, high, count=None):
    draws = low + (high - low) * torch.rand(count or 1, generator=rng, dtype=torch.float64)
    return draws if count else draws.item()


def _grid(size):
    """Return rows and columns as two (size, size) tensors."""
    axis = torch.arange(size, dtype=torch.float32)
    return axis[:, None].expand(size, size), axis[None, :].expand(size, size)


def _turned(size, rng):
    """Return the grid in a system turned by a random angle."""
    rows, columns = _grid(size)
    angle = _uniform(rng, 0, math.pi)
    return (
        math.cos(angle) * columns + math.sin(angle) * rows,
        math.cos(angle) * rows - math.sin(angle) * columns,
    )


def _noise(size, rng, slope, stretch=1.0):
    """Gaussian noise with amplitude spectrum 1 / f^slope, standardised."""
    white = torch.randn(size, size, generator=rng)
    rows = torch.fft.fftfreq(size)[:, None] * stretch
    columns = torch.fft.rfftfreq(size)[None, :]
    frequency = torch.sqrt(rows**2 + columns**2).clamp_min(1 / size)
    noise = torch.fft.irfft2(torch.fft.rfft2(white) * frequency**-slope, s=(size, size))
    return (noise - noise.mean()) / noise.std()


def power_law(size, rng):
    """Clouds, plaster, bark: noise whose amplitude falls as a power of the frequency."""
    return _noise(size, rng, _uniform(rng, 0.4, 1.6), math.exp(_uniform(rng, -1.2, 1.2)))


def blobs(size, rng):
    """Spots with hard edges: noise cut at a level."""
    noise = _noise(size, rng, _uniform(rng, 1.0, 2.0), math.exp(_uniform(rng, -0.8, 0.8)))
    return (noise > _uniform(rng, -0.8, 0.8)).float() + _uniform(rng, 0, 0.3) * _noise(
        size, rng, 0.8
    )


def dead_leaves(size, rng):
    """Disks that fall on one another like leaves, with sizes of every scale."""
    rows, columns = _grid(size)
    canvas = torch.zeros(size, size)
    smallest, largest = 4.0, size / 5
    count = max(64, size * size // 100)
    # Radii with density 1/r^3 between the bounds: a picture that looks alike at every scale.
    share = _uniform(rng, 0, 1, count)
    radii = (smallest**-2 - share * (smallest**-2 - largest**-2)) ** -0.5
    centres = torch.rand(count, 2, generator=rng) * size
    grey = torch.rand(count, generator=rng)
    order = radii.argsort(descending=True)  # small leaves last, else they would all be covered
    for radius, (row, column), tone in zip(
        radii[order].tolist(), centres[order].tolist(), grey.tolist(), strict=True
    ):
        top, left = max(0, int(row - radius)), max(0, int(column - radius))
        window = (slice(top, int(row + radius) + 2), slice(left, int(column + radius) + 2))
        inside = (rows[window] - row) ** 2 + (columns[window] - column) ** 2 <= radius**2
        canvas[window][inside] = tone
    return canvas + _uniform(rng, 0, 0.05) * _noise(size, rng, 0.5)


def _nearest(size, rng, spacing):
    """Distances to the two nearest of random points, and the nearest one's number."""
    side = max(2, int(size / spacing))
    rows, columns = _grid(size)
    jitter = torch.rand(2, side + 2, side + 2, generator=rng)
    cell = size / side
    nearest = torch.full((2, size, size), math.inf)
    number = torch.zeros(size, size)
    base_row, base_column = (rows / cell).long(), (columns / cell).long()
    for row_step in (-1, 0, 1):
        for column_step in (-1, 0, 1):
            i, j = base_row + row_step + 1, base_column + column_step + 1
            row = (base_row + row_step + jitter[0][i, j]) * cell
            column = (base_column + column_step + jitter[1][i, j]) * cell
            distance = torch.hypot(rows - row, columns - column)
            closer = distance < nearest[0]
            nearest[1] = torch.where(closer, nearest[0], torch.minimum(nearest[1], distance))
            nearest[0] = torch.where(closer, distance, nearest[0])
            number = torch.where(closer, (i * (side + 2) + j).float(), number)
    return nearest, number


def cells(size, rng):
    """Stones, leather, dried mud: regions around random points, with joints between them."""
    nearest, number = _nearest(size, rng, _uniform(rng, 10, 60))
    tone = torch.rand(int(number.max()) + 1, generator=rng)[number.long()]
    joint = ((nearest[1] - nearest[0]) < _uniform(rng, 1, 6)).float()
    picture = tone * _uniform(rng, 0, 1) - _uniform(rng, 0.3, 1) * joint
    return picture + _uniform(rng, 0, 0.15) * _noise(size, rng, 0.8)


def stripes(size, rng):
    """Reeds, corduroy, rafters: wavy bands, soft or hard."""
    along, across = _turned(size, rng)
    wander = _uniform(rng, 0, 6) * _noise(size, rng, 2.0)
    phase = 2 * math.pi * (across + wander) / _uniform(rng, 8, 50)
    wave = torch.tanh(_uniform(rng, 0.3, 8) * torch.sin(phase))
    return wave + _uniform(rng, 0.05, 0.5) * _noise(size, rng, _uniform(rng, 0.4, 1.2))


def weave(size, rng):
    """Cloth and mats: threads that pass over and under each other."""
    u, v = _turned(size, rng)
    period = _uniform(rng, 12, 40)
    wander = 0.05 * period * _noise(size, rng, 2.0)
    u, v = (u + wander) / period, (v + wander) / period
    over = (torch.floor(u) + torch.floor(v)) % 2 == 0
    thread = torch.where(over, torch.frac(u), torch.frac(v)).abs() % 1
    body = torch.sin(math.pi * thread) ** _uniform(rng, 0.3, 2)
    fibre = _noise(size, rng, 0.4)
    return body + _uniform(rng, 0.05, 0.4) * fibre


def bricks(size, rng):
    """Walls and tiles: shifted rows, mortar, stained faces."""
    u, v = _turned(size, rng)
    height = _uniform(rng, 16, 60)
    width = height * _uniform(rng, 1, 3)
    course = torch.floor(v / height)
    shifted = u + 0.5 * width * (course % 2)
    mortar = _uniform(rng, 1.5, 6)
    gap = (torch.remainder(v, height) < mortar) | (torch.remainder(shifted, width) < mortar)
    index = (course * 37 + torch.floor(shifted / width) * 101).long() % 499
    tone = torch.rand(499, generator=rng)[index] * _uniform(rng, 0, 0.5)
    face = tone + _uniform(rng, 0.02, 0.25) * _noise(size, rng, _uniform(rng, 0.3, 1.2))
    return torch.where(gap, torch.tensor(_uniform(rng, -1, 1)), face)


def scratches(size, rng):
    """Grass, straw, hair: many thin straight strokes over each other."""
    rows, columns = _grid(size)
    canvas = 0.2 * _noise(size, rng, 0.8)
    main, spread = _uniform(rng, 0, math.pi), _uniform(rng, 0.05, 1.5)
    for _ in range(max(32, size * size // 800)):
        angle = main + spread * _uniform(rng, -1, 1)
        length, thick = _uniform(rng, 10, size / 4), _uniform(rng, 0.6, 3)
        row, column = _uniform(rng, 0, size), _uniform(rng, 0, size)
        top, left = max(0, int(row - length)), max(0, int(column - length))
        window = (slice(top, int(row + length) + 2), slice(left, int(column + length) + 2))
        r, c = rows[window] - row, columns[window] - column
        along = (math.cos(angle) * c + math.sin(angle) * r).abs()
        across = (math.cos(angle) * r - math.sin(angle) * c).abs()
        canvas[window][(along < length / 2) & (across < thick)] = _uniform(rng, -1, 1)
    return canvas


def dots(size, rng):
    """Pebbles, beads, bubbles: lit balls on a jittered lattice."""
    nearest, number = _nearest(size, rng, _uniform(rng, 12, 40))
    radius = _uniform(rng, 4, 16)
    inside = nearest[0] < radius
    height = torch.sqrt((1 - (nearest[0] / radius) ** 2).clamp_min(0))
    tone = torch.rand(int(number.max()) + 1, generator=rng)[number.long()]
    ball = height * (0.4 + 0.6 * tone)
    return torch.where(inside, ball, torch.tensor(0.0)) + _uniform(rng, 0, 0.2) * _noise(
        size, rng, 0.6
    )


#: The families by name.
FAMILIES = {
    family.__name__: family
    for family in (
        power_law, blobs, dead_leaves, cells, stripes, weave, bricks, scratches, dots,
    )
}  # fmt: skip


def procedural_texture(family, shape, *, rng):
    """Draw a texture.

    Parameters
    ----------
    family : str
        One of `blurlib.data.FAMILIES`.
    shape : (int, int)
        Height and width in pixels.
    rng : torch.Generator
        Source of all that is random in it, its scale and contrast included.

    Returns
    -------
    texture : Tensor of shape (H, W)
        float32 in [0, 1]: the 0.5 and 99.5 per cent points lie at the ends.

    Raises
    ------
    TypeError, ValueError
        If the family is unknown, the shape none, or `rng` no torch.Generator.

    References
    ----------
    .. [1] A. B. Lee, D. Mumford and J. Huang, "Occlusion models for natural images", Int. J.
       Computer Vision 41, 2001; key ``lee2001`` (dead leaves).

    Examples
    --------
    >>> procedural_texture("cells", (40, 60), rng=torch.Generator().manual_seed(0)).shape
    torch.Size([40, 60])
    """
    check_choice(family, "family", FAMILIES)
    height, width = check_shape(shape)
    check_generator(rng, cpu=True)
    fine = FAMILIES[family](2 * max(height, width, 32), rng).float()
    texture = functional.avg_pool2d(fine[None, None], 2)[0, 0, :height, :width]
    # torch.quantile takes at most 16 million values; a sample of the rows is enough.
    ends = texture.flatten()[:: max(1, texture.numel() // 100_000)]
    low, high = torch.quantile(ends, torch.tensor([0.005, 0.995])).tolist()
    return ((texture - low) / max(high - low, 1e-6)).clamp(0, 1)
