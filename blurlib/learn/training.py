"""The training loop, explicit and short."""

import time
from dataclasses import dataclass

import torch
from torch.nn import functional
from tqdm import tqdm

from .._checks import check_device, check_integer, check_number


@dataclass(frozen=True)
class TrainConfig:
    """What a training run is asked to do.

    Attributes
    ----------
    num_steps : int
        Number of batches.
    batch_size : int
        Patches a step; the author's is 50.
    lr : float
        Peak of the learning rate.
    warmup : float
        Share of the steps in which the rate rises; afterwards it falls along a cosine to zero.
    weight_decay : float
        AdamW's.
    clip : float
        Largest norm of the gradient.
    """

    num_steps: int = 200
    batch_size: int = 50
    lr: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 1e-4
    clip: float = 1.0

    def __post_init__(self):
        check_integer(self.num_steps, "num_steps")
        check_integer(self.batch_size, "batch_size")
        check_number(self.lr, "lr", low=1e-12)
        check_number(self.warmup, "warmup", low=0, high=1)
        check_number(self.weight_decay, "weight_decay", low=0)
        check_number(self.clip, "clip", low=1e-9)


def train(network, stream, config, *, device="cpu", progress=False):
    """Train a classifier of blur on a stream of patches.

    Parameters
    ----------
    network : BlurClassifier
        Changed in place; its input's mean and deviation are taken from the first 1024 patches.
    stream : PatchStream or StoredPatches
        Source of patches and labels.
    config : TrainConfig
        Steps, batch and rate.
    device : str or torch.device, optional
        Where to train, for instance "cuda".
    progress : bool, optional
        Whether to show a progress bar, on a terminal.

    Returns
    -------
    history : dict of lists
        For each step ``loss`` (negative log-likelihood), ``rmse`` (of the mean readout on that
        step's patches, before they were learned from, in pixels of sigma) and ``seconds``.

    Raises
    ------
    ValueError
        If there is no such device.
    FloatingPointError
        If the loss is not finite; lower the learning rate.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019; key
       ``loshchilov2019``.
    .. [2] Chapter "A first sigma map", ``book/maps/first_sigma_map.ipynb``.
    """
    history = {"loss": [], "rmse": [], "seconds": []}
    steps = train_steps(network, stream, config, device=device)
    bar = tqdm(steps, "training", config.num_steps, disable=None if progress else True)
    start = time.perf_counter()
    for step in bar:
        for name, value in {**step, "seconds": time.perf_counter() - start}.items():
            history[name].append(value)
    network.eval()
    return history


def train_steps(network, stream, config, *, device="cpu"):
    """Train step by step: as `train`, for whoever wants to look on, or to stop.

    Parameters
    ----------
    network, stream, config, device
        As `train`.

    Yields
    ------
    step : dict
        ``loss`` and ``rmse`` of one step. The network stays in training mode.

    Raises
    ------
    ValueError, FloatingPointError
        As `train`.
    """
    device = check_device(device)
    network.to(device, memory_format=torch.channels_last).train()
    network.fit_standardisation(stream.batch(1024)[0].to(device))
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.lr, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        config.lr,
        total_steps=config.num_steps,
        # Not quite: OneCycleLR divides by zero where the peak falls on step 1 or on the last.
        pct_start=min(config.warmup + 1e-9, 1 - 1e-9),
        cycle_momentum=True,  # AdamW's beta1 falls while the rate rises, and comes back
    )
    for step in range(config.num_steps):
        patches, labels = (tensor.to(device) for tensor in stream.batch(config.batch_size))
        log_probabilities = network(patches)
        loss = functional.nll_loss(log_probabilities, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        schedule.step()

        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss.item()} at step {step}; lower lr (now {config.lr:g})."
            )
        estimate = log_probabilities.detach().exp() @ network.sigmas
        error = estimate - network.sigmas[labels]
        yield {"loss": loss.item(), "rmse": error.square().mean().sqrt().item()}
