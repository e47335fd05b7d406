"""How `deblur-net` is trained: its examples, its run, its file."""

from dataclasses import replace

import torch
from torch import distributed

from blurlib.data.crops import at_least
from blurlib.learn import CropMix, TrainConfig
from blurlib.learn.deblur_net import DeblurNet
from blurlib.learn.prepare import train_and_save, trained_on
from blurlib.learn.recipes import SHIPPED

from .deblur_examples import SMALLEST, Examples

#: An hour of two CPU cores, and before it a quarter of one for the examples.
CONFIG = TrainConfig(
    num_steps=9000, batch_size=8, lr=2.5e-3, warmup=0.05, optimizer="muon", weight_decay=0.01
)

#: Then ten minutes with fewer maps that are wrong and keep quiet: a map that states no deviation
#: is mostly right, and where there is little noise doubts cost decibels.
FINISH = replace(CONFIG, num_steps=1500, lr=1e-3)

NUM_EXAMPLES = 8000

#: The pictures are those of `sigma-net`, drawn from this seed, more of them photographs.
_PICTURES = 1000
_MIX = CropMix(
    scans=14, smaller_scans=14, textures=8, photographs=44, fields=2, cloth=4, pages=5, old_print=4,
    lights=5,
)  # fmt: skip


def train_restorer(
    path, scans, photographs, *, config=CONFIG, finish=FINISH, num_examples=NUM_EXAMPLES, seed=0,
    device="cpu", progress=False, callback=None,
):  # fmt: skip
    """Train `deblur-net`, and save it.

    What is not done yet lies in ``PATH.unfinished``: a run that was stopped makes its examples
    again and goes on from there.

    Parameters
    ----------
    path : path-like
        File of the trained network.
    scans, photographs : Collection
        From `blurlib.data.brodatz` and `blurlib.data.photographs`; those that are held out, or set
        apart for development, are left out.
    config, finish : TrainConfig, optional
        Steps, batch and rate; with all examples, and with those whose maps may be trusted.
    num_examples : int, optional
        How many blurred crops are made.
    seed : int, optional
        Of examples, weights and order.
    device : str or torch.device, optional
        Where to train; the examples are made on the CPU.
    progress : bool, optional
        Whether to show a progress bar.
    callback : callable, optional
        Called with the run after every step.

    Returns
    -------
    network : DeblurNet
        In evaluation mode.
    record : dict
        Recipe, data, device, versions, seconds and the history in a hundred means, for JSON.

    Raises
    ------
    TypeError, ValueError, FloatingPointError, OSError
        As `blurlib.learn.train` and `blurlib.learn.save_network`.
    """
    together = distributed.is_initialized()
    rank, world_size = (
        (distributed.get_rank(), distributed.get_world_size()) if together else (0, 1)
    )
    rng = torch.Generator().manual_seed(_PICTURES)
    groups, facts = trained_on(replace(SHIPPED["sigma-net"], mix=_MIX), scans, photographs, rng)
    images = [at_least(image, SMALLEST) for group in groups.values() for image in group]
    rng.manual_seed(seed)
    stream = Examples(
        images, num_examples, rng=rng, weights=_MIX.weights(groups), rank=rank,
        world_size=world_size,
    )  # fmt: skip
    network = DeblurNet().initialise(rng)
    recipe = {"network": "deblur", "num_examples": num_examples, "seed": seed}
    recipe |= {"shares": _MIX.shares, "config": vars(config), "finish": vars(finish)}
    return train_and_save(
        path, network, stream, [(config, lambda: None), (finish, stream.trust)], recipe,
        {**facts, "num_images": len(images)}, device=device, progress=progress, callback=callback,
    )  # fmt: skip
