"""Free pictures to train on."""

import pytest
import torch

from blurlib import data


def test_free_textures_hold_no_test_texture(rng):
    assert not {*data.TRAINING_PHOTOGRAPHS} & {*data.TEST_TEXTURES, "text", "page"}
    images = data.training_images(rng=rng, num_each=1, size=64)
    assert len(images) == len(data.FAMILIES) + 7


def test_free_pages_are_printed_soft_and_repeatable(rng):
    pages = data.free_pages(3, rng=rng, size=96)
    again = data.free_pages(3, rng=torch.Generator().manual_seed(0), size=96)
    assert len(pages) == 3 and all(map(torch.equal, pages, again))
    for page in pages:
        assert page.shape == (96, 96) and 0 <= page.min() < 0.5 and 0.8 < page.max() <= 1
    assert data.free_pages(0, rng=rng) == []


def test_free_scans_are_stained_soft_and_repeatable(rng):
    scans = data.synthetic_prints(3, rng=rng, size=96)
    again = data.synthetic_prints(3, rng=torch.Generator().manual_seed(0), size=96)
    assert len(scans) == 3 and all(map(torch.equal, scans, again))
    for scan in scans:
        assert scan.shape == (96, 96) and scan.min() >= 0 and scan.max() <= 1
        assert 0.02 < scan.std() < 0.35  # ink on paper, neither blank nor black and white
    assert data.synthetic_prints(0, rng=rng) == []


def test_free_photographs_are_the_last_of_the_free_textures(rng):
    photographs = data.free_photographs()
    textures = data.training_images(rng=rng, num_each=1, size=64)[-len(photographs) :]
    assert len(photographs) == len(data.TRAINING_PHOTOGRAPHS)
    assert all(map(torch.equal, photographs, textures))
    drawn = data.training_images(rng=rng, num_each=1, size=64, photographs=False)
    assert len(drawn) == len(data.FAMILIES)


def test_free_fields_are_repeatable(rng):
    fields = data.gaussian_random_fields(3, rng=rng, size=48)
    again = data.gaussian_random_fields(3, rng=torch.Generator().manual_seed(0), size=48)
    assert len(fields) == 3 and all(map(torch.equal, fields, again))
    assert all(field.min() >= 0 and field.max() <= 1 for field in fields)


def test_free_cloth_is_repeatable(rng):
    cloth = data.synthetic_cloth(3, rng=rng, size=48)
    again = data.synthetic_cloth(3, rng=torch.Generator().manual_seed(0), size=48)
    assert len(cloth) == 3 and all(map(torch.equal, cloth, again))
    for piece in cloth:
        assert piece.shape == (48, 48) and piece.min() >= 0 and piece.max() <= 1
        assert piece.std() > 0.01


@pytest.mark.parametrize(
    "draw",
    [data.free_pages, data.gaussian_random_fields, data.synthetic_cloth, data.synthetic_prints],
)
def test_too_small_pictures_are_refused(draw, rng):
    with pytest.raises(ValueError, match="size must be an integer of at least 32"):
        draw(1, rng=rng, size=16)
    with pytest.raises(TypeError, match="rng must be a torch.Generator"):
        draw(1, rng=3)
