"""What the README shows can be typed as it stands."""

import json
import re
import shlex
from pathlib import Path

import pytest

from blurlib import cli, data, maps

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*?)(?:\s{2,}#.*)?$", README, flags=re.MULTILINE)


MARKS = r"<!-- estimators -->(.*?)<!-- end of estimators -->"
LINES = re.findall(r"^\|(.*)\|$", re.search(MARKS, README, flags=re.DOTALL)[1], flags=re.MULTILINE)
HEAD, _, *ROWS = ([cell.strip(" `") for cell in line.split("|")] for line in LINES)
# The scores' columns, and the rows of a record that they come from.
SCORES = {"ramp": "ramp", "sin": "sin", "noise": "ramp, noise 1"}


def test_it_is_one_screen():
    lines = README.splitlines()
    assert len(lines) <= 80 and max(map(len, lines)) <= 120


def test_the_example_runs_and_sees_the_blur(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 5
    exec(compile(example, "README.md", "exec"), {})
    sigma, unit, *_, std = capsys.readouterr().out.split()
    assert unit == "pixels," and abs(float(sigma) - 2) < 0.15 and 0.03 < float(std) < 0.15


def record_of(name):
    """Return the rows that were recorded for an estimator, or none."""
    compared = json.loads((REPOSITORY / "results/comparison.json").read_text())["estimators"]
    own = REPOSITORY / "results" / f"{name}.json"
    found = compared.get(name) or (json.loads(own.read_text()) if own.is_file() else {})
    return found.get("rows", {})


def size_of(name):
    """Return the size of an estimator's own file in MB, or none."""
    weights = list((REPOSITORY / "blurlib/learn/weights").glob(f"{name}.safetensors*"))
    if name == "boosted-trees":
        weights = [REPOSITORY / "blurlib/maps/classical/calibration.safetensors"]
    return weights[0].stat().st_size / 1e6 if weights else None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_of_estimators_is_true(row):
    row = dict(zip(HEAD, row, strict=True))
    size, record = size_of(row["name"]), record_of(row["name"])
    assert row["MB"] == ("–" if size is None else f"{size:.2f}")
    for column, field in SCORES.items():
        assert (row[column] != "–") == (field in record), column
        if field in record:
            assert abs(float(row[column]) - record[field]["mean_rmse"]) < 0.00051, column
    estimator = maps.load_estimator(row["name"])
    found = estimator.predict(data.packaged_image("grass")[:64, :64], stride=16)
    assert row["std"] == ("no" if found.std is None else "yes")
    network = getattr(estimator, "network", None)
    if network is not None and hasattr(network, "sigmas"):
        assert float(row["up to (px)"]) == pytest.approx(network.sigmas.max().item())
        assert f"{len(network.sigmas)} classes" in row["answers"]


def test_it_says_where_the_scores_stand_and_how_the_tested_versions_are_taken():
    compared = json.loads((REPOSITORY / "results/comparison.json").read_text())["estimators"]
    scored = {row[0] for row in ROWS if row[HEAD.index("ramp")] != "–"}
    assert scored - set(compared) == {"sigma-net-small"}  # whose own record it names
    assert "`results/comparison.json` (`sigma-net-small`: its own record)" in README
    assert "`pip install . -c constraints.txt`" in README


def test_the_table_names_every_estimator():
    told = {row[0] for row in ROWS}
    for name in maps.estimator_names():
        assert name in told or re.sub("thesis-.0", "thesis-30", name) in told


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
    assert len(COMMANDS) >= 3


def test_pictures_are_there():
    paths = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert paths
    for path in paths:
        assert (REPOSITORY / path).stat().st_size < 250_000


def test_links_are_there():
    for path in re.findall(r"\]\(([^)]+)\)", README):
        assert (REPOSITORY / path).is_file(), path
