"""Files of every kind, good, odd and hostile."""

import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from blurlib import data


@pytest.fixture
def save(tmp_path):
    """Return a function that writes an array as a file and gives its path."""

    def write(array, name="picture.png", mode=None, **options):
        path = tmp_path / name
        picture = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
        picture.save(path, **options)
        return path

    return write


GREY = np.arange(35, dtype=np.uint8).reshape(5, 7) * 7


def test_8_bit_grey_comes_back_exactly(save):
    image = data.load_image(save(GREY))
    assert image.dtype == torch.float32 and image.shape == (5, 7)
    np.testing.assert_allclose(image * 255, GREY, atol=1e-4)


@pytest.mark.parametrize("name", ["picture.png", "picture.tif"])
def test_16_bits_keep_their_levels(save, name):
    levels = GREY.astype(np.uint16) * 257 + 3
    image = data.load_image(save(levels, name))
    np.testing.assert_allclose(image * 65535, levels, atol=0.01)


def test_colour_becomes_luma(save):
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[:, 0, 0] = colours[:, 1, 1] = colours[:, 2, 2] = 255
    image = data.load_image(save(colours))
    np.testing.assert_allclose(image[0], [0.2125, 0.7154, 0.0721], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("p.png", "P"), ("p.gif", "P"), ("c.tif", "CMYK"), ("o.png", "1"), ("a.png", "RGBA"),
        ("l.png", "LA"), ("y.jpg", "RGB"), ("w.webp", "RGB"), ("b.bmp", "L"), ("g.pgm", "L"),
    ],
)  # fmt: skip
def test_other_modes_look_the_same(save, name, mode):
    bright = np.where(np.arange(64)[:, None] < 32, 0, 255).astype(np.uint8).repeat(48, 1)
    image = data.load_image(save(bright, name, mode))
    np.testing.assert_allclose(image, bright / 255, atol=0.02)


def test_float_files_and_exif_rotation(save):
    image = data.load_image(save((GREY / 255).astype("f4"), "f.tif"))
    np.testing.assert_allclose(image * 255, GREY, atol=1e-4)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image = data.load_image(save(GREY.repeat(8, 0).repeat(8, 1), "r.png", exif=exif))
    assert image.shape == (56, 40)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb():
    """Return a tiny PNG that claims a hundred thousand pixels a side."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_hostile_and_broken_files_are_refused_in_one_line(save, tmp_path):
    whole = save(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).read_bytes()
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    clear = np.dstack([GREY, GREY, GREY, GREY])
    save(clear, "clear.png")
    save((GREY * 3.0).astype("f4"), "bright.tif")
    save(np.full((4, 4), 70_000, np.int32), "long.tif")
    files = {
        "zero.png": b"", "text.png": b"no picture", "cut.png": whole[: len(whole) // 2],
        "bomb.png": bomb(), "flipped.png": whole[:40] + b"\xff\xff\xff" + whole[43:],
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    words = {
        "zero.png": "empty or no image", "text.png": "empty or no image", "cut.png": "truncated",
        "bomb.png": "pixels", "flipped.png": "cannot read", "moving.gif": "2 frames",
        "clear.png": "transparent", "bright.tif": "divide it by its white level",
        "long.tif": "whose white level nobody knows",
    }  # fmt: skip
    for name, word in words.items():
        with pytest.raises(data.ImageError, match=word) as caught:
            data.load_image(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere.png"):
        data.load_image(tmp_path / "nowhere.png")
    with pytest.raises(data.ImageError, match="cannot read"):
        data.load_image(tmp_path)


@given(position=st.integers(0, 500), value=st.integers(0, 255), cut=st.integers(1, 600))
def test_any_damage_gives_an_image_or_an_image_error(tmp_path_factory, position, value, cut):
    path = tmp_path_factory.mktemp("fuzz") / "picture.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (20, 20), np.uint8)).save(path)
    content = bytearray(path.read_bytes()[:cut])
    if position < len(content):
        content[position] = value
    path.write_bytes(content)
    try:
        image = data.load_image(path)
    except data.ImageError:
        return
    assert image.ndim == 2 and 0 <= image.min() and image.max() <= 1


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 4)), "shape"),
        (np.zeros(4), "shape"),
        (np.zeros((4, 4, 2)), "shape"),
        (np.zeros((2, 4, 4, 3)), "one picture at a time"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), 300.0), "divide it by its white level"),
        (np.zeros((4, 4), np.int64), "got int64"),
    ],
)
def test_bad_arrays_are_named(array, words):
    with pytest.raises(data.ImageError, match=words):
        data.as_image(array)


def test_folders_list_their_images_in_order(save, tmp_path):
    for name in ("b.png", "a.PNG", "c.gif"):
        save(GREY, name)
    (tmp_path / "SHA1SUMS").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    files = data.list_images([tmp_path, tmp_path / "SHA1SUMS"])
    assert [file.name for file in files] == ["a.PNG", "b.png", "c.gif", "SHA1SUMS"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no image"):
        data.list_images([tmp_path / "empty"])
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        data.list_images([tmp_path / "nowhere"])
    with pytest.raises(TypeError, match="a list of files"):
        data.list_images(str(tmp_path))


@pytest.mark.parametrize("name", sorted(data.PACKAGED))
def test_packaged_images_are_there(name):
    image = data.packaged_image(name)
    assert min(image.shape) >= 64 and image.std() > 0.02


def test_unknown_names_list_the_known():
    with pytest.raises(ValueError, match="camera"):
        data.packaged_image("lena")


def test_writing_replaces_only_by_a_whole_file(tmp_path, image):
    path = tmp_path / "out.png"
    data.write_image(path, image)
    again = data.load_image(path)
    assert (again - image).abs().max() <= 0.5 / 255 + 1e-6
    before = path.read_bytes()
    with pytest.raises(ValueError, match="shape"):
        data.write_image(path, image[None])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"]
    with pytest.raises(OSError, match="cannot write in the folder"):
        data.write_image(tmp_path / "missing" / "out.png", image)
