"""The learned restorer: its examples, its training, what it adds, and what it says of itself."""

from dataclasses import replace

import pytest
import torch

from blurlib import blur, data, learn, restore
from blurlib.learn import prepare
from blurlib.learn.deblur_net import NUM_PLANES
from blurlib.restore import learned, tiles
from reproduce.training import deblur_examples as examples
from reproduce.training import deblur_net as training


def psnr(found, sharp):
    return -10 * (found.clamp(0, 1) - sharp).square().mean().log10().item()


@pytest.fixture
def soft(rng):
    """Return a picture that was not trained on, and itself blurred by 1.6 px with noise."""
    image = data.packaged_image("motorcycle")[100:228, 200:340]
    wide = blur.blur_uniform(image, blur.gaussian_psf(1.6))
    return image, blur.quantize(blur.add_noise(wide, 2 / 255, rng=rng))


def test_it_is_ahead_of_its_classical_start(soft):
    sharp, blurred = soft
    gains = {m: psnr(restore.deblur(blurred, 1.6, method=m), sharp) for m in restore.DEBLUR_METHODS}
    assert gains["deblur-net"] > gains["wiener"] + 0.1 and gains["sparse"] > psnr(blurred, sharp)


def test_a_sigma_that_is_too_large_does_less_harm(soft):
    sharp, blurred = soft
    found = {
        method: psnr(restore.deblur(blurred, 2.1, noise_std=2 / 255, method=method), sharp)
        for method in restore.DEBLUR_METHODS
    }
    assert found["deblur-net"] > found["sparse"] + 0.5
    # Too much blur leaves less noise unexplained: who looks for it finds more, and is as careful.
    assert psnr(restore.deblur(blurred, 2.1, method="sparse"), sharp) > found["sparse"]


def test_it_says_what_error_and_what_gain_to_expect(soft):
    sharp, blurred = soft
    found, error, _ = restore.deblur_with_error(blurred, 1.6)
    within = ((found - sharp).abs() <= error).double().mean()
    assert 0.5 < within < 0.95
    gain = restore.expected_gain(blurred, found, error)
    assert gain == pytest.approx(psnr(found, sharp) - psnr(blurred, sharp), abs=1.5)
    assert restore.deblur_with_error(blurred, 1.6, method="sparse")[1] is None
    assert restore.expected_gain(blurred, blurred, error) == 0


def test_where_nothing_is_done_the_error_is_the_noise(soft):
    sharp, _ = soft
    found, error, _ = restore.deblur_with_error(sharp, 0.0, noise_std=0.01)
    assert torch.equal(found, sharp)
    torch.testing.assert_close(error, torch.full_like(error, 0.01))
    colours = sharp.expand(3, -1, -1)
    found, error, _ = restore.deblur_with_error(colours, 0.0, noise_std=0.01)
    torch.testing.assert_close(error, torch.full_like(error, 0.01 / 3**0.5))


def test_grey_in_three_channels_is_restored_as_grey(soft):
    _, blurred = soft
    grey, error, _ = restore.deblur_with_error(blurred, 1.6, noise_std=2 / 255)
    colours, same, _ = restore.deblur_with_error(
        blurred.expand(3, -1, -1), 1.6, noise_std=2 * 3**0.5 / 255
    )
    torch.testing.assert_close(colours.mean(0), grey, atol=0.01, rtol=0)
    torch.testing.assert_close(same, error, atol=0.01, rtol=0)


def test_beyond_what_it_learned_the_classical_answer_stays(soft):
    _, blurred = soft
    classical = restore.deblur(blurred, 11.0, method="sparse")
    torch.testing.assert_close(restore.deblur(blurred, 11.0), classical, atol=1e-5, rtol=0)


def test_its_tiles_do_not_show(monkeypatch, soft):
    _, blurred = soft
    whole, error, _ = restore.deblur_with_error(blurred, 1.6, noise_std=2 / 255)
    monkeypatch.setattr(tiles, "_BLOCK", 48)
    monkeypatch.setattr(tiles, "_HALO", 32)
    tiled, same, _ = restore.deblur_with_error(blurred, 1.6, noise_std=2 / 255)
    assert (tiled - whole).abs().max() < 0.03 and (same - error).abs().max() < 0.03


def pictures(rng, num=3):
    return [torch.rand(examples.SMALLEST, examples.SMALLEST + 8, generator=rng) for _ in range(num)]


def drawn(images, num, **share):
    return examples.Examples(images, num, rng=torch.Generator().manual_seed(4), **share)


def test_examples_are_the_same_each_time_and_shared_out(rng):
    images = pictures(rng)
    whole = drawn(images, 4)
    parts = [drawn(images, 4, rank=rank, world_size=2) for rank in (0, 1)]
    for rank, part in enumerate(parts):
        torch.testing.assert_close(part._truth, whole._truth[rank::2])
        torch.testing.assert_close(part._planes, whole._planes[rank::2])
    planes, truth = whole.batch(6)
    assert planes.shape == (6, NUM_PLANES, 128, 128) and truth.shape == (6, 128, 128)
    assert torch.isfinite(planes).all()
    assert parts[0].batch(6, rank=0, world_size=2)[0].shape[0] == 3


def test_most_maps_that_are_wrong_and_silent_are_left_out(rng):
    stream = drawn(pictures(rng), 12)
    silent, planes = stream._silent.clone(), stream._planes.clone()
    assert 0 < silent.sum() < 12
    assert (planes[silent, 4] == 0).all()  # no deviation is stated
    stream.trust()
    assert stream._silent.sum() == silent[::4].sum()
    assert (~stream._silent).sum() == (~silent).sum() and len(stream._planes) < 12


def test_a_turned_example_still_fits_its_truth(rng):
    stream = drawn(pictures(rng), 1)

    def distance(planes, truth):
        return (planes[:, 0] + 0.5 - truth).square().mean()

    whole = distance(stream._planes.float(), stream._truth.float())
    torch.testing.assert_close(distance(*stream.batch(16)), whole)


def test_training_leaves_a_file_and_goes_on_where_it_stopped(tmp_path, monkeypatch, rng):
    groups = {name: pictures(rng, 1) for name in learn.CropMix().shares}
    monkeypatch.setattr(training, "trained_on", lambda *_: (groups, {"development": []}))
    short = replace(training.CONFIG, num_steps=2, batch_size=2)
    path = tmp_path / "a.safetensors"

    def stop(run):
        if run.step == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "Checkpoint", lambda *x: learn.Checkpoint(*x, seconds=0))
    options = {"config": short, "finish": short, "num_examples": 4}
    whole, record = training.train_restorer(path, None, None, **options)
    assert record["recipe"]["num_examples"] == 4 and len(record["history"]["loss"]) == 4
    with pytest.raises(KeyboardInterrupt):
        training.train_restorer(path, None, None, **options, callback=stop)
    again, _ = training.train_restorer(path, None, None, **options)
    for a, b in zip(again.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert [x.name for x in tmp_path.iterdir()] == ["a.safetensors"]
    assert type(learn.load_network(path)[0]) is type(whole)


def test_caution_takes_off_what_the_map_does_not_know():
    sigma, std = torch.tensor([2.0, 2.0, 2.0]), torch.tensor([0.0, 0.5, 1.0])
    torch.testing.assert_close(learned.careful(sigma, std), torch.tensor([2.0, 2.75**0.5, 0.0]))
