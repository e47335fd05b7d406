"""Record of what breaks a sigma map: one rule of the training broken at a time."""

import torch

from ..maps import bias, rmse
from ..maps.classical import classical_estimator
from ..maps.corruptions import corrupt_test_image
from ..maps.estimators import estimator_of
from ..maps.uncertainty import NO_TEXTURE, coverage
from .experiment import mean_and_std

#: Networks and classical methods that are compared; `STATES_STD` has its std scored.
ROBUSTNESS_NETWORKS, ROBUSTNESS_CLASSICAL = (
    ("thesis-30", "spectrum-30", "sigma-net-small", "sigma-net"),
    ("laplacian-variance", "spectrum-fit"),
)
STATES_STD = "sigma-net"

#: Step between the windows that are scored, in pixels: they lie side by side.
ROBUSTNESS_STRIDE = 32

#: Kind and levels of everything that is done to the ramp's picture. No noise at all is "clean".
LEVELS = {
    "noise": (0, 1, 2.55, 5, 10),
    "jpeg": (90, 75, 50, 25),
    "contrast": (0.25, 0.1),
    "gamma_before": (2.2,),
    "gamma_after": (0.45, 2.2),
    "kernel": ("gaussian", "disk", "box", "motion"),
    "resize": (0.75, 1.5),
    "sharpen": (1,),
}


def robustness(experiment):
    """Score estimators, and the std of one, on each corruption."""
    estimators = {name: estimator_of(experiment.network(name)) for name in ROBUSTNESS_NETWORKS}
    estimators |= {name: classical_estimator(name) for name in ROBUSTNESS_CLASSICAL}
    rows = {
        row_name(kind, level): _row(estimators, experiment, kind, level)
        for kind, levels in LEVELS.items()
        for level in levels
    }
    return {
        "stride": ROBUSTNESS_STRIDE, "smoothing": None, "readout": "mean", "field": "ramp",
        "protocol": "unseen textures; author's kernels unless said otherwise, 8 bits",
        "textures": experiment.textures, "estimators": list(estimators),
        "no_texture": NO_TEXTURE, "rows": rows,
    }  # fmt: skip


def row_name(kind, level):
    """Return what a row of the record is called."""
    return "clean" if (kind, level) == ("noise", 0) else f"{kind} {level}"


def _row(estimators, experiment, kind, level):
    rng = torch.Generator().manual_seed(0)
    found = {name: {} for name in estimators}
    biases = {name: {} for name in estimators}
    errors, deviations = [], []
    for scan in experiment.each(experiment.held_out, row_name(kind, level)):
        image, truth = corrupt_test_image(scan.load(), kind, level, rng=rng)
        for name, estimator in estimators.items():
            answer = estimator.predict(image, stride=ROBUSTNESS_STRIDE, border="valid")
            there = answer.at_windows(truth)
            if name == STATES_STD:
                errors.append((answer.sigma - there).flatten())
                deviations.append(answer.std.flatten())
            found[name][scan.name] = rmse(answer.sigma, there)
            biases[name][scan.name] = bias(answer.sigma, there)
    scores = {
        name: mean_and_std(found[name])
        | {"bias": round(sum(biases[name].values()) / len(biases[name]), 4)}
        for name in estimators
    }
    return {
        "kind": kind,
        "level": level,
        "estimators": scores,
        "uncertainty": _uncertainty(*map(torch.cat, (errors, deviations))),
    }


def _uncertainty(errors, deviations):
    """Return what is stated beside what is found, over all places of all scans."""
    said = deviations < NO_TEXTURE
    return {
        "rms_std": round(deviations.square().mean().sqrt().item(), 4),
        "rmse": round(errors.square().mean().sqrt().item(), 4),
        "coverage": {
            str(number): round(coverage(errors, deviations, number), 3) for number in (1, 2)
        },
        "share_rejected": round(1 - said.double().mean().item(), 4),
        "rmse_not_rejected": (
            round(errors[said].square().mean().sqrt().item(), 4) if said.any() else None
        ),
    }
