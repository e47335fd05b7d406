"""Downloads, from a server of our own: whole, broken, missing, and no network at all."""

import hashlib
import http.server
import threading

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
