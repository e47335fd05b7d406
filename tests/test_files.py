"""Files are written whole or not at all, together or not at all, and say what went wrong."""

import errno
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
import torch

from blurlib import _files, _sealed
from blurlib._files import replacing, replacing_together


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_belongs_together_changes_together(tmp_path):
    old = {name: tmp_path / name for name in ("a", "b", "stale")}
    for path in old.values():
        path.write_text("old")
    with pytest.raises(RuntimeError), replacing_together([old["a"], old["b"]]) as (one, _):
        one.write(b"new")
        raise RuntimeError
    assert {path.read_text() for path in old.values()} == {"old"}
    with replacing_together([old["a"], old["b"]], removed=[old["stale"]]) as (one, two):
        one.write(b"new")
        two.write(b"new")
        assert {path.read_text() for path in old.values()} == {"old"}
    assert names(tmp_path) == ["a", "b"] and old["a"].read_text() == old["b"].read_text() == "new"


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("kind", [PermissionError, KeyboardInterrupt])
def test_all_old_ones_come_back_if_one_cannot_be_replaced(tmp_path, monkeypatch, links, step, kind):
    paths = [tmp_path / name for name in "abc"]
    for path in (*paths[:2], tmp_path / "stale"):  # c is new
        path.write_text("old")
    replace, calls = os.replace, []

    def refuse(source, target):
        calls.append(target)
        if target in paths and sum(one in paths for one in calls) == step:
            raise kind(1, "no")
        replace(source, target)

    def no_link(*_, **__):
        raise OSError(1, "no links here")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        if not links:
            patch.setattr(os, "link", no_link)
        with pytest.raises(kind), replacing_together(paths, removed=[tmp_path / "stale"]) as made:
            for file in made:
                file.write(b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ["a", "b", "stale"], "old"
    )


def test_what_is_to_go_may_be_missing_and_is_no_folder(tmp_path):
    with replacing_together([tmp_path / "a"], removed=[tmp_path / ("b" * 300)]) as (file,):
        file.write(b"1")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="it is a folder"):
        with replacing_together([tmp_path / "c"], removed=[tmp_path / "folder"]) as (file,):
            file.write(b"1")
    assert names(tmp_path) == ["a", "folder"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("how", ["write", "flush", "numpy"])
def test_a_full_disk_is_named_with_the_file(tmp_path, monkeypatch, how):
    target = tmp_path / "map.npy"
    target.write_text("old")
    full = open("/dev/full", "wb", buffering=0 if how == "write" else -1)
    monkeypatch.setattr(_files, "open", lambda *_: full, raising=False)
    with pytest.raises(OSError, match=r"cannot write .*map\.npy: No space left") as caught:
        with replacing(target) as file:
            if how == "numpy":
                np.save(file, np.zeros((2000, 2000)))
            else:
                file.write(b"0" * 100)
    assert caught.value.errno == errno.ENOSPC and "free some space" in str(caught.value)
    assert names(tmp_path) == ["map.npy"] and target.read_text() == "old"


@pytest.mark.skipif(os.name == "nt", reason="Windows limits whole paths")
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    longest = tmp_path / ("a" * 255)
    with replacing(longest) as file:
        file.write(b"1")
    assert longest.read_bytes() == b"1"
    with pytest.raises(OSError, match="File name too long; use a shorter name"):
        with replacing(tmp_path / ("a" * 256)):
            pass
    with pytest.raises(OSError, match="it is a folder"):
        (tmp_path / "folder").mkdir()
        with replacing(tmp_path / "folder"):
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask to speak of")
def test_permissions_are_the_users(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:  # the umask belongs to all threads: it is not touched
        patch.setattr(os, "umask", None)
        with replacing(tmp_path / "a") as file:
            file.write(b"1")
    code = (
        "import os, sys; os.umask(0o027); from blurlib._files import replacing\n"
        "with replacing(sys.argv[1]) as file: file.write(b'1')"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "made"], check=True)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o640


def test_every_changed_bit_is_noticed(rng):
    tensors = {"a": torch.rand(5, 3, generator=rng), "b": torch.arange(4)}
    content = _sealed.seal(tensors, {"words": '{"sha256":"' + "0" * 64 + '"}'})
    found, metadata = _sealed.unseal(content)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert metadata["words"].startswith("{")
    for place in range(len(content)):
        for bit in (1, 32):
            damaged = bytearray(content)
            damaged[place] ^= bit
            with pytest.raises(Exception):  # noqa: B017  what it is depends on what was hit
                _sealed.unseal(bytes(damaged))
    with pytest.raises(Exception):  # noqa: B017
        _sealed.unseal(content + b"0")
