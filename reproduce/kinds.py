"""Record of pictures as people have them: every kind of case, and a scene with depth."""

from blurlib import blur, data, maps

from . import cases
from .experiment import rounded, shares_within

KIND_NETWORKS = ("sigma-net", "sigma-net-small")

#: How the scene with depth is blurred: each pixel gathers with its own gaussian, or as by a lens.
_SCENES = {"gathered": data.defocused_scene, "lens": data.layered_scene}


def kinds(experiment):
    """Ask the networks about every case of `cases`, and map a scene whose depth is known."""
    estimators = experiment.estimators(KIND_NETWORKS, ())
    pictures = [(name, make()) for name, make in cases.CASES.items()]
    said = {
        network: {name: cases.answer(estimator, case) for name, case in pictures}
        for network, estimator in estimators.items()
    }
    return {
        "smoothing": None, "convention": "std",
        "protocol": "free pictures, blurred by scipy, Pillow, OpenCV and torchvision; right is "
        f"what is within {cases.SHARE:.0%} of the truth, or within the stated std, or within "
        f"{cases.TINY_ERROR} px below {cases.TINY} px; where nothing shows a blur, who says so. "
        "The motorcycle in 8 bits: every pixel whose depth is known, and the std's coverage",
        "right": {network: _counted(answers) for network, answers in said.items()},
        "cases": {
            network: {name: _row(one) for name, one in answers.items()}
            for network, answers in said.items()
        },
        "scenes": {
            network: {
                f"{way}, focus on the {focus}": _scene(estimator, *make(focus))
                for way, make in _SCENES.items()
                for focus in ("foreground", "background")
            }
            for network, estimator in estimators.items()
        }}  # fmt: skip


def _counted(answers):
    """Count by kind, which a case's name begins with: how many there are, how many are right."""
    found = {}
    for name, answer in answers.items():
        row = found.setdefault(name.partition(",")[0].rstrip("0123456789 ."), {"of": 0, "right": 0})
        row["of"] += 1
        row["right"] += answer.is_right
    return found


def _row(answer):
    row = {"found": answer.found, "stated": answer.stated, "truth": answer.truth}
    return rounded(row, 2) | {"right": answer.is_right}


def _scene(estimator, image, truth, scene):
    """Return RMSE, coverage and the share with evidence, of all pixels whose depth is known."""
    answer = estimator.predict(blur.quantize(image.clamp(0, 1))).to("std").full_size()
    error = (answer.sigma - truth)[scene.known].double()
    sigma, std = answer.sigma[scene.known], answer.std[scene.known]
    unsure = maps.uncertainty.no_texture(sigma, std).double().mean()
    return rounded({
        "rmse": maps.rms(error), "coverage": shares_within(error, std.double()),
        "share_with_evidence": 1 - unsure.item()})  # fmt: skip
