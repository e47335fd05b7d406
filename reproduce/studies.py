"""Records of the book's own studies: training time, choices, patch sizes, unseen textures."""

import itertools
import statistics
from functools import partial

import torch

from blurlib.data import PatchStream
from blurlib.maps import READOUTS, estimator_of, fit, make_test_image, read_out, rms

from .catalogue import CHOICES, CURVE, PATCH_SIZES, READOUT_STUDY, SIZES
from .experiment import mean_and_std, rounded, shares_within

#: Patches on which a patch size is scored, and how many at a time.
_TESTED, _PATCHES_AT_ONCE = 12_000, 2000


def unseen(name, experiment):
    """Score a packaged network, which has seen none of the scans, on ramp and sin."""
    estimator = estimator_of(experiment.network(name))
    fields = {}
    for field in ("ramp", "sin"):
        errors, biases = experiment.scores(estimator, experiment.scans, field, field, stride=8)
        images = {scan: {"rmse": errors[scan], "bias": biases[scan]} for scan in errors}
        fields[field] = {
            "mean_rmse": sum(errors.values()) / len(errors), "worst_rmse": max(errors.values()),
            "images": rounded(images)}  # fmt: skip
    return {
        "estimator": name, "readout": "mean", "stride": 8, "smoothing": None,
        "protocol": "unseen textures: trained on free pictures only; author's kernels, 8 bits, "
        "blur reflects at the border",
        "fields": fields}  # fmt: skip


def _score(experiment, name):
    """Return a network's errors on the scans put aside: arg-max and mean, ramp and sin."""
    network, scans = experiment.network(name), experiment.held_out
    found = {}
    for readout in ("argmax", "mean"):
        estimator = estimator_of(network, readout)
        for field in ("ramp", "sin"):
            errors, _ = experiment.scores(estimator, scans, field, f"{name}, {field}", stride=8)
            found[f"{field}, {readout}"] = mean_and_std(errors)
    return found


def _score_all(experiment, names):
    return {
        "stride": 8, "smoothing": None, "textures": experiment.textures,
        "runs": {name: _score(experiment, name) for name in names}}  # fmt: skip


def curve(experiment):
    """Score the thesis' network after less and more training, under both protocols."""
    return _score_all(experiment, [*CURVE, "thesis-30", "thesis-30-as-published"])


def choices(experiment):
    """Score runs that differ in one choice, beside the one that they differ from."""
    return _score_all(experiment, ["thesis-30-300k", *CHOICES])


def patch_sizes(experiment):
    """Score networks on patches of every size, cut from the scans put aside."""
    found = {}
    for name, recipe in SIZES.items():
        network = experiment.network(name)
        stream = PatchStream(
            [scan.load() for scan in experiment.held_out], network.sigmas.cpu(), contrast=1.0,
            patch_size=recipe.patch_size, rng=torch.Generator().manual_seed(1))  # fmt: skip
        answers, truths = [], []
        for _ in range(_TESTED // _PATCHES_AT_ONCE):
            patches, labels = stream.batch(_PATCHES_AT_ONCE)
            with torch.no_grad():
                answers.append(network(patches.to(experiment.device)).cpu())
            truths.append(stream.sigmas[labels])
        answer, truth = torch.cat(answers), torch.cat(truths)
        read = partial(read_out, answer, stream.sigmas)
        found[name] = {readout: rms(read(readout) - truth) for readout in READOUTS}
    return {
        "textures": experiment.textures, "num_patches": _TESTED, "sizes": list(PATCH_SIZES),
        "constant_guess": round(truth.std(correction=0).item(), 4), "networks": rounded(found),
    }  # fmt: skip


#: Step between windows, as in the other studies.
_READOUT_STRIDE = 8

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
            stride=_READOUT_STRIDE,
        )
        for field in ("ramp", "sin")}  # fmt: skip
    return {
        "stride": _READOUT_STRIDE, "smoothing": None, "textures": experiment.textures,
        "protocol": "unseen textures; author's kernels, 8 bits; each answer trained from "
        "several seeds, which decide textures, weights and patches",
        "pieces": [round(0.15 + 0.1 * k, 2) for k in range(_PIECES)],
        "answers": {answer: _seeds(names, found) for answer, names in answers.items()}}  # fmt: skip


def _seeds(names, found):
    """Return the errors of networks that differ in their seed, for each readout."""
    record = {}
    readouts = [readout for readout in READOUTS if (names[0], readout) in found["ramp"]]
    for readout in readouts:
        seeds = {field: [one[name, readout] for name in names] for field, one in found.items()}
        record[readout] = {field: _over_seeds(scans) for field, scans in seeds.items()}
        record[readout]["pieces"] = _by_piece(seeds["ramp"])
    every = [one for scans in seeds["ramp"] + seeds["sin"] for one in scans.values()]
    if len(readouts) == 1 and every[0].std is not None:  # of classes the record asks for no std
        pairs = fit.joined((one.error.float(), one.std) for one in every)
        record["coverage"] = shares_within(*pairs)
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
