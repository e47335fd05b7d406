"""Sphinx extension: quizzes that a page answers by itself, and the folds under exercises in a row.

``book/quizzes.yml`` holds three questions for each chapter. Every choice is a fold of its own, which
says whether it is right, and why: no script, no kernel, and the keyboard reaches each of them.
"""

import zlib
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

QUIZZES = Path(__file__).parents[1] / "quizzes.yml"


def quizzes():
    """Return the questions by chapter, as `blur/what_blur_is`."""
    return yaml.safe_load(QUIZZES.read_text(encoding="utf-8"))


def choices_of(question):
    """Return a question's choices as (text, reason, is right); their text gives the right one's place."""
    choices = [(*wrong, False) for wrong in question["wrong"]]
    place = zlib.crc32(question["ask"].encode()) % (len(choices) + 1)
    choices.insert(place, (*question["right"], True))
    return choices


def markdown_of(questions, title):
    """Return a quiz as MyST: a fold with questions, in which each choice is a fold."""
    lines = [f"::::{{dropdown}} {title}", ":class-container: quiz"]
    for number, question in enumerate(questions, 1):
        lines += ["", f"**{number}.** {question['ask']}", ""]
        for text, reason, right in choices_of(question):
            kind, word = ("right", "Right.") if right else ("wrong", "No.")
            lines += [f":::{{dropdown}} {text}", f":class-container: choice {kind}"]
            lines += ["", f"**{word}** {reason}", ":::"]
    return "\n".join([*lines, "::::"])


def text_of(chapter):
    """Return all that a chapter's quiz says, as one text."""
    said = []
    for question in quizzes()[chapter]:
        said += [question["ask"], *question["right"], *sum(question["wrong"], [])]
    return "\n".join(said)


class Quiz(SphinxDirective):
    """The questions of the chapter in which it stands; its content is the title of the fold."""

    has_content = True

    def run(self):
        """Return the fold."""
        self.env.note_dependency(str(QUIZZES))
        chapter = self.env.docname.removeprefix("book/")
        if chapter not in quizzes():
            raise self.error(f"{QUIZZES.name} has no questions for {chapter}")
        return self.parse_text_to_nodes(
            markdown_of(quizzes()[chapter], " ".join(self.content))
        )


def mark_exercises(app, doctree):
    """Give each section with a label `ex-...` a class, for its style."""
    for section in doctree.findall(nodes.section):
        if any(name.startswith("ex-") for name in section["names"]):
            section["classes"].append("exercise")


def setup(app):
    """Add the directive."""
    app.add_directive("quiz", Quiz)
    app.connect("doctree-read", mark_exercises)
    return {
        "version": "1",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
