"""``blurlib deblur``: pictures in and out with all they bring, and clear complaints."""

import json

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms

from blurlib import blur, cli, data, restore


def run(capsys, *arguments):
    """Run the command line in this process; return status, output, complaints."""
    status = cli.main(["deblur", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def psnr(found, sharp):
    return -10 * (found - sharp).square().mean().log10().item()


@pytest.fixture
def scene(tmp_path):
    """Return a sharp picture, 90 x 101, and the path of a PNG of it, blurred by 1.5 px."""
    sharp = data.packaged_image("brick")[:90, :101]
    path = tmp_path / "brick.png"
    data.write_image(path, blur.blur_uniform(sharp, blur.gaussian_psf(1.5)))
    return sharp, path


def test_it_writes_what_the_library_computes(tmp_path, scene, capsys):
    sharp, path = scene
    out = tmp_path / "out.png"
    status, text, err = run(
        capsys, path, "--sigma", 1.5, "--noise", 1, "--method", "wiener", "--out", out, "--json"
    )
    assert (status, err) == (0, "")
    result = json.loads(text)
    assert result["sigma_max"] == 1.5 and result["noise"] == 1 and result["method"] == "wiener"
    image = data.load_image(path)
    wanted = restore.deblur(image, 1.5, noise_std=1 / 255, method="wiener")
    torch.testing.assert_close(data.load_image(out), blur.quantize(wanted))
    assert psnr(data.load_image(out), sharp) > psnr(image, sharp) + 4
    assert not list(tmp_path.glob(".blurlib*"))


def test_the_profile_is_the_maps_unless_it_is_given(tmp_path, capsys):
    path, out = tmp_path / "a.png", tmp_path / "out.png"
    sharp = data.packaged_image("gravel")[:120, :130]
    data.write_image(path, blur.blur_uniform(sharp, blur.disk_psf(4.0)))
    found = {}
    for given in (None, "gaussian"):
        options = () if given is None else ("--profile", given)
        status, text, _ = run(capsys, path, "--out", out, "--json", *options)
        assert status == 0
        found[given] = json.loads(text)["profile"], psnr(data.load_image(out), sharp)
    assert found[None][0] == "disk" and found["gaussian"][0] == "gaussian"
    assert found[None][1] > found["gaussian"][1] + 1
    assert "px (disk)" in run(capsys, path, "--out", out)[1]
    assert "px (gaussian)" in run(capsys, path, "--sigma", 2, "--out", out)[1]
    assert "px (disk)" in run(capsys, path, "--sigma", 2, "--profile", "disk", "--out", out)[1]


def test_the_estimator_or_a_map_with_its_deviation_says_where(tmp_path, scene, capsys):
    sharp, path = scene
    out = tmp_path / "out.png"
    status, text, _ = run(capsys, path, "--out", out)
    assert status == 0 and "noise" in text and "sigma" in text
    assert psnr(data.load_image(out), sharp) > psnr(data.load_image(path), sharp) + 2
    np.save(tmp_path / "a_sigma.npy", np.full((90, 101), 1.5, np.float32))
    assert run(capsys, path, "--sigma-map", tmp_path / "a_sigma.npy", "--out", out)[0] == 0
    assert psnr(data.load_image(out), sharp) > psnr(data.load_image(path), sharp) + 4
    np.save(tmp_path / "a_std.npy", np.full((90, 101), 1.5, np.float32))
    assert run(capsys, path, "--sigma-map", tmp_path / "a_sigma.npy", "--out", out)[0] == 0
    assert torch.equal(data.load_image(out), data.load_image(path))  # nothing is sure


@pytest.mark.parametrize("as_picture", [True, False])
def test_a_psf_may_be_a_picture(tmp_path, capsys, as_picture):
    sharp = data.packaged_image("camera")[80:180, 180:300]
    psf = blur.motion_psf(8.0, 30.0)
    data.write_image(tmp_path / "shaken.png", blur.blur_uniform(sharp, psf))
    file = tmp_path / ("psf.png" if as_picture else "psf.npy")
    if as_picture:
        data.write_image(file, psf / psf.max())
    else:
        np.save(file, 3 * psf.numpy())
    out = tmp_path / "out.png"
    assert run(capsys, tmp_path / "shaken.png", "--psf", file, "--out", out)[0] == 0
    before = data.load_image(tmp_path / "shaken.png")
    assert psnr(data.load_image(out), sharp) > psnr(before, sharp) + 4


@pytest.mark.parametrize(
    ("name", "out", "dtype"),
    [
        ("deep.png", "out.png", np.uint16), ("deep.tif", "out.tif", np.uint16),
        ("plain.jpg", "out.jpg", np.uint8), ("plain.png", "out.tif", np.uint8),
        ("deep.tif", "out.jpg", np.uint8), ("deep.tif", "out.png", np.uint16),
    ],
)  # fmt: skip
def test_depth_colour_exif_and_profile_stay(tmp_path, capsys, name, out, dtype):
    source, out = tmp_path / name, tmp_path / out
    with Image.open(data.images.packaged_path("chelsea")) as picture:
        small = np.asarray(picture)[50:120, 100:180]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if "deep" in name:
        deep = small.astype(np.uint16) * 257
        deep[0, 0] = 1000, 30001, 65535
        tif = tmp_path / "deep.tif"
        tifffile.imwrite(tif, deep, photometric="rgb", iccprofile=profile, metadata=None)
        if source != tif:
            data.write_alike(source, data.load_image(tif, colour=True), tif)
    else:
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "Maker", 3
        Image.fromarray(small).save(source, exif=exif, icc_profile=profile)
    assert run(capsys, source, "--sigma", 0.1, "--out", out)[0] == 0  # sharp: it stays
    found, image = (data.load_image(path, colour=True) for path in (out, source))
    assert found.shape == (3, *image.shape[-2:])
    most = 0.1 if out.suffix == ".jpg" else 1e-6
    torch.testing.assert_close(found, image, atol=most, rtol=0)
    assert data._decode.decode(out, 2**20).dtype == dtype
    with Image.open(out) as written:
        assert written.info["icc_profile"] == profile
        if "plain" in name:
            assert written.getexif()[0x010F] == "Maker" and written.getexif()[0x0112] == 1


def test_folders_go_through_and_bad_files_are_left_out(tmp_path, scene, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    scene[1].rename(folder / "a.png")
    Image.open(folder / "a.png").save(folder / "b.webp", lossless=True)
    (folder / "c.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    status, text, err = run(capsys, folder, "--sigma", 1, "--out", out, "--json")
    assert status == 1 and "c.png" in err
    assert [json.loads(line)["sigma_min"] for line in text.splitlines()] == [1.0, 1.0]
    assert {path.name for path in out.iterdir()} == {"a.png", "b.webp.png"}


def test_complaints_are_clear_and_nothing_is_lost(tmp_path, scene, capsys):
    path, out = scene[1], tmp_path / "out.png"
    before = path.read_bytes()
    np.save(tmp_path / "small.npy", np.ones((3, 4)))
    np.save(tmp_path / "a_std.npy", np.ones((90, 101)))
    data.write_image(tmp_path / "large.png", torch.ones(91, 9))
    (tmp_path / "broken.npy").write_bytes(b"x")
    (tmp_path / "bad.png").write_bytes(b"x")
    for arguments, words in (
        ([path, "--sigma", 1, "--out", path], "is the picture itself"),
        ([path, "--sigma", 1, "--out", tmp_path / "a.gif"], "must end in one of .png, .jpg"),
        ([path, "--sigma", 1, "--out", tmp_path / "none" / "a.png"], "there is no folder"),
        ([tmp_path / "no.png", "--sigma", 1, "--out", out], "there is no file or folder"),
        ([path, "--sigma", 30, "--out", out], "at most 20 pixels"),
        ([path, "--sigma-map", tmp_path / "small.npy", "--out", out], "image's height and width"),
        ([path, "--sigma-map", tmp_path / "broken.npy", "--out", out], "no array of numbers"),
        ([path, "--sigma-map", tmp_path / "a_std.npy", "--out", out], "name the map, a_sigma.npy"),
        ([path, "--psf", tmp_path / "large.png", "--out", out], "at most half as large"),
        ([path, "--psf", tmp_path / "no.npy", "--out", out], "there is no file at"),
        ([path, "--sigma-map", tmp_path / "no.npy", "--out", out], "there is no file at"),
        ([path, "--psf", tmp_path / "bad.png", "--out", out], "bad.png"),
        ([path, "--estimator", "nobody", "--out", out], "sigma-net"),
    ):
        status, _, err = run(capsys, *arguments)
        assert status == 2 and words in err, err
        assert not out.exists() and path.read_bytes() == before
    assert not list(tmp_path.glob(".blurlib*"))


def test_a_profile_that_changes_nothing_is_said(tmp_path, scene, capsys):
    np.save(tmp_path / "psf.npy", np.ones((3, 3)))
    for options in (("--psf", tmp_path / "psf.npy"), ("--motion",), ("--sigma", 1)):
        given = scene[1], *options, "--profile", "disk", "--method", "wiener"
        status, _, err = run(capsys, *given, "--out", tmp_path / "out.png")
        assert status == 0 and ("--profile has no effect" in err) == ("--sigma" not in options)


def test_the_psf_may_be_estimated(tmp_path, scene, capsys):
    out = tmp_path / "out.png"
    assert run(capsys, scene[1], "--psf", "estimate", "--out", out)[0] == 0
    wanted = restore.deblur(data.load_image(scene[1]), psf="estimate")
    torch.testing.assert_close(data.load_image(out), blur.quantize(wanted))


def test_motion_is_undone_and_where_there_is_none_nothing(tmp_path, capsys):
    moved = blur.blur_uniform(data.packaged_image("gravel")[:72, :80], blur.motion_psf(9, 30))
    for name, picture in (("moved", moved), ("still", data.packaged_image("gravel")[:72, :80])):
        path, out = tmp_path / f"{name}.png", tmp_path / "out.png"
        data.write_image(path, picture)
        status, text, err = run(capsys, path, "--motion", "--out", out, "--json")
        result = json.loads(text)
        assert (status, err) == (0, "")
        same = torch.equal(data.load_image(out), data.load_image(path))
        if name == "moved":
            assert result["motion"]["kind"] == "motion" and result["moved_share"] == 1
            assert abs(result["motion"]["length"] - 9) < 1 and not same
        else:
            assert result["motion"]["kind"] == "sharp" and result["moved_share"] == 0 and same
            words = run(capsys, path, "--motion", "--out", out)[1]
            assert (
                "left as it was, for nothing moved (kind: sharp)" in words and "gain" not in words
            )
            options = path, "--psf", "estimate", "--out", out
            words = run(capsys, *options)[1]
            assert "left as it was, for no shake was found" in words and "gain" not in words
            assert torch.equal(data.load_image(out), data.load_image(path))
            result = json.loads(run(capsys, *options, "--json")[1])
            assert result["moved_share"] == result["expected_gain_db"] == 0


def test_a_map_of_what_moved_is_told_from_others(tmp_path, capsys):
    out, sharp = tmp_path / "out.png", data.packaged_image("gravel")[:120, :130]
    for name, psf in (("moved", blur.motion_psf(14, 30)), ("soft", blur.gaussian_psf(2))):
        path = tmp_path / f"{name}.png"
        data.write_image(path, blur.blur_uniform(sharp, psf))
        words = run(capsys, path, "--out", out)[1]
        assert ("; looks moved or shaken (" in words) == (name == "moved")
        assert ("try --motion or --psf estimate" in words) == (name == "moved")
        kinds = json.loads(run(capsys, path, "--out", out, "--json")[1])["kinds"]
        assert (kinds["motion"] + kinds["other"] > 0.95) == (name == "moved")
        told = run(capsys, path, "--sigma", 2, "--out", out, "--json")[1]
        assert "kinds" not in json.loads(told)
    data.write_image(path, sharp[:20, :20])  # too small to tell
    status, text, _ = run(capsys, path, "--out", out, "--json")
    assert status == 0 and json.loads(text)["kinds"] is None


def test_a_shake_is_said_to_be_undone(tmp_path, capsys):
    rng = torch.Generator().manual_seed(5)
    psf, path = blur.shake_psf(7.0, rng=rng), tmp_path / "shaken.png"
    data.write_image(path, blur.blur_uniform(data.packaged_image("camera")[40:240, 60:260], psf))
    options = path, "--psf", "estimate", "--method", "wiener", "--out", tmp_path / "out.png"
    assert "left as it was" not in run(capsys, *options)[1]
    assert json.loads(run(capsys, *options, "--json")[1])["moved_share"] == 1
