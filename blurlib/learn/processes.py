"""Training by many processes: what ``torchrun`` starts on one machine or on many."""

import contextlib
import os

import torch
from torch import distributed

from .._checks import check_device


@contextlib.contextmanager
def process_group(device="cpu"):
    """Join the processes that ``torchrun`` started, if it did.

    Parameters
    ----------
    device : str or torch.device, optional
        Where to compute; "cuda" becomes the GPU of this process' number on its machine.

    Yields
    ------
    device : torch.device
        This process' own.

    Raises
    ------
    ValueError
        If there is no such device.

    References
    ----------
    .. [1] S. Li et al., "PyTorch Distributed: experiences on accelerating data parallel training",
       VLDB 2020.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield check_device(device)
        return
    device = torch.device(device)
    if device.type == "cuda":
        device = check_device(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def is_main_process():
    """Say whether this process writes the files: alone, or the first of several.

    Returns
    -------
    first : bool
    """
    return not distributed.is_initialized() or distributed.get_rank() == 0
