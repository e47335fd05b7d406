"""Families made from noise: clouds, spots, labyrinths, paper, and surfaces under a lamp."""

import math

import torch
from torch.nn import functional

from ._canvas import any_angle, grid, lit, nearest_points, noise, top_points, turned, uniform


def power_law(size, rng):
    """Clouds, plaster, bark: noise whose amplitude falls as a power of the frequency."""
    return noise(size, rng, uniform(rng, 0.4, 1.6), math.exp(uniform(rng, -1.2, 1.2)))


def blobs(size, rng):
    """Spots with hard edges: noise cut at a level."""
    field = noise(size, rng, uniform(rng, 1.0, 2.0), math.exp(uniform(rng, -0.8, 0.8)))
    spots = (field > uniform(rng, -0.8, 0.8)).float()
    return spots + uniform(rng, 0, 0.3) * noise(size, rng, 0.8)


def reaction_diffusion(size, rng):
    """Zebra, coral, leopard: labyrinths and spots that grow from noise."""
    half = size // 2  # smooth until the edges are cut, so half the resolution will do
    wavelength = uniform(rng, 7, 22)
    stretch, angle = math.exp(uniform(rng, 0, 0.4)), any_angle(rng)
    along, across = turned(torch.fft.fftfreq(half)[:, None], torch.fft.rfftfreq(half), angle)
    # Near neighbours excite, far ones inhibit: only waves around one wavelength grow. The bias
    # then decides between bright spots, labyrinths and dark spots.
    away = ((along * stretch) ** 2 + across**2).sqrt() * wavelength - 1
    growth = torch.exp(-(away**2) / 0.15)
    bias = uniform(rng, -0.6, 0.6)
    state = torch.randn(half, half, generator=rng)
    for _ in range(30):
        waves = torch.fft.irfft2(torch.fft.rfft2(state) * growth, s=(half, half))
        state = torch.tanh(2.5 * waves + bias)
    fine = functional.interpolate(waves[None, None], size=(size, size), mode="bicubic")[0, 0]
    pattern = torch.tanh(uniform(rng, 4, 30) * (fine + bias / 2.5))
    return pattern + uniform(rng, 0.02, 0.3) * noise(size, rng, uniform(rng, 0.4, 1.0))


def paper(size, rng):
    """Handmade paper, felt: curved fibres on a cloudy, finely grained ground."""
    count, steps = size * size // 250, int(uniform(rng, 30, 120))
    start, bend = uniform(rng, 0, 2 * math.pi, count), uniform(rng, -0.03, 0.03, count)
    heading = start[:, None] + bend[:, None] * torch.arange(steps)
    rows, columns = uniform(rng, -steps, size + steps, 2 * count).view(2, count, 1)
    rows, columns = rows + heading.sin().cumsum(1), columns + heading.cos().cumsum(1)
    top = top_points(size, rows, columns, thickness=2)
    tone = torch.randn(count, generator=rng)
    fibre = torch.where(top < 0, 0, tone[top // steps])
    cloud = uniform(rng, 0.3, 1) * noise(size, rng, uniform(rng, 0.9, 1.4))
    grain = uniform(rng, 0.4, 1.2) * noise(size, rng, uniform(rng, 0.2, 0.6))
    return uniform(rng, 0.7, 1.3) * fibre + cloud + grain


def crumpled(size, rng):
    """Crumpled paper or foil: facets between sharp creases, lit from the side."""
    rows, columns = (axis + 0.02 * size * noise(size, rng, 2.5) for axis in grid(size))
    height = torch.zeros(size, size)
    for _ in range(int(uniform(rng, 14, 26))):
        angle = uniform(rng, 0, 2 * math.pi)
        beyond = math.sin(angle) * rows + math.cos(angle) * columns
        beyond = beyond - beyond.flatten()[int(uniform(rng, 0, size * size))]
        height = height + uniform(rng, -0.25, 0.25) * beyond.abs()
        # Fold the sheet over at this line: later creases change direction there.
        over = 2 * beyond.clamp_min(0)
        rows, columns = rows - math.sin(angle) * over, columns - math.cos(angle) * over
    return lit(height, rng) + uniform(rng, 0.02, 0.06) * noise(size, rng, 0.4)


def bark(size, rng):
    """Bark of old trees: rough plates between deep furrows that run one way, lit from the side."""
    angle = any_angle(rng)
    along, across = turned(*grid(size), angle)
    wander = uniform(rng, 4, 12) * noise(size, rng, 1.9)
    spacing, stretch = uniform(rng, 24, 60), uniform(rng, 2, 5)
    position = (across + wander, along / stretch + wander)
    (first, second), _ = nearest_points(size, rng, spacing, position)
    plate = ((second - first) / (0.3 * spacing)).clamp_max(1).sqrt()
    rough = noise(size, rng, uniform(rng, 1.2, 1.6), stretch, angle)
    height = 0.25 * spacing * plate + uniform(rng, 1, 3) * rough
    return lit(height, rng) + uniform(rng, 0.3, 1) * plate
