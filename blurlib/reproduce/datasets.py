"""Records about the data: what the two protocols make of the scans, and what the leak is worth."""

import statistics
import tempfile
import time
from dataclasses import asdict, replace

import torch

from ..data import (
    DatasetConfig,
    blur_levels,
    build_dataset,
    draw_sigmas,
    load_dataset,
    texture_statistics,
    to_levels,
)
from ..learn import NETWORKS, TrainConfig, device_name, thin_history, train
from ..maps import evaluate_patches

_SCORED_SIGMAS = 4  # classes whose changed pixels are counted: 0.1 to 0.4


def dataset(experiment):
    """Build the datasets of both protocols; count patches, and the pixels that blur changes."""
    record = {"protocols": {}}
    for protocol in ("as-published", "unseen"):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            manifest = build_dataset(
                experiment.scans,
                folder,
                DatasetConfig(protocol=protocol),
                progress=experiment.progress,
            )
            seconds = time.perf_counter() - start
            dataset = load_dataset(folder)
        record["protocols"][protocol] = {
            "config": manifest["config"],
            "counts": manifest["counts"],
            "pictures": len(manifest["pictures"]),
            "test_pictures": sum(p["role"] == "test" for p in manifest["pictures"]),
            "materials": len({p["material"] for p in manifest["pictures"]}),
            "classes_are_balanced": all(
                len(set(side)) == 1 for side in manifest["class_balance"].values()
            ),
            "sha256": manifest["sha256"],
            "places_also_trained_on": places_also_trained_on(dataset),
            "seconds": round(seconds, 1),
        }
    published = DatasetConfig()
    changed = {}
    for sigma in draw_sigmas(published, "")[:_SCORED_SIGMAS]:
        shares = []
        for scan in experiment.scans:
            levels = to_levels(scan.load())
            shares.append((blur_levels(levels, sigma, published) != levels).double().mean().item())
        changed[f"{sigma:.1f}"] = {
            "mean": statistics.mean(shares), "min": min(shares), "max": max(shares),
        }  # fmt: skip
    record["changed_pixels"] = changed
    return {**record, "device": device_name("cpu")}  # wherever else the networks are


def places_also_trained_on(dataset):
    """Return the share of test patches whose place is in the training set at another sigma.

    Parameters
    ----------
    dataset : Dataset
        Read by `blurlib.data.load_dataset`.

    Returns
    -------
    share : float
        From 0 to 1.
    """
    places = 1 + max(int(side.places.max()) for side in (dataset.train, dataset.test))
    trained, tested = (
        side.pictures * places + side.places for side in (dataset.train, dataset.test)
    )
    return torch.isin(tested, trained).double().mean().item()


def statistics_of_scans(experiment):
    """Measure every scan's spectrum, contrast and tails."""
    return {"scans": {scan.name: texture_statistics(scan.load()) for scan in experiment.scans},
            "device": device_name("cpu")}  # fmt: skip


#: What `leak` trains: the same for both protocols.
LEAK_RUNS = {
    "spectrum": TrainConfig(num_steps=8000, batch_size=128, lr=2e-3),
    "thesis": TrainConfig(num_steps=3000, batch_size=50, lr=1e-3),
}


def leak(experiment, runs=None, base=None):
    """Train the same network in the same way under both protocols, and score both."""
    base = DatasetConfig(padding_mode="reflect") if base is None else base
    record = {"config": asdict(base), "networks": {}}
    datasets = {}
    for protocol in ("as-published", "unseen"):
        with tempfile.TemporaryDirectory() as folder:
            build_dataset(
                experiment.scans,
                folder,
                replace(base, protocol=protocol),
                progress=experiment.progress,
            )
            datasets[protocol] = load_dataset(folder)
    aside = torch.tensor([p["role"] == "test" for p in datasets["unseen"].manifest["pictures"]])
    for name, config in (LEAK_RUNS if runs is None else runs).items():
        found = {}
        for protocol, dataset in datasets.items():
            rng = torch.Generator().manual_seed(base.seed)
            network = NETWORKS[name](base.num_classes).initialise(rng)
            history = train(
                network,
                dataset.train.stream(rng=rng, device=experiment.device),
                config,
                device=experiment.device,
                progress=experiment.progress,
            )
            # The same pictures under both protocols: those that "unseen" put aside.
            test = dataset.test.select(aside[dataset.test.pictures])
            found[protocol] = {
                readout: {
                    "test": evaluate_patches(network, dataset.test, readout=readout)["rmse"],
                    "same_pictures": evaluate_patches(network, test, readout=readout)["rmse"],
                }
                for readout in ("mean", "argmax")
            }
            found[protocol]["seconds"] = round(history["seconds"][-1], 1)
            found[protocol]["training_rmse"] = thin_history(history)["rmse"][-1]
        record["networks"][name] = {"train": asdict(config), **found}
    return record
