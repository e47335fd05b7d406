"""Datasets on disk: the same on any number of workers, safe from kills and from damage."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from blurlib import data

SMALL = data.DatasetConfig(num_classes=10)


@pytest.fixture
def pictures(tmp_path):
    """Return a folder of four sharp pictures; two are of one material."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("brick", "grass", "gravel", "coins"):
        data.write_image(folder / f"{name}.png", data.packaged_image(name)[:100, :140])
    return folder


def build(pictures, out, config=SMALL, **options):
    return data.build_dataset(data.open_folder([pictures]), out, config, **options)


def test_counts_and_balance_are_the_protocols(pictures, tmp_path):
    manifest = build(pictures, tmp_path / "set")
    kept, test = data.count_patches((100, 140), SMALL)
    assert manifest["counts"] == {"train": 4 * 10 * (kept - test), "test": 4 * 10 * test}
    assert manifest["class_balance"] == {"train": [4 * (kept - test)] * 10, "test": [4 * test] * 10}
    assert [p["name"] for p in manifest["pictures"]] == [
        "brick.png", "coins.png", "grass.png", "gravel.png",
    ]  # fmt: skip
    assert manifest == json.loads((tmp_path / "set" / "manifest.json").read_text())
    (pictures / "bad.png").write_bytes(b"no picture")
    assert str(tmp_path) not in json.dumps(build(pictures, tmp_path / "set"))


def test_what_is_read_is_what_the_protocol_makes(pictures, tmp_path):
    build(pictures, tmp_path / "set")
    dataset = data.load_dataset(tmp_path / "set")
    assert len(dataset.train) == dataset.manifest["counts"]["train"]
    entry = dataset.manifest["pictures"][2]
    image = data.load_image(pictures / entry["name"])
    table = data.picture_patches(image, SMALL, key=entry["pixels_sha256"])
    rows = dataset.test.select(dataset.test.pictures == 2)
    assert torch.equal(rows.patches[:, 0], table["patches"][table["test"]])
    assert torch.equal(rows.sigmas, table["sigmas"][table["test"]])
    assert torch.equal(rows.places, table["places"][table["test"]].long())


def test_one_and_two_workers_make_the_same_bits(pictures, tmp_path):
    alone = build(pictures, tmp_path / "one")
    shared = build(pictures, tmp_path / "two", workers=2)
    assert alone == shared
    for path in (tmp_path / "one" / "patches").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / "patches" / path.name).read_bytes()


def test_threads_make_no_difference_even_to_drawn_pictures(tmp_path):
    drawn = [data.open_procedural(size=256)[f"{name}-0"] for name in ("knit", "crumpled", "bark")]
    manifests = []
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        manifests.append(data.build_dataset(drawn, tmp_path / "set", SMALL))
        assert torch.get_num_threads() == threads
        torch.set_num_threads(before)
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize("key", ["drawn/0", None])
@pytest.mark.parametrize("continuous", [False, True])
def test_no_draw_hangs_on_computed_pixels(tmp_path, key, continuous):
    """Another processor draws the same texture with other last bits: the same patches are kept."""
    config = data.DatasetConfig(10, continuous=continuous)
    image = data.packaged_image("brick")[:100, :140]
    other = image.clone()
    other[3, 5] += 1 / 255
    sets = []
    for number, pixels in enumerate((image, other)):
        picture = data.Picture("a", "a", lambda pixels=pixels: pixels, key=key)
        data.build_dataset([picture], tmp_path / str(number), config)
        sets.append(data.load_dataset(tmp_path / str(number)))
    for side in ("train", "test"):
        one, two = (getattr(dataset, side) for dataset in sets)
        for name in ("sigmas", "labels", "places"):
            assert torch.equal(getattr(one, name), getattr(two, name))
    assert sets[0].manifest["sha256"] != sets[1].manifest["sha256"]  # hashes verify


def test_the_pixels_of_a_file_name_it_and_a_drawn_picture_has_a_key(pictures, tmp_path):
    for entry in build(pictures, tmp_path / "set")["pictures"]:
        assert "file_sha256" in entry and "key" not in entry
    assert all(picture.path.is_file() for picture in data.open_packaged())
    drawn = data.open_procedural(num_each=2, size=64, seed=5)
    assert drawn["knit-6"].key == "procedural/knit/6/64"
    keys = [picture.key or str(picture.path) for picture in (*drawn, *data.open_packaged())]
    assert len(set(keys)) == len(keys)


def test_a_picture_that_changes_meanwhile_spoils_nothing(tmp_path):
    names = iter(["brick", "grass", "brick", "brick"])

    def other_every_time():
        return data.packaged_image(next(names))[:99, :99]

    picture = data.Picture("picture", "picture", other_every_time)
    with pytest.raises(data.DatasetError, match="picture changed while"):
        data.build_dataset([picture], tmp_path / "set", SMALL)
    still = data.Picture("picture", "picture", lambda: data.packaged_image("brick")[:99, :99])
    fresh = data.build_dataset([still], tmp_path / "fresh", SMALL)
    assert data.build_dataset([picture], tmp_path / "set", SMALL) == fresh


def test_an_empty_side_is_an_error(tmp_path):
    data.write_image(tmp_path / "a.png", torch.rand(64, 64))
    with pytest.raises(data.DatasetError, match="one side would be empty"):
        build(tmp_path / "a.png", tmp_path / "set")
    assert not (tmp_path / "set" / "manifest.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("pictures"),
        lambda m: m.update(pictures=None),
        lambda m: m["pictures"][0].update(file=3),
        lambda m: m["config"].update(seed=99),
        lambda m: m["config"].update(unknown=1),
        lambda m: m["pictures"][0].update(role="test"),
        lambda m: m["counts"].update(train=1),
        lambda m: m.update(sha256="0" * 64),
    ],
)
def test_a_changed_manifest_is_found(pictures, tmp_path, change):
    out = tmp_path / "set"
    manifest = build(pictures, out)
    change(manifest)
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(data.DatasetError):
        data.load_dataset(out)


def test_the_sha256_is_that_of_the_files_one_after_the_other(pictures, tmp_path):
    import hashlib

    manifest = build(pictures, tmp_path / "set")
    files = [tmp_path / "set" / "patches" / entry["file"] for entry in manifest["pictures"]]
    assert manifest["sha256"] == hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()
    assert build(pictures, tmp_path / "set", data.DatasetConfig(10, seed=1)) != manifest


def test_unseen_keeps_pictures_and_materials_on_one_side(pictures, tmp_path):
    materials = {"brick.png": "wall", "gravel.png": "wall"}
    collection = data.open_folder([pictures], materials=materials)
    for seed in range(4):
        config = data.DatasetConfig(10, "unseen", seed=seed, test_share=0.5)
        manifest = data.build_dataset(collection, tmp_path / "set", config)
        dataset = data.load_dataset(tmp_path / "set")
        names = [entry["material"] for entry in manifest["pictures"]]
        sides = [
            {names[i] for i in side.pictures.tolist()} for side in (dataset.train, dataset.test)
        ]
        assert sides[0] and sides[1] and not sides[0] & sides[1]


def test_bad_small_and_double_pictures_are_named_and_left_out(pictures, tmp_path):
    (pictures / "bad.png").write_bytes(b"no picture")
    (pictures / "broken link.png").symlink_to("nowhere.png")
    os.mkfifo(pictures / "pipe.png")
    data.write_image(pictures / "tiny.png", torch.rand(33, 33))
    shutil.copy(pictures / "brick.png", pictures / "copy of brick.png")
    manifest = build(pictures, tmp_path / "set")
    reasons = {item["name"]: item["error"] for item in manifest["left_out"]}
    assert set(reasons) == {
        "bad.png", "broken link.png", "pipe.png", "tiny.png", "copy of brick.png",
    }  # fmt: skip
    assert "too few" in reasons["tiny.png"] and "as brick.png" in reasons["copy of brick.png"]
    assert len(manifest["pictures"]) == 4


def test_nothing_to_use_is_an_error(tmp_path):
    data.write_image(tmp_path / "tiny.png", torch.rand(33, 33))
    with pytest.raises(data.DatasetError, match="none of 1 pictures.*tiny.png: 33 x 33"):
        build(tmp_path / "tiny.png", tmp_path / "set")


def begin(pictures, out, *options):
    return subprocess.Popen(
        [sys.executable, "-m", "blurlib.cli", "dataset", pictures, "--out", out, *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_an_interrupt_is_one_line_even_while_workers_work(pictures, tmp_path):
    command = [sys.executable, "-m", "blurlib.cli", "dataset", pictures, "--workers", "2",
               "--out", tmp_path / "set"]  # fmt: skip
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # What a shell starts with `&` ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "set" / "patches").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate()
    lines = [line for line in said.splitlines() if "blurlib:" in line or "Error" in line]
    # Python may end itself by the signal instead, which a shell shows as the same 130.
    assert process.returncode in (130, -signal.SIGINT) and "Traceback" not in said, said
    assert lines == ["blurlib: interrupted; files that were complete before stay as they were"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_at_work_the_old_dataset_stays_and_the_new_goes_on(tmp_path, workers, rng):
    folder, out = tmp_path / "many", tmp_path / "set"
    folder.mkdir()
    for number in range(20):
        data.write_image(folder / f"{number:02d}.png", torch.rand(128, 128, generator=rng))
    old = data.build_dataset(data.open_folder([folder]), out, data.DatasetConfig(10))
    before = set(os.listdir(out / "patches"))

    process = begin(folder, out, "--seed", "1", "--classes", "60", "--workers", workers)
    made = set()
    while len(made) < 3 and process.poll() is None:
        time.sleep(0.01)
        made = {n for n in os.listdir(out / "patches") if n[0] != "."} - before
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert data.load_dataset(out).manifest == old

    times = {name: (out / "patches" / name).stat().st_mtime_ns for name in made}
    new = data.build_dataset(data.open_folder([folder]), out, data.DatasetConfig(60, seed=1))
    assert {name: (out / "patches" / name).stat().st_mtime_ns for name in made} == times
    fresh = data.build_dataset(
        data.open_folder([folder]), tmp_path / "fresh", data.DatasetConfig(60, seed=1)
    )
    assert new == fresh == data.load_dataset(out).manifest
    # Nothing of the old dataset, or of the killed run, is left over.
    assert set(os.listdir(out / "patches")) == {entry["file"] for entry in new["pictures"]}


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "swap"])
def test_damage_is_found_named_and_mended(pictures, tmp_path, damage):
    out = tmp_path / "set"
    manifest = build(pictures, out)
    paths = [out / "patches" / entry["file"] for entry in manifest["pictures"]]
    content = bytearray(paths[1].read_bytes())
    content[-1] ^= 1
    {
        "flip": lambda: paths[1].write_bytes(content),
        "cut": lambda: paths[1].write_bytes(content[:-40]),
        "remove": paths[1].unlink,
        "swap": lambda: paths[1].write_bytes(paths[0].read_bytes()),
    }[damage]()
    with pytest.raises(data.DatasetError, match=paths[1].name):
        data.load_dataset(out)
    assert build(pictures, out) == manifest
    assert data.load_dataset(out).manifest == manifest


def test_other_peoples_files_are_not_touched(pictures, tmp_path):
    out = tmp_path / "set"
    (out / "patches").mkdir(parents=True)
    (out / "patches" / "notes.txt").write_text("mine")
    with pytest.raises(data.DatasetError, match="other files"):
        build(pictures, out)
    (out / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(data.DatasetError, match="name another folder"):
        build(pictures, out)
    with pytest.raises(data.DatasetError, match="is a file"):
        build(pictures, out / "manifest.json")
    assert (out / "patches" / "notes.txt").read_text() == "mine"


def test_files_beside_ours_survive_a_build(pictures, tmp_path):
    manifest = build(pictures, tmp_path / "set")
    kept = [
        tmp_path / "set" / "patches" / f"{manifest['pictures'][0]['file']}.bak",
        tmp_path / "set" / ".manifest.json.swp",
    ]
    for path in kept:
        path.write_text("mine")
    build(pictures, tmp_path / "set", data.DatasetConfig(10, seed=1))
    assert all(path.read_text() == "mine" for path in kept)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"format": "other"}'])
def test_a_folder_without_a_manifest_of_ours_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(data.DatasetError, match="manifest.json"):
        data.load_dataset(tmp_path)


def test_stored_patches_come_once_each_and_again(pictures, tmp_path, rng):
    build(pictures, tmp_path / "set")
    train = data.load_dataset(tmp_path / "set").train
    stream = train.stream(rng=rng)
    patches, labels = stream.batch(len(train))
    assert patches.dtype == torch.float32 and 0 <= patches.min() and patches.max() <= 1
    assert torch.equal(labels.sort().values, train.labels.sort().values)
    more, _ = stream.batch(3 * len(train) + 1)
    assert len(more) == 3 * len(train) + 1


@pytest.mark.parametrize(
    ("patches", "targets", "words"),
    [
        (torch.zeros(0, 1, 8, 8), torch.zeros(0), "N at least 1"),
        (torch.zeros(4, 8, 8), torch.zeros(4), "shape \\(N, 1, P, P\\)"),
        (torch.zeros(4, 1, 8, 8), torch.zeros(3), "one target a patch"),
    ],
)
def test_bad_stored_patches_are_named(rng, patches, targets, words):
    with pytest.raises(ValueError, match=words):
        data.StoredPatches(patches, targets, rng=rng)
