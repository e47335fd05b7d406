"""Records of all estimators side by side: networks and classical methods on the same pictures."""

import timeit
from functools import partial

from blurlib import data
from blurlib.learn.scales import halve
from blurlib.maps import classical, make_test_image, rms

from . import classical_fit
from .experiment import mean_and_std
from .regression import DEGRADED

#: The networks that are compared.
COMPARED_NETWORKS = ("sigma-net", "spectrum-30", "thesis-30")

#: Pictures of another collection, free, and never trained on.
COLLECTION = ("brick", "grass", "gravel")

#: Step between the windows that are scored, odd so that they see every phase of JPEG's blocks of 8,
#: and of the map that is timed, in pixels.
COMPARISON_STRIDE, _TIMED_STRIDE = 17, 8

#: Side of the picture on which time is taken, and how often: the fastest counts.
_SIDE, _TIMES = 512, 3


def comparison(experiment):
    """Score every estimator on every row, and take its time."""
    estimators = experiment.estimators(COMPARED_NETWORKS, classical.CLASSICAL)
    score = partial(experiment.errors, estimators, stride=COMPARISON_STRIDE)
    rows = {row: score(*test, row) for row, test in _tests(experiment).items()}
    return {
        "stride": COMPARISON_STRIDE, "smoothing": None, "readout": "mean",
        "protocol": "unseen textures; author's kernels, 8 bits; sigma-net at every fourth pixel; "
        "the classical methods were calibrated on the pictures that thesis-30 learned from; the "
        "weights that sigma-net began with were designed with their scores on these textures in "
        "view, the others were not",
        "learned": list(COMPARED_NETWORKS), "classical": list(classical.CLASSICAL),
        "textures": experiment.textures, "collection": list(COLLECTION),
        "estimators": {
            name: {
                "rows": {
                    row: mean_and_std({key: rms(one.error) for key, one in found[name].items()})
                    for row, found in rows.items()
                },
                "seconds_512": _seconds(estimator),
            }
            for name, estimator in estimators.items()
        },
    }  # fmt: skip


def _tests(experiment):
    """Return the pictures of every row, and what makes a test of them."""
    scans, text = experiment.held_out, data.open_folder([experiment.folder_beside("text")])
    free = [data.open_packaged()[name] for name in COLLECTION]
    ramp, sin, sin2d = (partial(make_test_image, field=name) for name in ("ramp", "sin", "sin2d"))
    halved = partial(_halved_test_image, field="ramp")
    degraded = {row.removeprefix("ramp, "): options for row, options in DEGRADED.items()}
    return {
        "ramp": (scans, ramp),
        "sin": (scans, sin),
        **{row: (scans, partial(ramp, **degradation)) for row, degradation in DEGRADED.items()},
        "collection, ramp": (free, ramp),
        "collection, sin": (free, sin),
        "text, sin": (text, sin),
        "text, sin2d": (text, sin2d),
        "scans halved": (scans, halved),
        **{f"scans halved, {row}": (scans, partial(halved, **d)) for row, d in degraded.items()},
        "collection halved": (free, halved),
        "text halved": (text, halved),
    }


def _halved_test_image(sharp, field, **options):
    """Halve a picture, and so the softness that it has of its own, before it is blurred."""
    return make_test_image(halve(sharp[None])[0], field, **options)


def _seconds(estimator):
    image, _ = make_test_image(data.packaged_image("grass")[:_SIDE, :_SIDE], "ramp")
    run = partial(estimator.predict, image, stride=_TIMED_STRIDE, border="valid")
    return round(min(timeit.repeat(run, number=1, repeat=_TIMES)), 4)


def calibration(experiment):
    """Fit the classical methods anew, and say how far the packaged calibration is from that."""
    fitted = classical_fit.fit_calibration(scans=experiment.scans, progress=experiment.progress)
    if experiment.weights is not None:
        experiment.weights.mkdir(parents=True, exist_ok=True)
        fitted.save(experiment.weights / "classical.safetensors")
    packaged = classical.load_calibration()
    image, _ = make_test_image(data.packaged_image("grass"), "ramp")

    def sigma(name, found):
        estimator = classical.ClassicalEstimator(name, found.curves.get(name, found.forest))
        return estimator.predict(image, stride=COMPARISON_STRIDE, border="valid").sigma

    differences = {
        name: round((sigma(name, packaged) - sigma(name, fitted)).abs().max().item(), 4)
        for name in classical.CLASSICAL
    }
    kept = ("recipe", "num_cuts", "windows", "spoiled", "training_rmse")
    return {
        **{key: fitted.record[key] for key in kept}, "trained_on": fitted.record["data"],
        "differs_from_packaged": {"picture": "grass, ramp", "most": differences},
    }  # fmt: skip
