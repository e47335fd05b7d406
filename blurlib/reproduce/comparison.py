"""Records of all estimators side by side: networks and classical methods on the same pictures."""

import time

import torch

from ..data import list_images, load_image, packaged_image
from ..maps import make_test_image, rmse
from ..maps.classical import (
    CLASSICAL,
    ClassicalEstimator,
    classical_estimator,
    fit_calibration,
    load_calibration,
)
from ..maps.estimators import estimator_of
from .experiment import mean_and_std
from .regression import DEGRADED
from .slides import data_beside

#: The networks that are compared.
COMPARED_NETWORKS = ("sigma-net", "spectrum-30", "thesis-30")

#: Pictures of another collection, free, and never trained on.
COLLECTION = ("brick", "grass", "gravel")

#: Step between the windows that are scored, and of the map that is timed, in pixels.
COMPARISON_STRIDE, _TIMED_STRIDE = 16, 8

#: Side of the picture on which time is taken, and how often: the fastest counts.
_SIDE, _TIMES = 512, 3


def comparison(experiment):
    """Score every estimator on every row, and take its time."""
    estimators = {name: estimator_of(experiment.network(name)) for name in COMPARED_NETWORKS}
    estimators |= {name: classical_estimator(name) for name in CLASSICAL}
    rows = _rows(experiment)
    found = {name: {row: {} for row in rows} for name in estimators}
    for row, (pictures, field, degradation) in rows.items():
        rng = torch.Generator().manual_seed(0)
        for name, load in experiment.each(pictures.items(), row):
            blurred, truth = make_test_image(load(), field, rng=rng, **degradation)
            for who, estimator in estimators.items():
                answer = estimator.predict(blurred, stride=COMPARISON_STRIDE, border="valid")
                found[who][row][name] = rmse(answer.sigma, answer.at_windows(truth))
    return {
        "stride": COMPARISON_STRIDE, "smoothing": None, "readout": "mean",
        "protocol": "unseen textures; author's kernels, 8 bits; the classical methods were "
        "calibrated on the pictures that the networks for unseen textures learned from; sigma-net "
        "was designed with its scores on these textures in view, the others were not",
        "learned": list(COMPARED_NETWORKS), "classical": list(CLASSICAL),
        "textures": experiment.textures, "collection": list(COLLECTION),
        "estimators": {
            name: {
                "rows": {row: mean_and_std(scores) for row, scores in scores_of.items()},
                "seconds_512": _seconds(estimators[name]),
            }
            for name, scores_of in found.items()
        },
    }  # fmt: skip


def _rows(experiment):
    """Return pictures by name, field and degradation of every row."""
    scans = {scan.name: scan.load for scan in experiment.held_out}
    free = {name: lambda name=name: packaged_image(name) for name in COLLECTION}
    text = {
        path.name: lambda path=path: load_image(path)
        for path in list_images([data_beside(experiment, "text")])
    }
    return {
        "ramp": (scans, "ramp", {}),
        "sin": (scans, "sin", {}),
        **{row: (scans, "ramp", degradation) for row, degradation in DEGRADED.items()},
        "collection, ramp": (free, "ramp", {}),
        "collection, sin": (free, "sin", {}),
        "text, sin": (text, "sin", {}),
        "text, sin2d": (text, "sin2d", {}),
    }


def _seconds(estimator):
    image, _ = make_test_image(packaged_image("grass")[:_SIDE, :_SIDE], "ramp")
    times = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        estimator.predict(image, stride=_TIMED_STRIDE, border="valid")
        times.append(time.perf_counter() - start)
    return round(min(times), 4)


def calibration(experiment):
    """Fit the classical methods anew, and say how far the packaged calibration is from that."""
    fitted = fit_calibration(scans=experiment.scans, progress=experiment.progress)
    if experiment.weights is not None:
        experiment.weights.mkdir(parents=True, exist_ok=True)
        fitted.save(experiment.weights / "classical.safetensors")
    packaged = load_calibration()
    image, _ = make_test_image(packaged_image("grass"), "ramp")
    differences = {}
    for name in CLASSICAL:
        old, new = (
            ClassicalEstimator(name, some.curves.get(name, some.forest))
            .predict(image, stride=COMPARISON_STRIDE, border="valid")
            .sigma
            for some in (packaged, fitted)
        )
        differences[name] = round((old - new).abs().max().item(), 4)
    kept = ("recipe", "num_cuts", "windows", "spoiled", "training_rmse")
    return {
        **{key: fitted.record[key] for key in kept}, "trained_on": fitted.record["data"],
        "differs_from_packaged": {"picture": "grass, ramp", "most": differences},
    }  # fmt: skip
