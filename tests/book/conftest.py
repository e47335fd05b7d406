"""Fixtures of the tests that open the built pages."""

import functools
import http.server
import itertools
import threading

import pytest

from tests.book.visits import LOADED_AS, WIDTHS, Visit


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def addresses(book):
    """Return where the book starts, for each scheme."""
    handler = functools.partial(QuietHandler, directory=book)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"http": f"http://127.0.0.1:{server.server_port}/", "file": book.as_uri() + "/"}
        server.shutdown()


@pytest.fixture(scope="module")
def contexts(browser):
    """Return one browser context for each theme and width."""
    return {
        (theme, width): browser.new_context(
            color_scheme=theme, viewport={"width": WIDTHS[width], "height": 900}
        )
        for theme, width in itertools.product(("light", "dark"), WIDTHS)
    }


@pytest.fixture
def visit(contexts, addresses):
    """Return a function that makes a visit; its page is closed after the test."""
    made = []

    def make(scheme="http", theme="light", width="wide"):
        made.append(Visit(contexts[theme, width], addresses[scheme]))
        return made[-1]

    yield make
    for one in made:
        one.page.close()


@pytest.fixture(scope="module")
def loaded(contexts, addresses):
    """Return a function that gives a page of the book, loaded anew only if it is another one."""
    held = {}

    def load(name, scheme):
        if (name, scheme) not in held:
            for one in held.values():
                one.page.close()
            held.clear()
            visited = Visit(contexts[LOADED_AS[scheme]], addresses[scheme])
            visited.open(f"{name}.html")
            held[name, scheme] = visited
        return held[name, scheme]

    return load
