"""Datasets in memory: read from their folder, every file held against the manifest."""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load as from_bytes

from ..._checks import check_device, check_generator, check_integer
from ..protocols import DatasetConfig
from ..stream import rows_of
from .shards import FORMAT, PATCHES, DatasetError, shard_name

MANIFEST = "manifest.json"


class StoredPatches:
    """Ready patches as an endless stream: every patch once, in random order, and again.

    Parameters
    ----------
    patches : Tensor of shape (N, 1, P, P)
        uint8 grey levels, or floats in [0, 1].
    targets : Tensor of shape (N, ...)
        Class or sigma of each, or whatever the network's loss compares with.
    rng : torch.Generator
        Source of the order.
    device : str or torch.device, optional
        Where the batches shall lie.

    Raises
    ------
    TypeError, ValueError
        If there is no patch, or the numbers of patches and targets differ.

    Examples
    --------
    >>> stored = StoredPatches(
    ...     torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10),
    ...     rng=torch.Generator().manual_seed(0),
    ... )
    >>> patches, labels = stored.batch(4)
    >>> patches.shape, patches.dtype
    (torch.Size([4, 1, 32, 32]), torch.float32)
    """

    def __init__(self, patches, targets, *, rng, device="cpu"):
        shape, found = tuple(patches.shape), tuple(targets.shape)
        if len(shape) != 4 or shape[1] != 1 or shape[0] == 0:
            raise ValueError(f"patches must have shape (N, 1, P, P), N at least 1, got {shape}.")
        if found[:1] != shape[:1]:
            raise ValueError(f"there must be one target a patch, got {found} for {shape[0]}.")
        self.rng = check_generator(rng, cpu=True)
        self.device = check_device(device)
        self._patches, self._targets = patches.to(self.device), targets.to(self.device)
        self._order = torch.empty(0, dtype=torch.int64)

    def batch(self, size, *, rank=0, world_size=1):
        """Give the next patches.

        Parameters
        ----------
        size : int
            How many.
        rank, world_size : int, optional
            Which of how many equal shares of them to give: see `PatchStream.batch`.

        Returns
        -------
        patches : Tensor of shape (size / world_size, 1, P, P)
            float32 in [0, 1].
        targets : Tensor of shape (size / world_size, ...)
            Of the type they were given in.
        """
        size = check_integer(size, "size")
        while len(self._order) < size:
            again = torch.randperm(len(self._patches), generator=self.rng)
            self._order = torch.cat([self._order, again])
        chosen = self._order[:size][rows_of(size, rank, world_size)].to(self.device)
        self._order = self._order[size:]
        patches = self._patches[chosen]
        patches = patches.float() / 255 if patches.dtype == torch.uint8 else patches.float()
        return patches, self._targets[chosen]

    def state_dict(self):
        """Return where it stands: its generator, and what is left of this round.

        Returns
        -------
        state : dict of Tensors
        """
        return {"rng": self.rng.get_state(), "order": self._order}

    def load_state_dict(self, state):
        """Go on where `state_dict` was taken.

        Parameters
        ----------
        state : dict of Tensors
        """
        self.rng.set_state(state["rng"])
        self._order = state["order"]


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


def places_also_trained_on(dataset):
    """Return the share of test patches whose place is in the training set at another sigma.

    Parameters
    ----------
    dataset : Dataset
        Read by `load_dataset`.

    Returns
    -------
    share : float
        From 0 to 1.
    """
    sides = dataset.train, dataset.test
    places = 1 + max(int(side.places.max()) for side in sides)
    trained, tested = (side.pictures * places + side.places for side in sides)
    return torch.isin(tested, trained).double().mean().item()
