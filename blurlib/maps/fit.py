"""Train, calibrate, save: a network from its recipe to its file."""

from pathlib import Path

import torch

from ..data.crops import CropStream
from ..learn import Checkpoint, is_main_process, run_recipe, save_network
from ..learn.scales import COARSE_STRIDE, halve
from .uncertainty import fit_std_scale

#: So many crops are cut for calibration, so often.
_CALIBRATED_AT_ONCE, _CALIBRATED_BATCHES = 16, 24


def train_estimator(recipe, path, *, held_out=(), say=None, **options):
    """Train a network, calibrate the std that it states, and save it.

    What is not done yet lies in ``PATH.unfinished``: a run that was stopped goes on from there.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    path : path-like
        File of the trained network.
    held_out : sequence of Picture, optional
        What the network has not seen: a network on crops is calibrated on it.
    say : callable, optional
        Called with a line of text when a stopped run goes on.
    **options
        ``images``, ``scans``, ``photographs``, ``device``, ``callback`` and ``progress``, as
        `blurlib.learn.run_recipe` takes them.

    Returns
    -------
    network : Module
        In evaluation mode.
    record : dict
        As `blurlib.learn.run_recipe` has it, and ``uncertainty`` if it was calibrated.

    Raises
    ------
    IsADirectoryError
        If a folder stands where the unfinished run would.
    TypeError, ValueError, FloatingPointError, OSError
        As `blurlib.learn.run_recipe` and `blurlib.learn.save_network`.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.unfinished")
    if unfinished.is_dir():
        raise IsADirectoryError(f"{unfinished} is a folder; remove it, or name another --out")

    def checkpoint(identity):
        if say is not None and unfinished.is_file() and is_main_process():
            say(f"going on from {unfinished}")
        return Checkpoint(unfinished, identity)

    network, record = run_recipe(recipe, checkpoint=checkpoint, **options)
    if is_main_process():
        if recipe.on_crops and held_out:
            record["uncertainty"] = calibrate(network, held_out, recipe.crops)
        save_network(path, network, record)
        unfinished.unlink(missing_ok=True)
    return network, record


def calibrate(network, pictures, crops):
    """Give a network the one factor that makes its std right on pictures it has not seen.

    They are looked at halved, so that they are sharp to the pixel, in crops like `crops`. Returns
    the factor and the pictures' names, for the file's record.
    """
    network.std_scale.fill_(1.0)
    images = [halve(picture.load()[None])[0] for picture in pictures]
    stream = CropStream(images, crops, rng=torch.Generator().manual_seed(0))
    batches = (stream.batch(_CALIBRATED_AT_ONCE) for _ in range(_CALIBRATED_BATCHES))
    errors, std = joined(_errors_on(network, *batch) for batch in batches)
    network.std_scale.fill_(fit_std_scale(errors, std))
    return {"std_scale": network.std_scale.item(), "on": [picture.name for picture in pictures]}


def _errors_on(network, crops, truth):
    """Return estimate less truth, and the stated std, at every eighth pixel of some crops."""
    sigma, std, _ = network.estimate(crops.to(network.mean), COARSE_STRIDE)
    truth = truth[:, 0, ::COARSE_STRIDE, ::COARSE_STRIDE].cpu()
    rows, columns = truth.shape[1:]
    return sigma[:, :rows, :columns].cpu() - truth, std[:, :rows, :columns].cpu()


def joined(pairs):
    """Return all errors in one row, all std in one, and so on if there is more."""
    return (torch.cat([part.flatten() for part in parts]) for parts in zip(*pairs, strict=True))
