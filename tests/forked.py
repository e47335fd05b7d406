"""Programs that need not wait for torch: a process that has imported all forks for each of them.

What is forked is a process of its own, with its own streams, limits and end. Only what Python does
with the standard streams when it starts is done here once more: one that is closed is None.
"""

import json
import os
import runpy
import subprocess
import sys
from types import SimpleNamespace


class Programs:
    """Runs the command line in forks of one process, which starts with the first of them."""

    def __init__(self):
        self._server = None

    def run(self, folder, *arguments, streams=None, largest_file=None):
        """Run a command line; return its ``returncode``, ``stdout`` and ``stderr``.

        Parameters
        ----------
        folder : Path
            Where the two are kept meanwhile.
        streams : dict, optional
            By number, in place of the files they go to: a path, or None for one that is closed.
        largest_file : int, optional
            Bytes; a file that grows beyond fails to be written, as on a full disk.
        """
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        kept = {1: folder / "stdout.txt", 2: folder / "stderr.txt"}
        for path in kept.values():
            path.write_text("")
        paths = [os.devnull, *map(str, kept.values())]
        for number, path in (streams or {}).items():
            paths[number] = path
        request = {"arguments": [*map(str, arguments)], "paths": paths, "largest": largest_file}
        print(json.dumps(request), file=self._server.stdin, flush=True)
        status = int(self._server.stdout.readline())
        return SimpleNamespace(
            returncode=status, stdout=kept[1].read_text(), stderr=kept[2].read_text()
        )

    def close(self):
        """End the process that forks."""
        if self._server is not None:
            self._server.communicate()


def serve():
    """Read requests and write statuses; return what a fork is to do, in the fork alone."""
    requests, statuses = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in iter(requests.readline, ""):
        process = os.fork()
        if process == 0:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=statuses, flush=True)
    return None


def redirect(number, path):
    """Give this process another standard stream."""
    if path is None:
        os.close(number)
        return None
    file = os.open(path, os.O_RDWR)
    os.dup2(file, number)
    os.close(file)
    buffering = 1 if number == 2 else -1
    return open(number, "w" if number else "r", buffering=buffering, closefd=False)


def begin(request):
    """Become the command line, and end as it does."""
    import resource

    if request["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
    sys.stdin, sys.stdout, sys.stderr = map(redirect, range(3), request["paths"])
    sys.argv = ["blurlib", *request["arguments"]]
    runpy.run_module("blurlib.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    from blurlib import learn, maps, plotting

    assert maps.load_estimator and learn.train and plotting.write_sigma_map  # all are imported now
    if (asked := serve()) is not None:
        begin(asked)
