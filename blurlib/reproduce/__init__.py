"""The book's recorded results, made again from the data: one JSON record each.

What needs the Brodatz scans cannot run on the page of a reader, who has not got them. It runs here,
and the chapters read the record: numbers, never pictures.
"""

import functools
import json
import platform
import statistics
import tempfile
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import torch
from tqdm import tqdm

from . import __version__
from ._checks import check_choice
from ._files import replacing
from .data import DatasetConfig, brodatz, build_dataset, load_dataset, texture_statistics
from .data.protocols import blur_levels, draw_sigmas, split_materials, to_levels
from .learn import NETWORKS, TrainConfig, pretrained, pretrained_names, thin_history, train
from .maps import (
    BOUNDARIES,
    NEIGHBOURHOODS,
    evaluate_image,
    evaluate_patches,
    load_estimator,
    make_test_image,
    predict_sigma_map,
    rmse,
    smooth,
    window_centres,
)

_SCORED_SIGMAS = 4  # classes whose changed pixels are counted: 0.1 to 0.4


def _dataset(scans, progress):
    """Build the datasets of both protocols; count patches, and the pixels that blur changes."""
    record = {"protocols": {}}
    for protocol in ("as-published", "unseen"):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            manifest = build_dataset(
                scans, folder, DatasetConfig(protocol=protocol), progress=progress
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
        for scan in scans:
            levels = to_levels(scan.load())
            shares.append((blur_levels(levels, sigma, published) != levels).double().mean().item())
        changed[f"{sigma:.1f}"] = {
            "mean": statistics.mean(shares), "min": min(shares), "max": max(shares),
        }  # fmt: skip
    record["changed_pixels"] = changed
    return record


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


def _statistics(scans, progress):
    """Measure every scan's spectrum, contrast and tails."""
    return {"scans": {scan.name: texture_statistics(scan.load()) for scan in scans}}


#: What `leak` trains: the same for both protocols.
LEAK_RUNS = {
    "spectrum": TrainConfig(num_steps=8000, batch_size=128, lr=2e-3),
    "thesis": TrainConfig(num_steps=3000, batch_size=50, lr=1e-3),
}


def _leak(scans, progress, runs=None, base=None):
    """Train the same network in the same way under both protocols, and score both."""
    base = DatasetConfig(padding_mode="reflect") if base is None else base
    record = {"config": asdict(base), "networks": {}}
    datasets = {}
    for protocol in ("as-published", "unseen"):
        with tempfile.TemporaryDirectory() as folder:
            build_dataset(scans, folder, replace(base, protocol=protocol), progress=progress)
            datasets[protocol] = load_dataset(folder)
    aside = torch.tensor([p["role"] == "test" for p in datasets["unseen"].manifest["pictures"]])
    for name, config in (LEAK_RUNS if runs is None else runs).items():
        found = {}
        for protocol, dataset in datasets.items():
            rng = torch.Generator().manual_seed(base.seed)
            network = NETWORKS[name](base.num_classes).initialise(rng)
            history = train(network, dataset.train.stream(rng=rng), config, progress=progress)
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


def _unseen(name, scans, progress):
    """Score a packaged network, which has seen none of the scans, on ramp and sin."""
    estimator, record = load_estimator(name), pretrained(name)[1]
    fields = {}
    for field in ("ramp", "sin"):
        scores = {}
        for scan in scans:
            score = evaluate_image(estimator, scan.load(), field, stride=8)
            scores[scan.name] = {key: round(score[key], 4) for key in ("rmse", "bias")}
        values = [score["rmse"] for score in scores.values()]
        fields[field] = {
            "mean_rmse": round(statistics.mean(values), 4),
            "worst_rmse": max(values),
            "images": scores,
        }
    training = {key: record[key] for key in ("recipe", "data", "seconds", "device", "versions")}
    return {
        "estimator": name, "readout": "mean", "stride": 8, "smoothing": None,
        "protocol": "unseen textures: trained on free pictures only; author's kernels, 8 bits, "
        "blur reflects at the border",
        "training": training, "fields": fields,
    }  # fmt: skip


#: Smoothing iterations of the slides' sin rows.
ITERATIONS = (1, 12_000)


def _slides(name, scans, progress):
    """Score one of the thesis' networks on the slides' rows, on the scans that are put aside."""
    network, record = pretrained(name)
    aside = split_materials(
        [scan.material for scan in scans], DatasetConfig().test_share,
        rng=torch.Generator().manual_seed(DatasetConfig().seed),
    )  # fmt: skip
    tested = [scan for scan, test in zip(scans, aside, strict=True) if test]
    rows = {"ramp": {}, "sin": {}}
    for scan in tqdm(tested, desc=name, disable=None if progress else True):
        for field, found in rows.items():
            blurred, truth = make_test_image(scan.load(), field)
            truth = window_centres(truth)
            raw = predict_sigma_map(network, blurred, readout="argmax")
            found.setdefault("raw", {})[scan.name] = round(rmse(raw, truth), 4)
            for way in NEIGHBOURHOODS:
                for number in ITERATIONS if field == "sin" else ():
                    score = round(rmse(smooth(raw, number, way), truth), 4)
                    found.setdefault(f"{way}, {number}", {})[scan.name] = score
    return {
        "estimator": name, "readout": "argmax", "stride": 1,
        "textures": [scan.name for scan in tested],
        "trained_on_them": record["recipe"]["source"] == "as-published",
        "training": {key: record[key] for key in ("recipe", "data", "seconds", "device")},
        "rows": {
            field: {
                row: {
                    "mean_rmse": round(statistics.mean(values.values()), 4),
                    "spread": _spread(values.values()),
                    "images": values,
                }
                for row, values in found.items()
            }
            for field, found in rows.items()
        },
    }  # fmt: skip


def _spread(values):
    """Return the standard deviation between textures; of one alone there is none."""
    return round(statistics.stdev(values), 4) if len(values) > 1 else None


#: The slides' third ramp row, whose classes and step are blank: its RMSE in pixels.
THIRD_ROW = 1.1621e-4


def _riddle(scans, progress):
    """Smooth ramp maps in every way, and see which of them can end at the slides' third row.

    Each scan's middle, 128 x 128, gives a map of 97 x 97. A pinned border is put at the *truth*,
    so what comes out is no estimate: it tests a guess about how the row was made.
    """
    network, _ = pretrained("thesis-30-as-published")
    found = {}
    for scan in scans:
        image = scan.load()
        top, left = ((size - 128) // 2 for size in image.shape)
        blurred, truth = make_test_image(image[top : top + 128, left : left + 128], "ramp")
        truth = window_centres(truth).double()
        raw = predict_sigma_map(network, blurred, readout="argmax").double()
        for boundary in BOUNDARIES:
            known = None if boundary == "free" else truth
            for way in NEIGHBOURHOODS:

                def error(number, way=way, options=(boundary, known), raw=raw, truth=truth):
                    smoothed = smooth(raw, number, way, boundary=options[0], pinned_to=options[1])
                    return rmse(smoothed, truth)

                row = found.setdefault(f"{way}, {boundary}", {})
                row[scan.name] = {
                    "raw": error(0), "after_12000": error(12_000), "reaches": _first(error),
                }  # fmt: skip
    return {"estimator": "thesis-30-as-published", "target_rmse": THIRD_ROW, "ways": found}


def _first(error, most=2**20):
    """Return after how many iterations the error is at most the third row's; None if never."""
    if error(most) > THIRD_ROW:
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if error(middle) <= THIRD_ROW else (middle, high)
    return high


def _unseen_spectrum(scans, progress):
    return _unseen("spectrum-30", scans, progress)


def _unseen_thesis(scans, progress):
    return _unseen("thesis-30", scans, progress)


#: The records by name: what makes each from the Brodatz scans.
RECORDS = {
    "brodatz-dataset": _dataset,
    "brodatz-statistics": _statistics,
    "brodatz-leak": _leak,
    "brodatz-unseen-spectrum-30": _unseen_spectrum,
    "brodatz-unseen-thesis-30": _unseen_thesis,
    "slides-third-row": _riddle,
    **{
        f"slides-{name}": functools.partial(_slides, name)
        for name in pretrained_names()
        if name.endswith(("-as-published", "-unseen"))
    },
}


def reproduce(name, folder=None, *, out="results", progress=False):
    """Make one record again, and write it.

    Parameters
    ----------
    name : str
        One of `RECORDS`.
    folder : path-like, optional
        Of the Brodatz scans; by default what ``BLURLIB_DATA`` names, see `blurlib.data.brodatz`.
    out : path-like, optional
        Folder to write ``NAME.json`` into.
    progress : bool, optional
        Whether to show progress bars.

    Returns
    -------
    record : dict
        What was measured, with data, device, versions and seconds.

    Raises
    ------
    ValueError
        If there is no such record.
    FileNotFoundError
        If the scans are not there.
    OSError
        If the folder cannot be written.
    """
    check_choice(name, "name", RECORDS)
    scans = brodatz(folder)
    if scans.damaged:
        raise ValueError(
            f"damaged scans: {', '.join(scans.damaged)}; delete them or fetch them again, so that "
            "the record says what it was made from."
        )
    start = time.perf_counter()
    measured = RECORDS[name](scans, progress)
    record = {
        "name": name,
        "command": f"blurlib reproduce {name}",
        "data": {
            "source": "Brodatz scans, 640 x 640, verified by SHA-1; not distributed",
            "files": [scan.name for scan in scans],
            "missing": len(scans.missing),
        },
        "date": date.today().isoformat(),
        "device": f"cpu, {torch.get_num_threads()} threads",
        "versions": {
            "blurlib": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "seconds": round(time.perf_counter() - start, 1),
        **measured,
    }
    Path(out).mkdir(parents=True, exist_ok=True)
    with replacing(Path(out) / f"{name}.json") as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
    return record
