"""Whether a reader's answer to an exercise is right: with a hint, and never with the solution.

The answers lie in ``exercises.json``, written by ``book/_ext/seal.py`` from ``book/exercises.yml``,
each mixed with bytes that its name gives: out of sight, and no secret.
"""

import difflib
import functools
import hashlib
import json
import math
import textwrap
from pathlib import Path

import torch


class Verdict(str):
    """What is said about an answer; a cell shows it without quotation marks, as wide as a phone."""

    def __repr__(self):
        return textwrap.fill(self, 48)

    @property
    def right(self):
        """Whether the answer is right."""
        return self.startswith("Right")


def _mix(name, content):
    """Put bytes out of sight, or back in sight: the same done twice."""
    stream = hashlib.shake_128(name.encode()).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, stream, strict=True))


@functools.cache
def _sealed():
    """Return what lies in the package: the name of each exercise with its sealed answer."""
    return json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def check(name, answer=None):
    """Say whether an answer to an exercise of the book is right, nearly right or wrong, and hint.

    Parameters
    ----------
    name : str
        Of the exercise, as its cell in the chapter gives it.
    answer : float or str or tensor or list of float or callable, optional
        Yours: a number or several, a word, or a function of your own, which is then called.

    Returns
    -------
    verdict : Verdict
        A text; ``verdict.right`` says whether it is right. Without an answer it says what is asked.

    Raises
    ------
    ValueError
        If no exercise has that name.

    Notes
    -----
    A number is right, or nearly right, within a tolerance of its own; of several numbers the worst
    counts, and as many must be given as are asked for, in any form. A word is compared without case
    and outer blanks. A function is called with a few inputs, and what it raises is raised. A slip
    that is common is told its reason, anything else a hint. Whoever reads the package's file of
    answers finds them: this is help for those who learn, and no proof for those who grade.

    References
    ----------
    .. [1] J. Hattie and H. Timperley, "The power of feedback", Review of Educational Research
       77(1), 2007.
    .. [2] Chapter "Your first sigma map", ``book/start/your_first_sigma_map.ipynb``.

    Examples
    --------
    >>> check("blur-stored")
    No answer yet. In the place of None goes
    "stored" or "light".
    >>> check("start-beyond", 50).right
    False
    """
    if name not in _sealed():
        near = difflib.get_close_matches(str(name), _sealed(), 3, 0.0)
        raise ValueError(f"no exercise is called {name!r}; near it are {', '.join(near)}.")
    asked = json.loads(_mix(name, bytes.fromhex(_sealed()[name])))
    if answer is None:
        return Verdict(f"No answer yet. In the place of None goes {asked['wanted']}.")
    if "inputs" in asked and callable(answer):
        answer = [answer(*map(_argument, inputs)) for inputs in asked["inputs"]]
    if (off := _off(answer, asked["answer"])) is None:
        return Verdict(f"Not yet: the answer is to be {asked['wanted']}.")
    if off <= asked["right"]:
        return Verdict("Right.")
    for value, reason in asked["slips"]:
        if _off(answer, value) <= asked["right"]:
            return Verdict(f"Not yet. {reason}")
    return Verdict(f"{'Nearly right' if off <= asked['nearly'] else 'Not yet'}. {asked['hint']}")


def _argument(value):
    return torch.tensor(value) if isinstance(value, list) else value


def _numbers(value):
    if isinstance(value, list | tuple):
        return torch.cat([_numbers(part) for part in value])
    return torch.as_tensor(value, dtype=torch.float64).flatten()


def _off(given, true):
    """Return how far an answer is off, at most over its numbers; None if it is no such answer."""
    if isinstance(given, str) or isinstance(true, str):
        same = str(given).strip().lower() == str(true)
        return (0.0 if same else math.inf) if type(given) is type(true) else None
    try:
        given, true = _numbers(given), _numbers(true)
    except (TypeError, ValueError, RuntimeError):
        return None
    return (given - true).abs().max().item() if given.shape == true.shape else None
