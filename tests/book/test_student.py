"""Copies for students hold no solution, run, and still ask; what graders get is what they read."""

import ast
import builtins
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import blurlib as bl
from tests.book.lengths import ROOT, chapter_files, extension

student, course, seal = extension("student"), extension("course"), extension("seal")
ORIGINALS = {name: nbformat.read(path, as_version=4) for name, path in chapter_files().items()}


def solutions_of(notebook):
    """Return what stands between an exercise and the next: text, and lines of code long enough."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if student.ASKED.fullmatch(cell.source):
            text, code = notebook.cells[number + 1 : number + 3]
            found.append(text.source.splitlines()[1])
            found += [line for line in code.source.splitlines() if "bl.check(" in line]
    return found


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Return {grader: folder of the copies for it}."""
    made = {grader: tmp_path_factory.mktemp(str(grader)) for grader in (None, "nbgrader", "otter")}
    for grader, out in made.items():
        student.write(out, grader)
    return made


def test_every_chapter_has_a_valid_copy_and_keeps_its_place(copies):
    for name, original in ORIGINALS.items():
        made = nbformat.read(copies[None] / f"{name}.ipynb", as_version=4)
        nbformat.validate(made)
        assert made.metadata.kernelspec.name == "python3"
        gone = len(re.findall(student.ASKED, json.dumps([c.source for c in original.cells])))
        assert "bl.check" not in json.dumps(original) or len(solutions_of(original)) >= 2 * gone
        assert not any(cell.get("outputs") for cell in made.cells), name


@pytest.mark.parametrize("grader", [None, "nbgrader", "otter"])
def test_no_solution_is_left(copies, grader):
    text = "\n".join(path.read_text("utf-8") for path in copies[grader].rglob("*.ipynb"))
    assert "Solution" not in text and "dropdown} Quiz" not in text
    asked = 0
    for original in ORIGINALS.values():
        for line in solutions_of(original):
            asked += 1
            assert json.dumps(line, ensure_ascii=False)[1:-1] not in text, line
    assert asked > 2 * len(seal.plain()) - 1


def test_quizzes_are_asked_and_not_answered(copies):
    for name, questions in course.quizzes().items():
        text = (copies[None] / f"{name}.ipynb").read_text("utf-8")
        text = "\n".join(cell["source"] for cell in nbformat.reads(text, as_version=4).cells)
        before = "\n".join(cell.source for cell in ORIGINALS[name].cells)
        assert "{quiz}" not in text
        for question in questions:
            assert question["ask"] in text
            for words, reason in (question["right"], *question["wrong"]):
                assert f") {words}\n" in text
                assert text.count(reason) == before.count(reason)


def test_no_copy_asks_for_what_only_a_solution_made(copies):
    api = extension("api")
    for name in ORIGINALS:
        made = nbformat.read(copies[None] / f"{name}.ipynb", as_version=4)
        code = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
        reads, assigns = api.names_of(ast.parse(code))
        imported = set(re.findall(r"^\s*(?:from .*)?import .*?(\w+)$", code, re.MULTILINE))
        # What only checks a solution may read a name that was another's before.
        behind = json.dumps(made.cells).partition("nbgrader")[2]
        assert "remove-cell" not in behind, name
        missing = reads - assigns - imported - set(dir(builtins))
        assert not missing, (name, missing)


def test_a_copy_runs_and_asks_for_answers(copies):
    name = "blur/point_spread_function"
    made = nbformat.read(copies[None] / f"{name}.ipynb", as_version=4)
    NotebookClient(made, timeout=120).execute()
    checks = [cell for cell in made.cells if cell.source.startswith("bl.check(")]
    said = [cell.outputs[0].data["text/plain"] for cell in checks]
    assert len(said) == 3 and all(text.startswith("No answer yet.") for text in said)


def test_every_exercise_can_be_graded(copies):
    worth, graded = {}, []
    for path in copies["nbgrader"].rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            marks = cell.metadata.get("nbgrader")
            if marks and marks["grade"]:
                name = marks["grade_id"].removesuffix("-check")
                worth[name] = marks["points"]
                assert marks["locked"] and not marks["solution"]
                hidden = cell.source.split("### BEGIN HIDDEN TESTS\n")[1]
                assert hidden.startswith(f'assert bl.check("{name}", answer).right\n### END HIDDEN')
                graded.append(cell.source)
    assert set(worth) == set(seal.plain()) and set(worth.values()) == {1, 2, 3}
    # Right answers pass the hidden test, none does not.
    right = {"answer": seal.plain()["blur-moved"]["answer"], "bl": bl}
    (code,) = [source for source in graded if '"blur-moved"' in source]
    exec(code, right)
    with pytest.raises(AssertionError):
        exec(code, {"answer": None, "bl": bl})


def test_otters_tests_are_its_own_format(copies):
    files = list(copies["otter"].rglob("tests/*.py"))
    assert {path.stem for path in files} == set(seal.plain())
    made = {}
    exec(next(p for p in files if p.stem == "blur-stored").read_text("utf-8"), made)
    assert made["OK_FORMAT"] and made["test"]["name"] == "blur-stored"
    (case,) = made["test"]["suites"][0]["cases"]
    code, wanted = case["code"].removeprefix(">>> ").split("\n")
    assert str(eval(code, {"bl": bl, "answer": "light"})) == wanted
    assert str(eval(code, {"bl": bl, "answer": "stored"})) != wanted


@pytest.mark.parametrize("fault", ["nothing", "text", "code", "more"])
def test_a_chapter_that_looks_otherwise_is_refused(fault, tmp_path):
    text = "```{dropdown} Solution\nThree.\n```"
    cells = [
        nbformat.v4.new_markdown_cell("### Exercise 1: three ★"),
        nbformat.v4.new_code_cell('bl.check("three", None)'),
        nbformat.v4.new_markdown_cell(
            {"text": "Three.", "more": f"{text}\n```{{note}}\n```"}.get(fault, text)
        ),
        nbformat.v4.new_code_cell("3" if fault == "code" else 'assert bl.check("three", 3).right'),
    ]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    if fault != "nothing":
        with pytest.raises(ValueError, match=r"one\.ipynb: .*three"):
            student.copy_of(path, [])
        return
    made, exercises = student.copy_of(path, [])
    assert exercises == {"three": 1} and len(made.cells) == 3


def test_the_command_writes_where_it_says(tmp_path, capsys):
    student.main(["--for", "otter", "--out", str(tmp_path / "out")])
    assert str(tmp_path / "out") in capsys.readouterr().out
    assert (tmp_path / "out" / "blind" / "blind.ipynb").is_file()
    assert "student" in Path(ROOT / "Makefile").read_text("utf-8")
