"""The published protocol against sums done by hand, and the split that does not leak."""

import math

import pytest
import torch

from blurlib import data
from blurlib.data import blur_levels, draw_sigmas, to_levels

PUBLISHED = data.DatasetConfig()


def by_hand(levels, sigma):
    """Blur 8-bit rows as MATLAB does: fspecial's kernel, zeros outside, halves rounded up."""
    reach = math.ceil(2 * sigma - 1e-9)
    kernel = {
        (i, j): math.exp(-(i * i + j * j) / (2 * sigma**2))
        for i in range(-reach, reach + 1)
        for j in range(-reach, reach + 1)
    }
    top = max(kernel.values())
    kernel = {at: value for at, value in kernel.items() if value >= 2.220446e-16 * top}
    total = math.fsum(kernel.values())
    height, width = len(levels), len(levels[0])

    def pixel(row, column):
        terms = [
            value / total * levels[row + i][column + j]
            for (i, j), value in kernel.items()
            if 0 <= row + i < height and 0 <= column + j < width
        ]
        return math.floor(math.fsum(terms) + 0.5)

    return [[pixel(row, column) for column in range(width)] for row in range(height)]


@pytest.mark.parametrize("k", range(1, 31))
def test_8_bit_images_equal_sums_by_hand_for_all_30_sigmas(k, rng):
    levels = torch.randint(256, (15, 17), generator=rng, dtype=torch.uint8)
    sigma = draw_sigmas(PUBLISHED, "")[k - 1]
    assert sigma == pytest.approx(0.1 * k, abs=1e-12)
    assert blur_levels(levels, sigma, PUBLISHED).tolist() == by_hand(levels.tolist(), 0.1 * k)


def test_a_white_point_becomes_matlabs_printed_kernel():
    # fspecial('gaussian', 5, 1) prints 0.0030 0.0133 0.0219 / 0.0596 0.0983 / 0.1621, times 255.
    point = torch.zeros(5, 5, dtype=torch.uint8)
    point[2, 2] = 255
    assert blur_levels(point, 1.0, PUBLISHED)[:3, :3].tolist() == [
        [1, 3, 6],
        [3, 15, 25],
        [6, 25, 41],
    ]


def test_the_border_is_dark_as_published_and_not_for_unseen():
    grey = torch.full((40, 40), 200, dtype=torch.uint8)
    assert blur_levels(grey, 2.0, PUBLISHED)[0, 0] < 100
    unseen = data.DatasetConfig(protocol="unseen")
    assert (blur_levels(grey, 2.0, unseen) == 200).all()


def test_classes_01_and_02_change_no_8_bit_picture(rng):
    levels = torch.randint(256, (64, 64), generator=rng, dtype=torch.uint8)
    changed = [
        (blur_levels(levels, sigma, PUBLISHED) != levels).float().mean().item()
        for sigma in (0.1, 0.2, 0.3, 0.4)
    ]
    assert changed[:2] == [0, 0] and 0 < changed[2] < changed[3]


@pytest.mark.parametrize(
    ("shape", "kept", "test"),
    [((640, 640), 100, 30), ((512, 512), 64, 19), ((70, 101), 2, 1), ((32, 32), 0, 0)],
)
def test_counts_follow_the_protocols_arithmetic(shape, kept, test):
    assert data.count_patches(shape, PUBLISHED) == (kept, test)


@pytest.fixture
def table(rng):
    return data.picture_patches(torch.rand(200, 170, generator=rng), PUBLISHED, key="a")


def test_patches_come_from_their_place_in_the_blurred_picture(rng):
    image = torch.rand(200, 170, generator=rng)
    table = data.picture_patches(image, PUBLISHED, key="a")
    levels = to_levels(image)[:192, :160]
    for row in range(0, len(table["patches"]), 29):
        blurred = blur_levels(levels, table["sigmas"][row].item(), PUBLISHED)
        top, left = (32 * number for number in divmod(int(table["places"][row]), 5))
        assert torch.equal(table["patches"][row], blurred[top : top + 32, left : left + 32])


def test_each_class_keeps_other_places_and_shares_them_out_once(table):
    kept, num_test = data.count_patches((200, 170), PUBLISHED)
    drawn = []
    for label in range(30):
        rows = table["labels"] == label
        places = table["places"][rows].tolist()
        assert len(places) == kept == len(set(places)) and table["test"][rows].sum() == num_test
        drawn.append(tuple(places))
    assert len(set(drawn)) > 25
    assert torch.equal(table["sigmas"], data.class_sigmas(30)[table["labels"].long()])


def test_draws_depend_on_seed_and_key_alone(rng, table):
    image = torch.rand(200, 170, generator=rng)  # the fixture's generator has moved on
    other = data.picture_patches(image, PUBLISHED, key="b")
    again = data.picture_patches(image, PUBLISHED, key="a")
    assert torch.equal(again["places"], table["places"])
    assert not torch.equal(other["places"], table["places"])
    seeded = data.picture_patches(image, data.DatasetConfig(seed=1), key="a")
    assert not torch.equal(seeded["places"], table["places"])


def test_continuous_sigmas_lie_in_their_step():
    config = data.DatasetConfig(continuous=True)
    sigmas = draw_sigmas(config, "a")
    assert all(0.1 * k <= sigma < 0.1 * (k + 1) for k, sigma in enumerate(sigmas))
    assert sigmas == draw_sigmas(config, "a") != draw_sigmas(config, "b")


@pytest.mark.parametrize("role", ["train", "test"])
def test_a_picture_of_one_side_gives_all_its_patches_to_it(rng, role):
    table = data.picture_patches(torch.rand(99, 99, generator=rng), PUBLISHED, role=role)
    assert (table["test"] == (role == "test")).all()


def test_materials_stay_together_and_fill_the_share(rng):
    materials = [f"m{k // 3}" for k in range(60)]
    aside = data.split_materials(materials, 0.3, rng=rng)
    assert sum(aside) == 18
    for k in range(20):
        assert len(set(aside[3 * k : 3 * k + 3])) == 1
    assert aside != data.split_materials(materials, 0.3, rng=rng)


def test_equal_settings_are_one_protocol():
    import numpy as np

    assert repr(data.DatasetConfig(seed=np.int64(3), keep=1)) == repr(
        data.DatasetConfig(seed=3, keep=1.0)
    )


def test_a_large_material_is_not_put_aside_where_a_small_one_does(rng):
    materials = ["big"] * 8 + ["b", "c", "d"]
    for _ in range(50):
        assert sum(data.split_materials(materials, 0.3, rng=rng)) == 3
    assert data.split_materials(["big"] * 8 + ["b"], 0.01, rng=rng) == [False] * 8 + [True]


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_both_sides_get_something(rng, share):
    assert set(data.split_materials(["a", "b"], share, rng=rng)) == {True, False}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: data.DatasetConfig(protocol="mine"), "as-published, unseen"),
        (lambda: data.DatasetConfig(keep=0), "keep must be"),
        (lambda: data.DatasetConfig(test_share=1), "test_share must be"),
        (lambda: data.DatasetConfig(seed=-1), "seed must be"),
        (lambda: data.DatasetConfig(seed=2**63), f"seed must be .* to {2**63 - 1}, got"),
        (lambda: data.DatasetConfig(padding_mode="banana"), "padding_mode must be"),
        (lambda: data.DatasetConfig(truncate=-5), "truncate must be"),
        (lambda: data.DatasetConfig(num_classes=0), "num_classes must be"),
        (lambda: data.picture_patches(torch.rand(40, 40), PUBLISHED), "pass a larger one"),
        (lambda: data.picture_patches(torch.rand(20, 40), PUBLISHED), "at least 32 pixels"),
        (lambda: data.picture_patches(torch.rand(99, 99), PUBLISHED, role="x"), "role must be"),
        (lambda: to_levels(torch.rand(3, 9, 9)), "pass one image"),
    ],
)
def test_bad_protocols_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_one_material_cannot_be_split(rng):
    with pytest.raises(ValueError, match="at least two materials"):
        data.split_materials(["brick", "brick"], 0.3, rng=rng)
