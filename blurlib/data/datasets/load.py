"""Datasets in memory: read from their folder, every file held against the manifest."""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load as from_bytes

from ..protocols import DatasetConfig
from .shards import FORMAT, PATCHES, DatasetError, shard_name
from .stored import StoredPatches

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Patches:
    """One side of a dataset: a row for each patch.

    Attributes
    ----------
    patches : Tensor of shape (N, 1, P, P)
        Grey levels, uint8.
    sigmas : Tensor of shape (N,)
        Nominal sigma in pixels, float32.
    labels : Tensor of shape (N,)
        Class of sigma, counted from 0, int64.
    pictures : Tensor of shape (N,)
        Index into the manifest's ``pictures``, int64.
    places : Tensor of shape (N,)
        The patch's number in its picture, row by row, int64.
    """

    patches: torch.Tensor
    sigmas: torch.Tensor
    labels: torch.Tensor
    pictures: torch.Tensor
    places: torch.Tensor

    def __len__(self):
        return len(self.patches)

    def select(self, chosen):
        """Return some of the rows.

        Parameters
        ----------
        chosen : Tensor
            Which: a mask or indices.

        Returns
        -------
        rows : Patches
        """
        return Patches(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def stream(self, *, rng, device="cpu"):
        """Return an endless shuffled stream of patches and classes for `blurlib.learn.train`.

        Parameters
        ----------
        rng : torch.Generator
            Source of the order.
        device : str or torch.device, optional
            Where the batches shall lie.

        Returns
        -------
        stream : StoredPatches
        """
        return StoredPatches(self.patches, self.labels, rng=rng, device=device)


@dataclass(frozen=True)
class Dataset:
    """A dataset that was read and found whole.

    Attributes
    ----------
    manifest : dict
        What it was made of, and what it holds.
    train, test : Patches
        Its two sides.
    """

    manifest: dict
    train: Patches
    test: Patches


def read_manifest(folder):
    """Read a dataset's manifest, or raise a DatasetError if there is none of ours in the folder."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise DatasetError(f"there is no dataset in {folder}: it has no {MANIFEST}.")
    damaged = DatasetError(f"{path} is damaged; delete it and build the dataset again.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DatasetError(f"{path} does not begin as a {FORMAT!r}; name another folder.")
    try:
        config = DatasetConfig(**manifest["config"])
        whole = all(entry["file"] == shard_name(entry, config) for entry in manifest["pictures"])
    except (KeyError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:  # its pictures and its protocol do not belong together
        raise damaged
    return manifest


def load_dataset(folder):
    """Read a dataset, and check every file of it.

    Parameters
    ----------
    folder : str or path-like
        Where `build_dataset` or ``blurlib dataset`` made it.

    Returns
    -------
    dataset : Dataset
        Manifest, training and test patches, in memory.

    Raises
    ------
    DatasetError
        If there is none, or a file of it is missing, damaged or of another dataset.
    OSError
        If a file cannot be read.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    tables, total = [], hashlib.sha256()
    for index, entry in enumerate(manifest["pictures"]):
        path = folder / PATCHES / entry["file"]
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise DatasetError(f"the file {path} is missing or damaged; build the dataset again.")
        total.update(content)
        table = from_bytes(content)
        tables.append(table | {"pictures": torch.full((len(table["test"]),), index)})
    if total.hexdigest() != manifest["sha256"]:
        raise DatasetError(f"the data in {folder} has not the manifest's sha256; build it again.")
    rows = {name: torch.cat([table[name] for table in tables]) for name in tables[0]}
    del tables  # a large dataset fits into memory twice, hardly three times
    both = Patches(
        rows["patches"][:, None], rows["sigmas"], rows["labels"].long(), rows["pictures"],
        rows["places"].long())  # fmt: skip
    train, test = both.select(~rows["test"]), both.select(rows["test"])
    if manifest["counts"] != {"train": len(train), "test": len(test)}:
        raise DatasetError(f"{folder} holds other numbers of patches than its manifest says.")
    return Dataset(manifest, train, test)
