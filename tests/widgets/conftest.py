"""A page that holds widgets and nothing else, made with the book's own extension."""

import functools
import http.server
import importlib.util
import shutil
import threading
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def extension():
    spec = importlib.util.spec_from_file_location("widgets", REPOSITORY / "book/_ext/widgets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def write_page(extension, tmp_path):
    """Return a function that writes widgets' HTML as a page and gives the page's path."""

    def write(*fragments):
        extension.write_assets(tmp_path)
        shutil.copy(REPOSITORY / "book/_static" / extension.HOST, tmp_path)
        (tmp_path / "index.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Widgets</title>'
            '<meta name="viewport" content="width=device-width">'
            '<link rel="icon" href="data:,">'
            f'<link rel="stylesheet" href="{extension.STYLE}">'
            f'<script defer src="{extension.SCRIPT}"></script>'
            f'<script defer src="{extension.HOST}"></script><body>{"<hr>".join(fragments)}',
            encoding="utf-8",
        )
        return tmp_path / "index.html"

    return write


@pytest.fixture
def served(tmp_path):
    """Serve the page's folder over http."""
    handler = functools.partial(QuietHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(scope="module")
def modules(browser):
    """Give a page that can import the widgets' sources: ``await import("/parts/psf.js")``."""
    folder, page = REPOSITORY / "blurlib/widgets", browser.new_page()

    def give(route):
        path = folder / route.request.url.removeprefix("http://sources.test/")
        content = path.read_text() if path.is_file() else "<!doctype html>"
        kind = "text/javascript" if path.suffix == ".js" else "text/html"
        route.fulfill(body=content, content_type=kind)

    page.route("http://sources.test/**", give)
    page.goto("http://sources.test/")
    yield page
    page.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens an address; at the end no error and no failed request."""
    contexts, troubles = [], []

    def open_address(address, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url))
        page.goto(address)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert not troubles, troubles
