"""The summary of many maps: a line for each image, the sharpest first, and whether it moved."""

import csv
import io

#: What a summary is called, and what it says of each image.
SUMMARY = "summary.csv"
COLUMNS = (
    "file", "median_sigma", "sharpest_tenth", "no_evidence", "profile", "moved", "seconds"
)  # fmt: skip

#: Decimals of its numbers. Images that agree in all of them stand in the order of their names.
_DECIMALS = 4


def sum_up(sigma_map, hidden=None, profile=None):
    """Return what a summary says of one map, by column; None where there is nothing to say.

    All are (H, W), in pixels: `hidden` says where there is no evidence, which is left out; it is
    None if the estimator states no deviation.
    """
    import numpy as np

    # Not torch's selection and quantile: one makes 16 bytes of indices a pixel, the other refuses
    # large images.
    shown = np.ones(sigma_map.shape, bool) if hidden is None else ~hidden.numpy()
    median = tenth = disk = None
    if shown.any():
        if profile is not None:
            disk = profile.numpy().mean(where=shown, dtype=float) > 0.5
        values = sigma_map.numpy()[shown]  # a copy, which may be sorted in place
        tenth, median = np.quantile(values, (0.1, 0.5), overwrite_input=True).tolist()
    return {
        "median_sigma": median, "sharpest_tenth": tenth,
        "no_evidence": None if hidden is None else hidden.numpy().mean().item(),
        "profile": None if disk is None else "disk" if disk else "gaussian"}  # fmt: skip


def check_summary(folder):
    """Fail if a summary would replace a file that is none."""
    file, first = folder / SUMMARY, b""
    if file.is_file():
        with open(file, "rb") as opened:
            first = opened.readline(200).rstrip(b"\r\n")
    if file.exists() and first != ",".join(COLUMNS).encode():
        what = f"holds a {SUMMARY} that is not of this command"
        raise ValueError(f"--out {folder} {what}; move it away, or name another folder")


def write_summary(folder, results):
    """Write the summary of images, each a dictionary of what the columns hold; return its path."""
    from .._files import replacing

    rows = sorted(map(_rounded, results), key=_sharpness)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    with replacing(folder / SUMMARY) as file:
        # A name that is no text is written as the bytes that it has on the disk.
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))
    return folder / SUMMARY


def _rounded(result):
    row = {column: result[column] for column in COLUMNS}
    return {k: round(x, _DECIMALS) if isinstance(x, float) else x for k, x in row.items()}


def _sharpness(row):
    """Return what to sort by: what is in focus somewhere is a sharp picture; no evidence, last."""
    none = row["sharpest_tenth"] is None
    return none, 0 if none else (row["sharpest_tenth"], row["median_sigma"]), row["file"]
