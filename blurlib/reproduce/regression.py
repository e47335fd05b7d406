"""Records of the networks that regress: their error, clean and degraded, and their std."""

import itertools

import torch

from ..blur import nominal_to_std
from ..data import DatasetConfig
from ..learn import split_scans
from ..maps import estimator_of, make_test_image, rms
from ..maps.fit import joined
from ..maps.uncertainty import reliability, sparsification_curve
from .experiment import mean_and_std, rounded, shares_within
from .kinds import OTHER_KINDS

#: The thesis' test fields.
_FIELDS = ("ramp", "sin")

#: What is done to the ramp's picture before a network looks at it.
DEGRADED = {
    "ramp, noise 1": {"noise": 1.0},
    "ramp, noise 2.55": {"noise": 2.55},
    "ramp, JPEG 75": {"jpeg_quality": 75},
}

#: Step between the places that are scored, in pixels.
REGRESSION_STRIDE = 4

#: Of all places, the surest so many are kept.
KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def regression(name, experiment):
    """Score a network that regresses: clean, with noise, after JPEG; and its std."""
    network = experiment.network(name)
    rng = torch.Generator().manual_seed(0)
    rows, within, clean = {}, {}, []
    for row, degradation in {**dict.fromkeys(_FIELDS, {}), **DEGRADED}.items():
        scans = experiment.each(experiment.held_out, row)
        rows[row], found = _row(network, scans, row, rng=rng, **degradation)
        within[row] = shares_within(*joined(found))
        if row in _FIELDS:
            clean += found
    errors, std = joined(clean)
    surest = zip(map(str, KEPT), sparsification_curve(errors, std, KEPT), strict=True)
    stated, measured = reliability(errors, std)
    return {
        "estimator": name, "stride": REGRESSION_STRIDE, "smoothing": None,
        "protocol": "unseen textures; author's kernels, 8 bits; errors in nominal sigma, std and "
        "its errors in the standard deviation of the PSF; the one factor of the std was found on "
        "pictures that are not among these; other kinds of pictures: scans halved, 8 bits",
        "textures": experiment.textures, "rows": rows,
        "rows_on_training_scans": _learned_from(network, experiment),
        "uncertainty": rounded({
            "std_scale": network.std_scale.item(),
            "coverage": within | _on_other_kinds(network, experiment),
            "sparsification": dict(surest),
            "reliability": {"rms_std": stated.tolist(), "rmse": measured.tolist()},
        }),
    }  # fmt: skip


def _row(network, scans, row, **degradation):
    """Return the errors by scan, and a list of errors and std at every fourth pixel."""
    scores, found = {}, []
    for scan in scans:
        image, field = make_test_image(scan.load(), row.partition(",")[0], **degradation)
        answer = estimator_of(network).predict(image, stride=REGRESSION_STRIDE, border="valid")
        truth = answer.at_windows(field)
        scores[scan.name] = rms((answer.to("nominal").sigma - truth).double())
        found.append((answer.sigma - nominal_to_std(truth), answer.std))
    return mean_and_std(scores), found


def _learned_from(network, experiment):
    """Return the errors on the scans of the training, to compare; None if they are not all there.

    They are where the folder's scans divide as those of the training did.
    """
    seen, held_out = split_scans(experiment.scans, DatasetConfig().seed)
    if [scan.name for scan in held_out] != experiment.textures:
        return None
    return {
        field: _row(network, experiment.each(seen, f"{field}, learned from"), field)[0]
        for field in _FIELDS
    }


def _on_other_kinds(network, experiment):
    """Return the shares within, for each kind of pictures by itself."""
    estimator, within = estimator_of(network), {}
    for kind, make in OTHER_KINDS.items():
        rng, found = torch.Generator().manual_seed(0), []
        scans = experiment.held_out
        following = itertools.islice(itertools.cycle(scans), 1, None)
        for scan, other in zip(experiment.each(scans, kind), following, strict=False):
            image, truth = make(scan.load(), other.load(), rng)
            answer = estimator.predict(image, stride=REGRESSION_STRIDE, border="valid")
            found.append((answer.sigma - answer.at_windows(truth), answer.std))
        within[kind] = shares_within(*joined(found))
    return within
