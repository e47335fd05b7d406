"""No chapter is too long to be finished, and the book is not either."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tests.book.lengths import LIMIT_OF_ALL, LIMITS, chapter_files, measure


@pytest.mark.parametrize("path", chapter_files().values(), ids=lambda path: path.stem)
def test_a_chapter_is_short(path):
    found = measure(path)
    assert {key: value for key, value in found.items() if value > LIMITS[key]} == {}


def test_the_book_is_short():
    words = {name: measure(path)["words"] for name, path in chapter_files().items()}
    assert sum(words.values()) <= LIMIT_OF_ALL, words


def test_words_and_lines_are_those_that_a_reader_sees(tmp_path):
    folded = {"metadata": {"tags": ["hide-input"]}}
    cells = [
        new_markdown_cell("# A title\n\n```{math}\n:label: x\na = b\n```\n\nsee {doc}`one` $a b$"),
        new_markdown_cell("```python\nimport this\n```"),
        new_code_cell("first = 1\n\nsecond = 22"),
        new_code_cell("hidden = 'a very long line'", **folded),
    ]
    path = tmp_path / "chapter.ipynb"
    path.write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    assert measure(path) == {"words": 5, "quiz": 0, "lines": 2, "longest": len("second = 22")}
