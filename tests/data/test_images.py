"""Files of every kind, good, odd and hostile."""

import io
import os
import struct
import threading
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from blurlib import data
from blurlib.data import files, images


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


def png(rows, size, bits, colour, *chunks, interlace=0):
    """Return a PNG: its rows, packed and each behind its filter, whatever the header claims."""
    header = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, interlace)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def plain_rows(array):
    """Return an array's rows as a PNG has them, unfiltered."""
    return b"".join(b"\0" + row.tobytes() for row in array.astype(array.dtype.newbyteorder(">")))


def interlaced_rows(array):
    """Return an array's rows in the seven passes of an interlaced PNG."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]  # fmt: skip
    return b"".join(
        plain_rows(part) for y, x, dy, dx in passes if (part := array[y::dy, x::dx]).size
    )


DEEP = np.random.default_rng(2).integers(0, 65536, (9, 11, 4)).astype(np.uint16)
DEEP[..., 3] = 65535
DEEP_GREY = DEEP[..., :3].astype(np.float64) / 65535 @ [0.2125, 0.7154, 0.0721]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_16_bit_colour_png_keeps_its_levels(tmp_path, channels, interlaced):
    path, array = tmp_path / "deep.png", DEEP[..., :channels]
    rows = interlaced_rows(array) if interlaced else plain_rows(array)
    path.write_bytes(png(rows, (11, 9), 16, {3: 2, 4: 6}[channels], interlace=int(interlaced)))
    np.testing.assert_allclose(data.load_image(path), DEEP_GREY, rtol=1e-7)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "options", [{}, {"rowsperstrip": 2}, {"compression": "zlib"}, {"tile": (16, 16)}]
)
def test_16_bit_colour_tiff_keeps_its_levels(tmp_path, channels, byteorder, options):
    path = tmp_path / "deep.tif"
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    array = DEEP[..., :channels]
    tifffile.imwrite(path, array, photometric="rgb", byteorder=byteorder, **options, **extra)
    np.testing.assert_allclose(data.load_image(path), DEEP_GREY, rtol=1e-7)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_16_bit_planes_keep_their_levels(tmp_path, options):
    planes = DEEP[..., :3].transpose(2, 0, 1)
    tifffile.imwrite(tmp_path / "p.tif", planes, photometric="rgb", **options)
    np.testing.assert_allclose(data.load_image(tmp_path / "p.tif"), DEEP_GREY, rtol=1e-7)


def test_a_turned_deep_tiff_is_turned_once(tmp_path):
    tag = (274, "H", 1, 6, True)  # turned by 90 degrees
    tifffile.imwrite(tmp_path / "t.tif", DEEP[..., :3], photometric="rgb", extratags=[tag])
    turned = np.rot90(DEEP_GREY, -1)
    np.testing.assert_allclose(data.load_image(tmp_path / "t.tif"), turned, rtol=1e-7)


TIFFS = {  # what tifffile writes, and the words of the refusal
    "white": (DEEP[..., 0], dict(photometric="miniswhite"), "zero means white"),
    "whitef": (np.ones((9, 9), "f4"), dict(photometric="miniswhite"), "zero means white"),
    "signed": (np.ones((9, 9), "i1"), dict(photometric="minisblack"), "1 channel of int8"),
    "signed16": (np.ones((9, 9), "i2"), dict(photometric="minisblack"), "1 channel of int16"),
    "thumb": (DEEP[..., 0], dict(subfiletype=1), "thumbnail"),
    "dng": (DEEP[..., 0], dict(extratags=[(50706, "B", 4, b"1400", True)]), "raw file"),
    "pages": (DEEP[:2, ..., 0][:, None] + DEEP[..., 0], dict(photometric="minisblack"), "pages"),
    "inks": (DEEP, dict(photometric="separated"), "SEPARATED.*save it as grey or RGB"),
    "premultiplied": (DEEP, dict(photometric="rgb", extrasamples=["assocalpha"]), "cut to 8"),
    "two": (DEEP[..., :2] // 256, dict(photometric="minisblack", planarconfig="contig"),
            "2 channels of uint16"),
    "two8": (np.ones((9, 9, 2), "u1"), dict(photometric="minisblack", planarconfig="contig"),
             "2 channels"),
    "two8p": (np.ones((2, 9, 9), "u1"), dict(photometric="minisblack", planarconfig="separate"),
              "2 channels of uint8 .*; save it as grey or RGB"),
    "twof": (np.ones((2, 9, 9), "f4"), dict(photometric="minisblack", planarconfig="separate"),
             "2 channels of float32"),
    "five": (np.ones((9, 9, 5), "u1"), dict(photometric="minisblack", planarconfig="contig"),
             "5 channels of uint8"),
    "long": (np.ones((9, 9), "u8"), dict(photometric="minisblack"), "1 channel of uint64"),
    "complex": (np.ones((9, 9), "c8"), dict(photometric="minisblack"), "1 channel of complex64"),
    "stack": (np.ones((9, 9, 3), "f8"), dict(photometric="minisblack", planarconfig="contig"),
              "3 channels of float64"),
    "lab": (np.ones((9, 9, 3), "f4"), dict(photometric="cielab"), "CIELAB"),
    "inksf": (np.ones((9, 9, 4), "f4"), dict(photometric="separated"), "4 channels of float32"),
    "volume": (np.ones((3, 16, 16), "f4"),
               dict(volumetric=True, tile=(3, 16, 16), photometric="minisblack"), "slices"),
    "volumed": (np.ones((3, 16, 16), "f8"),
                dict(volumetric=True, tile=(3, 16, 16), photometric="minisblack"),
                "slices"),
    "pagesf": (np.ones((2, 1, 9, 9), "f8"), dict(photometric="minisblack"), "several pages"),
    "whited": (np.ones((9, 9), "f8"), dict(photometric="miniswhite"), "zero means white"),
    "turnedf": (np.ones((9, 9), "f8"), dict(extratags=[(274, "H", 1, 6, True)]), "save it upright"),
    "beyond": (np.full((9, 9), 2.0), dict(photometric="minisblack"), r"must lie in \[0, 1\]"),
    "nan": (np.full((9, 9), np.nan), dict(photometric="minisblack"), "NaN"),
}  # fmt: skip


@pytest.mark.parametrize("name", TIFFS)
def test_tiffs_that_would_come_out_wrong_are_refused(tmp_path, name):
    array, options, words = TIFFS[name]
    tifffile.imwrite(tmp_path / "odd.tif", array, **options)
    with pytest.raises(data.ImageError, match=words):
        data.load_image(tmp_path / "odd.tif")


def test_floats_packed_in_an_uncommon_way_are_named(tmp_path):
    """LZW and the like need a library that nobody has by chance."""
    tifffile.imwrite(tmp_path / "f.tif", np.ones((64, 64)), compression="zlib")
    with tifffile.TiffFile(tmp_path / "f.tif", mode="r+") as tiff:
        tiff.pages[0].tags["Compression"].overwrite(5)
    with pytest.raises(data.ImageError, match="packed .*LZW.*as TIFF without compression"):
        data.load_image(tmp_path / "f.tif")


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("layout", ["grey", "contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_floats_of_any_width_come_as_they_are(tmp_path, rng, kind, layout, compression):
    array = torch.rand(7, 9, 3, generator=rng).numpy().astype(kind)
    options = {"photometric": "rgb", "planarconfig": layout}
    if layout == "grey":
        array, options = array[..., 0], {"photometric": "minisblack"}
    written = array.transpose(2, 0, 1) if layout == "separate" else array
    tifffile.imwrite(tmp_path / "f.tif", written, compression=compression, **options)
    assert torch.equal(data.load_image(tmp_path / "f.tif"), data.as_image(array))
    whole = (tmp_path / "f.tif").read_bytes()
    with pytest.raises(data.ImageError, match="63 pixels, more than"):
        data.load_image(tmp_path / "f.tif", max_pixels=62)
    (tmp_path / "f.tif").write_bytes(whole[: len(whole) - 20])
    with pytest.raises(data.ImageError, match="damaged"):
        data.load_image(tmp_path / "f.tif")


@pytest.mark.parametrize("ending", [".jfif", ".JPE", ".pnm", ".pbm", ".pfm", ".apng", ".mpo"])
def test_a_folder_gives_all_that_can_be_read_and_the_rest_can_be_named(tmp_path, ending):
    picture = tmp_path / f"a{ending}"
    for other in ("notes.txt", "b.heic", ".hidden"):
        (tmp_path / other).write_bytes(b"")
    data.write_image(picture, torch.zeros(2, 3))
    assert data.list_images([tmp_path]) == [picture]
    assert [path.name for path in data.passed_over([tmp_path, picture])] == ["b.heic", "notes.txt"]


@pytest.mark.parametrize(
    ("header", "white", "kind"),
    [(b"P5 2 2 1000 ", 1000, ">u2"), (b"P5 2 2 65535 ", 65535, ">u2"), (b"P5 2 2 100 ", 100, "u1")],
)
def test_pgm_files_have_their_own_white(tmp_path, header, white, kind):
    levels = np.array([[0, white // 2], [white // 5, white]], kind)
    (tmp_path / "p.pgm").write_bytes(header + levels.tobytes())
    image = data.load_image(tmp_path / "p.pgm")
    np.testing.assert_allclose(image, levels / white, atol=0.003 if kind == "u1" else 1e-5)


def test_5_6_5_bit_colour_is_no_deep_colour(tmp_path):
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    header = struct.pack("<IiiHHIIiiII", 40, 2, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    pixels = struct.pack("<HH", 0xFFFF, 0)
    start = struct.pack("<2sIHHI", b"BM", 70, 0, 0, 66)
    (tmp_path / "b.bmp").write_bytes(start + header + masks + pixels)
    np.testing.assert_allclose(data.load_image(tmp_path / "b.bmp"), [[1, 0]], atol=1e-6)


def clear(bits, colour, levels, transparent):
    """Return a 2 x 1 PNG with one level or colour declared transparent."""
    return png(b"\0" + levels, (2, 1), bits, colour, (b"tRNS", transparent))


@pytest.mark.parametrize(
    ("content", "opaque"),
    [
        (clear(8, 0, b"\x05\x06", b"\0\x05"), False),
        (clear(8, 0, b"\x05\x06", b"\0\x07"), True),
        (clear(4, 0, b"\x56", b"\0\x05"), False),  # Pillow scales the pixels, and not the tRNS
        (clear(4, 0, b"\x56", b"\0\x55"), True),
        (clear(16, 0, b"\x01\x05\x01\x06", b"\x01\x05"), False),
        (clear(16, 0, b"\x01\x05\x01\x06", b"\x01\x04"), True),
        (clear(8, 2, b"\1\2\3\1\2\4", b"\0\1\0\2\0\4"), False),
        (clear(8, 2, b"\1\2\3\1\2\4", b"\0\1\0\2\0\5"), True),
        (clear(16, 2, b"\1\2\3\4\5\6" * 2, b"\1\2\3\4\5\6"), False),
        (clear(16, 2, b"\1\2\3\4\5\6" * 2, b"\1\2\3\4\5\7"), True),  # equal in the high bytes
    ],
)
def test_a_transparent_level_counts_only_where_it_is_used(tmp_path, content, opaque):
    (tmp_path / "clear.png").write_bytes(content)
    if opaque:
        assert data.load_image(tmp_path / "clear.png").shape == (1, 2)
        return
    with pytest.raises(data.ImageError, match="transparent"):
        data.load_image(tmp_path / "clear.png")


@pytest.mark.parametrize("name", ["p.png", "p.gif"])
def test_palettes_with_an_unused_transparent_entry_load(save, name):
    path = save(GREY, name, "P", transparency=251)
    np.testing.assert_allclose(data.load_image(path) * 255, GREY, atol=0.01)
    with pytest.raises(data.ImageError, match="transparent"):
        data.load_image(save(GREY, name, "P", transparency=int(GREY[2, 3])))


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp", "moving.tif"])
def test_animations_and_pages_are_refused(tmp_path, name):
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with pytest.raises(data.ImageError, match="animated or has several pages"):
        data.load_image(tmp_path / name)


def test_of_a_cameras_pair_the_first_picture_is_read(tmp_path):
    frames = [Image.new("L", (16, 8), 200), Image.new("L", (4, 4), 10)]
    frames[0].save(tmp_path / "pair.mpo", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "pair.mpo") as picture:
        assert picture.format == "MPO" and picture.n_frames == 2
    image = data.load_image(tmp_path / "pair.mpo")
    np.testing.assert_allclose(image, np.full((8, 16), 200 / 255), atol=0.01)


def test_hostile_and_broken_files_are_refused_in_one_line(save, tmp_path):
    whole = save(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).read_bytes()
    save(np.dstack([GREY, GREY, GREY, GREY]), "clear.png")
    save((GREY * 3.0).astype("f4"), "bright.tif")
    save(np.full((4, 4), 70_000, np.int32), "long.tif")
    kinds = "convert it to PNG or TIFF"
    files = {
        "zero.png": (b"", "it is empty; convert"), "text.png": (b"no picture", kinds),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", kinds),
        "paper.pdf": (b"%PDF-1.7\n", kinds), "phone.heic": (b"\0\0\0\x18ftypheic", kinds),
        "print.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", kinds),
        "cut.png": (whole[: len(whole) // 2], "truncated"),
        "flipped.png": (whole[:40] + b"\xff\xff\xff" + whole[43:], "damaged"),
        "sound.webp": (b"RIFF\x24\0\0\0WAVEfmt ", kinds),
        "deep.ppm": (b"P6 1 1 65535 " + bytes(6), "cut to 8"),
        "deep.png": (png(bytes(5), (1, 1), 16, 4), "cut to 8"),
        "bomb.png": (png(b"0", (100_000, 100_000), 8, 0), "max_pixels=134217728"),
        "bomb.pgm": (b"P5 20000 20000 255 ", "20000 x 20000 = 400000000 pixels"),
        "bomb.bmp": (b"BM" + struct.pack("<IHHIIiiHHIIiiII", 58, 0, 0, 54, 40, 50_000, 50_000, 1, 8,
                                         0, 0, 0, 0, 0, 0) + bytes(2000), "50000 x 50000"),
    }  # fmt: skip
    words = {
        "clear.png": "transparent", "bright.tif": "divide it by its white level",
        "long.tif": "1 channel of int32",
    }  # fmt: skip
    for name, (content, word) in files.items():
        (tmp_path / name).write_bytes(content)
        words[name] = word
    tracemalloc.start()
    for name, word in words.items():
        with pytest.raises(data.ImageError, match=word) as caught:
            data.load_image(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_paths_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "folder.png").mkdir()
    for name, error, words in [
        ("nowhere.png", FileNotFoundError, "no file at .*nowhere.png"),
        ("link.png", FileNotFoundError, "no file behind the link .*link.png"),
        ("pipe.png", data.ImageError, "cannot read .*pipe.png: it is a folder or a device"),
        ("folder.png", data.ImageError, "it is a folder or a device"),
        ("loop.png", data.ImageError, "cannot read .*loop.png"),
        ("x" * 300, data.ImageError, "too long"),
        ("null\0.png", data.ImageError, "cannot read .*null"),
        ("two\nlines.png", FileNotFoundError, r"two\\nlines"),
    ]:
        with pytest.raises(error, match=words) as caught:
            data.load_image(tmp_path / name)
        assert "\n" not in str(caught.value) and "\0" not in str(caught.value)


@pytest.mark.parametrize("name", ["a b.png", "Grün.png", "two\nlines.png", "bad\udcff.png"])
def test_names_may_be_odd(save, tmp_path, name):
    assert data.load_image(save(GREY, name)).shape == (5, 7)
    (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(data.ImageError) as caught:
        data.load_image(tmp_path / name)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_named(save):
    path = save(GREY)
    path.chmod(0)
    with pytest.raises(data.ImageError, match="change its permissions"):
        data.load_image(path)


FORMATS = ["png", "jpg", "gif", "tif", "bmp", "webp", "pgm"]


@pytest.mark.parametrize("ending", FORMATS)
def test_the_limit_of_pixels_is_the_callers(save, monkeypatch, ending):
    path = save(np.full((30, 40), 99, np.uint8), f"large.{ending}")
    with pytest.raises(data.ImageError, match=r"40 x 30 = 1200 pixels.* max_pixels=1199"):
        data.load_image(path, max_pixels=1199)
    if ending != "webp":  # whose reader asks Pillow's limit by itself, as the docstring says
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert data.load_image(path, max_pixels=1200).shape == (30, 40)


def test_palette_and_compressed_tiffs_pass_pillows_limit_too(save, monkeypatch):
    paths = [
        save(GREY, f"{mode}{compression}.tif", mode, compression=compression)
        for mode in ("P", "RGB", "1")
        for compression in ("raw", "tiff_lzw")
    ]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    for path in paths[:4]:
        np.testing.assert_allclose(data.load_image(path) * 255, GREY, atol=0.01)
    assert torch.equal(data.load_image(paths[4]), data.load_image(paths[5]))


def original(ending):
    """Return a small picture's file of a kind; "tif" has 16 bits, "deep" 16 bits a colour."""
    levels = np.random.default_rng(1).integers(0, 255, (20, 20), np.uint8)
    if ending == "deep":
        return png(plain_rows(DEEP), (11, 9), 16, 6)
    file = io.BytesIO()
    if ending == "lzw":
        Image.fromarray(levels).convert("RGB").save(file, "TIFF", compression="tiff_lzw")
    else:
        levels = levels.astype(np.uint16) * 257 if ending == "tif" else levels
        kind = {"jpg": "JPEG", "tif": "TIFF", "pgm": "PPM"}.get(ending, ending.upper())
        Image.fromarray(levels).save(file, kind)
    return file.getvalue()


ORIGINALS = {ending: original(ending) for ending in [*FORMATS, "deep", "lzw"]}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("ending", ORIGINALS)
def test_any_damage_gives_an_image_or_an_image_error(tmp_path, capsys, ending):
    path = tmp_path / f"damaged.{ending}"

    @settings(max_examples=150)
    @given(edits=EDITS, header=st.booleans())
    def damage(edits, header):
        content = bytearray(ORIGINALS[ending])
        for kind, where, new in edits:
            position = int(where * min(len(content), 120 if header else len(content)))
            if kind == "set":
                content[position : position + len(new)] = new
            elif kind == "cut":
                del content[position + 1 :]
            else:
                content[position:position] = new
        path.write_bytes(content)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                image = data.load_image(path, max_pixels=2**20)
                assert image.ndim == 2 and 0 <= image.min() and image.max() <= 1
            except data.ImageError as error:
                assert str(error).isprintable() and "damaged." in str(error)
        assert not caught

    damage()
    assert capsys.readouterr() == ("", "")


def test_damaged_png_pixels_never_load_as_another_picture(tmp_path):
    path, content = tmp_path / "p.png", ORIGINALS["png"]
    path.write_bytes(content)
    whole = data.load_image(path)
    for position in range(0, len(content), 3):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :]
        )
        try:
            assert torch.equal(data.load_image(path), whole)
        except data.ImageError:
            pass


def test_threads_leave_no_filter_of_warnings_behind(tmp_path):
    (tmp_path / "p.png").write_bytes(ORIGINALS["deep"])
    before, loaded = list(warnings.filters), []

    def load():
        for _ in range(20):
            loaded.append(data.load_image(tmp_path / "p.png"))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 80 and all(torch.equal(image, loaded[0]) for image in loaded)
    assert warnings.filters == before


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_level_is_the_nearest_float32(kind):
    levels = np.arange(np.iinfo(kind).max + 1, dtype=kind)[None]
    expected = (levels / np.float64(levels.max())).astype(np.float32)
    np.testing.assert_array_equal(data.as_image(levels), expected)


@pytest.mark.parametrize("shape", [(1000, 1000), (1000, 1000, 3)])
def test_conversion_needs_little_more_than_its_result(shape):
    array = np.zeros(shape, np.uint8)
    tracemalloc.start()
    data.as_image(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6, peak  # the result has 4e6 bytes, all colours as float64 have 24e6


def test_arrays_are_copied_and_may_lie_any_way_round():
    array = np.random.default_rng(3).random((4, 5)).astype(np.float32)
    image = data.as_image(array)
    array[0, 0] = 0.5
    assert image[0, 0] != 0.5
    array.setflags(write=False)
    deep = (array * 65535).astype(">u2")
    np.testing.assert_allclose(data.as_image(deep.T[::-1]), deep.T[::-1] / 65535, atol=1e-7)
    np.testing.assert_array_equal(data.as_image(array[:, ::-1]), array[:, ::-1])
    rows = np.random.default_rng(4).random((3, images._STRIP, 3))
    grey = data.as_image(rows.astype(np.float32))  # more than a strip
    np.testing.assert_allclose(grey, rows @ [0.2125, 0.7154, 0.0721], atol=1e-6)


def test_a_folders_bad_files_are_listed_and_named_when_read(save, tmp_path, monkeypatch):
    save(GREY, "a.png")
    save(GREY.repeat(2, 0), "tall.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    errors, listed = {}, files.list_images([tmp_path])
    for path in listed:
        try:
            data.load_image(path)
        except (data.ImageError, FileNotFoundError) as error:
            errors[path.name] = str(error)
    assert len(listed) == 5 and list(errors) == ["bad.png", "gone.png", "pipe.png"]
    assert all(name in error for name, error in errors.items())
    with pytest.raises(data.ImageError, match="max_pixels=30"):
        data.load_image(tmp_path / "a.png", max_pixels=30)
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        files.list_images([tmp_path / "nowhere.png"])

    def full(path, max_pixels):
        raise MemoryError

    monkeypatch.setattr(images, "decode", full)
    with pytest.raises(data.ImageError, match="more memory than there is"):
        data.load_image(tmp_path / "a.png")


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
        (np.full((4, 4), np.inf), "infinite"),
        (np.full((4, 4), -0.1), "from -0.1 to -0.1"),
        (np.full((4, 4, 4), 0.5), "transparent"),
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


@pytest.mark.parametrize("name", sorted(data.PACKAGED_IMAGES))
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


def test_grey_of_colours_is_the_same_on_every_processor(rng):
    """A product of matrices rounds differently with and without vector instructions."""
    levels = torch.randint(256, (50, 60, 3), generator=rng).numpy().astype(np.uint8)
    exact = [
        [float(np.float64(0.2125) * (r / 255) + 0.7154 * (g / 255) + 0.0721 * (b / 255))
         for r, g, b in row.tolist()]
        for row in levels
    ]  # fmt: skip
    assert torch.equal(data.as_image(levels), torch.tensor(exact))
