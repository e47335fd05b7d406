"""Print the built book: all its chapters as one PDF, which the first page then offers.

`make pdf` runs this. The pages are put together into one document, which Chromium prints twice: the
first print says on which page each chapter begins, the second has these numbers in its contents.
Paper can neither fold nor compute: labs are the pictures that a page without scripts shows, code
that is folded above its figure is left out, and solutions are moved to the end, so that an exercise
can be tried before its answer is seen.
"""

import os
import re
import sys
from html import escape
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from chromium import launch

ROOT = Path(__file__).parents[2]
NAME = "seeing-blur.pdf"
STYLE = Path(__file__).with_suffix(".css")
MOST_BYTES = 20e6
# For a screen: names to be searched, long tables, a lab of the reader's pictures, a test of the browser.
LEFT_OUT = tuple(
    f"book/appendix/{name}" for name in ("api", "records", "sigma_lab", "self_test")
)
# Tokens of code with hardly a colour, and the joints of names. Each element of the document would be one
# of the PDF, and has its bytes.
PLAIN = "pre span:is(.n, .nn, .o, .p, .w, :empty), code span.pre, wbr"
NOTE = (
    "This is the book on paper: its labs are pictures, what a page folds above a figure is left out, and "
    "answers stand at the end. In the pages all of it runs."
)
# Where the first page offers the PDF, once there is one.
OFFER = re.compile(r'<span class="paper">.*?</span>', re.DOTALL)
READY = """async () => {
    await window.MathJax?.startup.promise;
    await document.fonts.ready;
    await Promise.all([...document.images].map((image) => image.decode()));
}"""
# What reaches beyond the right edge of the text, where paper would cut it off: (page's id, HTML).
CUT = """() => {
    const article = document.querySelector("article");
    const edge = article.getBoundingClientRect().right + 1;
    const wide = [...article.querySelectorAll("*:not(mjx-assistive-mml *, mjx-assistive-mml)")].filter(
        (part) => part.getBoundingClientRect().right > edge
    );
    const inmost = wide.filter((part) => !wide.some((other) => other.parentElement === part));
    return inmost.map((part) => [part.closest("section[id]")?.id, part.outerHTML.slice(0, 200)]);
}"""
FILL = """(numbers) => document.querySelectorAll("[data-page]").forEach((place) => {
    place.textContent = numbers[place.dataset.page];
})"""


def soup(text):
    """Return the tree of a piece of HTML."""
    return BeautifulSoup(text, "html.parser")


def pages_of_toc(root):
    """List the pages to print as (part, name), in the order of the table of contents."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [("", toc["root"])]
    for part in toc["parts"]:
        found += [
            (part["caption"], chapter["file"]) for chapter in part["chapters"]
        ]
    return [(part, name) for part, name in found if name not in LEFT_OUT]


def slug(name):
    """Return the id that a page's section has on paper."""
    return re.sub("[/_]", "-", name.removeprefix("book/"))


def read_page(html, name):
    """Return a built page: its section, with ids and links of the one document, and its head."""
    page = soup((html / f"{name}.html").read_text(encoding="utf-8"))
    section = page.find("article").find("section")
    for part in section.select("script, a.headerlink, details.behind, span.paper"):
        part.decompose()
    for part in section.select("[data-state]"):
        del part["data-state"]
    for part in section.select(PLAIN):
        part.unwrap()
    for part in section.find_all(id=True):
        part["id"] = f"{slug(name)}--{part['id']}"
    section["id"] = slug(name)
    folder = Path(name).parent
    for image in section.find_all("img"):
        if not image["src"].startswith("data:"):
            image["src"] = f"{html.name}/{os.path.normpath(folder / image['src'])}"
    for link in section.find_all("a", href=True):
        path, _, place = link["href"].partition("#")
        if not re.match("[a-z]+:", path):
            path = (
                os.path.normpath(folder / path).removesuffix(".html")
                if path
                else name
            )
            link["href"] = "--".join(filter(None, (f"#{slug(path)}", place)))
    assets = page.head.select('link[rel="stylesheet"], script[src*="mathjax/"]')
    assets += [
        script
        for script in page.find_all("script")
        if "window.MathJax" in script.text
    ]
    return section, [
        re.sub(r"(\.\./)+_static", f"{html.name}/_static", str(part))
        for part in assets
    ]


def answers_of_quiz(quiz):
    """Turn a quiz into plain lists of choices, and return its answers: per question, a list."""
    answers = []
    choices = None
    for part in quiz.find_all(["p", "details"], recursive=False):
        if part.name == "p":
            choices, reasons = soup('<ol class="choices"></ol>' * 2).find_all("ol")
            part.insert_after(choices)
            answers += [soup(str(part)), reasons]
        else:
            for list_, found in (
                (choices, ".sd-summary-text"),
                (reasons, ".sd-card-body"),
            ):
                item = part.select_one(found).extract()
                item.name = "li"
                list_.append(item)
            part.decompose()
    return answers


def take_answers(section):
    """Take a chapter's answers out of it, and say where they are; None if it has none."""
    taken = soup(
        f'<section class="answers" id="{section["id"]}--answers"></section>'
    ).section

    def head(level, of, title):
        taken.append(
            soup(
                f'<h{level}><a href="#{of["id"]}">{title.get_text()}</a></h{level}>'
            )
        )

    head(2, section, section.h1)
    for fold in section.select("details.quiz"):
        quiz = fold.select_one(".sd-card-body").extract()
        answers = answers_of_quiz(quiz)
        fold.replace_with(soup("<h3>Quiz</h3>"), quiz)
        taken.extend([soup("<h3>Quiz</h3>"), *answers])
    for exercise in section.select("section.exercise"):
        folds = exercise.select(
            "details.sd-dropdown, .admonition.dropdown, div.cell.tag_hide-cell"
        )
        folds = [
            fold
            for fold in folds
            if "Check" not in fold.find(["p", "summary"]).get_text()
        ]
        if folds:
            head(3, exercise, exercise.h3)
            taken.extend([fold.extract() for fold in folds])
    if len(taken.find_all(recursive=False)) == 1:
        return None
    where = f'<a href="#{taken["id"]}">page <span data-page="{taken["id"]}">000</span></a>'
    section.find(id=f"{section['id']}--exercises").h2.insert_after(
        soup(f"<p>Answers and solutions: {where}.</p>")
    )
    return taken


def unfold(section):
    """Open the folds, but for code that stands above its figure: the page folds it, too."""
    for fold in section.find_all("details"):
        if "hide" in fold.get("class", ()) and not fold.select_one(".cell_output"):
            fold.decompose()
        else:
            if fold.summary:
                fold.summary.decompose()
            fold.unwrap()
    return section


def cover(root, html):
    """Return the first page: what the book is, after whom, which version, under which licence."""
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    logo = f"{html.name}/_static/{Path(settings['logo']).name}"
    (thesis,) = cited["references"]
    (author,) = thesis["authors"]
    return (
        f'<section class="cover"><img src="{logo}" alt=""><h1>{settings["title"]}</h1>'
        f"<p>{escape(cited['title'].partition(': ')[2])}</p>"
        f"<p>After the thesis <em>{escape(thesis['title'])}</em><br>by {author['given-names']} "
        f"{author['family-names']}, {thesis['institution']['name']}</p>"
        f"<p>Version {cited['version']}, {cited['date-released']:%d %B %Y}</p>"
        f'<p class="note">{NOTE}</p><div class="licence">{settings["html"]["extra_footer"]}</div></section>'
    )


def contents(entries):
    """Return the table of contents of (part, id, title), with places for the numbers of pages."""
    lines = ['<section class="contents"><h1>Contents</h1>']
    for (part, name, title), (before, *_) in zip(
        entries, [("",), *entries], strict=False
    ):
        if part != before:
            lines.append(f'<p class="part">{escape(part)}</p>')
        link = f'<a href="#{name}">{escape(title)}</a>'
        lines.append(
            f'<p class="entry">{link}<span data-page="{name}">000</span></p>'
        )
    return "\n".join([*lines, "</section>"])


def document(root, html, pages):
    """Return one document of the pages, each (part, name); it is to lie beside the folder `html`."""
    solutions = soup('<section id="solutions"><h1>Solutions</h1></section>').section
    sections, entries, assets = [], [], {}
    for part, name in pages:
        section, head = read_page(html, name)
        assets |= dict.fromkeys(head)
        if answers := take_answers(section):
            solutions.append(unfold(answers))
        sections.append(unfold(section))
        entries.append((part, section["id"], section.h1.get_text()))
    if solutions.section:
        sections.append(solutions)
        entries.append((part, solutions["id"], solutions.h1.get_text()))
    body = soup(
        "".join([cover(root, html), contents(entries), *map(str, sections)])
    )
    ids = {part["id"] for part in body.find_all(id=True)}
    for link in body.find_all("a", href=re.compile("^#")):
        if link["href"][1:] not in ids:  # in a page that is left out
            link.unwrap()
    rules = [STYLE.read_text(encoding="utf-8")]
    for _, name, title in entries:  # the head of each page names the chapter
        title = title.replace("\\", r"\\").replace('"', r"\"")
        rules.append(
            f'#{name} {{ page: {name}; }} @page {name} {{ @top-left {{ content: "{title}"; }} }}'
        )
    return (
        '<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{entries[0][2]}</title>\n{chr(10).join(assets)}\n<style>{chr(10).join(rules)}</style></head>\n"
        '<body><div class="bd-main"><div class="bd-content"><div class="bd-article-container">'
        f'<article class="bd-article">{body}</article></div></div></div></body></html>\n'
    )


def numbers_in(path):
    """Return on which page each place lies that something links to, and how many pages there are."""
    reader = PdfReader(path)
    places = reader.named_destinations
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in places.items()
    }, len(reader.pages)


def print_pdf(browser, source, target):
    """Print a document, with its numbers of pages; return how many there are."""
    page = browser.new_page(
        viewport={"width": 650, "height": 970}, color_scheme="light"
    )
    page.emulate_media(media="print")
    page.goto(source.as_uri())
    page.evaluate(READY)
    if cut := page.evaluate(CUT):
        listed = "\n".join(map(": ".join, cut[:20]))
        raise ValueError(
            f"Paper would cut {len(cut)} parts off at its right edge:\n{listed}"
        )

    def once():
        page.pdf(
            path=target,
            prefer_css_page_size=True,
            print_background=True,
            outline=True,
            tagged=True,
        )
        return numbers_in(target)

    numbers, count = once()
    page.evaluate(FILL, numbers)
    if once() != (numbers, count):
        raise ValueError("The numbers of the pages moved the pages.")
    page.close()
    return count


def offer(page, path, count):
    """Let the first page link to the PDF, and say how long and how large it is."""
    size = path.stat().st_size / 1e6
    link = f'<a href="{os.path.relpath(path, page.parent)}">one PDF for paper</a>'
    text, found = OFFER.subn(
        f'<span class="paper">The whole book is also {link}: {count} pages, {size:.0f} MB.</span>',
        page.read_text(encoding="utf-8"),
    )
    if found != 1:
        raise ValueError(
            f'{page} has {found} places for the PDF, <span class="paper"></span>'
        )
    page.write_text(text, encoding="utf-8")


def main(root=ROOT):
    """Print the book, and offer it on its first page."""
    html = root / "_build" / "html"
    source, printed, target = (
        html.with_name("paper.html"),
        html.with_name(NAME),
        html / NAME,
    )
    pages = pages_of_toc(root)
    source.write_text(document(root, html, pages), encoding="utf-8")
    with sync_playwright() as playwright:
        count = print_pdf(launch(playwright), source, printed)
    size = printed.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(
            f"{printed} has {size / 1e6:.1f} MB, and may have {MOST_BYTES / 1e6:.0f}."
        )
    os.replace(printed, target)
    offer(html / f"{pages[0][1]}.html", target, count)
    print(f"The book on paper: {target}, {count} pages, {size / 1e6:.1f} MB.")


if __name__ == "__main__":
    sys.exit(main())
