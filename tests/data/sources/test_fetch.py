"""Downloads, from a server of our own: whole, broken, missing, and no network at all."""

import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from blurlib.data import FetchError
from blurlib.data.sources import fetch

FILES = {f"D{k}.gif": f"picture {k}".encode() * 100 for k in range(1, 7)}
HASHES = {name: f"sha1:{hashlib.sha1(content).hexdigest()}" for name, content in FILES.items()}


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve the folder ``published``; return (its address, the folder, the names asked for)."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder, asked = tmp_path / "published", []
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def do_GET(self):
            asked.append(self.path.lstrip("/"))
            super().do_GET()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/", folder, asked
        running.shutdown()


def test_only_what_is_missing_is_fetched(server, tmp_path):
    address, _, asked = server
    place = tmp_path / "here"
    place.mkdir()
    (place / "D2.gif").write_bytes(FILES["D2.gif"])
    assert fetch.fetch_files(place, HASHES, address) == {}
    assert sorted(asked) == sorted(set(FILES) - {"D2.gif"})
    assert {path.name: path.read_bytes() for path in place.iterdir()} == FILES


def test_a_changed_file_is_refused_and_an_old_one_kept(server, tmp_path):
    address, folder, _ = server
    (folder / "D3.gif").write_bytes(b"something else")
    place = tmp_path / "here"
    place.mkdir()
    (place / "D3.gif").write_bytes(b"my own, damaged")
    failed = fetch.fetch_files(place, HASHES, address)
    assert set(failed) == {"D3.gif"} and "not the published file" in failed["D3.gif"]
    assert (place / "D3.gif").read_bytes() == b"my own, damaged"
    assert len(list(place.iterdir())) == 6


def test_a_damaged_file_is_replaced_by_the_right_one(server, tmp_path):
    address, _, _ = server
    (tmp_path / "D1.gif").write_bytes(FILES["D1.gif"][:50])
    assert fetch.fetch_files(tmp_path, {"D1.gif": HASHES["D1.gif"]}, address) == {}
    assert (tmp_path / "D1.gif").read_bytes() == FILES["D1.gif"]


def test_a_file_the_server_lacks_is_named_and_the_rest_goes_on(server, tmp_path):
    address, folder, _ = server
    (folder / "D4.gif").unlink()
    failed = fetch.fetch_files(tmp_path / "here", HASHES, address)
    assert set(failed) == {"D4.gif"} and "404" in failed["D4.gif"]
    assert len(list((tmp_path / "here").iterdir())) == 5


def test_without_a_network_there_is_one_clear_error_soon(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError, match="no connection.*BLURLIB_DATA"):
        fetch.fetch_files(tmp_path / "here", HASHES, "http://127.0.0.1:9/")
    assert list((tmp_path / "here").iterdir()) == []


def pack(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


def test_an_archive_is_unpacked_by_name_and_its_sums_are_kept(server, tmp_path):
    address, folder, _ = server
    (folder / "t.zip").write_bytes(
        pack(**{"textures__1.1.01.tiff": b"grass", "..__1.1.02.tiff": b"bark", "readme": b"x"})
    )
    place = tmp_path / "here"
    fetch.fetch_archive(place, ["1.1.01.tiff", "1.1.02.tiff", "1.1.03.tiff"], address + "t.zip")
    assert sorted(path.name for path in place.iterdir()) == [
        "1.1.01.tiff", "1.1.02.tiff", "SHA256SUMS",
    ]  # fmt: skip
    sums = fetch.read_sums(place)
    assert sums["1.1.01.tiff"] == f"sha256:{hashlib.sha256(b'grass').hexdigest()}"


@pytest.mark.parametrize("content", [b"<html>moved</html>", None])
def test_a_bad_archive_leaves_nothing_behind(server, tmp_path, content):
    address, folder, _ = server
    if content is not None:
        (folder / "t.zip").write_bytes(content)
    with pytest.raises(FetchError, match="no archive|404"):
        fetch.fetch_archive(tmp_path / "here", ["1.1.01.tiff"], address + "t.zip")
    assert list((tmp_path / "here").iterdir()) == []


def test_what_was_trusted_first_is_held_against_what_comes_later(server, tmp_path):
    address, folder, _ = server
    place, names = tmp_path / "here", ["1.1.01.tiff", "1.1.02.tiff"]
    (folder / "t.zip").write_bytes(pack(**{"1.1.01.tiff": b"grass", "1.1.02.tiff": b"bark"}))
    fetch.fetch_archive(place, names, address + "t.zip")
    sums = fetch.read_sums(place)
    (place / "1.1.02.tiff").unlink()
    (place / "t.zip").write_bytes(b"my own")
    (folder / "t.zip").write_bytes(pack(**{"1.1.01.tiff": b"EVIL", "1.1.02.tiff": b"bark"}))
    with pytest.raises(FetchError, match="another 1.1.01.tiff than at the first download"):
        fetch.fetch_archive(place, names, address + "t.zip")
    assert fetch.read_sums(place) == sums and (place / "1.1.01.tiff").read_bytes() == b"grass"
    (folder / "t.zip").write_bytes(pack(**{"1.1.01.tiff": b"grass", "1.1.02.tiff": b"bark"}))
    fetch.fetch_archive(place, names, address + "t.zip")
    assert (place / "1.1.02.tiff").read_bytes() == b"bark"
    assert (place / "t.zip").read_bytes() == b"my own"


def test_a_damaged_list_of_sums_is_named(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("abc  a\n\n")
    assert fetch.read_sums(tmp_path) == {"a": "sha256:abc"}
    (tmp_path / "SHA256SUMS").write_text("nonsense\n")
    with pytest.raises(ValueError, match="a hash and a name in each line"):
        fetch.read_sums(tmp_path)
