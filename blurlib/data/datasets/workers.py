"""Work shared out among processes that end with their parent, and leave Ctrl-C to it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

import torch
from tqdm import tqdm


@contextlib.contextmanager
def pool_of(workers, num_jobs):
    """Hold so many processes ready, at most one a job; yield None where one is enough."""
    workers = min(workers, max(1, num_jobs), 61)  # Windows waits for no more than 61
    if workers == 1:
        yield None
        return
    # Spawned, not forked: a fork of a process with threads may hang, and CUDA forbids it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare_worker) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def call_each(function, jobs, *, pool, description, progress):
    """Return ``[function(*job) for job in jobs]``, made by the pool's processes if there is one.

    Every one computes with one thread: sums then have one order, and one result.
    """
    bar = {"total": len(jobs), "desc": description, "disable": None if progress else True}
    if pool is None:
        with _one_thread():
            return [function(*job) for job in tqdm(jobs, **bar)]
    with _interrupts_held():  # the workers start with the first jobs
        futures = [pool.submit(function, *job) for job in jobs]
    return [future.result() for future in tqdm(futures, **bar)]


def _prepare_worker():
    """Let a worker use one core, leave Ctrl-C to its parent, and die when its parent does."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow():
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _interrupts_held():
    """Hold Ctrl-C back: processes that start now never see one, their parent does afterwards.

    Without it one that comes while they still import torch ends in a traceback of each.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
