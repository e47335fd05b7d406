"""Crops with a field of sigma: the blur is exact, the fields and the damage are what they say."""

import pytest
import torch

from blurlib import blur, data
from blurlib.data import crops

#: Plain crops, where a test asks for nothing else.
PLAIN = {
    "crop_size": 64, "sigma_common_max": 3.2, "contrast": 0.3, "p_extreme": 0.0, "p_disk": 0.0,
    "p_mix": 0.0,
}  # fmt: skip


def stream(sharp, seed=0, weights=None, **changes):
    config = data.CropConfig(**{**PLAIN, **changes})
    rng = torch.Generator().manual_seed(seed)
    return data.CropStream(sharp, config, rng=rng, weights=weights)


@pytest.fixture
def sharp(rng):
    return [torch.rand(96, 120, generator=rng), torch.rand(128, 92, generator=rng)]


def test_crops_repeat_with_their_seed(sharp):
    first, again, other = (stream(sharp, seed).batch(5) for seed in (0, 0, 1))
    assert all(map(torch.equal, first, again)) and not torch.equal(first[0], other[0])
    assert first[0].shape == (5, 1, 64, 64) and first[1].shape == (5, 64, 64)


def test_frozen_recipes_draw_what_they_always_drew(sharp):
    found, fields = stream(sharp).batch(8)
    assert found.double().mean().item() == pytest.approx(0.4786, abs=1e-4)
    assert fields.double().mean().item() == pytest.approx(1.89507, abs=1e-5)


def test_fields_are_constants_ramps_and_waves_within_the_range(sharp):
    _, fields = stream(sharp, sigma_max=6.0, sigma_common_max=3.0).batch(400)
    assert fields.min() >= 0 and fields.max() <= 6
    tops = fields.amax((1, 2))
    assert (tops > 3).float().mean() == pytest.approx(0.2 * 0.5, abs=0.07)
    spread = tops - fields.amin((1, 2))
    assert (spread == 0).float().mean() == pytest.approx(0.2, abs=0.06)
    bend = fields.diff(n=2, dim=2).abs().amax((1, 2)) + fields.diff(n=2, dim=1).abs().amax((1, 2))
    ramps = (spread > 0.1) & (bend < 1e-5)
    assert ramps.float().mean() == pytest.approx(0.4, abs=0.1)


def test_levels_are_8_bit_also_after_noise_and_jpeg(sharp):
    for options in ({"p_noise": 1.0, "p_jpeg": 0.0}, {"p_noise": 0.0, "p_jpeg": 1.0}):
        found, _ = stream(sharp, **options).batch(6)
        levels = found * 255
        torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
        clean, _ = stream(sharp, p_noise=0.0, p_jpeg=0.0).batch(6)
        assert not torch.equal(found, clean)


def test_noise_and_jpeg_come_as_often_as_asked(sharp):
    options = {"p_noise": 0.0, "p_jpeg": 0.0}
    clean, _ = stream(sharp, **options).batch(200)
    for name, share in (("p_noise", 0.3), ("p_jpeg", 0.15)):
        found, _ = stream(sharp, **{**options, name: share}).batch(200)
        changed = (found != clean).flatten(1).any(1).float().mean()
        assert changed == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_compression_is_nearly_libjpegs(quality):
    image = blur.quantize(data.packaged_image("brick")[:128, :128])
    ours = crops.compress(image[None], torch.full((1, 1, 1), float(quality)))[0]
    theirs = blur.jpeg(image, quality)
    # libjpeg rounds inside its transform too: now and then a coefficient falls the other way.
    assert (ours - theirs).abs().mean() < 0.25 * (image - theirs).abs().mean()


def test_shares_make_the_batch_of_one(sharp):
    whole, fields = stream(sharp).batch(4)
    parts = [stream(sharp).batch(4, rank=k, world_size=2) for k in range(2)]
    assert torch.equal(torch.cat([part[0] for part in parts]), whole)
    assert torch.equal(torch.cat([part[1] for part in parts]), fields)


def test_a_stream_goes_on_where_it_stood(sharp):
    first = stream(sharp)
    first.batch(3)
    state, wanted = first.state_dict(), first.batch(3)
    second = stream(sharp)
    second.load_state_dict(state)
    assert all(map(torch.equal, second.batch(3), wanted))


def test_bad_arguments_are_named(sharp, rng):
    with pytest.raises(ValueError, match="multiple of 8"):
        stream(sharp, crop_size=60)
    with pytest.raises(ValueError, match="at least"):
        stream([torch.rand(70, 70, generator=rng)])
    with pytest.raises(ValueError, match="p_noise"):
        stream(sharp, p_noise=1.5)
    with pytest.raises(ValueError, match="noise_max"):
        stream(sharp, noise_max=0.1)
    with pytest.raises(ValueError, match="multiples of 8"):
        crops.compress(torch.rand(1, 12, 16, generator=rng), torch.full((1, 1, 1), 50.0))
    with pytest.raises(ValueError, match="quality must"):
        crops.compress(torch.rand(1, 8, 16, generator=rng), torch.full((1, 1, 1), 150.0))


def test_disks_come_as_often_as_asked_and_nothing_else_changes(sharp):
    options = {"p_noise": 0.0, "p_jpeg": 0.0, "sigma_max": 3.0, "sigma_common_max": 3.0}
    gaussians, fields = stream(sharp, **options).batch(200)
    disks, same_fields = stream(sharp, p_disk=0.15, **options).batch(200)
    assert torch.equal(fields, same_fields)
    changed = (gaussians != disks).flatten(1).any(1).float().mean()
    assert changed == pytest.approx(0.15, abs=0.06)


def test_fields_lie_at_their_ends_as_often_as_asked(sharp):
    _, fields = stream(sharp, sigma_max=3.0, sigma_common_max=3.0, p_extreme=0.25).batch(400)
    constant = fields[(fields.amax((1, 2)) - fields.amin((1, 2))) == 0][:, 0, 0]
    for end in (0.0, 3.0):
        assert (constant == end).float().mean() == pytest.approx(0.25, abs=0.12)
    between = constant[(constant > 0) & (constant < 3)]
    assert between.mean() == pytest.approx(1.5, abs=0.35)


def test_pictures_are_cut_as_often_as_their_weights_say(sharp):
    black = [torch.zeros_like(sharp[0]), torch.ones_like(sharp[1])]
    options = {"p_noise": 0.0, "p_jpeg": 0.0, "sigma_common_max": 0.1, "sigma_max": 0.1}
    found, _ = stream(black, weights=(3, 1), **options).batch(400)
    # A random contrast moves black and white, but leaves the darker darker on average.
    white = (found.mean((1, 2, 3)) == 1).float().mean()
    assert white == pytest.approx(0.25 * 0.5, abs=0.06)
    even, _ = stream(black, **options).batch(400)
    assert (even.mean((1, 2, 3)) == 1).float().mean() == pytest.approx(0.5 * 0.5, abs=0.08)


def test_impossible_shares_and_weights_are_named(sharp):
    with pytest.raises(ValueError, match="p_extreme"):
        stream(sharp, p_extreme=0.5)
    with pytest.raises(ValueError, match="p_disk"):
        stream(sharp, p_disk=0.3)
    for weights in ((1,), (1, 0), (1, float("inf")), (1, float("nan")), (), "ab", (1, None)):
        with pytest.raises(ValueError, match="weights must be 2 positive numbers"):
            stream(sharp, weights=weights)


def test_mixes_are_means_of_two_cuts():
    halves = [torch.zeros(80, 80), torch.ones(80, 80)]
    options = {"crop_size": 32, "p_noise": 0.0, "p_jpeg": 0.0, "contrast": 1.0}
    crops, _ = stream(halves, p_mix=0.5, **options).batch(400)
    levels = crops[:, 0, 16, 16]
    mixed = (levels > 0.01) & (levels < 0.99)
    assert mixed.float().mean() == pytest.approx(0.25, abs=0.06)  # half of half meet another
    assert 0.29 <= levels[mixed].min() and levels[mixed].max() <= 0.71
    with pytest.raises(ValueError, match="p_mix"):
        stream(halves, p_mix=1.5, **options)


def test_a_stream_with_mixes_is_shared_out_like_any_other(sharp):
    whole = stream(sharp, p_mix=0.5).batch(4)
    parts = [stream(sharp, p_mix=0.5).batch(4, rank=k, world_size=2) for k in range(2)]
    for joined, one in zip(zip(*parts, strict=True), whole, strict=True):
        assert torch.equal(torch.cat(joined), one)
