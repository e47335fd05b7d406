"""Crops: the blur is what the truth says, and what cameras do comes as often as asked."""

import pytest
import torch
from torch.nn import functional

from blurlib import blur, data
from blurlib.data import crops

#: All that may happen to a crop beside its blur.
EFFECTS = (
    "p_mix", "p_linear", "p_clip", "p_shot", "p_mosaic", "p_noise", "p_denoise", "p_sharpen",
    "p_unrounded", "p_jpeg", "p_resize", "p_bars",
)  # fmt: skip

#: Plain crops, where a test asks for nothing else: gaussians cut at two sigma, no camera.
PLAIN = {
    "crop_size": 64, "reach": 16, "p_field": 1.0, "p_layers": 0.0, "p_full": 0.0, "p_disk": 0.0,
    "p_sharp": 0.0, "sigma_max": 3.0, "sigma_common_max": 3.0, "p_extreme": 0.0,
    "std_range": (0.25, 4.0), "contrast": 1.0, **dict.fromkeys(EFFECTS, 0.0),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def few_lenses():
    """Draw few point spread functions: to draw all takes longer than most tests; expose once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crops, "_EXPOSED", 0)
        patch.setattr(crops, "_NUM_PSFS", 30)
        patch.setattr(crops, "_NUM_OUTLINES", 5)
        yield


def stream(sharp, seed=0, weights=None, **changes):
    config = data.CropConfig(**{**PLAIN, **changes})
    rng = torch.Generator().manual_seed(seed)
    return data.CropStream(sharp, config, rng=rng, weights=weights)


def width(picture):
    """Return how wide a single blurred point is."""
    return blur.effective_sigma(functional.pad(picture, (0, 1, 0, 1)) / picture.sum())


@pytest.fixture
def sharp(rng):
    return [torch.rand(96, 120, generator=rng), torch.rand(128, 100, generator=rng)]


def test_crops_repeat_with_their_seed(sharp):
    first, again, other = (stream(sharp, seed).batch(5) for seed in (0, 0, 1))
    assert all(map(torch.equal, first, again)) and not torch.equal(first[0], other[0])
    assert first[0].shape == (5, 1, 64, 64) and first[1].shape == (5, 2, 64, 64)


def test_frozen_recipes_draw_what_they_always_drew(sharp, monkeypatch):
    monkeypatch.setattr(crops, "_EXPOSED", 0.4)
    config = data.CropConfig(crop_size=64)
    source = data.CropStream(sharp, config, rng=torch.Generator().manual_seed(0))
    found, truth = source.batch(24)
    assert found.double().mean().item() == pytest.approx(0.52167, abs=1e-4)
    assert truth.double().mean((0, 2, 3)).tolist() == pytest.approx([3.46203, 0.43093], abs=1e-4)


@pytest.mark.parametrize(
    "options",
    [{}, {"p_full": 1.0}, {"p_disk": 1.0}, {"p_field": 0.0}],
    ids=["cut gaussian", "full gaussian", "disk", "lens"],
)
def test_the_truth_is_the_width_of_a_blurred_point(options):
    point = torch.zeros(96, 96)
    point[48, 47] = 1.0
    # Half of the fields are constant if the largest sigma is as frequent as it may be.
    options = {"p_extreme": 0.49, "p_unrounded": 1.0, **options}
    found, truth = stream([point], **options).batch(60)
    widths = []
    for crop, (std, is_disk) in zip(found[:, 0], truth, strict=True):
        assert set(is_disk.unique().tolist()) <= {0.0, 1.0}
        if (std == std[0, 0]).all():
            crop = crop.where(crop > 1e-6, 0)  # noise of the Fourier transform
            assert crop.sum() == pytest.approx(1, abs=1e-3)
            assert width(crop) == pytest.approx(std[0, 0].item(), abs=0.01)
            widths.append(std[0, 0].item())
    assert len(widths) > 8 and max(widths) > 2.5
    if "p_field" not in options:
        assert min(widths) == 0 and (truth[:, 1] == options.get("p_disk", 0)).all()


def test_sigma_runs_along_an_axis(sharp):
    _, truth = stream(sharp).batch(100)
    std = truth[:, 0]
    down, across = ((std.diff(dim=axis) != 0).flatten(1).any(1) for axis in (1, 2))
    assert not (down & across).any()
    assert down.float().mean() == pytest.approx(0.4, abs=0.13)  # others are constant
    assert across.float().mean() == pytest.approx(0.4, abs=0.13)


def test_courses_are_constants_ramps_and_waves(sharp):
    source = stream(sharp, sigma_max=6.0, sigma_common_max=3.0)

    def course(kind, first, second, phase=0.0, top=0.0):
        draws = (torch.full((1, 1, 1), value) for value in (kind, first, second, phase, top))
        return source._courses(*draws).expand(1, 1, 64)[0, 0]

    assert (course(0.1, 0.5, 0.9) == 1.5).all() and (course(0.1, 0.5, 0.9, top=0.9) == 3).all()
    ramp = course(0.3, 0.0, 1.0)
    torch.testing.assert_close(ramp.diff(), torch.full((63,), 3 / 1.5 / 64))
    assert ramp.mean() == pytest.approx(1.5, abs=1e-5)
    for kind, turns in ((0.6, 0.25), (0.8, 0.25 * 8**0.5), (0.9999, 2.0)):
        along = (torch.arange(64) + 0.5) / 64 - 0.5
        wave = 1.5 + 0.6 * torch.sin(2 * torch.pi * (turns * along + 0.3))
        torch.testing.assert_close(course(kind, 0.3, 0.7, 0.3), wave, atol=1e-2, rtol=0)


def test_fields_lie_at_their_ends_as_often_as_asked(sharp):
    source = stream(sharp, p_extreme=0.25)
    first, second = torch.rand(2, 4000, 1, 1, generator=torch.Generator().manual_seed(1))
    zero = torch.zeros_like(first)
    found = source._courses(zero, first, second, zero, zero).flatten()
    for end in (0.0, 3.0):
        assert (found == end).float().mean() == pytest.approx(0.25, abs=0.03)
    assert found[(found > 0) & (found < 3)].mean() == pytest.approx(1.5, abs=0.1)


def test_layers_have_the_truth_of_what_is_seen(sharp):
    source = stream(sharp, p_field=0.0, p_layers=1.0)
    _, truth = source.batch(20)
    masks = source._masks[:, 16:-16, 16:-16] > 0
    for one in truth:
        parts = [mask for mask in masks if all(
            (layer[side] == layer[side][:1]).all() for layer in one for side in (mask, ~mask)
        )]  # fmt: skip
        assert parts  # each side of one of the outlines has one truth
    assert (truth[:, 0].amax((1, 2)) > truth[:, 0].amin((1, 2))).float().mean() > 0.7


def test_layers_in_focus_are_two_pictures(sharp):
    halves = [torch.zeros(96, 96), torch.ones(96, 96)]
    source = stream(halves, p_field=0.0, p_layers=1.0, p_sharp=1.0, p_unrounded=1.0)
    found, truth = source.batch(20)
    assert not truth.any()
    for crop in found[:, 0]:
        assert len((crop * 1000).round().unique()) <= 2


def test_kinds_come_as_often_as_asked(sharp):
    options = {"p_field": 0.5, "p_layers": 0.3, "p_extreme": 0.0}
    draw = {"field": [], "layers": [], "lens": []}
    source = stream(sharp, **options)
    for name, method in (("field", "_fields"), ("layers", "_layers"), ("lens", "_through_lens")):
        make = getattr(source, method)

        def count(cuts, *rest, name=name, make=make):
            draw[name].append(len(cuts))
            return make(cuts, *rest)

        setattr(source, method, count)
    source.batch(150)
    shares = {name: sum(counts) / 150 for name, counts in draw.items()}
    assert shares == pytest.approx({"field": 0.5, "layers": 0.3, "lens": 0.2}, abs=0.11)


@pytest.fixture(scope="module")
def untouched():
    """Return 80 crops to which nothing happened but blur, and what they were cut from."""
    rng = torch.Generator().manual_seed(0)
    sharp = [0.1 + 0.8 * torch.rand(96, 120, generator=rng)]
    return sharp, stream(sharp, p_field=0.7).batch(80)


@pytest.mark.parametrize("name", [*EFFECTS, "p_disk", "p_full"])
def test_what_is_done_comes_as_often_as_asked_and_nothing_else_changes(untouched, name):
    sharp, (before, truth_before) = untouched
    found, truth = stream(sharp, p_field=0.7, **{name: 0.4}).batch(80)
    changed = (found != before).flatten(1).any(1)
    asked = 0.4 * (0.7 if name in ("p_disk", "p_full") else 1)
    assert 0.6 * asked - 0.05 < changed.float().mean() < asked + 0.14
    assert torch.equal(found[~changed], before[~changed])
    if name not in ("p_disk", "p_full", "p_resize"):
        assert torch.equal(truth, truth_before)
    assert found.min() >= 0 and found.max() <= 1
    levels = (found * 255 - (found * 255).round()).abs().flatten(1).amax(1) < 1e-3
    assert levels[~changed].all() and levels.all() == (name != "p_unrounded")


@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_resizing_scales_the_truth(place):
    axis = torch.arange(64.0) - 31.5
    crop = torch.exp(-(axis[:, None] ** 2 + axis**2) / (2 * 4.0**2))
    truth = torch.stack([torch.full((64, 64), 4.0), torch.ones(64, 64)])
    found, told = crops._resized(crop, truth, place)
    made = min(64, round(64 * 2 ** (2 * place - 1)))
    wanted = 4.0 * 2 ** (2 * place - 1)
    assert found.shape == (64, 64) and told.shape == (2, 64, 64) and (told[1] == 1).all()
    assert told[0] == pytest.approx(torch.full((64, 64), wanted), rel=0.02)
    assert width(found[:made, :made]) == pytest.approx(wanted, rel=0.05)
    if made < 64:  # what is missing is mirrored
        assert torch.equal(found[:, made], found[:, made - 1])


def test_shares_make_the_batch_of_one(sharp):
    every = {**dict.fromkeys(EFFECTS, 0.4), "p_field": 0.4, "p_layers": 0.3, "p_disk": 0.3}
    # Sums may end in another bit where they stand elsewhere in memory: where one then rounds the
    # other way, it is by one level, but for JPEG, which rounds a whole block.
    every |= {"p_unrounded": 1.0, "p_jpeg": 0.0}
    whole = stream(sharp, **every).batch(24)
    parts = [stream(sharp, **every).batch(24, rank=k, world_size=3) for k in range(3)]
    found, truth = (torch.cat(part) for part in zip(*parts, strict=True))
    torch.testing.assert_close(truth, whole[1], atol=1e-4, rtol=0)
    torch.testing.assert_close(found, whole[0], atol=1.01 / 255, rtol=0)
    assert ((found - whole[0]).abs() > 1e-4).float().mean() < 1e-3
    with pytest.raises(ValueError, match="5 processes cannot share out 12"):
        stream(sharp).batch(12, rank=0, world_size=5)


def test_a_stream_goes_on_where_it_stood(sharp):
    first = stream(sharp, p_noise=1.0)
    first.batch(3)
    state, wanted = first.state_dict(), first.batch(3)
    second = stream(sharp, p_noise=1.0, seed=7)
    second._psfs = first._psfs
    second.load_state_dict(state)
    assert all(map(torch.equal, second.batch(3), wanted))


def test_small_pictures_are_mirrored(rng):
    small = torch.rand(20, 33, generator=rng)
    source = stream([small], sigma_max=0.1, sigma_common_max=0.1, p_unrounded=1.0)
    found, _ = source.batch(10)
    assert torch.isin(found, small).all() and found.std((1, 2, 3)).min() > 0.2


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([], "images is empty"),
        ([torch.zeros(1, 99, 99)], r"each image must have shape \(H, W\)"),
        ([2 * torch.ones(99, 99)], "divide it by its white level"),
    ],
)
def test_bad_images_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        stream(images)


def test_impossible_weights_are_named(sharp):
    for weights in ((1,), (1, 0), (1, float("inf")), (1, float("nan")), (), "ab", (1, None)):
        with pytest.raises(ValueError, match="weights must be 2 positive numbers"):
            stream(sharp, weights=weights)


def test_pictures_are_cut_as_often_as_their_weights_say():
    halves = [torch.zeros(96, 120), torch.ones(128, 96)]
    for weights, share in (((1, 3), 0.75), (None, 0.5)):
        found, _ = stream(halves, weights=weights).batch(200)
        assert (found.mean((1, 2, 3)) > 0.5).float().mean() == pytest.approx(share, abs=0.1)


def test_contrast_is_lowered_in_half_of_the_crops():
    halves = [torch.zeros(96, 120), torch.ones(128, 96)]
    found, _ = stream(halves, contrast=0.2, p_unrounded=1.0).batch(200)
    levels = found.mean((1, 2, 3))
    untouched = (levels < 1e-6) | (levels > 1 - 1e-6)
    assert untouched.float().mean() == pytest.approx(0.5, abs=0.1)


def test_faint_crops_are_exposed_anew(monkeypatch):
    point = torch.zeros(96, 96)
    point[48, 47] = 1.0
    options = {"p_unrounded": 1.0, "p_field": 0.0, "std_range": (1.0, 4.0)}
    faint, truth = stream([point], **options).batch(100)
    monkeypatch.setattr(crops, "_EXPOSED", 0.5)
    found, same = stream([point], **options).batch(100)
    again = (found != faint).flatten(1).any(1)
    assert again.float().mean() == pytest.approx(0.5, abs=0.13) and torch.equal(truth, same)
    low, high = found[again].amin((1, 2, 3)), found[again].amax((1, 2, 3))
    assert (high - low).min() > 0.19 and low.min() >= 0 and high.max() <= 1
    for one, before in zip(found[again][:, 0], faint[again][:, 0], strict=True):
        light = one - one.min()  # brighter, no other picture
        torch.testing.assert_close(light / light.max(), before / before.max(), atol=1e-3, rtol=0)


def test_what_is_bright_or_blank_is_not_exposed_anew():
    half = torch.full((3, 1, 1), 0.5)
    bright = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(crops._exposed(bright, 0 * half, half, half), bright)
    blank = 0.3 + 1e-5 * bright  # noise of the arithmetic is no detail
    found = crops._exposed(blank, 0 * half, half, half)
    assert found.std((1, 2)).max() < 1e-3


def test_mixes_are_means_of_two_cuts():
    halves = [torch.zeros(96, 96), torch.ones(96, 96)]
    found, _ = stream(halves, p_mix=0.5).batch(200)
    levels = found[:, 0, 32, 32]
    mixed = (levels > 0.01) & (levels < 0.99)
    assert mixed.float().mean() == pytest.approx(0.25, abs=0.09)  # half of half meet another
    assert 0.29 <= levels[mixed].min() and levels[mixed].max() <= 0.71


@pytest.mark.cuda
def test_crops_on_cuda_are_those_of_the_cpu(sharp):
    config = data.CropConfig(**{**PLAIN, "p_layers": 0.3, "p_field": 0.4, "p_jpeg": 0.3})
    made = [
        data.CropStream(sharp, config, rng=torch.Generator().manual_seed(0), device=device).batch(9)
        for device in ("cpu", "cuda")
    ]
    assert made[1][0].is_cuda
    torch.testing.assert_close(made[1][1].cpu(), made[0][1], atol=1e-4, rtol=0)
    assert (made[1][0].cpu() - made[0][0]).abs().mean() < 1e-3
