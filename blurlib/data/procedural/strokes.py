"""Families made of things that lie about or run along: leaves, bands, straw, fur, wood."""

import math

import torch

from ._canvas import any_angle, around, draw_tones, grid, noise, top_points, turned, uniform


def dead_leaves(size, rng):
    """Disks that fall on one another like leaves, with sizes of every scale."""
    rows, columns = grid(size)
    canvas = torch.zeros(size, size)
    smallest, largest = 4.0, size / 5
    count = max(64, size * size // 100)
    # Radii with density 1/r^3 between the bounds: a picture that looks alike at every scale.
    share = uniform(rng, 0, 1, count)
    radii = (smallest**-2 - share * (smallest**-2 - largest**-2)) ** -0.5
    centres = torch.rand(count, 2, generator=rng) * size
    grey = torch.rand(count, generator=rng)
    order = radii.argsort(descending=True)  # small leaves last, else they would all be covered
    leaves = zip(radii[order].tolist(), centres[order].tolist(), grey.tolist(), strict=True)
    for radius, (row, column), tone in leaves:
        window = around(row, column, radius)
        inside = (rows[window] - row) ** 2 + (columns[window] - column) ** 2 <= radius**2
        canvas[window][inside] = tone
    return canvas + uniform(rng, 0, 0.05) * noise(size, rng, 0.5)


def stripes(size, rng):
    """Reeds, corduroy, rafters: wavy bands, soft or hard."""
    _, across = turned(*grid(size), any_angle(rng))
    wander = uniform(rng, 0, 6) * noise(size, rng, 2.0)
    phase = 2 * math.pi * (across + wander) / uniform(rng, 8, 50)
    wave = torch.tanh(uniform(rng, 0.3, 8) * torch.sin(phase))
    return wave + uniform(rng, 0.05, 0.5) * noise(size, rng, uniform(rng, 0.4, 1.2))


def scratches(size, rng):
    """Grass, straw, hair: many thin straight strokes over each other."""
    rows, columns = grid(size)
    canvas = 0.2 * noise(size, rng, 0.8)
    main, spread = any_angle(rng), uniform(rng, 0.05, 1.5)
    for _ in range(max(32, size * size // 800)):
        angle = main + spread * uniform(rng, -1, 1)
        length, thick = uniform(rng, 10, size / 4), uniform(rng, 0.6, 3)
        row, column = uniform(rng, 0, size), uniform(rng, 0, size)
        window = around(row, column, length)
        along, across = turned(rows[window] - row, columns[window] - column, angle)
        stroke = (along.abs() < length / 2) & (across.abs() < thick)
        canvas[window][stroke] = uniform(rng, -1, 1)
    return canvas


def fur(size, rng):
    """Fur, feathers, long grass: hairs that flow along a smooth field, dark roots, bright tips."""
    lean = uniform(rng, 0, 2 * math.pi) + uniform(rng, 0.2, 0.9) * noise(size, rng, 2.2)
    count, steps = size * size // 40, int(uniform(rng, 25, 90))
    row, column = uniform(rng, -steps, size + steps, 2 * count).view(2, count)
    stray = 0.15 * torch.randn(count, generator=rng)
    path = []
    for _ in range(steps):
        heading = lean[row.long().clamp(0, size - 1), column.long().clamp(0, size - 1)] + stray
        row, column = row + heading.sin(), column + heading.cos()
        path.append(torch.stack([row, column]))
    rows, columns = torch.stack(path, dim=2)
    top = top_points(size, rows, columns, thickness=int(uniform(rng, 2, 4)))
    colour = uniform(rng, 0.3, 1) * torch.rand(count, generator=rng)
    hair = colour[top // steps] + uniform(rng, 0.3, 1) * (top % steps) / steps
    return torch.where(top < 0, 0, hair)


def wood(size, rng):
    """Sawn wood: long year rings that end in a dark line, fibres and pores along them."""
    angle = any_angle(rng)
    along, across = turned(*grid(size), angle)
    # A plank cuts the rings' cylinders at a slant, near the pith or far from it.
    slant, pith = uniform(rng, 0.03, 0.25), uniform(rng, -size, size)
    wander = uniform(rng, 4, 16) * noise(size, rng, 2.0, 4.0, angle)
    radius = torch.hypot(across - pith, slant * (along - uniform(rng, 0, size))) + wander
    age = radius / uniform(rng, 14, 60) + 4  # wander may carry the pith below 0
    late = torch.remainder(age, 1) ** uniform(rng, 1.5, 4)
    year = draw_tones(torch.floor(age).clamp_min(0), rng)
    fibre = noise(size, rng, 0.7, 12.0, angle)
    pores = (noise(size, rng, 0.5, 10.0, angle) < -uniform(rng, 1.5, 2.5)).float()
    return uniform(rng, 0.1, 0.4) * year - late + uniform(rng, 0.1, 0.3) * fibre - 0.7 * pores
