"""Free pictures of what photographs hold and textures do not: stars, screens, noise, skies.

All are sharp to the pixel: drawn four times as fine and averaged over blocks of 4 x 4, as a
sensor's pixel averages the light that falls on it.
"""

import math

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.nn import functional

from .procedural._canvas import any_angle, grid, noise, several, turned, uniform

#: How much finer than its pixels a picture is drawn, along each axis.
_FINER = 4


@several
def starfields(size, rng):
    """Draw points of light: stars, lamps at night, glints.

    Half of the fields hold single pixels, the others points half a pixel wide at any place, which
    now and then fall on two pixels or four. Every fourth is a regular grid of 32 pixels or less;
    the others are scattered, from one in 32 x 32 pixels to one in 16. Brightnesses span three
    orders of magnitude; the ground is black, or grey up to 0.3. A wide blur leaves a point a few
    levels: `blurlib.data.camera.clip_light` exposes for longer.
    """
    kind, exact, crowd, ground, spread = uniform(rng, 0, 1, 5).tolist()
    if kind < 0.25:
        pitch = 32 if crowd < 0.5 else int(8 + 48 * (crowd - 0.5))
        axis = torch.arange(int(uniform(rng, 0, pitch)), size, pitch)
        places = torch.cartesian_prod(axis, axis) + 0.5
    else:
        count = int(size * size / 1024 * 64**crowd) + 1
        places = size * torch.rand(count, 2, generator=rng)
    if exact < 0.5:
        places = places.floor()
    row, column = (_FINER * places).long().clamp(0, _FINER * size - 2).T
    # As among stars, faint ones are many; some fields hold points of one brightness alone.
    flux = 10 ** (-3 * spread * torch.rand(len(places), generator=rng))
    fine = torch.zeros(_FINER * size, _FINER * size)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        fine.index_put_((row + i, column + j), flux * _FINER**2 / 4, accumulate=True)
    ground = 0.6 * max(0, ground - 0.5)
    return ground + (1 - ground) * _averaged(fine).clamp(max=1)


@several
def halftones(size, rng):
    """Draw smooth pictures as print shows them: dots of ink, large where it is dark.

    The screen lies at any angle; its pitch is 3 to 8 pixels.
    """
    pitch = _FINER * uniform(rng, 3, 8)
    paper, ink = uniform(rng, 0.6, 1), uniform(rng, 0, 0.35)
    tone = 0.5 + uniform(rng, 0.05, 0.25) * noise(size, rng, uniform(rng, 1.6, 2.4))
    tone = functional.interpolate(tone[None, None], scale_factor=_FINER, mode="bilinear")[0, 0]
    u, v = turned(*grid(_FINER * size), any_angle(rng))
    waves = torch.cos(2 * math.pi / pitch * u) + torch.cos(2 * math.pi / pitch * v)
    inked = tone.clamp(0.05, 0.95) < 0.5 + 0.25 * waves
    return paper + (ink - paper) * _averaged(inked.float())


@several
def white_noises(size, rng):
    """Draw white noise about 0.5: gaussian, uniform, or salt and pepper.

    The standard deviation lies between 0.03 and 0.3, every order of magnitude as often.
    """
    kind, std = uniform(rng, 0, 3), math.exp(uniform(rng, math.log(0.03), math.log(0.3)))
    if kind < 1:
        return (0.5 + std * torch.randn(size, size, generator=rng)).clamp(0, 1)
    draws = torch.rand(size, size, generator=rng)
    if kind < 2:
        return (0.5 + std * math.sqrt(12) * (draws - 0.5)).clamp(0, 1)
    share = 2 * std**2  # of salt, and of pepper: half a level away from the ground each
    return 0.5 + 0.5 * ((draws < share).float() - (draws > 1 - share).float())


@several
def line_arts(size, rng):
    """Draw lines, polygons or leaves that cover one another, each of one tone.

    An edge changes one pixel's level in between, no more.
    """
    kinds = (_lines, _polygons, _leaves)
    kind = kinds[int(uniform(rng, 0, len(kinds)))]
    side, dark, bright = _FINER * size, uniform(rng, 0, 0.4), uniform(rng, 0.6, 1)
    picture = Image.new("L", (side, side), int(uniform(rng, 0, 256)))
    kind(ImageDraw.Draw(picture), side, rng)
    fine = torch.from_numpy(np.array(picture)).float() / 255
    return dark + (bright - dark) * _averaged(fine)


def _tones(rng, count):
    """Draw grey levels for shapes: in half of the drawings black and white alone."""
    tones = 255 * torch.rand(count, generator=rng)
    if uniform(rng, 0, 1) < 0.5:
        tones = 255 * (tones > 127).float()
    return tones.int().tolist()


def _lines(draw, side, rng):
    """Strokes half a pixel to four pixels wide."""
    tones = _tones(rng, int(uniform(rng, 5, 80)))
    for tone in tones:
        ends = uniform(rng, -0.2 * side, 1.2 * side, 4).tolist()
        width = int(_FINER / 2 * 8 ** uniform(rng, 0, 1) + 0.5)
        draw.line(ends, fill=tone, width=width)


def _polygons(draw, side, rng):
    """Polygons of three to seven corners, larger ones below."""
    tones = _tones(rng, int(uniform(rng, 10, 100)))
    for place, tone in enumerate(tones):
        radius = side / 2 * 0.05 ** (place / len(tones))
        angles = uniform(rng, 0, 2 * math.pi, int(uniform(rng, 3, 8))).sort().values
        row, column = uniform(rng, 0, side, 2).tolist()
        rows, columns = row + radius * angles.sin(), column + radius * angles.cos()
        draw.polygon(list(zip(columns.tolist(), rows.tolist(), strict=True)), fill=tone)


def _leaves(draw, side, rng):
    """Disks of every scale: radii with density 1 / r^3, small ones on top."""
    smallest, largest = _FINER * uniform(rng, 1.5, 6), side / 4
    tones = _tones(rng, side * side // int(10 * smallest**2))
    share = uniform(rng, 0, 1, len(tones)).sort().values
    radii = (largest**-2 + share * (smallest**-2 - largest**-2)) ** -0.5
    centres = uniform(rng, 0, side, 2 * len(tones)).view(-1, 2)
    corners = torch.cat([centres - radii[:, None], centres + radii[:, None]], 1)
    for corner, tone in zip(corners.tolist(), tones, strict=True):
        draw.ellipse(corner, fill=tone)


@several
def smooth_scenes(size, rng):
    """Draw slow gradients and skies out of focus, in which there is no evidence of blur.

    A gradient and waves of at least 64 pixels: any blur of up to 6 pixels leaves them as they are,
    but for a contrast that nobody knows.
    """
    along, _ = turned(*grid(size), uniform(rng, 0, 2 * math.pi))
    scene = uniform(rng, 0, 2) * along / size
    for _ in range(int(uniform(rng, 0, 6))):
        along, _ = turned(*grid(size), any_angle(rng))
        wavelength = 64 * 8 ** uniform(rng, 0, 1)
        phase = uniform(rng, 0, 2 * math.pi)
        scene = scene + wavelength / 512 * torch.sin(2 * math.pi / wavelength * along + phase)
    scene = (scene - scene.min()) / (scene.max() - scene.min()).clamp_min(1e-6)
    contrast = 0.02 * 50 ** uniform(rng, 0, 1)
    return contrast * scene + (1 - contrast) * uniform(rng, 0, 1)


def _averaged(fine):
    """Average blocks, as a sensor does."""
    return functional.avg_pool2d(fine[None, None], _FINER)[0, 0]


#: All kinds of pictures that are drawn here.
KINDS = (starfields, halftones, white_noises, line_arts, smooth_scenes)
