"""Families made of pieces side by side: stones, cracks, cloth, knitwear, nets and walls."""

import math

import torch

from ._canvas import any_angle, draw_tones, grid, lit, nearest_points, noise, turned, uniform


def cells(size, rng):
    """Stones, leather, dried mud: regions around random points, with joints between them."""
    nearest, number = nearest_points(size, rng, uniform(rng, 10, 60))
    tone = draw_tones(number, rng)
    joint = ((nearest[1] - nearest[0]) < uniform(rng, 1, 6)).float()
    picture = tone * uniform(rng, 0, 1) - uniform(rng, 0.3, 1) * joint
    return picture + uniform(rng, 0, 0.15) * noise(size, rng, 0.8)


def dots(size, rng):
    """Pebbles, beads, bubbles: lit balls on a jittered lattice."""
    nearest, number = nearest_points(size, rng, uniform(rng, 12, 40))
    radius = uniform(rng, 4, 16)
    inside = nearest[0] < radius
    height = torch.sqrt((1 - (nearest[0] / radius) ** 2).clamp_min(0))
    ball = torch.where(inside, height * (0.4 + 0.6 * draw_tones(number, rng)), 0)
    return ball + uniform(rng, 0, 0.2) * noise(size, rng, 0.6)


def pebbles(size, rng):
    """Pebbles, cobbles, skin of reptiles: packed round stones of many greys, lit from the side."""
    spacing = uniform(rng, 20, 70)
    wander = 0.15 * spacing * noise(size, rng, 2.0)
    along, across = turned(*grid(size), any_angle(rng))
    position = (across + wander, along / uniform(rng, 1, 1.6) - wander)
    (first, second), number = nearest_points(size, rng, spacing, position)
    dome = (1 - (first / spacing) ** 2).clamp_min(0).sqrt()
    rim = ((second - first) / (0.4 * spacing)).clamp_max(1).sqrt()  # falls to 0 at the joint
    height = spacing * (0.6 * dome + 0.15 * rim) + 0.4 * noise(size, rng, 1.2)
    tone = 0.3 + uniform(rng, 0.3, 0.9) * draw_tones(number, rng)
    stone = tone * (0.3 + lit(height, rng)) * rim ** uniform(rng, 0.3, 1)
    return stone + uniform(rng, 0, 0.08) * noise(size, rng, 0.5)


def cracks(size, rng):
    """Old varnish, glaze, dry mud: thin dark lines that swell, thin out and end."""
    picture = uniform(rng, 0.2, 0.5) * noise(size, rng, uniform(rng, 0.8, 1.3))
    along, across = turned(*grid(size), any_angle(rng))
    stretch = math.exp(max(0, uniform(rng, -1.2, 1.2)))  # half of them have no direction
    spacing, width = uniform(rng, 40, 110), uniform(rng, 2.5, 4.5)
    for _ in range(2):  # a coarse net, then a finer one
        wander = 0.1 * spacing * noise(size, rng, 1.6)
        position = (across + wander, along / stretch - wander)
        (first, second), _ = nearest_points(size, rng, spacing, position)
        open_width = width * (1 + noise(size, rng, 1.8)).clamp_max(2.2)
        depth = uniform(rng, 1.2, 2.5)
        picture = torch.where(second - first < open_width, picture - depth, picture)
        spacing, width = spacing / 2.5, width / 1.6
    return picture


def weave(size, rng):
    """Cloth and mats: threads that pass over and under each other."""
    u, v = turned(*grid(size), any_angle(rng))
    period = uniform(rng, 12, 40)
    wander = 0.05 * period * noise(size, rng, 2.0)
    u, v = (u + wander) / period, (v + wander) / period
    over = (torch.floor(u) + torch.floor(v)) % 2 == 0
    thread = torch.where(over, torch.frac(u), torch.frac(v)).abs() % 1
    body = torch.sin(math.pi * thread) ** uniform(rng, 0.3, 2)
    fibre = noise(size, rng, 0.4)
    return body + uniform(rng, 0.05, 0.4) * fibre


def knit(size, rng):
    """Knitwear: columns of V-shaped stitches."""
    angle = any_angle(rng)
    along, across = turned(*grid(size), angle)
    width = uniform(rng, 20, 60)
    height = width * uniform(rng, 0.5, 0.9)
    wander = 0.06 * width * noise(size, rng, 1.8)
    column, row = (across + wander) / width, (along + wander) / height
    # 0 in the middle of a column, 1 at its edges; the two legs of the V rise from there.
    side = (2 * torch.remainder(column, 1) - 1).abs()
    leg = torch.remainder(row + uniform(rng, 0.5, 1.1) * side, 1)
    body = torch.sin(math.pi * leg) * torch.sin(math.pi * side).clamp_min(0) ** 0.5
    # Strands twisted into a yarn cross it at a slant.
    strands = torch.sin(2 * math.pi * (uniform(rng, 2, 4) * leg - uniform(rng, 1, 3) * side))
    yarn = body.clamp_min(0) ** uniform(rng, 0.4, 1.2) * (1 + uniform(rng, 0, 0.3) * strands)
    return yarn + uniform(rng, 0.05, 0.25) * noise(size, rng, 0.4)


def lace(size, rng):
    """Nets, tulle, lace: holes in a lattice of square or hexagonal order, thread between them."""
    angle, period = any_angle(rng), uniform(rng, 20, 60)
    fold = 2 if uniform(rng, 0, 1) < 0.5 else 3
    wander = 0.08 * period * noise(size, rng, 2.0)

    def lattice(period):
        """Return waves from `fold` directions multiplied: 1 at the holes, 0 between them."""
        waves = torch.ones(size, size)
        for k in range(fold):
            across = turned(*grid(size), angle + k * math.pi / fold)[1] + wander
            waves = waves * torch.cos(math.pi * across / period).abs() ** (2 / fold)
        return waves

    # A slower lattice opens some holes and closes others: the ornament.
    motif = uniform(rng, 0, 0.6) * (lattice(period * int(uniform(rng, 3, 7))) - 0.4)
    level = uniform(rng, 0.35, 0.65) - motif
    hole = lattice(period)
    thread = (1 - hole / level).clamp_min(0).sqrt()  # round: brightest in the middle
    cloth = 0.3 + thread + uniform(rng, 0.1, 0.25) * noise(size, rng, 0.4)
    return torch.where(hole > level, 0.05 * noise(size, rng, 0.8), cloth)


def bricks(size, rng):
    """Walls and tiles: shifted rows, mortar, stained faces."""
    u, v = turned(*grid(size), any_angle(rng))
    height = uniform(rng, 16, 60)
    width = height * uniform(rng, 1, 3)
    course = torch.floor(v / height)
    shifted = u + 0.5 * width * (course % 2)
    mortar = uniform(rng, 1.5, 6)
    gap = (torch.remainder(v, height) < mortar) | (torch.remainder(shifted, width) < mortar)
    index = (course * 37 + torch.floor(shifted / width) * 101).long() % 499
    tone = torch.rand(499, generator=rng)[index] * uniform(rng, 0, 0.5)
    face = tone + uniform(rng, 0.02, 0.25) * noise(size, rng, uniform(rng, 0.3, 1.2))
    return torch.where(gap, torch.tensor(uniform(rng, -1, 1)), face)
