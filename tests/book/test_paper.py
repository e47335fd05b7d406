"""A few pages on paper: numbers and links of the contents, folds, formulas, and nothing cut off."""

import re

import pytest
from pypdf import PdfReader

from tests.book.lengths import ROOT, extension
from tests.book.visits import PAGES

paper = extension("paper")
CHAPTER = "3. The point spread function"
PRINTED = [
    ("", "book/intro"),
    ("Blur", "book/blur/point_spread_function"),
    ("Appendix", "book/appendix/glossary"),
]
RIGHT = 190 / 25.4 * 72  # A4 without its margin, in points


@pytest.fixture(scope="module")
def printed(book, browser, tmp_path_factory):
    """Return the pages of a small book on paper, printed from the built one."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "html").symlink_to(book, target_is_directory=True)
    (folder / "paper.html").write_text(paper.document(ROOT, folder / "html", PRINTED), "utf-8")
    count = paper.print_pdf(browser, folder / "paper.html", folder / "paper.pdf")
    reader = PdfReader(folder / "paper.pdf")
    assert len(reader.pages) == count
    return reader


@pytest.fixture(scope="module")
def texts(printed):
    return [" ".join(page.extract_text().split()) for page in printed.pages]


def test_every_page_is_printed_or_left_out_on_purpose():
    printed = [name for _, name in paper.pages_of_toc(ROOT)]
    assert [name for name in PAGES if not name.startswith(paper.LEFT_OUT)] == printed
    assert not set(paper.LEFT_OUT) - set(PAGES)


def test_the_cover_says_what_it_is(texts):
    for words in ("Seeing Blur", "Arun Patro", "Version", "CC BY 4.0", paper.NOTE):
        assert words in texts[0]


@pytest.mark.parametrize("title", ["Seeing Blur", CHAPTER, "Glossary", "Solutions"])
def test_contents_give_the_page_on_which_a_chapter_begins(title, printed, texts):
    number = int(re.search(rf"{re.escape(title)}\D*?(\d+)", texts[1])[1])
    assert texts[number - 1].startswith(f"{title} {number} {title} ")  # head, foot, text
    assert title in {one.title for one in printed.outline if not isinstance(one, list)}


def test_every_link_inside_leads_somewhere(printed):
    places = printed.named_destinations
    found = [
        note.get_object().get("/Dest") for page in printed.pages for note in page.get("/Annots", [])
    ]
    inside = [place for place in found if place is not None]
    assert len(inside) > 30 and set(inside) <= set(places)


def test_answers_stand_at_the_end_and_code_of_figures_nowhere(printed, texts):
    solutions = printed.get_destination_page_number(printed.named_destinations["/solutions"])
    questions, answers = " ".join(texts[:solutions]), " ".join(texts[solutions:])
    assert "Its light is cut off far out" in questions  # a choice of the quiz
    assert "Right." in answers and "Right." not in questions
    assert "bl.check" in questions and "assert bl.check" not in questions
    assert "assert bl.check" in answers
    for words in ("plotting.panels", "Show code", "Code behind", r"\(", r"\frac"):
        assert words not in questions + answers
    assert str(solutions + 1) in re.findall(r"Answers and solutions: page (\d+)", questions)


def test_pictures_have_words_for_those_who_do_not_see_them(printed):
    parts, spoken = [printed.root_object["/StructTreeRoot"]], []
    while parts:
        part = parts.pop()
        part = getattr(part, "get_object", lambda part=part: part)()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            spoken.append(str(part.get("/Alt")))
            parts.append(part.get("/K", []))
    assert any(words.startswith("Three bright shapes on black") for words in spoken)


def test_no_word_begins_beyond_the_right_edge(printed):
    begins = []
    for page in printed.pages[1:]:
        page.extract_text(
            visitor_text=lambda text, cm, tm, *_: begins.append((cm[0] * tm[4] + cm[4], text))
        )
    begins = [(left, text) for left, text in begins if text.strip()]
    assert len(begins) > 500 and max(begins)[0] < RIGHT, max(begins)


def test_what_would_be_cut_off_stops_the_print(browser, tmp_path):
    source = tmp_path / "wide.html"
    head = f"<style>{paper.STYLE.read_text(encoding='utf-8')}</style>"

    def write(text):
        body = f"<section id='here'>{text}</section>"
        source.write_text(f"{head}<article class='bd-article'>{body}</article>", encoding="utf-8")

    long = "0" * 999
    write(f"<pre>{'name ' * 99}{long}</pre><table><tr><td><code>{long}</code></td></tr></table>")
    assert paper.print_pdf(browser, source, tmp_path / "narrow.pdf") == 1
    write("<b style='display: block; width: 175mm'>wide</b>")
    with pytest.raises(ValueError, match=r"cut 1 parts.*\nhere: <b"):
        paper.print_pdf(browser, source, tmp_path / "wide.pdf")


def test_the_first_page_offers_the_pdf_once_there_is_one(tmp_path):
    page, pdf = tmp_path / "book" / "intro.html", tmp_path / paper.NAME
    page.parent.mkdir()
    pdf.write_bytes(bytes(7_000_000))
    page.write_text('<p>Read. <span class="paper"></span></p>', encoding="utf-8")
    for count in (1, 2):  # again, after a second print
        paper.offer(page, pdf, count)
        text = page.read_text(encoding="utf-8")
        assert text.count("<a ") == 1 and f'href="../{paper.NAME}"' in text
        assert f": {count} pages, 7 MB." in text
    page.write_text("<p>Read.</p>", encoding="utf-8")
    with pytest.raises(ValueError, match="0 places"):
        paper.offer(page, pdf, 1)


def test_the_first_page_has_a_place_for_it():
    text = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    assert len(paper.OFFER.findall(text)) == 1
