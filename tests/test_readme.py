"""What the README shows can be typed as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from blurlib import cli

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*?)(?:\s{2,}#.*)?$", README, flags=re.MULTILINE)


def test_the_example_runs_and_sees_the_blur(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    exec(compile(example, "README.md", "exec"), {})
    rmse, unit, doubt, *_ = capsys.readouterr().out.split()
    assert unit == "pixels;" and float(rmse) < 0.15 and 0.03 < float(doubt) < 0.15


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_known(command):
    program, *arguments = shlex.split(command)
    if program == "make":
        assert re.search(rf"^{arguments[0]}:", MAKEFILE, flags=re.MULTILINE)
    else:
        assert program == "blurlib"
        options = cli.build_parser().parse_args(arguments)
        assert callable(options.run)


def test_commands_are_found():
    assert len(COMMANDS) >= 6


def test_pictures_are_there():
    paths = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert paths
    for path in paths:
        assert (Path(__file__).parents[1] / path).is_file()
