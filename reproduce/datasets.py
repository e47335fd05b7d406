"""Records about the data: what the two protocols make of the scans, and what the leak is worth."""

import statistics
import tempfile
import time
from dataclasses import asdict, replace

import torch

from blurlib import data
from blurlib.learn import NETWORKS, READOUTS, TrainConfig, device_name, thin_history, train
from blurlib.maps import evaluate_patches

_SCORED_SIGMAS = 4  # classes whose changed pixels are counted: 0.1 to 0.4


def _build(experiment, config):
    """Return a dataset, read from a folder that is gone, and the seconds that its build took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        data.build_dataset(experiment.scans, folder, config, progress=experiment.progress)
        seconds = time.perf_counter() - start
        return data.load_dataset(folder), seconds


def dataset(experiment):
    """Build the datasets of both protocols; count patches, and the pixels that blur changes."""
    protocols, changed, published = {}, {}, data.DatasetConfig()
    for protocol in ("as-published", "unseen"):
        dataset, seconds = _build(experiment, data.DatasetConfig(protocol=protocol))
        manifest, pictures = dataset.manifest, dataset.manifest["pictures"]
        balance = manifest["class_balance"].values()
        protocols[protocol] = {
            "config": manifest["config"], "counts": manifest["counts"], "pictures": len(pictures),
            "test_pictures": sum(picture["role"] == "test" for picture in pictures),
            "materials": len({picture["material"] for picture in pictures}),
            "classes_are_balanced": all(len(set(side)) == 1 for side in balance),
            "sha256": manifest["sha256"],
            "places_also_trained_on": data.places_also_trained_on(dataset),
            "seconds": round(seconds, 1)}  # fmt: skip
    scans = [data.to_levels(scan.load()) for scan in experiment.scans]
    for sigma in data.draw_sigmas(published, "")[:_SCORED_SIGMAS]:
        changes = [data.blur_levels(levels, sigma, published) != levels for levels in scans]
        shares = [change.double().mean().item() for change in changes]
        changed[f"{sigma:.1f}"] = {
            "mean": statistics.mean(shares), "min": min(shares), "max": max(shares)}  # fmt: skip
    # On the CPU wherever the networks are.
    return {"protocols": protocols, "changed_pixels": changed, "device": device_name("cpu")}


def statistics_of_scans(experiment):
    """Measure every scan's spectrum, contrast and tails."""
    return {"scans": {scan.name: data.texture_statistics(scan.load()) for scan in experiment.scans},
            "device": device_name("cpu")}  # fmt: skip


#: What `leak` trains: the same for both protocols.
LEAK_RUNS = {
    "spectrum": TrainConfig(num_steps=8000, batch_size=128, lr=2e-3),
    "thesis": TrainConfig(num_steps=3000, batch_size=50, lr=1e-3),
}


def leak(experiment):
    """Train the same network in the same way under both protocols, and score both."""
    base = data.DatasetConfig(padding_mode="reflect")
    configs = (replace(base, protocol=protocol) for protocol in ("as-published", "unseen"))
    datasets = {config.protocol: _build(experiment, config)[0] for config in configs}
    aside = torch.tensor([p["role"] == "test" for p in datasets["unseen"].manifest["pictures"]])
    networks = {}
    for name, config in LEAK_RUNS.items():
        networks[name] = {"train": asdict(config)}
        for protocol, dataset in datasets.items():
            rng = torch.Generator().manual_seed(base.seed)
            network = NETWORKS[name](base.num_classes).initialise(rng)
            stream = dataset.train.stream(rng=rng, device=experiment.device)
            options = {"device": experiment.device, "progress": experiment.progress}
            history = train(network, stream, config, **options)
            # The same pictures under both protocols: those that "unseen" put aside.
            same = dataset.test.select(aside[dataset.test.pictures])
            networks[name][protocol] = {
                readout: {
                    key: evaluate_patches(network, side, readout=readout)["rmse"]
                    for key, side in (("test", dataset.test), ("same_pictures", same))
                }
                for readout in READOUTS
            } | {
                "seconds": round(history["seconds"][-1], 1),
                "training_rmse": thin_history(history)["rmse"][-1],
            }
    return {"config": asdict(base), "networks": networks}
