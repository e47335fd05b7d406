"""Every built page opened as a file, in a real browser, by two readers: see `test_pages`.

They stand in a file of their own because the tests of one file run in a row.
"""

import pytest

from tests.book.visits import LOADED_AS, PAGES, check_page


@pytest.mark.parametrize(("theme", "width"), [LOADED_AS["file"], LOADED_AS["http"]])
@pytest.mark.parametrize("name", PAGES)
def test_page(name, theme, width, loaded, book):
    check_page(name, "file", theme, width, loaded, book)
