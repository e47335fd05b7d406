"""Seal the answers of the exercises: ``python book/_ext/seal.py`` writes blurlib/exercises.json.

``book/exercises.yml`` holds them in the plain, with what is said to a wrong one; it does not travel
with the package. A test says where this was forgotten.
"""

import json
from pathlib import Path

import yaml

from blurlib import exercises

BOOK = Path(__file__).parents[1]
SEALED = Path(exercises.__file__).with_suffix(".json")
NEEDED = {"wanted", "answer", "hint"}
KEYS = NEEDED | {"right", "nearly", "slips", "inputs"}


def plain():
    """Return the exercises by name, with every key; raise where one is missing or unknown."""
    found = yaml.safe_load((BOOK / "exercises.yml").read_text(encoding="utf-8"))
    for name, asked in found.items():
        if not NEEDED <= asked.keys() <= KEYS:
            raise ValueError(
                f"{name} has {sorted(asked)}, needs {sorted(NEEDED)}, may have {sorted(KEYS)}."
            )
        asked["right"] = asked.get("right", 0)
        asked["nearly"] = asked.get("nearly", asked["right"])
        asked["slips"] = asked.get("slips", [])
    return found


def content():
    """Return the text of the sealed file."""
    rows = {
        name: exercises._mix(name, json.dumps(asked).encode()).hex()
        for name, asked in plain().items()
    }
    return json.dumps(rows, indent=0) + "\n"


if __name__ == "__main__":
    SEALED.write_text(content(), encoding="utf-8")
