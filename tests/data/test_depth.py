"""The motorcycle: its depth by hand, and the defocus that a lens gives it."""

from pathlib import Path

import numpy as np
import pytest
import skimage
import torch

from blurlib import blur
from blurlib.data import depth

LENS = {"focal_length": 0.05, "f_number": 2.0, "pixel_pitch": 50e-6}


@pytest.fixture(scope="module")
def scene():
    return depth.motorcycle_scene()


@pytest.fixture(scope="module")
def disparity():
    path = Path(skimage.__file__).parent / "data" / "motorcycle_disp.npz"
    with np.load(path, allow_pickle=False) as file:
        return file["arr_0"]


def planes(*distances):
    """Return a scene of one row, a pixel at each distance."""
    row = torch.tensor([distances], dtype=torch.float32)
    return depth.DepthScene(torch.zeros_like(row), row, torch.ones_like(row, dtype=torch.bool))


def test_scene_has_one_shape_and_plausible_metres(scene):
    for part, dtype in ((scene.image, torch.float32), (scene.depth, torch.float32),
                        (scene.known, torch.bool)):  # fmt: skip
        assert part.shape == (500, 741) and part.dtype == dtype
    assert 0 <= scene.image.min() and scene.image.max() <= 1 and scene.image.std() > 0.1
    # A motorcycle, a metre wide, in a garage: neither centimetres nor tens of metres.
    assert scene.depth.min() > 1.5 and scene.depth.max() < 8
    assert scene.known.float().mean() > 0.9


def test_depth_of_a_pixel_by_hand(scene, disparity):
    row, column = 200, 300
    assert scene.known[row, column]
    # Calibration as in scikit-image's docstring: millimetres and pixels.
    by_hand = 193.001 * 994.978 / (disparity[row, column] + 31.086) / 1000
    assert scene.depth[row, column].item() == pytest.approx(by_hand, rel=1e-6)


def test_calibration_is_the_one_that_scikit_image_states():
    text = skimage.data.stereo_motorcycle.__doc__
    for name, value, unit in (
        ("Focal length", depth.FOCAL_PIXELS, "px"),
        ("Baseline", 1000 * depth.BASELINE, "mm"),
        ("Principal point dx", depth.PRINCIPAL_SHIFT, "px"),
    ):
        line = next(line for line in text.splitlines() if line.strip().startswith(name))
        assert line.split()[-1] == f"{value:.3f}{unit}"


def test_near_is_near(scene):
    # The front wheel stands before the wall behind the handlebar.
    assert scene.depth[380, 700].item() < 3 < 4 < scene.depth[30, 250].item()


def test_holes_take_the_nearest_measured_depth(scene, disparity):
    holes = ~scene.known.numpy()
    assert holes.any() and not np.isfinite(disparity[holes]).any()
    assert np.isfinite(disparity[~holes]).all()
    rows, columns = np.nonzero(~holes)
    for row, column in np.argwhere(holes)[::4000]:
        squares = (rows - row) ** 2 + (columns - column) ** 2
        near = squares == squares.min()
        candidates = scene.depth.numpy()[rows[near], columns[near]]
        assert scene.depth[row, column].item() in candidates


def test_missing_disparity_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(depth.skimage, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(FileNotFoundError, match=r"motorcycle_disp\.npz.*install scikit-image"):
        depth.motorcycle_scene()


def test_sigma_is_zero_in_focus_and_grows_with_the_inverse_distance():
    row = planes(1.0, 1.5, 2.0, 2.5, 3.0, 5.0)
    sigma = blur.depth_field(row.depth, focus_distance=2.0, **LENS)[0]
    assert sigma[2] == 0 and (sigma[:3].diff() < 0).all() and (sigma[2:].diff() > 0).all()
    # Linear in |1/d - 1/s|: the thin lens' law.
    ratio = sigma / (1 / row.depth[0] - 1 / 2.0).abs()
    torch.testing.assert_close(ratio[[0, 1, 3, 4]], ratio[[5]].expand(4), rtol=1e-4, atol=0)


def test_sigma_of_a_point_by_hand():
    # f^2/N |d - s| / (d (s - f)), a quarter of it in pixels.
    by_hand = 0.05**2 / 2 * 2 / (4 * 1.95) / 4 / 50e-6
    sigma = blur.depth_field(planes(4.0).depth, focus_distance=2.0, **LENS)
    assert sigma.item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("focus", ["foreground", "background"])
@pytest.mark.parametrize("max_sigma", [0.5, 3.0])
def test_lens_gives_the_largest_sigma_and_the_camera_s_angle(scene, focus, max_sigma):
    lens = depth.scene_lens(scene, focus, max_sigma=max_sigma)
    assert lens["focal_length"] / lens["pixel_pitch"] == pytest.approx(994.978)
    assert blur.depth_field(scene.depth, **lens).max().item() == pytest.approx(max_sigma, rel=1e-5)
    nearer = (scene.depth[scene.known] < lens["focus_distance"]).float().mean().item()
    assert nearer == pytest.approx({"foreground": 0.1, "background": 0.9}[focus], abs=0.01)


def test_focus_blurs_the_other_side(scene):
    near, far = scene.known & (scene.depth < 2.5), scene.known & (scene.depth > 4)
    kept = {}

    for focus in ("foreground", "background"):
        blurred, sigma_map, seen = depth.defocused_scene(focus, max_sigma=2.0)
        assert blurred.shape == sigma_map.shape == (500, 741)
        assert torch.equal(seen.depth, scene.depth) and torch.equal(seen.known, scene.known)
        assert sigma_map.max().item() == pytest.approx(2.0, rel=1e-5)
        sides = (near, far) if focus == "foreground" else (far, near)
        assert sigma_map[sides[0]].mean() < 0.5 < 1.2 < sigma_map[sides[1]].mean()
        for name, side in (("near", near), ("far", far)):
            change = (blurred - scene.image)[side].square().mean()
            kept[focus, name] = change.item()
    assert kept["foreground", "far"] > 5 * kept["background", "far"]
    assert kept["background", "near"] > 5 * kept["foreground", "near"]


def test_blur_is_the_map_s_gather(scene):
    blurred, sigma_map, _ = depth.defocused_scene("background")
    expected = blur.blur_varying(scene.image, sigma_map, mode="gather")
    assert torch.equal(blurred, expected)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: depth.defocused_scene("middle"), ValueError, "foreground, background.*'middle'"),
        (lambda: depth.defocused_scene("foreground", max_sigma=0), ValueError, "max_sigma"),
        (lambda: depth.defocused_scene("foreground", max_sigma=7), ValueError, "0.01 to 6 pixels"),
        (lambda: depth.scene_lens(planes(2.0), "near"), ValueError, "focus must be one of"),
        (lambda: depth.scene_lens(planes(2.0, 2.0), "foreground"), ValueError, "one depth only"),
        (lambda: depth.scene_lens(torch.ones(2, 2), "foreground"), TypeError, "motorcycle_scene"),
    ],
)
def test_bad_arguments_are_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_scene_that_is_known_nowhere_has_no_focus():
    blind = depth.DepthScene(torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1, 2).bool())
    with pytest.raises(ValueError, match="known nowhere"):
        depth.scene_lens(blind, "background")


def test_a_lens_lets_the_blurred_near_spill_and_hides_what_is_behind(monkeypatch):
    # A bright plane at two metres, to the left of a dark one at four.
    distance = torch.full((64, 64), 4.0)
    distance[:, :32] = 2.0
    scene = depth.DepthScene((distance < 3).float(), distance, torch.ones(64, 64).bool())
    monkeypatch.setattr(depth, "motorcycle_scene", lambda: scene)
    spilt, std_map, _ = depth.layered_scene("background", max_sigma=3.0)
    inside = blur.effective_sigma(blur.disk_psf(6.0))
    assert std_map[0, 0].item() == pytest.approx(inside, rel=0.02) and std_map[0, -1] < 0.2
    assert (spilt[:, 33:37] > 0.05).all() and (spilt[:, 40:] < 1e-5).all()
    kept, std_map, _ = depth.layered_scene("foreground", max_sigma=3.0)
    assert std_map[0, 0] < 0.2 < 2.5 < std_map[0, -1]
    # Sharp to its edge, and no trace of it in the blur behind.
    torch.testing.assert_close(kept, scene.image, rtol=0, atol=1e-5)
    gathered = blur.blur_varying(scene.image, std_map)
    assert gathered[32, 34] > 0.1


def test_a_lens_keeps_a_uniform_scene_and_a_surface_has_no_seams(scene, monkeypatch):
    plain = depth.DepthScene(torch.full_like(scene.image, 0.4), scene.depth, scene.known)
    monkeypatch.setattr(depth, "motorcycle_scene", lambda: plain)
    blurred, std_map, _ = depth.layered_scene("background")
    torch.testing.assert_close(blurred, plain.image, rtol=0, atol=1e-4)
    sigma_map = blur.depth_field(scene.depth, **depth.scene_lens(scene, "background"))
    # Rounded to a layer, and disks cut into pixels.
    assert (std_map - sigma_map).abs().max() < 0.25
    assert std_map.max().item() == pytest.approx(3.0, abs=0.1)


def test_a_layered_scene_names_what_may_be_in_focus():
    with pytest.raises(ValueError, match="foreground, background.*'middle'"):
        depth.layered_scene("middle")
    with pytest.raises(ValueError, match="0.01 to 6 pixels"):
        depth.layered_scene("foreground", max_sigma=7)
