"""Answers to exercises are right, nearly right or wrong, and never given away; and the quizzes."""

import json
import re

import nbformat
import pytest
import torch

import blurlib as bl
from blurlib import exercises
from tests.book.lengths import LIMITS, chapter_files, extension, words_of

seal, course = extension("seal"), extension("course")
PLAIN = seal.plain()
CHAPTERS = {
    name: "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for name, path in chapter_files().items()
}
WRONG, NEARLY = "Not yet. ", "Nearly right. "


def moved(answer, by):
    """Return an answer of the same form whose last number is off."""
    if isinstance(answer, list):
        return [*answer[:-1], moved(answer[-1], by)]
    return answer + by


def answers_of(asked):
    """Yield (answer, how the verdict on it begins), on both sides of each border."""
    answer, right, nearly = asked["answer"], asked["right"], asked["nearly"]
    yield answer, "Right."
    if isinstance(answer, str):
        yield f" {answer.upper()}\n", "Right."
        yield f"{answer}x", WRONG
        return
    yield torch.tensor(answer, dtype=torch.float64), "Right."
    for sign in (1, -1):
        yield moved(answer, sign * 0.99 * right), "Right."
        if nearly > right:
            yield moved(answer, sign * (right + 0.01 * (nearly - right))), NEARLY
            yield moved(answer, sign * 0.99 * nearly), NEARLY
        yield moved(answer, sign * (1.01 * nearly + 1e-6)), WRONG
    yield moved(answer, float("nan")), WRONG


@pytest.mark.parametrize("name", PLAIN)
def test_answers_are_right_nearly_right_or_wrong(name):
    asked = PLAIN[name]
    slips = [slip for slip, _ in asked["slips"]]
    for answer, begins in answers_of(asked):
        verdict = bl.check(name, answer)
        if not any(exercises._off(answer, slip) <= asked["right"] for slip in slips):
            assert verdict.startswith(begins), (answer, verdict)
        assert verdict.right == (begins == "Right.")


@pytest.mark.parametrize("name", PLAIN)
def test_slips_are_told_their_reason(name):
    asked = PLAIN[name]
    for slip, reason in asked["slips"]:
        assert bl.check(name, slip) == f"Not yet. {reason}"
        # else part of the right answers would be told that they are a slip
        assert isinstance(slip, str) or exercises._off(slip, asked["answer"]) > 2 * asked["right"]


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_said_holds_no_solution(name):
    asked = PLAIN[name]
    answer = asked["answer"]
    parts = answer if isinstance(answer, list) else [answer]
    said = [asked["hint"], *(reason for _, reason in asked["slips"])]
    said += [] if isinstance(answer, str) else [asked["wanted"]]  # else it lists the choices
    words = re.findall(r"-?\d+(?:\.\d+)?|\w+", " ".join(said).lower())
    assert isinstance(answer, list) or not {str(part) for part in parts} & set(words), said


@pytest.mark.parametrize("name", PLAIN)
def test_without_an_answer_it_says_what_is_asked(name):
    assert bl.check(name) == f"No answer yet. In the place of None goes {PLAIN[name]['wanted']}."
    assert not bl.check(name).right
    unlike = 1.0 if isinstance(PLAIN[name]["answer"], str) else "?"
    assert bl.check(name, unlike) == f"Not yet: the answer is to be {PLAIN[name]['wanted']}."


@pytest.mark.parametrize("answer", [[], [None, 1], object(), [[1.0], "x"], lambda: 0])
def test_what_is_no_number_is_no_answer(answer):
    assert bl.check("start-halved", answer).startswith("Not yet: the answer is to be")


def test_a_function_may_return_maps_of_several_shapes():
    ramp = lambda height, width: bl.blur.ramp_field((width, height)).mT  # noqa: E731
    assert bl.check("varying-down", ramp).right
    assert not bl.check("varying-down", lambda *shape: bl.blur.ramp_field(shape)).right


def test_a_function_is_called_and_may_be_wrong_or_raise():
    def light_within(psf, radius):
        y, x = torch.meshgrid(*[torch.arange(len(psf)) - len(psf) // 2] * 2, indexing="ij")
        return psf[x**2 + y**2 <= radius**2].sum() / psf.sum()

    assert bl.check("start-within", light_within).right
    assert not bl.check("start-within", lambda psf, radius: psf.sum() / psf.sum()).right
    with pytest.raises(ZeroDivisionError):
        bl.check("start-within", lambda psf, radius: 1 / 0)


@pytest.mark.parametrize("name", ["start-halve", "", 7, None])
def test_a_wrong_name_gives_one_clear_error(name):
    with pytest.raises(ValueError, match="no exercise is called .*; near it are .*start-halved|-"):
        bl.check(name, 1)


def test_a_verdict_fits_on_a_phone():
    shown = repr(bl.check("start-halved", 6))
    assert max(map(len, shown.splitlines())) <= 48 and "'" not in shown


def test_answers_are_sealed_and_the_seals_are_new():
    assert seal.SEALED.read_text(encoding="utf-8") == seal.content(), "run book/_ext/seal.py"
    assert "Sigma counts" not in seal.SEALED.read_text(encoding="utf-8")
    for name, text in json.loads(seal.SEALED.read_text(encoding="utf-8")).items():
        assert json.loads(exercises._mix(name, bytes.fromhex(text))) == PLAIN[name]


@pytest.mark.parametrize("change", [{"answr": 1}, {"hint": None}])
def test_a_misspelt_key_is_not_passed_over(change, monkeypatch, tmp_path):
    asked = {"wanted": "a", "answer": 1, "hint": "b"} | change
    asked = {key: value for key, value in asked.items() if value is not None}
    (tmp_path / "exercises.yml").write_text(json.dumps({"one": asked}))
    monkeypatch.setattr(seal, "BOOK", tmp_path)
    with pytest.raises(ValueError, match="one has"):
        seal.plain()


def test_every_exercise_is_asked_in_one_chapter():
    asked = re.findall(r'^bl\.check\("(.+)", None\)', "\n".join(CHAPTERS.values()), re.MULTILINE)
    assert asked == list(PLAIN)


def test_every_chapter_has_a_quiz_and_every_quiz_a_chapter():
    lessons = {name for name in CHAPTERS if not name.startswith("appendix/")}
    assert set(course.quizzes()) == lessons
    assert {name for name in lessons if "```{quiz}" in CHAPTERS[name]} == lessons


@pytest.mark.parametrize("name", course.quizzes())
def test_a_quiz_has_three_questions_with_a_reason_for_each_choice(name):
    questions = course.quizzes()[name]
    assert len(questions) == 3
    for question in questions:
        assert set(question) == {"ask", "right", "wrong"}
        choices = [question["right"], *question["wrong"]]
        assert len(choices) == 3 == len({text for text, _ in choices})
        assert all(text and reason.endswith((".", "?")) for text, reason in choices)
    assert words_of(course.text_of(name)) <= LIMITS["quiz"]


@pytest.mark.parametrize("name", course.quizzes())
def test_the_place_of_the_right_choice_gives_nothing_away(name):
    choices = [course.choices_of(question) for question in course.quizzes()[name]]
    assert len({[right for _, _, right in one].index(True) for one in choices}) > 1
