"""Write the chapters without solutions: ``make student``, or ``python book/_ext/student.py``.

The copies lie in ``_build/student`` as the chapters do in ``book``. Under each exercise stand a cell
for the reader's work and one that calls `bl.check`; solutions, outputs and the reasons of the quizzes
are gone. ``--for nbgrader`` writes what an instructor puts in nbgrader's folder ``source``, one folder
a chapter, with a hidden test in each checking cell; ``--for otter`` writes a folder ``tests`` beside
each chapter.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from course import choices_of, quizzes
from execute import ROOT, chapters
from strip import LEFT_BY_A_RUN

ASKED = re.compile(r'bl\.check\("([\w-]+)", None\)')
SOLUTION = re.compile(
    r"^(`{3,})\{dropdown\} Solution$.*?^\1$\n*", re.MULTILINE | re.DOTALL
)
STARS = re.compile(r"^### Exercise .*?(★+)$", re.MULTILINE)
QUIZ = re.compile(r"^```\{quiz\}.*?^```$", re.MULTILINE | re.DOTALL)
WORK = "# Your work; its answer in the place of None.\nanswer = None"
HIDDEN = """
### BEGIN HIDDEN TESTS
assert bl.check("{name}", answer).right
### END HIDDEN TESTS"""
OTTER = '''"""The test of one exercise, for otter-grader."""

OK_FORMAT = True

test = {{
    "name": "{name}",
    "points": {points},
    "suites": [
        {{
            "cases": [
                {{
                    "code": ">>> bl.check('{name}', answer).right\\nTrue",
                    "hidden": False,
                    "locked": False,
                }}
            ],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        }}
    ],
}}
'''


def markdown_of(questions):
    """Return a quiz as plain Markdown, without what tells right from wrong."""
    lines = ["**Quiz**"]
    for number, question in enumerate(questions, 1):
        lines += ["", f"{number}. {question['ask']}"]
        for letter, (text, _, _) in zip("abc", choices_of(question), strict=True):
            lines.append(f"   - ({letter}) {text}")
    return "\n".join(lines)


def cells_for(name, points, grader):
    """Return the cells of an exercise: one for the work, and one that checks its answer."""

    def cell(source, kind, **marks):
        marks |= {"schema_version": 3, "task": False, "grade_id": f"{name}-{kind}"}
        # An id of its own, and the same in each copy.
        own = f"{name}-{kind}"
        return new_code_cell(source, id=own, metadata={"nbgrader": marks})

    checking = f'bl.check("{name}", answer)'
    if grader == "nbgrader":
        checking += HIDDEN.format(name=name)
    if grader == "otter":
        checking += f'\ngrader.check("{name}")'
    return [
        cell(WORK, "work", grade=False, solution=True, locked=False),
        cell(
            checking,
            "check",
            grade=True,
            solution=False,
            locked=True,
            points=points,
        ),
    ]


def copy_of(path, questions, grader=None):
    """Return (a chapter without solutions, {exercise: its stars}); refuse what looks otherwise."""
    notebook, exercises, kept = nbformat.read(path, as_version=4), {}, []
    cells = iter(notebook.cells)
    for cell in cells:
        if QUIZ.search(cell.source):
            cell.source = QUIZ.sub(lambda _: markdown_of(questions), cell.source)
        found = ASKED.fullmatch(cell.source)
        if exercises and "remove-cell" in cell.metadata.get("tags", ()):
            continue  # it checks a solution
        if found is None:  # a page outside the course has solutions without code
            cell.source = SOLUTION.sub("", cell.source)
            kept.append(cell)
            continue
        name = found[1]
        text, code = next(cells), next(cells)
        checked = f'bl.check("{name}", ' in code.source
        if SOLUTION.sub("", text.source) or not checked:
            raise ValueError(
                f"{path.name}: no solution follows the exercise {name}, or more."
            )
        exercises[name] = len(STARS.findall(kept[-1].source)[-1])
        kept += cells_for(name, exercises[name], grader)
    for cell in kept:
        for left in LEFT_BY_A_RUN:
            cell.metadata.pop(left, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if "remove-cell" in cell.metadata.get(
                "tags", ()
            ):  # it only checks the text
                cell.metadata["jupyter"] = {"source_hidden": True}
    if grader == "otter" and exercises:
        start = 'import otter\n\ngrader = otter.Notebook(tests_dir="tests")'
        kept.insert(0, new_code_cell(start, id="otter"))
    notebook.cells = kept
    return notebook, exercises


def write(out, grader=None, root=ROOT):
    """Write the copies into a folder, which is emptied first; return the number of chapters."""
    shutil.rmtree(out, ignore_errors=True)
    paths, asked = chapters(root), quizzes()
    for path in paths:
        chapter = path.relative_to(root / "book").with_suffix("").as_posix()
        notebook, exercises = copy_of(path, asked.get(chapter), grader)
        if grader and not exercises:
            continue
        folder = out / path.stem if grader else (out / chapter).parent
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / path.name)
        if grader == "otter":
            (folder / "tests").mkdir()
            for name, points in exercises.items():
                test = OTTER.format(name=name, points=points)
                (folder / "tests" / f"{name}.py").write_text(test, encoding="utf-8")
    return len(paths)


def main(arguments=None):
    """Write the copies that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--for", dest="grader", choices=("nbgrader", "otter"))
    parser.add_argument(
        "--out", type=Path, help="default: _build/student, or _build/GRADER"
    )
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "_build" / (options.grader or "student")
    write(out, options.grader)
    print(f"The copies are in {out}.")


if __name__ == "__main__":
    sys.exit(main())
