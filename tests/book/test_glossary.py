"""No word before its explanation: a term is first used in the chapter that the glossary names."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.book import rules
from tests.book.lengths import chapter_files

BOOK = Path(__file__).parents[2] / "book"
#: Words of plain English as well: before their chapter they may stand in prose, but not as a term.
EVERYDAY = {
    "accuracy", "as published", "batch", "bias", "calibration", "class", "contrast", "corruption",
    "correlation", "coverage", "disk", "gather", "gradient", "halo", "leak", "manifest", "material",
    "noise", "padding", "patch", "prior", "protocol", "ramp", "scatter", "seed", "sigma", "sin",
    "standardise", "tile",
}  # fmt: skip
FIRST = re.compile(r"First in \{doc\}`\.\./([\w/]+)`\.$")


def glossary(text):
    """Return {term: the chapter that explains it}."""
    found, names = {}, []
    for line in text.partition("```{glossary}\n")[2].partition("```")[0].splitlines():
        if line and not line.startswith(" "):
            names.append(line)
        elif chapter := FIRST.search(line):
            found |= dict.fromkeys(names, chapter[1])
            names = []
    assert not names, f"no chapter is named for {names}"
    return found


def words_of(cells):
    """Return a chapter's prose, without code and formulas, and the terms that it refers to."""
    cells = [cell.copy() for cell in cells if cell.cell_type == "markdown"]
    for cell in cells:
        cell.source = re.sub(r"^```\{math\}.*?^```$", " ", cell.source, flags=re.M | re.S)
    text = "\n".join(line for line, _ in rules.prose(cells))
    terms = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", text)
    text = re.sub(r"^\s*(?:[`:]{3,}|:[\w-]+:).*$", " ", text, flags=re.M)  # of directives
    text = re.sub(r"(?:\{[\w:]+\})?`[^`]*`|\$[^$]*\$", " ", text)
    return re.sub(r"\s+", " ", text), {re.sub(r"\s+", " ", term) for term in terms}


def used_too_early(prose_of, explained_in):
    """Yield what is used where, before the chapter that explains it."""
    order = list(prose_of)
    for term, home in explained_in.items():
        word = re.compile(rf"\b{re.escape(term)}s?\b", re.I if term.islower() else 0)
        for name in order[: order.index(home)]:
            text, terms = prose_of[name]
            linked = any(term.lower() == one.lower() for one in terms)
            if linked or (term not in EVERYDAY and word.search(text)):
                yield f"{name}: {term!r} is explained in {home}"


@pytest.fixture(scope="module")
def prose_of():
    read = {name: nbformat.read(path, as_version=4) for name, path in chapter_files().items()}
    return {name: words_of(notebook.cells) for name, notebook in read.items()}


@pytest.fixture(scope="module")
def explained_in():
    return glossary((BOOK / "appendix" / "glossary.md").read_text(encoding="utf-8"))


def test_no_term_is_used_before_its_explanation(prose_of, explained_in):
    assert not list(used_too_early(prose_of, explained_in))


def test_every_term_stands_in_the_chapter_that_is_named(prose_of, explained_in):
    missing = []
    for term, home in explained_in.items():
        text, terms = prose_of[home]
        known = text.lower() + " ".join(terms).lower()
        if term.lower() not in re.sub(r"\s+", " ", known):
            missing.append(f"{home}: {term}")
    assert not missing


def test_everyday_words_are_terms(explained_in):
    assert set(explained_in) >= EVERYDAY


def test_an_early_use_is_seen():
    def cells(*lines):
        return [nbformat.v4.new_markdown_cell("\n".join(lines))]

    explained = {"OTF": "b", "dead zone": "b", "noise": "b"}
    early = {"a": words_of(cells("two dead zones")), "b": words_of([])}
    assert list(used_too_early(early, explained)) == ["a: 'dead zone' is explained in b"]
    formula = ("```{math}", "bias", "```")
    told = words_of(cells("```{tip} t", "a dead", "zone `x`", "```", *formula, "of $sin$"))
    assert told[0].split() == ["a", "dead", "zone", "of"]
    linked = {"a": words_of(cells("some {term}`light <noise>`")), "b": words_of([])}
    assert list(used_too_early(linked, explained)) == ["a: 'noise' is explained in b"]
    fine = {"a": words_of(cells("noise, `OTF`", "```python", "OTF", "```")), "b": words_of([])}
    assert not list(used_too_early(fine, explained))


def test_an_entry_without_a_chapter_is_seen():
    with pytest.raises(AssertionError, match=r"no chapter is named for \['one'\]"):
        glossary("```{glossary}\none\n  Text.\n```\n")
