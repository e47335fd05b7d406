"""Figures show what they were given, on the book's scales, with units on their axes."""

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

matplotlib.use("agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from blurlib import plotting  # noqa: E402

PICTURES = {
    "image": (plotting.show_image, {}),
    "psf": (plotting.show_psf, {}),
    "otf": (plotting.show_otf, {}),
    "sigma_map": (plotting.show_sigma_map, {}),
    "error": (plotting.show_error_map, {"limit": 1.0}),
    "std": (plotting.show_std_map, {"limit": 1.0}),
}


@pytest.fixture
def axis():
    figure = Figure()
    yield figure.subplots()
    assert not pyplot.get_fignums(), "a figure was opened behind the caller's back"


def labels(axis):
    return axis.get_title(), axis.get_xlabel(), axis.get_ylabel()


@pytest.mark.parametrize(("show", "options"), PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("make", [torch.tensor, np.array], ids=["tensor", "array"])
def test_a_picture_is_shown_unchanged(axis, show, options, make):
    values = [[1.0, 0.5, 0.0], [0.25, 0.125, 1.0]]
    show(axis, make(values), "title", **options)
    (picture,) = axis.get_images()
    shown = np.asarray(picture.get_array())
    expected = np.fft.fftshift(values) if show is plotting.show_otf else values
    np.testing.assert_array_equal(shown, expected)
    assert axis.get_title() == "title"


@pytest.mark.parametrize(("show", "options"), PICTURES.values(), ids=PICTURES)
def test_a_stack_of_pictures_is_refused(axis, show, options):
    with pytest.raises(ValueError, match=r"must have shape \(H, W\), got \(1, 2, 3\)"):
        show(axis, torch.zeros(1, 2, 3), **options)


def test_a_gradient_does_not_hinder(axis):
    plotting.show_image(axis, torch.zeros(2, 3, requires_grad=True))


def test_scales_are_fixed(axis):
    plotting.show_image(axis, torch.full((2, 3), 0.4))
    plotting.show_sigma_map(axis, torch.full((2, 3), 0.4))
    plotting.show_error_map(axis, torch.full((2, 3), 0.4), limit=0.7)
    assert [p.get_clim() for p in axis.get_images()] == [(0, 1), (0, 3), (-0.7, 0.7)]


def test_maps_say_their_units(axis):
    plotting.show_sigma_map(axis, torch.ones(4, 6), "map")
    assert labels(axis) == ("map", "column (px)", "row (px)")
    assert [bar.get_ylabel() for bar in axis.child_axes] == ["sigma (px)"]


def test_error_maps_say_their_units(axis):
    plotting.show_error_map(axis, torch.ones(4, 6), limit=1, unit="grey levels", pixels=False)
    assert labels(axis) == ("", "", "")
    assert [bar.get_ylabel() for bar in axis.child_axes] == ["error (grey levels)"]


def test_the_colour_bar_can_be_left_out(axis):
    plotting.show_sigma_map(axis, torch.ones(4, 6), colour_bar=False)
    plotting.show_error_map(axis, torch.ones(4, 6), limit=1, colour_bar=False)
    assert axis.child_axes == []


def test_a_psf_is_centred(axis):
    plotting.show_psf(axis, torch.ones(3, 5))
    assert axis.get_images()[0].get_extent() == [-2.5, 2.5, 1.5, -1.5]


def test_lines_keep_their_numbers_and_names(axis):
    x, y = torch.linspace(0, 0.5, 5), torch.linspace(1, -0.2, 5)
    plotting.plot_otf(axis, x, y, "disk", color="black")
    plotting.plot_line(axis, x, y)
    line = axis.get_lines()[0]
    np.testing.assert_array_equal(line.get_xydata(), torch.stack([x, y], 1))
    assert (line.get_label(), line.get_color()) == ("disk", "black")
    assert labels(axis) == ("", "frequency (cycles/px)", "contrast passed on")


def test_a_path_runs_down_as_its_rows_grow(axis):
    plotting.plot_path(axis, torch.tensor([[0.0, 1.0], [2.0, 3.0]]), "path")
    line, start = axis.get_lines()
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0], [3, 2]])
    np.testing.assert_array_equal(start.get_xydata(), [[1, 0]])
    assert axis.yaxis_inverted() and labels(axis) == ("path", "column (px)", "row (px)")


def test_panels_are_counted_row_by_row():
    with matplotlib.rc_context():
        plotting.style()
        figure, axes = plotting.panels(2, 3, aspect=0.5)
        assert axes.shape == (6,) and figure.get_size_inches()[0] == plotting.WIDTH
        assert matplotlib.rcParams["figure.dpi"] == plotting.STYLE["figure.dpi"]
        pyplot.close(figure)


def test_a_map_is_written_as_png(tmp_path):
    before = dict(matplotlib.rcParams)
    plotting.write_sigma_map(tmp_path / "map.png", torch.ones(40, 60), "map")
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 400
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert dict(matplotlib.rcParams) == before and not pyplot.get_fignums()


def test_ellipses_turn_counter_clockwise(tmp_path):
    ends = torch.tensor([80.0]), torch.tensor([2.0]), torch.tensor([45.0])
    place = torch.tensor([[50, 50]])
    plotting.write_ellipses(tmp_path / "it.png", torch.ones(100, 100), place, *ends)
    levels = np.asarray(Image.open(tmp_path / "it.png").convert("L"), dtype=float)
    height, width = (side // 2 for side in levels.shape)
    dark = levels < 200
    assert dark[:height, width:].sum() > 10 * dark[:height, :width].sum()
    assert dark[:height, width:].any() and dark[height:, :width].any()


@pytest.mark.parametrize(
    ("largest", "scale"), [(0.4, 3), (2.9, 3), (3.02, 3), (3.2, 6), (6, 6), (6.5, 12), (30, 48)]
)
def test_a_written_maps_colours_hold_the_map(tmp_path, monkeypatch, largest, scale):
    shown = {}
    monkeypatch.setattr(
        plotting.files, "show_sigma_map", lambda *_, **options: shown.update(options) or STOP()
    )
    sigma_map = torch.full((8, 9), 0.1)
    sigma_map[2, 3] = largest
    for options, expected in (({}, scale), ({"vmax": 5.0}, 5.0)):
        with pytest.raises(ZeroDivisionError):
            plotting.write_sigma_map(tmp_path / "map.png", sigma_map, **options)
        assert shown["vmax"] == expected
    # What is hidden decides nothing.
    sigma_map[0, 0] = 99
    with pytest.raises(ZeroDivisionError):
        plotting.write_sigma_map(tmp_path / "map.png", sigma_map, hidden=sigma_map == 99)
    assert shown["vmax"] == scale and not list(tmp_path.iterdir())


def STOP():
    raise ZeroDivisionError


def test_an_old_map_survives_a_bad_one(tmp_path):
    (tmp_path / "map.png").write_bytes(b"old")
    with pytest.raises(ValueError, match="must have shape"):
        plotting.write_sigma_map(tmp_path / "map.png", torch.ones(3))
    assert (tmp_path / "map.png").read_bytes() == b"old"


def test_an_unwritable_folder_is_named(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        plotting.write_sigma_map(tmp_path / "nowhere" / "map.png", torch.ones(2, 3))


def test_a_gallery_shows_every_picture_under_its_title():
    images = [torch.full((4, 6), k / 10) for k in range(5)]
    figure = plotting.gallery(images, "abcde", columns=3)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in shown] == list("abcde") and len(figure.axes) == 5
    assert shown[3].images[0].get_array().max() == pytest.approx(0.3)
    pyplot.close(figure)
    with pytest.raises(ValueError, match="one title an image"):
        plotting.gallery(images, "ab")


def test_a_patch_grid_frames_the_chosen_patches():
    figure, axis = pyplot.subplots()
    plotting.show_patch_grid(axis, torch.zeros(64, 96), {"training": [0, 4], "test": [5]})
    frames = [(frame.get_x(), frame.get_y()) for frame in axis.patches]
    assert frames == [(0.5, 0.5), (32.5, 32.5), (64.5, 32.5)]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["training", "test"]
    pyplot.close(figure)


def test_maps_are_compared_on_one_scale():
    truth, sigma = torch.full((4, 8), 1.0), torch.full((4, 8), 1.25)
    figure = plotting.compare_maps(torch.rand(8, 16), truth, sigma, std=truth / 4, limit=0.4)
    shown = {axis.get_title(): axis.get_images()[0] for axis in figure.axes if axis.get_images()}
    assert list(shown) == [
        "picture", "true sigma", "estimate", "estimate − truth", "stated std", "size of error",
    ]  # fmt: skip
    assert shown["true sigma"].get_clim() == shown["estimate"].get_clim() == (0, 3)
    assert shown["stated std"].get_clim() == shown["size of error"].get_clim() == (0, 0.4)
    np.testing.assert_allclose(shown["estimate − truth"].get_array(), 0.25)
    pyplot.close(figure)


def test_maps_of_two_shapes_are_not_compared():
    with pytest.raises(ValueError, match=r"one shape, got \[\(4, 8\), \(4, 7\)\]"):
        plotting.compare_maps(torch.rand(8, 16), torch.ones(4, 8), torch.ones(4, 7))


def test_rays_meet_where_the_lens_equation_says(axis):
    plotting.draw_lens(axis, [2.0, 1.0], focus_distance=2.0, focal_length=0.5, aperture=0.4)
    rays = [line.get_xydata() for line in axis.lines if len(line.get_xydata()) == 3]
    sharp, near = rays[:5], rays[5:]
    assert all(abs(ray[2] - (2 / 3, 0)).max() < 1e-9 for ray in sharp)
    spot = max(ray[2, 1] for ray in near)  # behind the sensor at 1: a third of the half aperture
    assert abs(spot - 0.2 / 3) < 1e-9
    with pytest.raises(ValueError, match="farther away than the focal length"):
        plotting.draw_lens(axis, [0.4], focus_distance=2.0, focal_length=0.5, aperture=0.4)


def test_a_networks_layers_stand_in_rows(axis):
    plotting.draw_network(axis, [(f"layer {k}", f"{k} maps") for k in range(6)], per_row=4)
    assert [text.get_text() for text in axis.texts if text.get_text()][-2:] == ["layer 5", "5 maps"]
    assert len(axis.patches) == 6


def test_numbers_are_handed_to_the_prose(capsys):
    pytest.importorskip("myst_nb")
    plotting.glue(one=1.5, two=torch.tensor(2.0))  # displays nothing where there is no kernel
