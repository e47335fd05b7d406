"""Records of the book's own studies: training time, choices, patch sizes, unseen textures."""

import torch

from ..data import PatchStream
from ..learn import READOUTS
from ..maps import estimator_of, read_out, rms
from .catalogue import CHOICES, CURVE, PATCH_SIZES, SIZES
from .experiment import mean_and_std, rounded

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
        found[name] = {
            readout: rms(read_out(answer, stream.sigmas, readout) - truth) for readout in READOUTS
        }
    return {
        "textures": experiment.textures, "num_patches": _TESTED, "sizes": list(PATCH_SIZES),
        "constant_guess": round(truth.std(correction=0).item(), 4), "networks": rounded(found),
    }  # fmt: skip
