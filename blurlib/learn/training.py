"""The training loop: one for a laptop, for a GPU, and for many machines."""

import time
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

#: What is recorded of every step.
MEASURES = ("loss", "rmse", "accuracy", "seconds")


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
    validate_every : int
        Steps between looks at the validation patches; 0 for never.
    patience : int
        Looks without an improvement after which the run stops; 0 for never.
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
    validate_every: int = 0
    patience: int = 0

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
        check_integer(self.validate_every, "validate_every", low=0)
        if check_integer(self.patience, "patience", low=0) and not self.validate_every:
            raise ValueError("patience counts looks at validation patches; set validate_every too.")


class TrainingRun:
    """A run in progress: everything that the next step depends on, in one place.

    Started by ``torchrun``, each process makes its share of every batch, and the gradients are
    averaged: the same run as on one machine, but for the order in which sums are made.

    Parameters
    ----------
    network : BlurClassifier
        Changed in place; its input's mean and deviation are taken from the first patches.
    stream : PatchStream or StoredPatches
        Source of patches and labels.
    config : TrainConfig
        What to do.
    device : str or torch.device, optional
        Where to train, for instance "cuda".
    validation : Patches, optional
        What to look at every ``config.validate_every`` steps.

    Attributes
    ----------
    step : int
        Steps done.
    history : dict of lists
        ``loss``, ``rmse``, ``accuracy`` and ``seconds`` of each.
    validations : list of dict
        ``step``, ``loss`` and ``rmse`` of each look at the validation patches.

    Raises
    ------
    ValueError
        If there is no such device, a batch cannot be shared out evenly, or validation is wanted
        and there is none.
    """

    def __init__(self, network, stream, config, *, device="cpu", validation=None):
        self.device = check_device(device)
        if bool(config.validate_every) != (validation is not None):
            raise ValueError(
                "validate_every and validation belong together: pass both, or none of them."
            )
        together = distributed.is_available() and distributed.is_initialized()
        rank, world = (distributed.get_rank(), distributed.get_world_size()) if together else (0, 1)
        if config.batch_size % world:
            raise ValueError(
                f"batch_size must be a multiple of the {world} processes, got {config.batch_size}."
            )
        self.share, self.config = (rank, world), config
        self.network, self.stream, self.validation = network, stream, validation
        network.to(self.device, memory_format=torch.channels_last).train()
        network.fit_standardisation(stream.batch(network.standardised_on)[0].to(self.device))
        self._model = DistributedDataParallel(network) if together else network
        self.optimizer = OPTIMIZERS[config.optimizer](
            network.parameters(), lr=config.lr, weight_decay=config.weight_decay
        )
        self.schedule = None
        if config.schedule == "one-cycle":
            self.schedule = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer,
                config.lr,
                total_steps=config.num_steps,
                # Not quite: it divides by zero where the peak falls on step 1 or on the last.
                pct_start=min(config.warmup + 1e-9, 1 - 1e-9),
                # AdamW's beta1 falls while the rate rises, and comes back; Muon keeps its own.
                cycle_momentum=config.optimizer == "adamw",
            )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=config.precision == "float16")
        self.step = 0
        self.history = {name: [] for name in MEASURES}
        self.validations, self.best = [], None
        self._start = time.perf_counter()

    @property
    def is_done(self):
        """Whether there is nothing more to do: all steps done, or patience lost."""
        return self.step >= self.config.num_steps or self._patience_is_lost()

    def advance(self):
        """Do one step.

        Returns
        -------
        step : dict
            ``loss``, ``rmse`` and ``accuracy`` on the step's patches before they were learned
            from, as the network's `loss` has them, and ``seconds`` since the run began.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; lower the learning rate.
        """
        config = self.config
        patches, targets = self.stream.batch(config.batch_size, share=self.share)
        patches, targets = patches.to(self.device), targets.to(self.device)
        half = PRECISIONS[config.precision]
        with torch.autocast(self.device.type, half, enabled=half != torch.float32):
            answers = self._model(patches)
        loss, squared, right = self.network.loss(answers, targets)
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
            means = torch.stack([loss.detach(), squared, right])
            if self.share[1] > 1:
                distributed.all_reduce(means)
                means /= self.share[1]
        loss, squared, right = means.tolist()
        if not torch.isfinite(means).all():
            raise FloatingPointError(
                f"the loss is {loss} at step {self.step}; lower lr (now {config.lr:g})."
            )
        found = {
            "loss": loss, "rmse": squared**0.5, "accuracy": right,
            "seconds": time.perf_counter() - self._start,
        }  # fmt: skip
        for name, value in found.items():
            self.history[name].append(value)
        if config.validate_every and self.step % config.validate_every == 0:
            self._validate()
        return found

    @torch.no_grad()
    def _validate(self):
        """Look at the validation patches; keep the weights if they are the best so far."""
        self.network.eval()
        sums = torch.zeros(2, device=self.device)
        for start in range(0, len(self.validation), 512):
            part = slice(start, start + 512)
            patches = self.validation.patches[part].to(self.device).float() / 255
            labels = self.validation.labels[part].to(self.device)
            loss, squared, _ = self.network.loss(self.network(patches), labels)
            sums += len(labels) * torch.stack([loss, squared])
        self.network.train()
        loss, squared = (sums / len(self.validation)).tolist()
        rmse = squared**0.5
        if not self.validations or loss < min(look["loss"] for look in self.validations):
            self.best = {
                name: tensor.detach().cpu().clone()
                for name, tensor in self.network.state_dict().items()
            }
        self.validations.append({"step": self.step, "loss": loss, "rmse": rmse})

    def _patience_is_lost(self):
        losses = [look["loss"] for look in self.validations]
        if not self.config.patience or not losses:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= self.config.patience

    def finalize(self):
        """Leave the network in evaluation mode, with the best weights if they were looked for.

        Returns
        -------
        network : BlurClassifier
        """
        if self.best is not None:
            self.network.load_state_dict(self.best)
        return self.network.eval()


def train(
    network, stream, config, *, device="cpu", validation=None, checkpoint=None, progress=False,
    callback=None,
):  # fmt: skip
    """Train a classifier of blur on a stream of patches.

    Parameters
    ----------
    network : BlurClassifier
        Changed in place; its input's mean and deviation are taken from the first patches.
    stream : PatchStream or StoredPatches
        Source of patches and labels.
    config : TrainConfig
        What to do.
    device : str or torch.device, optional
        Where to train, for instance "cuda".
    validation : Patches, optional
        For ``config.validate_every``.
    checkpoint : Checkpoint, optional
        Where the run is saved every minute, and from where it goes on after it was stopped.
    progress : bool, optional
        Whether to show a progress bar, on a terminal.
    callback : callable, optional
        Called with the run after every step: for logs and live plots.

    Returns
    -------
    history : dict of lists
        For each step ``loss`` (negative log-likelihood), ``rmse`` (of the mean readout on that
        step's patches, before they were learned from, in pixels of sigma), ``accuracy`` (share of
        right classes) and ``seconds``.

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
    .. [2] Chapter "Training the network", ``book/learn/training_it.ipynb``.
    """
    run = TrainingRun(network, stream, config, device=device, validation=validation)
    if checkpoint is not None:
        checkpoint.restore(run)
    bar = tqdm(
        desc="training", total=config.num_steps, initial=run.step,
        disable=(None if progress and run.share[0] == 0 else True),
    )  # fmt: skip
    with bar:
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
