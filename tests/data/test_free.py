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

    def edges(**options):
        (page,) = data.free_pages(1, rng=torch.Generator().manual_seed(5), **options)
        return page.diff(dim=1).abs().max()

    assert edges(softest=3.0) < edges(softest=0.0)
    assert data.free_pages(0, rng=rng) == []
    with pytest.raises(ValueError, match="softest"):
        data.free_pages(1, rng=rng, softest=-1)


def test_free_scans_are_stained_soft_and_repeatable(rng):
    scans = data.synthetic_prints(3, rng=rng, size=96)
    again = data.synthetic_prints(3, rng=torch.Generator().manual_seed(0), size=96)
    assert len(scans) == 3 and all(map(torch.equal, scans, again))
    for scan in scans:
        assert scan.shape == (96, 96) and scan.min() >= 0 and scan.max() <= 1
        assert 0.02 < scan.std() < 0.35  # ink on paper, neither blank nor black and white

    def edges(softness):
        (scan,) = data.synthetic_prints(1, rng=torch.Generator().manual_seed(5), softness=softness)
        return scan.diff(dim=1).abs().max()

    assert edges((2.0, 3.0)) < 0.8 * edges((0.0, 0.1))
    assert data.synthetic_prints(0, rng=rng) == []
    with pytest.raises(ValueError, match="largest of softness"):
        data.synthetic_prints(1, rng=rng, softness=(1.0, 0.5))
    with pytest.raises(ValueError, match="size"):
        data.synthetic_prints(1, rng=rng, size=16)
    for softness in (0.5, (0.5,), (0.1, 0.2, 0.3)):
        with pytest.raises(ValueError, match="softness must be"):
            data.synthetic_prints(1, rng=rng, softness=softness)


def test_free_photographs_are_the_last_of_the_free_textures(rng):
    photographs = data.free_photographs()
    textures = data.training_images(rng=rng, num_each=1, size=64)[-len(photographs) :]
    assert len(photographs) == len(data.TRAINING_PHOTOGRAPHS)
    assert all(map(torch.equal, photographs, textures))
    drawn = data.training_images(rng=rng, num_each=1, size=64, photographs=False)
    assert len(drawn) == len(data.FAMILIES)


@pytest.mark.parametrize("slope", [-1.0, -3.0])
def test_free_fields_follow_the_power_law_that_was_asked_for(slope, rng):
    fields = data.gaussian_random_fields(
        8, rng=rng, size=64, slopes=(slope, slope), contrasts=(0.05, 0.05)
    )
    stack = torch.stack(fields).double()
    assert stack.std((1, 2)).tolist() == pytest.approx([0.05] * 8, rel=1e-3)
    power = torch.fft.fft2(stack).abs().square().mean(0)
    axis = torch.fft.fftfreq(64, dtype=torch.float64)
    radius = torch.hypot(axis[:, None], axis)
    inside = radius > 0.05
    x, y = radius[inside].log(), power[inside].log()
    x, y = x - x.mean(), y - y.mean()
    assert ((x * y).sum() / x.square().sum()).item() == pytest.approx(slope, abs=0.1)


def test_free_fields_are_repeatable_and_refuse_what_they_cannot_draw(rng):
    fields = data.gaussian_random_fields(3, rng=rng, size=48)
    again = data.gaussian_random_fields(3, rng=torch.Generator().manual_seed(0), size=48)
    assert len(fields) == 3 and all(map(torch.equal, fields, again))
    assert all(field.min() >= 0 and field.max() <= 1 for field in fields)
    for wrong in (
        *({"slopes": (-1.0, 0.5)}, {"contrasts": (0.2, 0.1)}, {"slopes": -2.0}),
        *({"contrasts": (0.1, 0.5)}, {"size": 16}),
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            data.gaussian_random_fields(1, rng=rng, **wrong)


def test_free_cloth_has_sharp_lines_where_its_threads_are(rng):
    (cloth,) = data.synthetic_cloth(1, rng=rng, size=128, periods=(6.0, 6.0))
    power = torch.fft.rfft2(cloth - cloth.mean()).abs().square().flatten()
    strongest = power.sort(descending=True).values
    assert strongest[:40].sum() > 0.3 * power.sum()  # 40 of more than 8000

    def edges(period):
        draws = torch.Generator().manual_seed(3)
        return data.synthetic_cloth(1, rng=draws, periods=(period, period))[0].diff(dim=1).std()

    assert edges(4.0) > edges(12.0)


def test_free_cloth_is_repeatable_and_refuses_what_it_cannot_weave(rng):
    cloth = data.synthetic_cloth(3, rng=rng, size=48)
    again = data.synthetic_cloth(3, rng=torch.Generator().manual_seed(0), size=48)
    assert len(cloth) == 3 and all(map(torch.equal, cloth, again))
    for piece in cloth:
        assert piece.shape == (48, 48) and piece.min() >= 0 and piece.max() <= 1
        assert piece.std() > 0.01
    for wrong in ({"periods": (1.0, 5.0)}, {"periods": 3.0}, {"size": 16}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            data.synthetic_cloth(1, rng=rng, **wrong)
