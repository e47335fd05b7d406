"""The record of what a network is asked for: classes, ordered classes, or sigma itself."""

import itertools
import statistics
from functools import partial

import torch

from ..learn import READOUTS
from ..maps import estimator_of, make_test_image, rms
from ..maps.fit import joined
from .catalogue import READOUT_STUDY
from .experiment import rounded, shares_within

#: Step between windows, as in the other studies.
_STRIDE = 8

#: Pieces of the ramp, a tenth of a pixel of true sigma each.
_PIECES = 29


def readouts(experiment):
    """Score networks with different answers, several seeds each, on ramp and sin."""
    answers, estimators = {}, {}
    for name in READOUT_STUDY:
        answers.setdefault(name.removeprefix("readout-").rpartition("-")[0], []).append(name)
    for name in itertools.chain(*answers.values()):
        network = experiment.network(name)
        for readout in READOUTS if network.has_classes else ("mean",):
            estimators[name, readout] = estimator_of(network, readout)
    found = {
        field: experiment.errors(
            estimators, experiment.held_out, partial(make_test_image, field=field), field,
            stride=_STRIDE,
        )
        for field in ("ramp", "sin")}  # fmt: skip
    return {
        "stride": _STRIDE, "smoothing": None, "textures": experiment.textures,
        "protocol": "unseen textures; author's kernels, 8 bits; each answer trained from "
        "several seeds, which decide textures, weights and patches",
        "pieces": [round(0.15 + 0.1 * k, 2) for k in range(_PIECES)],
        "answers": {answer: _score(names, found) for answer, names in answers.items()}}  # fmt: skip


def _score(names, found):
    """Return the errors of networks that differ in their seed, for each readout."""
    record = {}
    readouts = [readout for readout in READOUTS if (names[0], readout) in found["ramp"]]
    for readout in readouts:
        seeds = {field: [one[name, readout] for name in names] for field, one in found.items()}
        record[readout] = {field: _over_seeds(scans) for field, scans in seeds.items()}
        record[readout]["pieces"] = _by_piece(seeds["ramp"])
    every = [one for scans in seeds["ramp"] + seeds["sin"] for one in scans.values()]
    if len(readouts) == 1 and every[0].std is not None:  # of classes the record asks for no std
        record["coverage"] = shares_within(*joined((one.error.float(), one.std) for one in every))
    return rounded(record)


def _over_seeds(seeds):
    """Return means over seeds, and what each seed gave."""
    scores = [{name: rms(one.error) for name, one in scans.items()} for scans in seeds]
    means = [statistics.mean(images.values()) for images in scores]
    return {
        "mean_rmse": statistics.mean(means), "seeds": means,
        "images": {name: statistics.mean(images[name] for images in scores) for name in scores[0]},
    }  # fmt: skip


def _by_piece(seeds):
    """Return bias and RMSE in each piece of the ramp, over all textures: means over seeds."""
    truth = torch.cat([one.truth.flatten() for one in seeds[0].values()])
    piece = ((truth - 0.1) / 0.1).long().clamp(0, _PIECES - 1)
    errors = [torch.cat([one.error.float().flatten() for one in s.values()]) for s in seeds]
    pieces = [[error[piece == k] for error in errors] for k in range(_PIECES)]
    return {
        name: [statistics.mean(map(of, parts)) if len(parts[0]) else None for parts in pieces]
        for name, of in (("bias", lambda part: part.mean().item()), ("rmse", rms))
    }
