"""Work shared out among threads: torch lets the others run while one of them computes."""

from concurrent.futures import ThreadPoolExecutor

import torch
from tqdm import tqdm


def call_each(function, jobs, *, workers, description, progress):
    """Return ``[function(*job) for job in jobs]``, made by so many workers at a time.

    Every one computes with one of torch's threads: sums then have one order, and one result.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        futures = [pool.submit(function, *job) for job in jobs]
        hidden = None if progress else True
        done = tqdm(futures, desc=description, disable=hidden)
        return [future.result() for future in done]
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
