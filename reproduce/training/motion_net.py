"""How `motion-net` is trained."""

from dataclasses import replace

import torch

from blurlib.learn.motion_net import MotionNet
from blurlib.learn.prepare import train_and_save, trained_on
from blurlib.learn.recipes import SHIPPED, CropMix
from blurlib.learn.training import TrainConfig

from .motion_examples import MotionExamples

#: An hour of two CPU cores.
MOTION_CONFIG = TrainConfig(
    num_steps=12_000, batch_size=32, lr=4e-3, warmup=0.05, optimizer="muon", weight_decay=0.01
)

#: The pictures are those of `sigma-net`, drawn from this seed, more of them photographs.
_DRAWN_PICTURES = 1000
_MIX_OF_MOTION = CropMix(
    scans=16, smaller_scans=20, textures=8, photographs=44, fields=3, cloth=3, pages=4, old_print=3,
    lights=3,
)  # fmt: skip


def train_motion(
    path, scans, photographs, *, start=None, config=MOTION_CONFIG, seed=0, device="cpu",
    progress=False, callback=None,
):  # fmt: skip
    """Train `motion-net`, and save it; ``PATH.unfinished`` is gone on from.

    Parameters
    ----------
    path : path-like
        File of the trained network.
    scans, photographs : Collection
        From `blurlib.data.brodatz` and `blurlib.data.photographs`; those that are held out, or set
        apart for development, are left out.
    start : MotionNet, optional
        A network to go on with, instead of drawn weights.
    config : TrainConfig, optional
        Steps, crops a step (each is observed four times) and rate.
    seed : int, optional
        Of examples, weights and order.
    device : str or torch.device, optional
        Where to train.
    progress : bool, optional
        Whether to show a progress bar.
    callback : callable, optional
        Called with the run after every step.

    Returns
    -------
    network : MotionNet
        In evaluation mode.
    record : dict
        Recipe, data, device, versions, seconds and the history in a hundred means, for JSON.

    Raises
    ------
    TypeError, ValueError, FloatingPointError, OSError
        As `blurlib.learn.train` and `blurlib.learn.save_network`.
    """
    rng = torch.Generator().manual_seed(_DRAWN_PICTURES)
    groups, facts = trained_on(
        replace(SHIPPED["sigma-net"], mix=_MIX_OF_MOTION), scans, photographs, rng
    )
    images = [image for group in groups.values() for image in group]
    rng.manual_seed(seed)
    stream = MotionExamples(images, rng=rng, weights=_MIX_OF_MOTION.weights(groups), device=device)
    network = MotionNet().initialise(rng) if start is None else start
    recipe = {
        "network": "motion",
        "seed": seed,
        "started": start is not None,
        "shares": _MIX_OF_MOTION.shares,
        "config": vars(config),
    }
    return train_and_save(
        path, network, stream, [(config, lambda: None)], recipe,
        {**facts, "num_images": len(images)}, device=device, progress=progress, callback=callback,
    )  # fmt: skip
