"""Compare the book's published numbers twice: on the least of processors, and on all there is.

``make portable`` runs it. First one thread, and vector instructions held down in every library that
has a switch for them; then two threads and everything on. A number that differs hangs on the last
bits of a sum, and is no number to publish.
"""

import os
import subprocess
import sys
from pathlib import Path

from numpy._core import _multiarray_umath as numpy_core

BOOK = Path(__file__).parents[1] / "book"
NBVAL = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600"]
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def numpy_features():
    """Return the instruction sets that numpy chooses among at run time and this machine has."""
    there = numpy_core.__cpu_features__
    return [name for name in numpy_core.__cpu_dispatch__ if there.get(name)]


def settings():
    """Return the two environments, by what they are."""
    least = {
        **dict.fromkeys(THREADS, "1"),
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "DNNL_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "NPY_DISABLE_CPU_FEATURES": " ".join(numpy_features()),
    }
    return {
        "one thread, no vector instructions": least,
        "two threads, all instructions": dict.fromkeys(THREADS, "2"),
    }


def main(arguments):
    """Run both; further arguments go to pytest, and notebooks among them replace the book."""
    given = [] if any(word.endswith(".ipynb") for word in arguments) else [str(BOOK)]
    failed = []
    for name, changes in settings().items():
        print(f"== {name}: {' '.join(f'{k}={v}' for k, v in changes.items())}", flush=True)
        workers = [] if "2" in changes.values() else ["-n", "2", "--dist", "loadfile"]
        command = [sys.executable, "-m", "pytest", "-q", *NBVAL, *workers, *arguments, *given]
        environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
        environment.pop("ATEN_CPU_CAPABILITY", None)
        if subprocess.run(command, env=environment | changes).returncode:
            failed.append(name)
    print(f"== differing: {'; '.join(failed) or 'none, every published number is the same'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
