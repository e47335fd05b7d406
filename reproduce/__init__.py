"""The book's recorded results, made again from the data: one JSON record each.

What needs the Brodatz scans cannot run on the page of a reader, who has not got them. It runs here,
and the chapters read the record: numbers, never pictures.
"""

import json
import time
from datetime import date
from functools import partial
from pathlib import Path

from blurlib import data, learn
from blurlib._checks import check_choice, check_device
from blurlib._files import replacing
from blurlib.records import Record

from . import (
    comparison,
    datasets,
    kinds,
    limits,
    motion,
    regression,
    restoration,
    robustness,
    slides,
    studies,
    wide_range,
)
from .experiment import Experiment, NoData, NotShipped

__all__ = ["NEED_TRAINING", "RECORDS", "NoData", "NotShipped", "reproduce"]

#: The records by name: what makes each from the Brodatz scans.
RECORDS = {
    "brodatz-dataset": datasets.dataset,
    "brodatz-statistics": datasets.statistics_of_scans,
    "brodatz-leak": datasets.leak,
    "brodatz-unseen-spectrum-30": partial(studies.unseen, "spectrum-30"),
    **{f"slides-{name}": partial(slides.rows, name) for name in learn.SHIPPED if "thesis" in name},
    **{k: partial(regression.regression, k) for k, r in learn.SHIPPED.items() if r.on_crops},
    "slides-third-row": slides.third_row,
    "slides-text": slides.text,
    "slides-photographs": slides.photographs,
    "training-curve": studies.curve,
    "training-choices": studies.choices,
    "patch-sizes": studies.patch_sizes,
    "limits": limits.limit,
    "readouts": studies.readouts,
    "robustness": robustness.robustness,
    "wide-range": wide_range.wide_range,
    "kinds": kinds.kinds,
    "restoration": restoration.restoration,
    "motion": motion.motion,
    "comparison": comparison.comparison,
    "classical-calibration": comparison.calibration,
}

#: Those that need networks which are not packaged.
NEED_TRAINING = (
    "training-curve", "training-choices", "patch-sizes", "readouts", "classical-calibration",
)  # fmt: skip


def reproduce(name, folder=None, *, out="results", weights=None, device="cpu", progress=False):
    """Make one record again, and write it.

    Parameters
    ----------
    name : str
        One of `RECORDS`.
    folder : path-like, optional
        Of the Brodatz scans; by default what ``BLURLIB_DATA`` names, see `blurlib.data.brodatz`.
    out : path-like, optional
        Folder to write ``NAME.json`` into.
    weights : path-like, optional
        Folder of trained networks; what a record needs and is not there is trained first, which
        takes half an hour each on two cores, for sigma-net a good hour. By default the packaged
        networks are used.
    device : str, optional
        Where to train and to predict.
    progress : bool, optional
        Whether to show progress bars.

    Returns
    -------
    record : Record
        What was measured, with data, device, versions and seconds.

    Raises
    ------
    ValueError
        If there is no such record or device, or a file of `weights` is not what its name says.
    NotShipped
        If the record needs a network that is not packaged, and `weights` is not given.
    FileNotFoundError
        If the scans are not there; `NoData`, a kind of it, if others of the record's data are not.
    OSError
        If the folder cannot be written.
    """
    check_choice(name, "name", RECORDS)
    device = check_device(device)
    scans = data.brodatz(folder)
    if scans.damaged:
        raise ValueError(f"damaged scans: {', '.join(scans.damaged)}; delete or fetch them again.")
    weights = None if weights is None else Path(weights)
    experiment = Experiment(scans, folder, device, weights, progress)
    start = time.perf_counter()
    measured = RECORDS[name](experiment)
    made = {
        "name": name,
        "command": f"python -m reproduce {name}" + (" --quick" if weights is None else ""),
        "data": {
            "source": "Brodatz scans, 640 x 640, verified by SHA-1; not distributed",
            "files": [scan.name for scan in scans], "missing": len(scans.missing),
        },
        "date": date.today().isoformat(), "device": learn.device_name(device),
        "versions": learn.prepare.versions(),
        "seconds": round(time.perf_counter() - start, 1),
        **measured}  # fmt: skip
    if experiment.used:
        made["training"] = experiment.used
    Path(out).mkdir(parents=True, exist_ok=True)
    with replacing(Path(out) / f"{name}.json") as file:
        file.write((json.dumps(made, indent=1, allow_nan=False) + "\n").encode())
    return Record(made)
