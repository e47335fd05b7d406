"""Records of the networks that regress: their error, clean and degraded, and their std."""

import torch

from ..data import DatasetConfig
from ..learn import split_scans
from ..maps import rmse
from ..maps.fit import CALIBRATION_FIELDS, CALIBRATION_STRIDE, errors_of, joined
from ..maps.uncertainty import WITHIN, coverage, fit_std_scale, reliability, sparsification_curve
from .experiment import mean_and_std

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
        found = {
            scan.name: errors_of(network, scan, row.partition(",")[0], rng=rng, **degradation)
            for scan in experiment.each(experiment.held_out, row)
        }
        rows[row] = mean_and_std({key: rmse(e, 0 * e) for key, (e, _) in found.items()})
        within[row] = _shares(*joined(found.values()))
        if row in CALIBRATION_FIELDS:
            pairs.append(list(found.values()))
    by_scan = list(zip(*pairs, strict=True))
    errors, deviations = joined(pair for scan in by_scan for pair in scan)
    stated, measured = reliability(errors, deviations)
    return {
        "estimator": name, "stride": CALIBRATION_STRIDE, "smoothing": None,
        "protocol": "unseen textures; author's kernels, 8 bits; the one factor of its std was "
        "found on these textures, ramp and sin",
        "textures": experiment.textures, "rows": rows,
        "rows_on_training_scans": _learned_from(network, experiment),
        "uncertainty": {
            "std_scale": round(network.std_scale.item(), 4),
            "coverage": within,
            "coverage_leave_one_out": _left_one_out(by_scan),
            "sparsification": {
                str(share): round(error, 4)
                for share, error in zip(
                    KEPT, sparsification_curve(errors, deviations, KEPT), strict=True
                )
            },
            "reliability": {
                name: [round(value, 4) for value in values.tolist()]
                for name, values in (("rms_std", stated), ("rmse", measured))
            },
        },
    }  # fmt: skip


def _learned_from(network, experiment):
    """Return the errors on the scans of the training, to compare; None if they are not all there.

    They are where the folder's scans divide as those of the training did.
    """
    seen, held_out = split_scans(experiment.scans, DatasetConfig().seed)
    if [scan.name for scan in held_out] != experiment.textures:
        return None
    rows = {}
    for field in CALIBRATION_FIELDS:
        found = {}
        for scan in experiment.each(seen, f"{field}, scans that it learned from"):
            error, _ = errors_of(network, scan, field)
            found[scan.name] = rmse(error, 0 * error)
        rows[field] = mean_and_std(found)
    return rows


def _shares(errors, deviations):
    return {str(number): round(coverage(errors, deviations, number), 3) for number in WITHIN}


def _left_one_out(by_scan):
    """Return the shares within, each texture scaled by what the other textures ask for."""
    scaled = []
    for place, pairs in enumerate(by_scan):
        others = joined(pair for other in by_scan[:place] + by_scan[place + 1 :] for pair in other)
        errors, deviations = joined(pairs)
        scaled.append((errors, fit_std_scale(*others) * deviations))
    return _shares(*joined(scaled))
