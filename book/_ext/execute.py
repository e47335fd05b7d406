"""Execute the chapters whose outputs are not in the cache, one on each core, and say how it goes.

`make book` runs this before Sphinx, which would execute them one after the other, without a word.
Sphinx then finds the outputs where it keeps its own, in ``_build/.jupyter_cache``, and only renders.
"""

import os
import queue
import sys
import threading
import time
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from sphinx_external_toc.parsing import parse_toc_yaml
from traitlets.config import Config

from offline import forget_stale_outputs

ROOT = Path(__file__).parents[2]
# These take longest, and come first: else one of them would be left alone at the end.
LONGEST = ("from_patches_to_a_map", "rivals_and_limits", "what_blur_removes")
# More kernels beside each other than this would need more memory than a small machine has.
MOST_KERNELS = 4
# Each kernel says that others on the machine might listen, unless its messages are encrypted.
ENCRYPTED = Config(KernelManager={"transport_encryption": "auto"})


def chapters(root):
    """List the notebooks of the table of contents, in its order."""
    paths = (root / f"{name}.ipynb" for name in parse_toc_yaml(root / "_toc.yml"))
    return [path for path in paths if path.is_file()]


def cores():
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def execute(path, timeout):
    """Execute a chapter in a kernel of its own: (notebook, seconds, what went wrong or None)."""
    notebook = nbformat.read(path, as_version=4)
    cell = []
    client = NotebookClient(
        notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,  # it would go into the metadata, by which the cache knows a cell
        config=ENCRYPTED,
        on_cell_start=lambda cell_index, **_: cell.append(cell_index),
    )
    start, fault = time.monotonic(), None
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        fault = f"cell {cell[-1]}: {error}" if cell else str(error)
    except Exception as error:  # in a thread: what is not handed on would be lost
        fault = f"the kernel failed: {error!r}"
    return notebook, time.monotonic() - start, fault


def execute_all(paths, timeout, kernels):
    """Execute chapters beside each other, and yield each when it is done: (path, *execute's)."""
    todo, done = iter(paths), queue.SimpleQueue()

    def work():
        for path in todo:
            done.put((path, *execute(path, timeout)))

    for _ in range(kernels):
        # Daemons: an interrupt ends the script at once, and the kernels end with it.
        threading.Thread(target=work, daemon=True).start()
    for _ in paths:
        yield done.get()


def is_cached(cache, path):
    """Ask the cache as Sphinx will: by the code of a chapter's cells."""
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def keep(cache, path, notebook, seconds):
    """Put an executed chapter where Sphinx looks for it, as Sphinx would have done."""
    uri = cache.add_nb_to_project(str(path)).uri
    bundle = CacheBundleIn(notebook, uri, data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def main(root=ROOT):
    """Execute what is not cached; 1 if a chapter failed."""
    build = root / "_build"
    forget_stale_outputs(root, build)
    cache = get_cache(build / ".jupyter_cache")
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    todo = [path for path in chapters(root) if not is_cached(cache, path)]
    todo.sort(key=lambda path: path.stem not in LONGEST)
    kernels = min(cores(), MOST_KERNELS, len(todo))
    if kernels > 1:
        # Threads of kernels beside each other would wait for one another.
        os.environ.setdefault("OMP_NUM_THREADS", str(max(cores() // kernels, 1)))
    failed = 0
    results = execute_all(todo, settings["execute"]["timeout"], kernels)
    for count, (path, notebook, seconds, fault) in enumerate(results, 1):
        name = path.relative_to(root / "book").with_suffix("").as_posix()
        if fault is None:
            keep(cache, path, notebook, seconds)
            if not is_cached(cache, path):
                fault = "changed while it was executed"
        outcome = f"{seconds:.0f} s" if fault is None else "FAILED"
        print(f"[{count:2}/{len(todo)}] {name}  {outcome}", flush=True)
        report = build / "html" / "reports" / f"{name}.err.log"
        if fault is None:
            report.unlink(missing_ok=True)
        else:
            failed += 1
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(fault, encoding="utf-8")
            print(f"{name}, {fault}", file=sys.stderr, flush=True)
    if failed:
        print(
            f"{failed} of the chapters failed; no page is built.", file=sys.stderr
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
