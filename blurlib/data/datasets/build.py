"""Datasets on disk: built once, described by a manifest, checked whenever they are read.

A dataset is a folder: ``manifest.json``, and in ``patches`` one safetensors file for each picture.
The manifest is the commit: it is written last and in one step, and names the files that belong to
it by their hash. Whoever is stopped before that, in whatever way, leaves the old dataset as it was,
and whoever starts again finds the pictures that were done.
"""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

import torch

from ... import __version__
from ..._checks import check_integer
from ..._files import TEMPORARY, replacing
from ..protocols import SIGMA_MAX, DatasetConfig, class_sigmas, split_materials
from .load import MANIFEST, read_manifest
from .shards import FORMAT, PATCHES, DatasetError, describe_picture, shard_name, write_shard
from .workers import call_each

# Our files, and the temporary ones of a run that was killed; anything else is left alone.
_OURS = re.compile(rf"[0-9a-f]{{32}}\.safetensors|{TEMPORARY}")


def build_dataset(pictures, folder, config=None, *, workers=1, progress=False):
    """Build a dataset in a folder, or finish one that was begun there.

    Parameters
    ----------
    pictures : iterable of Picture
        For instance from `blurlib.data.open_folder` or `blurlib.data.brodatz`. Their order and,
        through the materials, their names count: they decide the hash and the split. Which
        patches of a picture are kept hangs on its pixels if it is a file, else on its key.
    folder : str or path-like
        Where to; made if it is not there. An earlier dataset in it stays whole until the new one
        is, and is then replaced. One build at a time.
    config : DatasetConfig, optional
        The protocol; by default as published with 30 classes and seed 0.
    workers : int, optional
        Threads that share the work; the result is the same to the last bit.
    progress : bool, optional
        Whether to show progress bars, on a terminal.

    Returns
    -------
    manifest : dict
        As written to ``manifest.json``: ``protocol``, ``seed``, ``config``, ``sigmas``,
        ``counts``, ``class_balance``, ``pictures`` (with their hashes), ``left_out``, and
        ``sha256``, the hash of all files of ``patches`` one after the other in that order.

    Raises
    ------
    DatasetError
        If the folder holds something else, or no picture can be used.
    ValueError
        If there are too few materials for unseen textures.
    OSError
        If the folder cannot be written.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slide 6 and scripts; key
       ``patro``.
    .. [2] Chapter "Textures and datasets", ``book/data/textures_and_datasets.ipynb``.
    """
    config = DatasetConfig() if config is None else config
    check_integer(workers, "workers")
    folder, pictures = Path(folder), list(pictures)
    _check_place(folder)
    (folder / PATCHES).mkdir(parents=True, exist_ok=True)
    sharing = {"workers": workers, "progress": progress}
    manifest = _build(pictures, folder, config, sharing)
    with replacing(folder / MANIFEST) as file:
        file.write((json.dumps(manifest, indent=1) + "\n").encode())
    _sweep(folder, {entry["file"] for entry in manifest["pictures"]})
    return manifest


def _build(pictures, folder, config, sharing):
    """Write the patches of all pictures that can be used; return what the dataset holds."""
    jobs = [(picture, index, config) for index, picture in enumerate(pictures)]
    found = call_each(describe_picture, jobs, description="reading", **sharing)
    chosen, left_out = _choose(pictures, found)
    if not chosen:
        reasons = "; ".join(f"{item['name']}: {item['error']}" for item in left_out[:3])
        raise DatasetError(f"none of {len(pictures)} pictures can be used. {reasons}")
    entries = [entry for _, entry in chosen]
    for entry, role in zip(entries, _roles(entries, config), strict=True):
        entry["role"] = role
        entry["file"] = shard_name(entry, config)

    jobs = [(picture, entry, config, folder / PATCHES) for picture, entry in chosen]
    made = call_each(write_shard, jobs, description="blurring", **sharing)
    manifest = _describe(config, entries, made, left_out, folder)
    if not all(manifest["counts"].values()):
        counts = manifest["counts"]
        raise DatasetError(f"one side would be empty, {counts}: pass more or larger pictures.")
    return manifest


def _check_place(folder):
    patches = folder / PATCHES
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder} is a file; name a folder for the dataset.")
    if (folder / MANIFEST).exists():
        read_manifest(folder)  # never write over what somebody else calls a manifest
    elif patches.exists() and not all(_OURS.fullmatch(path.name) for path in patches.iterdir()):
        raise DatasetError(f"{patches} holds other files; name another folder.")


def _choose(pictures, found):
    """Return the pictures to use with what is known of each, and those left out and why."""
    chosen, left_out, seen = [], [], {}
    for picture, entry in zip(pictures, found, strict=True):
        if (pixels := entry.get("pixels_sha256")) in seen:
            entry = {"error": f"the same picture as {seen[pixels]}"}
        if "error" in entry:
            left_out.append({"name": picture.name, "error": entry["error"]})
        else:
            seen[pixels] = picture.name
            chosen.append((picture, entry))
    return chosen, left_out


def _roles(entries, config):
    """Return for each picture which side its patches are for."""
    if config.protocol != "unseen":
        return ["both"] * len(entries)
    rng = torch.Generator().manual_seed(config.seed)
    materials = [entry["material"] for entry in entries]
    held_out = split_materials(materials, config.test_share, rng=rng)
    return ["test" if test else "train" for test in held_out]


def _describe(config, entries, made, left_out, folder):
    """Return the manifest. It holds no date and no path: the same dataset has the same one."""
    total = hashlib.sha256()
    for entry in entries:
        total.update((folder / PATCHES / entry["file"]).read_bytes())
    columns = {side: zip(*(one[side] for one in made), strict=True) for side in ("train", "test")}
    balance = {side: list(map(sum, classes)) for side, classes in columns.items()}
    return {
        "format": FORMAT, "sha256": total.hexdigest(), "protocol": config.protocol,
        "seed": config.seed, "config": asdict(config),
        "sigmas": [round(float(sigma), 6) for sigma in class_sigmas(config.num_classes)],
        "sigma_max": SIGMA_MAX, "counts": {side: sum(classes) for side, classes in balance.items()},
        "class_balance": balance,
        "pictures": [
            entry | {side: sum(counts[side]) for side in balance} | {"sha256": counts["sha256"]}
            for entry, counts in zip(entries, made, strict=True)
        ],
        "left_out": left_out,
        "versions": {"blurlib": __version__, "torch": torch.__version__.split("+")[0]}}  # fmt: skip


def _sweep(folder, wanted):
    """Remove what belongs to no manifest: of an earlier dataset, or of a run that was killed."""
    for path in (*(folder / PATCHES).iterdir(), *folder.iterdir()):
        ours = TEMPORARY if path.parent == folder else _OURS
        if path.name not in wanted and re.fullmatch(ours, path.name):
            path.unlink()
