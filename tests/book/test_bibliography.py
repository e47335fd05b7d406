"""The bibliography names its works as the text cites them."""

import html
import re
import unicodedata

LABEL = re.compile(
    r'<div class="citation" id="(\w+)".*?>\n<span class="label">(.*?)</span>\n', flags=re.DOTALL
)
CITATION = re.compile(r'href="[^"]*bibliography\.html#(\w+)" title="[^"]*">(.*?)</a>')


def plain(text):
    """Return what is read of some HTML, without brackets."""
    return html.unescape(re.sub("<.*?>", "", text)).strip("[]").replace("\xa0", " ")


def labels(book):
    text = (book / "book/appendix/bibliography.html").read_text(encoding="utf-8")
    return {place: plain(label) for place, label in LABEL.findall(text)}


def test_labels_are_names_and_years_in_order(book):
    found = list(labels(book).values())
    assert len(found) > 40
    assert all(re.fullmatch(r"[^\W\d_][^{}\\]+, (\d{4}|n\.d\.)", label) for label in found)
    first = [label.split(",")[0].split(" and ")[0].split(" et al.")[0] for label in found]
    names = [unicodedata.normalize("NFKD", name)[0].casefold() for name in first]
    assert names == sorted(names)


def test_citations_lead_to_works_of_that_name(book):
    known, cited = labels(book), 0
    for page in sorted((book / "book").rglob("*.html")):
        for place, text in CITATION.findall(page.read_text(encoding="utf-8")):
            assert known[place] == plain(text), page.name
            cited += 1
    assert cited > 40
