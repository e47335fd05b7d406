"""Layered scenes: near things out of focus spill over far ones, never the other way."""

import pytest
import torch

from blurlib import blur
from blurlib.data.scenery import compose, outlines

REACH = 6


def framed(psf):
    half = REACH - len(psf) // 2
    return torch.nn.functional.pad(psf, (half,) * 4)[None]


SHARP, SOFT = framed(blur.gaussian_psf(0.0)), framed(blur.disk_psf(4.0))


@pytest.fixture
def scene(rng):
    """Return a near layer, a far one, and where the near one is: not square, with a margin."""
    front, back = 0.2 + 0.6 * torch.rand(2, 1, 44, 52, generator=rng)
    mask = torch.zeros(1, 44, 52)
    mask[:, :, :26] = 1.0
    return front, back, mask


def inner(layer):
    return layer[:, REACH:-REACH, REACH:-REACH]


def test_in_focus_the_near_layer_hides_the_far_one(scene):
    front, back, mask = scene
    found = compose(front, back, mask, SHARP, SHARP)
    wanted = torch.where(mask > 0, front, back)
    torch.testing.assert_close(found, inner(wanted), atol=1e-5, rtol=0)


def test_a_far_layer_out_of_focus_never_spills_over_the_near_one(scene):
    front, back, mask = scene
    found = compose(front, back, mask, SHARP, SOFT)
    near = inner(mask) > 0
    torch.testing.assert_close(found[near], inner(front)[near], atol=1e-5, rtol=0)
    far = blur.blur_uniform(back[0], SOFT[0])[None]  # whole, as if nothing stood before it
    torch.testing.assert_close(found[~near], inner(far)[~near], atol=1e-5, rtol=0)


def test_a_near_layer_out_of_focus_spills_as_far_as_its_blur_reaches(scene):
    _, back, mask = scene
    white = torch.ones_like(back)
    found = compose(white, back, mask, SOFT, SHARP)
    change = (found - inner(back)).abs().amax((0, 1))
    edge = 26 - REACH  # the first column of the far layer
    assert change[edge + 3] > 0.01 and change[edge + 4 :].max() < 1e-5
    assert (1 - found[..., : edge - 4]).abs().max() < 1e-5 < (1 - found[..., edge - 1]).max()
    # No light is lost where a layer thins out: behind white is white.
    whole = compose(white, white, mask, SOFT, SHARP)
    torch.testing.assert_close(whole, torch.ones_like(whole), atol=1e-5, rtol=0)


def test_outlines_divide_a_picture(rng):
    masks = outlines(30, rng=rng, size=48)
    assert masks.shape == (30, 48, 48) and set(masks.unique().tolist()) == {0.0, 1.0}
    shares = masks.mean((1, 2))
    assert 0.19 < shares.min() < 0.35 and 0.65 < shares.max() < 0.81
    again = outlines(30, rng=torch.Generator().manual_seed(0), size=48)
    assert torch.equal(masks, again)
    with pytest.raises(ValueError, match="num must be"):
        outlines(0, rng=rng, size=48)
    with pytest.raises(TypeError, match="size must be"):
        outlines(1, rng=rng, size=48.0)
