"""Strip notebooks of everything that a run leaves behind, except the numbers that nbval compares.

``python book/_ext/strip.py NOTEBOOK...`` rewrites them; with ``--check`` it only names those it
would change, and fails if there are any. nbstripout alone does not do: it takes the execution count
off a kept cell as well, and nbval then refuses the cell as one that was never run.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat

KEPT = {"nbval-check-output", "keep_output"}
LEFT_BY_A_RUN = ("collapsed", "execution", "ExecuteTime", "scrolled", "trusted")


def strip(notebook):
    """Strip a notebook in place; cells that carry both tags keep their outputs, with count 1."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for name in LEFT_BY_A_RUN:
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            if not set(cell.metadata.get("tags", [])) >= KEPT:
                cell.outputs = []
            cell.execution_count = 1 if cell.outputs else None
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = 1


def main(arguments=None):
    """Strip or check the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing, fail if stripping would",
    )
    options = parser.parse_args(arguments)
    changed = []
    for path in options.notebooks:
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)
        strip(notebook)
        after = nbformat.writes(notebook) + "\n"
        if after != before:
            changed.append(path)
            if not options.check:
                temporary = path.with_suffix(".part")
                temporary.write_text(after, encoding="utf-8")
                os.replace(temporary, path)
    for path in changed:
        print("would strip" if options.check else "stripped", path)
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
