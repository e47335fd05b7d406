"""The record of what a network is asked for: classes, ordered classes, or sigma itself."""

import statistics

import torch

from ..learn import READOUTS
from ..maps import crop_to_windows, estimator_of, make_test_image, rmse
from ..maps.uncertainty import WITHIN
from .catalogue import READOUT_STUDY

#: Step between windows, as in the other studies.
_STRIDE = 8

#: Pieces of the ramp, a tenth of a pixel of true sigma each.
_PIECES = 29


def readouts(experiment):
    """Score networks with different answers, several seeds each, on ramp and sin."""
    tests = {
        (field, scan.name): _test(scan, field)
        for field in ("ramp", "sin")
        for scan in experiment.each(experiment.held_out, field)
    }
    answers = {}
    for name in READOUT_STUDY:
        answers.setdefault(name.removeprefix("readout-").rpartition("-")[0], []).append(name)
    return {
        "stride": _STRIDE, "smoothing": None, "textures": experiment.textures,
        "protocol": "unseen textures; author's kernels, 8 bits; each answer trained from "
        "several seeds, which decide textures, weights and patches",
        "pieces": [round(0.15 + 0.1 * k, 2) for k in range(_PIECES)],
        "answers": {
            answer: _score([experiment.network(name) for name in names], tests)
            for answer, names in answers.items()
        },
    }  # fmt: skip


def _test(scan, field):
    """Return a blurred scan and the true sigma of its windows."""
    blurred, truth = make_test_image(scan.load(), field)
    return blurred, crop_to_windows(truth, stride=_STRIDE)


def _score(networks, tests):
    """Return the errors of networks that differ in their seed, for each readout."""
    readouts = READOUTS if estimator_of(networks[0]).has_classes else ("mean",)
    found = {readout: {"ramp": [], "sin": [], "pieces": []} for readout in readouts}
    scaled = []
    for network in networks:
        for readout, scores in found.items():
            estimator, maps = estimator_of(network, readout), {}
            for key, (blurred, truth) in tests.items():
                answer = estimator.predict(blurred, stride=_STRIDE, border="valid")
                maps[key] = answer.sigma
                if answer.std is not None:
                    scaled.append(((answer.sigma - truth).abs() / answer.std).flatten())
            for field in ("ramp", "sin"):
                scores[field].append(
                    {
                        name: rmse(maps[kind, name], truth)
                        for (kind, name), (_, truth) in tests.items()
                        if kind == field
                    }
                )
            scores["pieces"].append(_by_piece(maps, tests))
    record = {readout: _summary(scores) for readout, scores in found.items()}
    if scaled and len(readouts) == 1:  # of classes the record asks for no std
        scaled = torch.cat(scaled)
        record["coverage"] = {str(k): round((scaled < k).float().mean().item(), 3) for k in WITHIN}
    return record


def _by_piece(maps, tests):
    """Return bias and RMSE in each piece of the ramp, over all textures."""
    keys = [key for key in tests if key[0] == "ramp"]
    truth = torch.cat([tests[key][1].flatten() for key in keys])
    error = torch.cat([maps[key].flatten() for key in keys]) - truth
    piece = ((truth - 0.1) / 0.1).long().clamp(0, _PIECES - 1)
    errors = [error[piece == k] for k in range(_PIECES)]
    return {
        "bias": [part.mean().item() if len(part) else None for part in errors],
        "rmse": [part.square().mean().sqrt().item() if len(part) else None for part in errors],
    }


def _summary(scores):
    """Return means over seeds, and what each seed gave."""
    record = {}
    for field in ("ramp", "sin"):
        seeds = [statistics.mean(images.values()) for images in scores[field]]
        record[field] = {
            "mean_rmse": round(statistics.mean(seeds), 4),
            "seeds": [round(seed, 4) for seed in seeds],
            "images": {
                name: round(statistics.mean(images[name] for images in scores[field]), 4)
                for name in scores[field][0]
            },
        }
    record["pieces"] = {
        name: [
            None if None in values else round(statistics.mean(values), 4)
            for values in zip(*(seed[name] for seed in scores["pieces"]), strict=True)
        ]
        for name in ("bias", "rmse")
    }
    return record
