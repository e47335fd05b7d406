"""Records of the networks that regress: their error, clean and degraded, and their std."""

import torch

from ..data import DatasetConfig
from ..learn import split_scans
from ..maps import rms
from ..maps.fit import CALIBRATION_FIELDS, CALIBRATION_STRIDE, errors_of, joined
from ..maps.uncertainty import fit_std_scale, reliability, sparsification_curve
from .experiment import mean_and_std, rounded, shares_within

#: What is done to the ramp's picture before a network looks at it.
DEGRADED = {
    "ramp, noise 1": {"noise": 1.0},
    "ramp, noise 2.55": {"noise": 2.55},
    "ramp, JPEG 75": {"jpeg_quality": 75},
}

#: Of all places, the surest so many are kept.
KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def regression(name, experiment):
    """Score a network that regresses: clean, with noise, after JPEG; and its std."""
    network = experiment.network(name)
    rng = torch.Generator().manual_seed(0)
    rows, within, pairs = {}, {}, []
    for row, degradation in {**dict.fromkeys(CALIBRATION_FIELDS, {}), **DEGRADED}.items():
        found = _errors(network, experiment.each(experiment.held_out, row), row, rng, **degradation)
        rows[row] = _by_scan(found)
        within[row] = shares_within(*joined(found.values()))
        if row in CALIBRATION_FIELDS:
            pairs.append(found.values())
    by_scan = list(zip(*pairs, strict=True))
    errors, std = joined(pair for scan in by_scan for pair in scan)
    surest = zip(map(str, KEPT), sparsification_curve(errors, std, KEPT), strict=True)
    stated, measured = reliability(errors, std)
    return {
        "estimator": name, "stride": CALIBRATION_STRIDE, "smoothing": None,
        "protocol": "unseen textures; author's kernels, 8 bits; the one factor of its std was "
        "found on these textures, ramp and sin",
        "textures": experiment.textures, "rows": rows,
        "rows_on_training_scans": _learned_from(network, experiment),
        "uncertainty": rounded({
            "std_scale": network.std_scale.item(),
            "coverage": within,
            "coverage_leave_one_out": _left_one_out(by_scan),
            "sparsification": dict(surest),
            "reliability": {"rms_std": stated.tolist(), "rmse": measured.tolist()},
        }),
    }  # fmt: skip


def _errors(network, scans, row, rng=None, **degradation):
    """Return errors and std by scan."""
    field = row.partition(",")[0]
    return {scan.name: errors_of(network, scan, field, rng=rng, **degradation) for scan in scans}


def _by_scan(found):
    return mean_and_std({name: rms(error.double()) for name, (error, _) in found.items()})


def _learned_from(network, experiment):
    """Return the errors on the scans of the training, to compare; None if they are not all there.

    They are where the folder's scans divide as those of the training did.
    """
    seen, held_out = split_scans(experiment.scans, DatasetConfig().seed)
    if [scan.name for scan in held_out] != experiment.textures:
        return None
    rows = {}
    for field in CALIBRATION_FIELDS:
        scans = experiment.each(seen, f"{field}, scans that it learned from")
        rows[field] = _by_scan(_errors(network, scans, field))
    return rows


def _left_one_out(by_scan):
    """Return the shares within, each texture scaled by what the other textures ask for."""
    scaled = []
    for place, pairs in enumerate(by_scan):
        others = joined(pair for other in by_scan[:place] + by_scan[place + 1 :] for pair in other)
        errors, std = joined(pairs)
        scaled.append((errors, fit_std_scale(*others) * std))
    return shares_within(*joined(scaled))
