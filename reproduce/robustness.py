"""Record of what breaks a sigma map: one rule of the training broken at a time."""

import statistics
from functools import partial

from blurlib.maps import corruptions, fit, rms, uncertainty

from .experiment import mean_and_std, rounded, shares_within

#: Networks and classical methods that are compared; `STATES_STD` has its std scored.
ROBUSTNESS_NETWORKS = ("thesis-30", "spectrum-30", "sigma-net-small", "sigma-net")
ROBUSTNESS_CLASSICAL = ("laplacian-variance", "spectrum-fit")
STATES_STD = "sigma-net"

#: Step between the windows that are scored, in pixels; odd, to see every phase of JPEG's blocks.
ROBUSTNESS_STRIDE = 33

#: Kind and levels of everything that is done to the ramp's picture. No noise at all is "clean".
LEVELS = {
    "noise": (0, 1, 2.55, 5, 10, 20),
    "jpeg": (90, 75, 50, 25, 10),
    "contrast": (0.25, 0.1),
    "gamma_before": (2.2,),
    "gamma_after": (0.45, 2.2),
    "kernel": ("gaussian", "disk", "box", "motion"),
    "resize": (0.75, 1.5),
    "sharpen": (1,),
}


def robustness(experiment):
    """Score estimators, and the std of one, on each corruption."""
    estimators = experiment.estimators(ROBUSTNESS_NETWORKS, ROBUSTNESS_CLASSICAL)
    cases = ((kind, level) for kind, levels in LEVELS.items() for level in levels)
    rows = {row_name(*case): _row(estimators, experiment, *case) for case in cases}
    return {
        "stride": ROBUSTNESS_STRIDE, "smoothing": None, "readout": "mean", "field": "ramp",
        "convention": "std",
        "protocol": "unseen textures; author's kernels unless said otherwise, 8 bits; the networks "
        "that regress at every fourth pixel; estimate and truth are std of the PSF along an axis",
        "textures": experiment.textures, "estimators": list(estimators), "rows": rows,
    }  # fmt: skip


def row_name(kind, level):
    """Return what a row of the record is called."""
    return "clean" if (kind, level) == ("noise", 0) else f"{kind} {level}"


def _row(estimators, experiment, kind, level):
    make = partial(corruptions.corrupt_test_image, kind=kind, level=level)
    found = experiment.errors(
        estimators, experiment.held_out, make, row_name(kind, level), stride=ROBUSTNESS_STRIDE,
        convention="std",
    )  # fmt: skip
    scores = {}
    for name, pictures in found.items():
        bias = statistics.mean(one.error.mean().item() for one in pictures.values())
        scores[name] = mean_and_std({key: rms(one.error) for key, one in pictures.items()})
        scores[name]["bias"] = round(bias, 4)
    stated = _uncertainty(*fit.joined(found[STATES_STD].values()))
    return {"kind": kind, "level": level, "estimators": scores, "uncertainty": stated}


def _uncertainty(errors, std, truth):
    """Return what is stated beside what is found, over all places of all scans."""
    said = ~uncertainty.no_texture(truth + errors, std)
    return rounded({
        "rms_std": rms(std), "rmse": rms(errors), "coverage": shares_within(errors, std),
        "share_rejected": 1 - said.double().mean().item(),
        "rmse_not_rejected": rms(errors[said]) if said.any() else None,
    })  # fmt: skip
