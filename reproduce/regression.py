"""Records of the networks that regress: their error, clean and degraded, and their std."""

import itertools

import torch

from blurlib import blur, data, learn, maps
from blurlib.data import camera, lens_bank, lights, scenery
from blurlib.learn.scales import halve
from blurlib.maps.fit import joined

from .experiment import mean_and_std, rounded, shares_within

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
    surest = maps.uncertainty.sparsification_curve(errors, std, KEPT)
    stated, measured = maps.uncertainty.reliability(errors, std)
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
            "sparsification": dict(zip(map(str, KEPT), surest, strict=True)),
            "reliability": {"rms_std": stated.tolist(), "rmse": measured.tolist()},
        }),
    }  # fmt: skip


def _row(network, scans, row, **degradation):
    """Return the errors by scan, and a list of errors and std at every fourth pixel."""
    scores, found = {}, []
    for scan in scans:
        image, field = maps.make_test_image(scan.load(), row.partition(",")[0], **degradation)
        answer = _answer(network, image)
        truth = answer.at_windows(field)
        scores[scan.name] = maps.rms((answer.to("nominal").sigma - truth).double())
        found.append((answer.sigma - blur.nominal_to_std(truth), answer.std))
    return mean_and_std(scores), found


def _answer(network, image):
    return maps.estimator_of(network).predict(image, stride=REGRESSION_STRIDE, border="valid")


def _learned_from(network, experiment):
    """Return the errors on the scans of the training, to compare; None if they are not all there.

    They are where the folder's scans divide as those of the training did.
    """
    seen, held_out = learn.split_scans(experiment.scans, data.DatasetConfig().seed)
    if [scan.name for scan in held_out] != experiment.textures:
        return None
    scans = experiment.each(seen, "learned from")
    return {field: _row(network, scans, field)[0] for field in _FIELDS}


def _on_other_kinds(network, experiment):
    """Return the shares within, for each kind of pictures by itself."""
    within = {}
    for kind, make in OTHER_KINDS.items():
        rng, found = torch.Generator().manual_seed(0), []
        scans = experiment.held_out
        following = itertools.islice(itertools.cycle(scans), 1, None)
        for scan, other in zip(experiment.each(scans, kind), following, strict=False):
            image, truth = make(scan.load(), other.load(), rng)
            answer = _answer(network, image)
            found.append((answer.sigma - answer.at_windows(truth), answer.std))
        within[kind] = shares_within(*joined(found))
    return within


# A maker of another kind of pictures takes two scans and a generator. It returns a picture of
# 8-bit levels, and the std of the PSF at each pixel. Scans are halved: at full size they have a
# softness of their own, which would count as the estimator's error.

#: Range of the std of the lenses' PSFs, and how far these may reach, in pixels.
_LENSES = {"std_range": (0.25, 8.0), "reach": 32}

#: Share of the pixels that are white where light is clipped: one of them a picture.
_CLIPPED = (0.02, 0.05, 0.1, 0.25)


def _disks(scan, other, rng):
    """Blur with a ramp of disks."""
    blurred, std = _ramp(scan, "disk")
    return blur.quantize(blurred), std


def _layers(scan, other, rng):
    """Show one scan before another, each through its lens; of three lenses one is in focus."""
    front, back = halve(scan[None]), halve(other[None])
    masks = scenery.outlines(1, rng=rng, size=front.shape[-1])
    lenses, reach = lens_bank.LensBank(3, rng=rng, **_LENSES), _LENSES["reach"]
    near, far = torch.randperm(3, generator=rng)[:2, None]
    image = scenery.compose(front, back, masks, lenses.psfs[near], lenses.psfs[far])[0]
    is_near = masks[0, reach:-reach, reach:-reach] > 0
    return blur.quantize(image), torch.where(is_near, lenses.std[near], lenses.std[far])


def _clipped(scan, other, rng):
    """Blur with a ramp of gaussians, and expose so that the brightest part is white."""
    blurred, std = _ramp(scan, "gaussian")
    share = _CLIPPED[torch.randint(len(_CLIPPED), (), generator=rng)]
    return blur.quantize(camera.clip_light(blurred[None], 0.0, share)[0]), std


def _points(scan, other, rng):
    """Draw points of light through a lens, the ground black, the brightest white; no scan."""
    (points,) = lights.starfields(1, rng=rng, size=320)
    lenses = lens_bank.LensBank(2, rng=rng, **_LENSES)  # the first is in focus
    light = lens_bank.blur_uniform_each(points[None], lenses.psfs[1:])[0]
    light = (light - light.min()) / (light.max() - light.min())
    return blur.quantize(light), lenses.std[1].expand_as(light)


def _ramp(scan, family):
    sharp = halve(scan[None])[0]
    varying = blur.VaryingBlur(blur.ramp_field(sharp.shape), family)
    return varying.forward(sharp), varying.std()


#: The makers, by the kinds that `regression` has no row for.
OTHER_KINDS = {
    "disks": _disks, "layered scenes": _layers, "clipped light": _clipped,
    "points of light": _points}  # fmt: skip
