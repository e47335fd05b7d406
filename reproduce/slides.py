"""Records of the slides' results: ramp, sin and its smoothing, the third row, text."""

import bisect
import functools
import itertools

import scipy

from blurlib import maps
from blurlib.data import load_image, open_folder

from .experiment import NoData, mean_and_std, rounded

#: Smoothing iterations of the slides' sin rows.
ITERATIONS = (1, 12_000)


def rows(name, experiment):
    """Score one of the thesis' networks on the slides' rows, on the scans that are put aside."""
    network = experiment.network(name)
    found = {"ramp": {}, "sin": {}}
    for scan in experiment.each(experiment.held_out, name):
        for field, scores in found.items():
            blurred, truth = maps.make_test_image(scan.load(), field)
            truth = maps.crop_to_windows(truth)
            raw = maps.predict_sigma_map(network, blurred, readout="argmax")
            ways = itertools.product(maps.NEIGHBOURHOODS, ITERATIONS) if field == "sin" else ()
            smoothed = {f"{way}, {number}": maps.smooth(raw, number, way) for way, number in ways}
            for row, sigma_map in {"raw": raw, **smoothed}.items():
                scores.setdefault(row, {})[scan.name] = maps.rmse(sigma_map, truth)
    return {
        "estimator": name, "readout": "argmax", "stride": 1,
        "textures": experiment.textures,
        "trained_on_them": experiment.used[name]["recipe"]["source"] == "as-published",
        "rows": {
            field: {row: mean_and_std(values) for row, values in scores.items()}
            for field, scores in found.items()
        }}  # fmt: skip


#: The slides' third ramp row, whose classes and step are blank: its RMSE in pixels.
THIRD_ROW = 1.1621e-4


def third_row(experiment):
    """Smooth ramp maps in every way, and see which of them can end at the slides' third row.

    Each scan's middle, 128 x 128, gives a map of 97 x 97. A pinned border is put at the *truth*,
    so what comes out is no estimate: it tests a guess about how the row was made.
    """
    network = experiment.network("thesis-30-as-published")
    found = {}
    for scan in experiment.each(experiment.scans, "third row"):
        image = scan.load()
        top, left = ((size - 128) // 2 for size in image.shape)
        blurred, truth = maps.make_test_image(image[top : top + 128, left : left + 128], "ramp")
        truth = maps.crop_to_windows(truth).double()
        raw = maps.predict_sigma_map(network, blurred, readout="argmax").double()
        for boundary, way in itertools.product(maps.BOUNDARIES, maps.NEIGHBOURHOODS):
            error = functools.partial(_error_after, raw, truth, way, boundary)
            found.setdefault(f"{way}, {boundary}", {})[scan.name] = {
                "raw": error(0), "after_12000": error(12_000), "reaches": _first(error),
            }  # fmt: skip
    return {"estimator": "thesis-30-as-published", "target_rmse": THIRD_ROW, "ways": found}


def _error_after(raw, truth, way, boundary, number):
    known = None if boundary == "neumann" else truth
    smoothed = maps.smooth(raw, number, way, boundary=boundary, dirichlet_values=known)
    return maps.rmse(smoothed, truth)


def _first(error, most=2**20):
    """Return after how many iterations the error is at most the third row's; None if never."""
    if error(most) > THIRD_ROW:
        return None
    return 1 + bisect.bisect_left(range(1, most), True, key=lambda n: error(n) <= THIRD_ROW)


#: Networks that read text and photographs, and the step between their windows.
READERS, TEXT_STRIDE = ("spectrum-30", "thesis-30"), 8

#: The same for photographs, and the one that has seen noise, JPEG and disks.
OF_PHOTOGRAPHS = (*READERS, "sigma-net")

#: The step between their windows: what `sigma-net` does by itself.
PHOTOGRAPH_STRIDE = 4

#: What a map of text is smoothed with, once, beside the raw one.
SMOOTHED = "mean3x3"


def text(experiment):
    """Score the sins on scans of printed text, in a folder ``text`` of the data."""
    pages = open_folder([experiment.folder_beside("text")])
    networks = {name: {"argmax": {}, "mean": {}} for name in READERS}
    tests = list(itertools.product(("sin", "sin2d"), (None, SMOOTHED)))
    for name, readouts in networks.items():
        network = experiment.network(name)
        for readout, rows in readouts.items():
            for field, smoothing in tests:
                row = f"{field}, {smoothing}" if smoothing else field
                errors, biases = experiment.scores(
                    maps.estimator_of(network, readout), pages, field, f"{name}, {row}",
                    stride=TEXT_STRIDE, smoothing=smoothing)  # fmt: skip
                rows[row] = {**mean_and_std(errors), "bias": rounded(biases)}
    return {
        "text": [page.name for page in pages], "stride": TEXT_STRIDE,
        "smoothing": f"none, or one step of {SMOOTHED}",
        "protocol": "real scans of print, never trained on; author's kernels, 8 bits",
        "networks": networks}  # fmt: skip


def photographs(experiment):
    """Compare maps of real photographs with masks of what is out of focus, in ``defocus``.

    A photograph ``NAME.jpg`` has a mask ``NAME_mask.png``, white where it is out of focus. There is
    no true sigma: the area under the ROC curve says how often a blurred pixel reads as more
    blurred than a sharp one. Every pixel is scored, also where the map says that it has no
    evidence; how many have some stands beside it.
    """
    folder = experiment.folder_beside("defocus")
    masks = sorted(folder.glob("*_mask.png"))
    if not masks:
        raise NoData(f"there is no NAME_mask.png in {folder}, and no NAME.jpg to go with it.")
    found = {}
    for name in OF_PHOTOGRAPHS:
        estimator = maps.estimator_of(experiment.network(name))
        areas, shares = {}, {}
        for path in experiment.each(masks, name):
            photograph = path.with_name(path.name.replace("_mask.png", ".jpg"))
            answer = maps.estimate(photograph, estimator, stride=PHOTOGRAPH_STRIDE)
            blurred = load_image(path) > 0.5
            if blurred.shape != answer.shape or blurred.all() or not blurred.any():
                size = f"{path} must have the size of {photograph.name}"
                raise ValueError(f"{size}, with white where it is out of focus, else black.")
            evidence = ~maps.uncertainty.no_texture(answer.sigma, answer.std)
            areas[photograph.name] = round(area_under_roc(answer.sigma, blurred), 3)
            shares[photograph.name] = round(100 * evidence.float().mean().item(), 1)
        found[name] = {
            "auc": areas, "mean_auc": round(sum(areas.values()) / len(areas), 3),
            "evidence_percent": shares,
            "mean_evidence_percent": round(sum(shares.values()) / len(shares), 1)}  # fmt: skip
    return {
        "stride": PHOTOGRAPH_STRIDE, "readout": "mean", "smoothing": None, "networks": found,
        "protocol": "real photographs as they are; masks drawn by people; no true sigma; every "
        "pixel scored, between the places by interpolation, with evidence or without"}  # fmt: skip


def area_under_roc(sigma_map, blurred):
    """Return how often a blurred pixel reads as more blurred than a sharp one; ties count half."""
    above, below = sigma_map[blurred], sigma_map[~blurred]
    pairs = len(above) * len(below)
    return float(scipy.stats.mannwhitneyu(above.numpy(), below.numpy()).statistic / pairs)
