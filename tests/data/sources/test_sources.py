"""Pictures of every source: opened, told apart, and known by what they show."""

import hashlib
import os
import pickle
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from blurlib import data
from blurlib.data.sources import folder, published

BRODATZ_FOLDER = os.environ.get("BLURLIB_DATA")


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """Return a folder of three pictures, published under their hash as four "scans"."""
    place = tmp_path / "scans"
    place.mkdir()
    registry = {"D4.gif": {"sha1": "0" * 40, "material": "cork"}}
    for k, name in enumerate(("brick", "grass", "gravel"), 1):
        path = place / f"D{k}.gif"
        data.write_image(path, data.packaged_image(name)[:64, :64])
        digest = hashlib.sha1(path.read_bytes()).hexdigest()
        registry[path.name] = {"sha1": digest, "material": "stone" if k != 2 else "lawn"}
    monkeypatch.setattr(published, "BRODATZ", registry)
    monkeypatch.delenv("BLURLIB_DATA", raising=False)
    return place


def test_every_source_says_where_from_and_what_one_may_do():
    names = "brodatz photographs packaged procedural text depth folder"
    assert set(names.split()) == set(data.SOURCES)
    for source in data.SOURCES.values():
        assert source.title and source.licence and source.origin
    assert data.SOURCES["brodatz"].num_images == len(data.BRODATZ)
    assert data.SOURCES["photographs"].num_images == len(data.PHOTOGRAPHS)
    assert data.SOURCES["packaged"].num_images == len(data.PACKAGED_IMAGES)


def test_the_data_card_names_every_source_and_every_packaged_picture():
    card = (Path(__file__).parents[3] / "book" / "appendix" / "data_card.md").read_text()
    rows = re.findall(r"^\* - `(\w+)`\n((?:  - .*\n)+)", card, flags=re.MULTILINE)
    assert [name for name, _ in rows] == list(data.SOURCES)
    for name, row in rows:
        if data.SOURCES[name].num_images is not None:
            assert f": {data.SOURCES[name].num_images}\n" in row, name
    for name in data.PACKAGED_IMAGES:
        assert re.search(rf"\*[\w, *]*\b{name}\b", card), name


@pytest.mark.parametrize("name", ["packaged", "procedural"])
def test_what_needs_no_folder_opens_and_loads(name):
    collection = {"packaged": data.open_packaged, "procedural": data.open_procedural}[name]()
    assert len(collection) == len({picture.name for picture in collection}) > 0
    if data.SOURCES[name].num_images is not None:
        assert len(collection) == data.SOURCES[name].num_images
    for picture in list(collection)[:: max(1, len(collection) // 4)]:
        image = picture.load()
        assert image.ndim == 2 and 0 <= image.min() and image.max() <= 1
        again = pickle.loads(pickle.dumps(picture))  # a worker gets it this way
        assert torch.equal(again.load(), image)
    assert collection[collection[0].name] is collection[0]
    with pytest.raises(ValueError, match="name must be one of"):
        collection["lena"]


def test_right_missing_and_damaged_scans_are_told_apart(scans):
    (scans / "D2.gif").write_bytes((scans / "D2.gif").read_bytes() + b"x")
    collection = data.brodatz(scans)
    assert [picture.name for picture in collection] == ["D1.gif", "D3.gif"]
    assert collection.missing == ("D4.gif",)
    assert set(collection.damaged) == {"D2.gif"} and "SHA1" in collection.damaged["D2.gif"]
    assert {picture.material for picture in collection} == {"stone"}


def test_the_environment_names_the_folder_or_its_parent(scans, monkeypatch, tmp_path):
    monkeypatch.setenv("BLURLIB_DATA", str(scans))
    assert len(data.brodatz()) == 3
    scans.rename(tmp_path / "brodatz")
    monkeypatch.setenv("BLURLIB_DATA", str(tmp_path))
    assert len(data.brodatz()) == 3
    monkeypatch.setenv("BLURLIB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="which BLURLIB_DATA names"):
        data.brodatz()


@pytest.fixture
def two_photographs(tmp_path, monkeypatch):
    """Return a data folder with a grey "Kodak" and a red, soft "Berkeley"; a third is missing."""
    monkeypatch.delenv("BLURLIB_DATA", raising=False)
    registry = {"bsds-train/9.jpg": {"sha1": "0" * 40, "soft": False}}
    red = np.zeros((20, 30, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    for name, pixels in {"kodak/kodim01.png": red[..., 1], "bsds-train/8.jpg": red}.items():
        path = tmp_path / "data" / "photographs" / name
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path)
        digest = hashlib.sha1(path.read_bytes()).hexdigest()
        registry[name] = {"sha1": digest, "soft": name[0] == "b"}
    monkeypatch.setattr(published, "PHOTOGRAPHS", registry)
    return tmp_path / "data"


def test_photographs_are_grey_and_told_apart_by_their_names(two_photographs, monkeypatch):
    collection = data.photographs(two_photographs)
    assert [picture.name for picture in collection] == ["kodak/kodim01.png", "bsds-train/8.jpg"]
    assert collection.missing == ("bsds-train/9.jpg",) and collection.damaged == {}
    assert {picture.material for picture in collection} == {p.name for p in collection}
    red = collection["bsds-train/8.jpg"].load()
    assert red.shape == (20, 30) and red.mean() == pytest.approx(0.2125, abs=0.01)
    monkeypatch.setenv("BLURLIB_DATA", str(two_photographs / "photographs"))
    assert len(data.photographs()) == 2
    path = two_photographs / "photographs" / "bsds-train" / "8.jpg"
    path.write_bytes(path.read_bytes() + b"x")
    assert list(data.photographs().damaged) == ["bsds-train/8.jpg"]
    assert len(data.photographs()) == 1


def test_soft_photographs_are_left_out_and_other_pictures_are_kept(two_photographs):
    collection = data.photographs(two_photographs)
    mine = data.Picture("mine.png", "mine.png", None)
    sharp = data.sharp_photographs(data.Collection((*collection, mine), collection.missing))
    assert [picture.name for picture in sharp] == ["kodak/kodim01.png", "mine.png"]
    assert sharp.missing == collection.missing


def test_without_photographs_it_says_where_to_get_them(tmp_path, monkeypatch):
    monkeypatch.delenv("BLURLIB_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    for place in (tmp_path, tmp_path / "nowhere", None):
        with pytest.raises(FileNotFoundError, match="r0k.us/graphics/kodak.*Berkeley") as raised:
            data.photographs(place)
        assert "blurlib fetch" not in str(raised.value)


def test_the_registry_of_photographs_is_whole():
    assert Counter(name.partition("/")[0] for name in data.PHOTOGRAPHS) == {
        "kodak": 24, "bsds-train": 200,
    }  # fmt: skip
    assert len({entry["sha1"] for entry in data.PHOTOGRAPHS.values()}) == 224
    assert sum(entry["soft"] for entry in data.PHOTOGRAPHS.values()) == 46


def test_without_a_folder_the_cache_is_filled(scans, monkeypatch, tmp_path):
    asked = []

    def pretend(place, hashes, address, *, progress):
        asked.append(address)
        scans.rename(place)
        return {"D4.gif": "the server answered 404"}

    monkeypatch.setattr(published, "fetch_files", pretend)
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / project)
    (tmp_path / "blurlib").mkdir()
    assert len(data.brodatz()) == 3 and asked == [published.BRODATZ_ADDRESS]


def test_a_folder_with_nothing_of_it_says_how_to_fetch(tmp_path):
    with pytest.raises(FileNotFoundError, match="blurlib fetch"):
        data.brodatz(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        data.brodatz(tmp_path / "nowhere")


def test_the_registry_has_the_published_files_and_related_plates_together():
    assert len(data.BRODATZ) == 111 and "D14.gif" not in data.BRODATZ
    assert len({entry["sha1"] for entry in data.BRODATZ.values()}) == 111
    for one, other in [(55, 56), (64, 65), (74, 75), (103, 104), (107, 108), (23, 54)]:
        materials = [data.BRODATZ[f"D{k}.gif"]["material"] for k in (one, other)]
        assert materials[0] == materials[1]


def test_a_folder_knows_brodatz_by_hash_and_doubles_by_their_folder(scans, tmp_path, monkeypatch):
    hashes = {entry["sha1"]: entry["material"] for entry in published.BRODATZ.values()}
    monkeypatch.setattr(folder, "_MATERIAL_OF_HASH", hashes)
    other = tmp_path / "other"
    other.mkdir()
    (scans / "D1.gif").rename(scans / "mine.gif")
    data.write_image(other / "mine.gif", torch.rand(40, 40))
    collection = data.open_folder([scans, other])
    assert {picture.name: picture.material for picture in collection} == {
        "D2.gif": "lawn", "D3.gif": "stone", "scans/mine.gif": "stone",
        "other/mine.gif": "other/mine.gif",
    }  # fmt: skip


def test_materials_are_read_from_a_table(scans, tmp_path):
    table = tmp_path / "materials.csv"
    table.write_text("material,name\nwall,D1.gif\n,D2.gif\n", encoding="utf-8-sig")
    materials = data.read_materials(table)
    assert materials == {"D1.gif": "wall"}
    assert data.open_folder([scans], materials=materials)["D1.gif"].material == "wall"
    with pytest.raises(ValueError, match="not there: D9.gif; the files are D1.gif"):
        data.open_folder([scans], materials={"D9.gif": "wall"})
    table.write_bytes(b"name,material\nD1.gif,W\xe4nde\n")
    with pytest.raises(ValueError, match="no CSV file in UTF-8"):
        data.read_materials(table)
    table.write_text("name,material\nD1.gif, wall\n")
    assert data.read_materials(table) == {"D1.gif": "wall"}
    table.write_text("D1.gif,wall\n")
    with pytest.raises(ValueError, match="columns name,material"):
        data.read_materials(table)
    with pytest.raises(FileNotFoundError, match="no file"):
        data.read_materials(tmp_path / "nowhere.csv")


@pytest.mark.skipif(BRODATZ_FOLDER is None, reason="BLURLIB_DATA names no folder of the scans")
def test_the_real_scans_are_the_published_ones():
    collection = data.brodatz()
    assert not collection.damaged and len(collection) + len(collection.missing) == 111
    for picture in collection:
        assert picture.load().shape == (640, 640)


@pytest.mark.skipif(
    BRODATZ_FOLDER is None or not Path(BRODATZ_FOLDER, "photographs").is_dir(),
    reason="BLURLIB_DATA names no folder with photographs",
)
def test_the_real_photographs_are_those_we_had():
    collection = data.photographs()
    assert not collection.damaged and len(collection) + len(collection.missing) == 224
    for picture in list(collection)[::10]:
        sides = (512, 768) if picture.name.startswith("kodak/") else (321, 481)
        assert tuple(sorted(picture.load().shape)) == sides
