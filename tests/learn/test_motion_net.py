"""The network for motion: it turns with the picture, and its examples say what was done."""

import math
from dataclasses import replace

import pytest
import torch

from blurlib import blur, data, learn
from blurlib.learn import checkpoints, motion_net, prepare
from reproduce.training import motion_examples
from reproduce.training import motion_net as motion_training


@pytest.fixture
def network(rng):
    return motion_net.MotionNet(width=16).initialise(rng).eval()


def seen(image):
    spectra = motion_net.log_spectra(image)
    return motion_net.observe(spectra, spectra)


def test_a_picture_turned_by_a_quarter_gives_the_answer_turned_as_far(network, rng):
    pictures = torch.rand(2, 64, 64, generator=rng)
    one, other = (network(seen(x)) for x in (pictures, torch.rot90(pictures, 1, (1, 2))))
    half = motion_net.NUM_ANGLES // 2
    torch.testing.assert_close(other[0], one[0].roll(half, 1), atol=1e-3, rtol=0)
    torch.testing.assert_close(other[1:3], one[1:3], atol=1e-3, rtol=0)
    torch.testing.assert_close(other[3], -one[3], atol=1e-4, rtol=0)  # doubled: half a turn


def test_answers_are_distributions(network, rng):
    motions, kinds, log_sigma, ellipse = network(seen(torch.rand(3, 32, 32, generator=rng)))
    assert log_sigma.shape == ellipse.shape == (3, 2)
    for found in (motions.flatten(1), kinds):
        torch.testing.assert_close(found.exp().sum(1), torch.ones(3))


@pytest.mark.parametrize("angle", [0.0, 0.9, 30.0, 91.3, 179.5])
@pytest.mark.parametrize("length", [2.0, 6.7, 31.6])
def test_a_motion_between_the_cells_is_found_again(length, angle):
    shares = motion_net._shares(torch.tensor([length]), torch.tensor([angle]))
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    found = [x.item() for x in motion_net.likeliest(shares.clamp_min(1e-12).log())]
    assert found[0] == pytest.approx(length, abs=1e-3)
    assert abs((found[1] - angle + 90) % 180 - 90) < 1e-2
    assert found[2] < 0.6 and found[3] < 2.1


def test_a_guess_states_that_it_is_one():
    flat = torch.zeros(1, motion_net.NUM_ANGLES, len(motion_net.LENGTHS))
    *_, length_std, angle_std = motion_net.likeliest(flat.flatten(1).log_softmax(1).view_as(flat))
    assert length_std > 8 and angle_std == pytest.approx(180 / math.sqrt(12), rel=0.05)


def test_the_cepstrum_dips_where_the_motion_ends():
    image = blur.blur_uniform(data.packaged_image("gravel"), blur.motion_psf(12, 30))
    rays = motion_net.MotionNet().features(seen(image[None, :64, :64]))[0]
    smooth = rays.unflatten(0, (motion_net.OBSERVED_PLANES, 2, -1))[1, 1]  # (lags, angles)
    lags = torch.arange(1, len(smooth) + 1)
    lag, ray = divmod((smooth * lags[:, None].sqrt())[3:].argmin().item(), smooth.shape[1])
    assert lag + 4 == 12 and ray * 180 / motion_net.NUM_ANGLES == 30


def test_moments_are_those_of_the_formulas():
    psfs = [blur.motion_psf(12, 90), blur.motion_psf(20, 45), blur.disk_psf(6.0)]
    psfs.append(blur.gaussian_psf(2.0))
    frame = max(len(psf) for psf in psfs) // 2
    framed = [torch.nn.functional.pad(p, (frame - len(p) // 2,) * 4) for p in psfs]
    found = motion_examples._moments(torch.stack(framed))
    wanted = torch.tensor([12 / math.sqrt(24), 20 / math.sqrt(24), 3.0, 2.0])
    # The bilinear deposit and the pixels' own size add up to a sixth of a square pixel.
    torch.testing.assert_close(found[:, 0].square(), wanted.square(), atol=0.2, rtol=0)
    torch.testing.assert_close(found[0, 1:], torch.tensor([-1.0, 0.0]), atol=0.02, rtol=0)
    torch.testing.assert_close(found[1, 1:], torch.tensor([0.0, 1.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(found[2:, 1:], torch.zeros(2, 2), atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def few():
    """Draw few PSFs, or the tests would wait for all."""
    patch = pytest.MonkeyPatch()
    patch.setattr(
        motion_examples, "_NUM_OF_KIND", {"sharp": 8, "lens": 40, "motion": 20, "other": 12}
    )
    yield
    patch.undo()


def stream(seed=0):
    rng = torch.Generator().manual_seed(seed)
    images = [torch.rand(200, 190, generator=rng) for _ in range(2)]
    return motion_examples.MotionExamples(images, rng=rng)


@pytest.mark.usefixtures("few")
def test_examples_repeat_and_can_be_shared_out():
    one, again = stream().batch(12), stream().batch(12)
    for a, b in zip(one, again, strict=True):
        assert torch.equal(a, b)
    parts = [stream().batch(12, rank=rank, world_size=2) for rank in range(2)]
    target = torch.cat([part[1].unflatten(0, (4, 6)) for part in parts], 1).flatten(0, 1)
    torch.testing.assert_close(target, one[1])
    assert one[0].shape == (48, 4, 64, 33) and torch.isfinite(one[0]).all()


@pytest.mark.usefixtures("few")
def test_targets_fit_their_kinds():
    made = stream()
    target = torch.cat([made.batch(32)[1] for _ in range(4)])
    kind, length, angle, sigma, *doubled, counts = target.T
    moved = length > 0
    assert set(kind.unique().tolist()) == set(range(5))
    assert (kind[moved] == motion_net.BLUR_KINDS.index("motion")).all()
    assert ((angle >= 0) & (angle < 180)).all() and length.max() <= 32
    doubled = torch.stack(doubled, 1)
    turn = torch.deg2rad(2 * angle[moved])
    along = (doubled[moved] * torch.stack([turn.cos(), turn.sin()], 1)).sum(1)
    assert along.min() > 0.5  # a motion's ellipse lies along it, the shorter the rounder
    assert doubled[(kind == 1) | (kind == 2)].abs().max() < 0.1
    straight = moved & (length > 8)
    assert ((sigma / length)[straight] * math.sqrt(24) - 1).abs().max() < 0.2
    assert counts.unflatten(0, (-1, 4, 32))[:, 1:].min() == 1 and counts.min() == 0


@pytest.mark.usefixtures("few")
def test_training_leaves_a_file(tmp_path, monkeypatch, rng):
    groups = {name: [torch.rand(180, 180, generator=rng)] for name in learn.CropMix().shares}
    monkeypatch.setattr(motion_training, "trained_on", lambda *_: (groups, {"development": []}))
    monkeypatch.setattr(prepare, "thin_history", lambda history: history)
    config = replace(motion_training.MOTION_CONFIG, num_steps=12, batch_size=2)
    path = tmp_path / "a.safetensors"
    _, record = motion_training.train_motion(path, None, None, config=config)
    loss = record["history"]["loss"]
    assert len(loss) == 12 and sum(loss[-3:]) < sum(loss[:3])
    assert [x.name for x in tmp_path.iterdir()] == ["a.safetensors"]
    assert type(learn.load_network(path)[0]) is motion_net.MotionNet


def test_the_packaged_network_has_a_card_and_is_small():
    network, record = checkpoints.packaged("motion-net")
    assert sum(p.numel() for p in network.parameters()) < 1_000_000
    assert record["recipe"]["network"] == "motion" and record["data"]["held_out"]
    assert "motion-net" not in learn.pretrained_names()


def test_a_turning_camera_moves_every_point_at_a_right_angle_to_its_axis():
    # An axis 100 px to the right of the middle: points there move up and down.
    draws = torch.tensor([[0.2], [math.log(5) / math.log(20)], [0.0]])
    sharp = torch.zeros(1, motion_examples.SMALLEST_MOVED, motion_examples.SMALLEST_MOVED)
    row = motion_examples._REACH + motion_examples._SEEN_SIDE // 2
    sharp[0, row, row] = 1
    crop, middle, whole = motion_examples._turned(sharp, draws, torch.zeros(2, 1).long())
    length = 2.5 + 24 * 0.2**1.5
    assert middle[0, 1] == pytest.approx(length, abs=1e-3)
    light = crop[0].clamp_min(0) / crop[0].clamp_min(0).sum()
    place = torch.arange(len(light)) - motion_examples._SEEN_SIDE // 2
    spread = [(light.sum(axis) * place**2).sum() for axis in (1, 0)]  # of rows, of columns
    assert spread[0].sqrt() == pytest.approx(length / math.sqrt(12), rel=0.1)
    assert spread[1] < 0.5
    assert middle[0, 2] == pytest.approx(90, abs=1e-3) and middle[0, 4] < -0.8
    assert whole[0, 3] == pytest.approx(middle[0, 3].item(), rel=0.2)
