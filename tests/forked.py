"""Programs that need not wait for torch: a process that has imported all forks for each of them.

What is forked is a process of its own, with its own streams, limits and end. Only what Python does
with the standard streams when it starts is done here once more: one that is closed is None.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace


class Programs:
    """Runs Python programs in forks of one process, which starts with the first of them."""

    def __init__(self):
        self._server = None

    def run(self, folder, *arguments, streams=None, largest_file=None):
        """Run the command line; return its ``returncode``, ``stdout`` and ``stderr``.

        Parameters
        ----------
        folder : Path
            Where the two are kept meanwhile.
        streams : dict, optional
            By number, in place of the files they go to: a path, or None for one that is closed.
        largest_file : int, optional
            Bytes; a file that grows beyond fails to be written, as on a full disk.
        """
        return self._ask(folder, arguments, [{}], streams=streams or {}, largest=largest_file)

    def run_together(self, folder, processes, *arguments, script=None, trains=True):
        """Run a command line, or a script, as ``torchrun`` does: in processes that find each other.

        They have the variables that it gives, and one that fails ends the others. ``stdout`` and
        ``stderr`` are those of all. Those that train start sooner if that is said.
        """
        from torch.distributed import TCPStore

        # On a port that is free, and kept until all are through: nobody else can take it meanwhile.
        store = TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
        common = {
            "MASTER_ADDR": "localhost", "MASTER_PORT": store.port, "WORLD_SIZE": processes,
            "TORCHELASTIC_USE_AGENT_STORE": True, "TORCHELASTIC_RESTART_COUNT": 0,
        }  # fmt: skip
        ranks = [common | {"RANK": rank, "LOCAL_RANK": rank} for rank in range(processes)]
        return self._ask(folder, arguments, ranks, script=script, trains=trains)

    def _ask(self, folder, arguments, environments, *, script=None, streams=(), **options):
        """Send one request, with the variables of each of its processes; return what came of it."""
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        kept = {1: folder / "stdout.txt", 2: folder / "stderr.txt"}
        for path in kept.values():
            path.write_text("")
        paths = [os.devnull, *map(str, kept.values())]
        for number, path in dict(streams).items():
            paths[number] = path
        request = {
            "script": None if script is None else str(script),
            "arguments": [*map(str, arguments)],
            "environments": [{key: str(one) for key, one in e.items()} for e in environments],
            "paths": paths,
            **{"largest": None, "trains": False, **options},
        }
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
        request = json.loads(line)
        if request["trains"]:
            import_module("torch._dynamo")  # as the first optimizer would, in each fork anew
        # What is imported lives as long as a fork: to look for garbage in it at the end takes a
        # second.
        gc.freeze()
        processes = set()
        for environment in request["environments"]:
            process = os.fork()
            if process == 0:
                return {**request, "environment": environment}
            processes.add(process)
        print(wait(processes), file=statuses, flush=True)
    return None


def wait(processes):
    """Wait for processes, and end them all when one fails; return its status, or 0."""
    failed = 0
    while processes:
        process, status = os.wait()
        processes.remove(process)
        if status and not failed:
            failed = os.waitstatus_to_exitcode(status)
            for other in processes:
                os.kill(other, signal.SIGTERM)
    return failed


def redirect(number, path):
    """Give this process another standard stream."""
    if path is None:
        os.close(number)
        return None
    file = os.open(path, os.O_RDWR | os.O_APPEND)  # processes that share it write after each other
    os.dup2(file, number)
    os.close(file)
    buffering = 1 if number == 2 else -1
    return open(number, "w" if number else "r", buffering=buffering, closefd=False)


def begin(request):
    """Become the program, and end as it does."""
    import resource

    signal.alarm(300)  # what waits forever fails one test, and does not stop all
    if request["largest"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
    os.environ.update(request["environment"])
    sys.stdin, sys.stdout, sys.stderr = map(redirect, range(3), request["paths"])
    script = request["script"]
    sys.argv = [script or "blurlib", *request["arguments"]]
    if script:
        # Here, not by runpy: what a program has made lives until Python ends, and gloo's thread may
        # wait forever for what is taken down before.
        exec(compile(Path(script).read_text(), script, "exec"), globals())
    else:
        runpy.run_module("blurlib.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    from blurlib import learn, maps, plotting

    assert maps.load_estimator and learn.train and plotting.write_sigma_map  # all are imported now
    if (asked := serve()) is not None:
        begin(asked)
