"""The training loop: one for a laptop, for a GPU, and for many machines."""

import contextlib
import os
import time
import warnings
from dataclasses import dataclass

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from .._checks import check_choice, check_device, check_integer, check_number
from .muon import Muon

OPTIMIZERS = {"adamw": torch.optim.AdamW, "adagrad": torch.optim.Adagrad, "muon": Muon}
SCHEDULES = ("one-cycle", "constant")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class TrainConfig:
    """What a training run is asked to do.

    Attributes
    ----------
    num_steps : int
        Number of batches.
    batch_size : int
        Patches a step, over all processes together; the author's is 50.
    lr : float
        Learning rate; its peak, if it changes.
    warmup : float
        Share of the steps in which the rate rises; afterwards it falls along a cosine to zero.
    weight_decay : float
        The optimizer's.
    clip : float
        Largest norm of the gradient.
    optimizer : {"adamw", "adagrad", "muon"}
        Adagrad is the author's; Muon is for wide layers, see `blurlib.learn.Muon`.
    schedule : {"one-cycle", "constant"}
        Whether the rate rises and falls, or stays as the author's does.
    precision : {"float32", "bfloat16", "float16"}
        What the network computes in; half precision is for GPUs.
    """

    num_steps: int = 200
    batch_size: int = 50
    lr: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 1e-4
    clip: float = 1.0
    optimizer: str = "adamw"
    schedule: str = "one-cycle"
    precision: str = "float32"

    def __post_init__(self):
        check_integer(self.num_steps, "num_steps")
        check_integer(self.batch_size, "batch_size")
        check_number(self.lr, "lr", low=1e-12)
        check_number(self.warmup, "warmup", low=0, high=1)
        check_number(self.weight_decay, "weight_decay", low=0)
        check_number(self.clip, "clip", low=1e-9)
        check_choice(self.optimizer, "optimizer", OPTIMIZERS)
        check_choice(self.schedule, "schedule", SCHEDULES)
        check_choice(self.precision, "precision", PRECISIONS)


class TrainingRun:
    """A run in progress: everything that the next step depends on, in one place.

    Started by ``torchrun``, each process makes its share of every batch, and the gradients are
    averaged: the same run as on one machine, but for the order in which sums are made.

    Parameters
    ----------
    network : Module
        One of `blurlib.learn.NETWORKS`, or what has their methods. Changed in place; its input's
        mean and deviation are taken from the first patches.
    stream : PatchStream, CropStream or StoredPatches
        Source of inputs and targets.
    config : TrainConfig
        What to do.
    device : str or torch.device, optional
        Where to train, for instance "cuda".

    Attributes
    ----------
    step : int
        Steps done.
    history : dict of lists
        Of each step ``loss``, ``rmse``, what else the network's `metrics` has, and ``seconds``.
    rank, world_size : int
        The number of this process, and how many there are.

    Raises
    ------
    ValueError
        If there is no such device, or a batch cannot be shared out evenly.
    """

    def __init__(self, network, stream, config, *, device="cpu"):
        self.device = check_device(device)
        together = distributed.is_initialized()
        self.rank = distributed.get_rank() if together else 0
        self.world_size = distributed.get_world_size() if together else 1
        if config.batch_size % self.world_size:
            number = f"{self.world_size} processes, got {config.batch_size}"
            raise ValueError(f"batch_size must be a multiple of the {number}.")
        self.network, self.stream, self.config = network, stream, config
        network.to(self.device, memory_format=torch.channels_last).train()
        network.fit_standardisation(stream.batch(network.standardised_on)[0].to(self.device))
        self._model = DistributedDataParallel(network) if together else network
        # Said of matrices that are kept as convolutions; it costs nothing.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        rates = {"lr": config.lr, "weight_decay": config.weight_decay}
        self.optimizer = OPTIMIZERS[config.optimizer](network.parameters(), **rates)
        self.schedule = None
        if config.schedule == "one-cycle":
            # Not quite: it divides by zero where the peak falls on step 1 or on the last.
            rise = min(config.warmup + 1e-9, 1 - 1e-9)
            # AdamW's beta1 falls while the rate rises, and comes back; Muon keeps its own.
            shape = {"pct_start": rise, "cycle_momentum": config.optimizer == "adamw"}
            one_cycle = torch.optim.lr_scheduler.OneCycleLR
            self.schedule = one_cycle(self.optimizer, config.lr, config.num_steps, **shape)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=config.precision == "float16")
        self.step = 0
        self.history = {}
        self._start = time.perf_counter()

    @property
    def is_done(self):
        """Whether all steps are done."""
        return self.step >= self.config.num_steps

    def advance(self):
        """Do one step.

        Returns
        -------
        step : dict
            ``loss``, ``rmse`` and what else the network's `metrics` has, on the step's patches
            before they were learned from, and ``seconds`` since the run began.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; lower the learning rate.
        """
        config = self.config
        share = {"rank": self.rank, "world_size": self.world_size}
        batch = self.stream.batch(config.batch_size, **share)
        patches, targets = (tensor.to(self.device) for tensor in batch)
        half = PRECISIONS[config.precision]
        with torch.autocast(self.device.type, half, enabled=half != torch.float32):
            prediction = self._model(patches)
        loss = self.network.loss(prediction, targets)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.schedule is not None:
            self.schedule.step()
        self.step += 1

        with torch.no_grad():
            metrics = self.network.metrics(prediction, targets)
            means = torch.stack([loss.detach(), *metrics.values()])
            if self.world_size > 1:
                distributed.all_reduce(means)
                means /= self.world_size
        if not torch.isfinite(means).all():
            remedy = f"lower lr (now {config.lr:g})"
            raise FloatingPointError(f"the loss is {means[0]} at step {self.step}; {remedy}.")
        found = dict(zip(["loss", *metrics], means.tolist(), strict=True))
        found = {"loss": found["loss"], "rmse": found.pop("mse") ** 0.5, **found}
        found["seconds"] = time.perf_counter() - self._start
        for name, value in found.items():
            self.history.setdefault(name, []).append(value)
        return found

    def finalize(self):
        """Return the network, left in evaluation mode."""
        return self.network.eval()


def train(network, stream, config, *, device="cpu", checkpoint=None, progress=False, callback=None):
    """Train a network on a stream.

    Parameters
    ----------
    network, stream, config, device
        As those of `TrainingRun`.
    checkpoint : Checkpoint, optional
        Where the run is saved every minute, and from where it goes on after it was stopped.
    progress : bool, optional
        Whether to show a progress bar, on a terminal.
    callback : callable, optional
        Called with the run after every step: for logs and live plots.

    Returns
    -------
    history : dict of lists
        For each step ``loss``, ``rmse`` (on that step's patches, before they were learned from, in
        pixels), what else the network's `metrics` has (``accuracy``, the share of right classes;
        ``within_tol``, of errors below a tolerance; or ``coverage``, of errors within one stated
        std) and ``seconds``.

    Raises
    ------
    ValueError
        If there is no such device, or the checkpoint belongs to another run.
    FloatingPointError
        If the loss is not finite; lower the learning rate.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019; key
       ``loshchilov2019``.
    .. [2] Chapter "Training it", ``book/learn/training_it.ipynb``.
    """
    run = TrainingRun(network, stream, config, device=device)
    if checkpoint is not None:
        checkpoint.restore(run)
    hidden = None if progress and run.rank == 0 else True  # None: unless there is a terminal
    with tqdm(desc="training", total=config.num_steps, initial=run.step, disable=hidden) as bar:
        while not run.is_done:
            found = run.advance()
            bar.update()
            if run.step % 20 == 0:
                bar.set_postfix_str(f"loss {found['loss']:.3f}, RMSE {found['rmse']:.3f} px")
            if callback is not None:
                callback(run)
            if checkpoint is not None:
                checkpoint.save_if_due(run)
    run.finalize()
    return run.history


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
