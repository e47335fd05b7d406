"""environment.yml, pyproject.toml and constraints.txt say the same about what gets installed."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import blurlib

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"pytorch": "torch"}  # where conda-forge's name is not PyPI's
NOT_FROM_PYPI = {"python", "pip", "nodejs"}


def read_constraints():
    """Return the lines of constraints.txt that are no comments."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def read_conda():
    """Return what conda and what pip install: ({name: version}, [pip's arguments])."""
    entries = yaml.safe_load((REPOSITORY / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    parts = [entry.split("=") for entry in entries if isinstance(entry, str)]
    return {name: version[0] if version else None for name, *version in parts}, pip


CONSTRAINTS = read_constraints()
PINS = {
    canonicalize_name(name): version
    for name, _, version in (c.partition("==") for c in CONSTRAINTS)
}
REQUIREMENTS = [
    Requirement(text) for group in (PROJECT["dependencies"], *EXTRAS.values()) for text in group
]


def test_constraints_are_exact_pins_in_order():
    for line in CONSTRAINTS:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line), (
            f"not an exact public pin: {line!r}"
        )
    assert CONSTRAINTS == sorted(set(CONSTRAINTS), key=lambda line: line.split("==")[0])


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_requirement_is_pinned_within_its_range(requirement):
    pin = PINS.get(canonicalize_name(requirement.name))
    assert pin is not None, f"{requirement} is not pinned in constraints.txt"
    assert requirement.specifier.contains(pin), f"{requirement} does not allow the pinned {pin}"


def test_torch_stays_open_above():
    (torch,) = (r for r in REQUIREMENTS if r.name == "torch")
    assert torch.specifier == SpecifierSet(">=2.6")


def test_conda_pins_equal_the_constraints():
    packages, _ = read_conda()
    for name, version in packages.items():
        if name not in NOT_FROM_PYPI:
            assert version == PINS[CONDA_NAMES.get(name, name)], name


def test_conda_python_is_allowed():
    packages, _ = read_conda()
    assert SpecifierSet(PROJECT["requires-python"]).contains(Version(packages["python"]))


def test_conda_installs_the_package_with_every_extra():
    _, pip = read_conda()
    assert "-c constraints.txt" in pip
    (editable,) = (entry for entry in pip if entry.startswith("-e"))
    named = re.search(r"\[(.*)\]", editable)[1].split(",")
    assert sorted(named) == sorted(EXTRAS)


def test_make_installs_what_conda_installs():
    _, pip = read_conda()
    extras = re.search(r"\[.*\]", pip[-1])[0]
    assert f'-c constraints.txt -e ".{extras}"' in (REPOSITORY / "Makefile").read_text()


def test_cuda_is_one_commented_line():
    lines = (REPOSITORY / "environment.yml").read_text().splitlines()
    (cuda,) = (line for line in lines if "cuda" in line)
    assert cuda.strip().startswith("#") and PINS["torch"] in cuda


def test_every_file_of_the_package_is_packaged():
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    globs = settings["tool"]["setuptools"]["package-data"]["blurlib"]
    package = REPOSITORY / "blurlib"
    kept = {path for pattern in globs for path in package.glob(pattern)}
    others = {
        path for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }  # fmt: skip
    assert others <= kept and len(others) > 10


def test_there_is_one_version():
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    assert cited["version"] == blurlib.__version__
    heads = re.findall(r"^## (.*)$", (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heads[0] == f"{cited['version']} ({cited['date-released']})"


def test_the_tested_pythons_are_those_that_are_named():
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == named
    assert SpecifierSet(PROJECT["requires-python"]).contains(named[0])
    assert named[0] == min(named, key=Version) and read_conda()[0]["python"] in named
