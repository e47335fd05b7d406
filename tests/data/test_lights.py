"""Stars, screens, noise, lines and skies: sharp to the pixel, or without any evidence."""

import pytest
import scipy.ndimage
import torch

from blurlib import blur
from blurlib.data import lights

DRAWN = [
    lights.starfields, lights.halftones, lights.white_noises, lights.line_arts,
    lights.smooth_scenes,
]  # fmt: skip


@pytest.mark.parametrize("draw", DRAWN)
def test_pictures_are_repeatable(draw, rng):
    pictures = draw(6, rng=rng, size=48)
    again = draw(6, rng=torch.Generator().manual_seed(0), size=48)
    assert len(pictures) == 6 and all(map(torch.equal, pictures, again))
    for picture in pictures:
        assert picture.shape == (48, 48) and picture.dtype == torch.float32
        assert picture.min() >= 0 and picture.max() <= 1 and picture.std() > 0
    assert not torch.equal(pictures[0], pictures[1])
    assert draw(0, rng=rng) == []


@pytest.mark.parametrize("draw", DRAWN)
def test_too_small_pictures_are_refused(draw, rng):
    with pytest.raises(ValueError, match="size must be an integer of at least 32"):
        draw(1, rng=rng, size=16)
    with pytest.raises(TypeError, match="rng must be a torch.Generator"):
        draw(1, rng=3)


def test_stars_are_as_wide_as_their_blur(rng):
    """The second difference of a gaussian's logarithm is -1 / variance, wherever its centre is."""
    variances = []
    for field in lights.starfields(40, rng=rng, size=128):
        light = (field - field.median()).double()
        seen = blur.blur_uniform(light, blur.gaussian_psf(2.0, dtype=torch.float64))
        around = torch.from_numpy(scipy.ndimage.uniform_filter(light.numpy(), 25, mode="wrap"))
        for row, column in (light > 0).nonzero().tolist():
            alone = abs(625 * around[row, column] - light[row, column]) < 1e-9
            if alone and 12 <= min(row, column) and max(row, column) < 116:
                left, centre, right = seen[row, column - 1 : column + 2].log()
                variances.append((1 / (2 * centre - left - right)).item())
    assert len(variances) > 100
    assert variances == pytest.approx([4.0] * len(variances), rel=1e-3)


def test_stars_stand_sparse_and_dense_on_grids_and_scattered(rng):
    counts, grounds, grids = [], [], 0
    for field in lights.starfields(100, rng=rng, size=128):
        ground = field.median()
        rows, columns = (field > ground).nonzero().T
        counts.append(len(rows))
        grounds.append(ground.item())
        gaps = torch.cat([rows.unique().diff(), columns.unique().diff()])
        grids += len(gaps) > 4 and bool((gaps == 32).all())
    assert min(counts) <= 20 and max(counts) > 128 * 128 / 25
    assert grounds.count(0.0) > 30 and 0.2 < max(grounds) <= 0.3
    assert grids >= 3


def test_dots_stand_as_dense_as_their_screen_at_any_angle(rng):
    rows, columns = torch.fft.fftfreq(128)[:, None], torch.fft.rfftfreq(128)
    frequency, angle = torch.hypot(rows, columns), torch.atan2(rows, columns)
    pitches, angles = [], []
    for screen in lights.halftones(40, rng=rng, size=128):
        power = torch.fft.rfft2(screen - screen.mean()).abs().square()
        peak = torch.where(frequency < 0.1, 0, power).argmax()
        pitches.append(1 / frequency.flatten()[peak].item())
        angles.append(angle.flatten()[peak].item() % (torch.pi / 2))
        assert screen.min() < 0.36 and screen.max() > 0.59  # ink and paper
    assert 2.9 < min(pitches) < 3.5 and 7.5 < max(pitches) < 8.3
    assert min(angles) < 0.3 and max(angles) > 1.2


def test_white_noise_is_white(rng):
    stds, kinds = [], set()
    for field in lights.white_noises(60, rng=rng, size=128):
        field = field - field.mean()
        stds.append(field.std().item())
        for step in (field[1:] * field[:-1], field[:, 1:] * field[:, :-1]):
            assert abs(step.mean()) < 0.04 * field.var()
        kinds.add(round((field.double() ** 4).mean().item() / stds[-1] ** 4))
    assert 0.029 < min(stds) < 0.05 and 0.2 < max(stds) < 0.31
    assert {2, 3} <= kinds and max(kinds) > 6  # uniform, gaussian, salt and pepper


def steepness(picture):
    """Return how much of an upright edge lies in two neighbouring differences out of three."""
    steps = picture.diff(dim=1).abs().unfold(1, 5, 1)
    upright = (steps[1:] - steps[:-1]).abs().amax(-1) < 0.05
    steps = steps[1:]
    steps = steps[upright & (steps[..., 2] == steps.amax(-1)) & (steps[..., 2] > 0.2)]
    two = steps[:, 2] + torch.maximum(steps[:, 1], steps[:, 3])
    return two / steps[:, 1:4].sum(1)


def test_edges_of_drawings_are_one_pixel_wide(rng):
    sharp, soft = [], []
    for drawing in lights.line_arts(20, rng=rng, size=128):
        sharp.append(steepness(drawing))
        soft.append(steepness(blur.blur_uniform(drawing, blur.gaussian_psf(0.7))))
    sharp, soft = torch.cat(sharp), torch.cat(soft)
    assert len(sharp) > 500 and len(soft) > 500
    assert sharp.median() > 0.99 > 0.9 > soft.median()


def test_drawings_are_lines_polygons_and_leaves_of_one_tone(rng):
    for drawing in lights.line_arts(20, rng=rng, size=128):
        alike = (drawing[1:] == drawing[:-1])[:, 1:] & (drawing[:, 1:] == drawing[:, :-1])[1:]
        assert alike.float().mean() > 0.3


def test_smooth_scenes_hold_no_evidence_of_blur(rng):
    contrasts = []
    for scene in lights.smooth_scenes(20, rng=rng, size=192):
        seen = blur.blur_uniform(scene.double(), blur.gaussian_psf(3.0, dtype=torch.float64))
        inside = scene.double()[12:-12, 12:-12].flatten()
        seen = seen[12:-12, 12:-12].flatten()
        contrasts.append(inside.std().item())
        # But for a gain and an offset it is the same picture.
        design = torch.stack([inside, torch.ones_like(inside)], 1)
        left = seen - design @ torch.linalg.lstsq(design, seen[:, None]).solution[:, 0]
        assert left.std() < 0.02 * seen.std()
    assert min(contrasts) < 0.01 and max(contrasts) > 0.1
