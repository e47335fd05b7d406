"""Datasets on disk: built once, described by a manifest, checked whenever they are read.

A dataset is a folder: ``manifest.json``, and in ``patches`` one safetensors file for each picture.
The manifest is the commit: it is written last and in one step, and names the files that belong to
it by their hash. Whoever is stopped before that, in whatever way, leaves the old dataset as it was,
and whoever starts again finds the pictures that were done.
"""

import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes
from tqdm import tqdm

from .. import __version__
from .._checks import check_integer
from .._files import TEMPORARY, replacing
from .protocols import (
    SIGMA_MAX,
    DatasetConfig,
    class_sigmas,
    count_patches,
    picture_patches,
    split_materials,
    to_levels,
)
from .sources.fetch import hash_file
from .stored import StoredPatches

_FORMAT = "blurlib dataset 1"
_MANIFEST = "manifest.json"
_FOLDER = "patches"
# Our files, and the temporary ones of a run that was killed; anything else is left alone.
_OURS = re.compile(rf"[0-9a-f]{{32}}\.safetensors|{TEMPORARY}")


class DatasetError(ValueError):
    """A folder that holds no whole dataset."""


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
        return Patches(
            *(
                getattr(self, name)[chosen]
                for name in ("patches", "sigmas", "labels", "pictures", "places")
            )
        )

    def stream(self, *, rng, continuous=False, device="cpu"):
        """Return an endless shuffled stream of batches for `blurlib.learn.train`.

        Parameters
        ----------
        rng : torch.Generator
            Source of the order.
        continuous : bool, optional
            Whether the targets are sigmas rather than classes.
        device : str or torch.device, optional
            Where the batches shall lie.

        Returns
        -------
        stream : StoredPatches
        """
        targets = self.sigmas if continuous else self.labels
        return StoredPatches(self.patches, targets, rng=rng, device=device)


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

    @property
    def config(self):
        """The `DatasetConfig` that it was made with."""
        return DatasetConfig(**self.manifest["config"])


def _fingerprint(picture, index):
    """Return what a picture is, read once: shape, hashes and key; or why it cannot be used."""
    try:
        levels = to_levels(picture.load())
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
        # A manifest names no folder: it is the same wherever the pictures lie.
        return {"error": str(error).replace(str(picture.path), picture.name)}
    found = {
        "height": levels.shape[0],
        "width": levels.shape[1],
        "pixels_sha256": _hash_levels(levels),
    }
    if picture.path is not None:
        found["file_sha256"] = hash_file(picture.path)
    # A file is decoded alike everywhere, so its pixels may name it, under whatever name it lies.
    # What was computed differs in its last bits: there the pixels verify, and decide no draw.
    if picture.key is not None:
        found["key"] = picture.key
    elif picture.path is None:
        found["key"] = f"picture/{index}"
    return found


def _key(entry):
    """Return what the draws for a picture hang on."""
    return entry.get("key", entry["pixels_sha256"])


def _hash_levels(levels):
    digest = hashlib.sha256(f"{levels.shape}".encode())
    digest.update(memoryview(levels.contiguous().numpy()))
    return digest.hexdigest()


def _shard_name(entry, config):
    """Name a picture's file after all that decides its content."""
    recipe = {**asdict(config), "picture": entry["pixels_sha256"], "role": entry["role"]}
    if "key" in entry:
        recipe["key"] = entry["key"]
    digest = hashlib.sha256(json.dumps([_FORMAT, recipe], sort_keys=True).encode()).hexdigest()
    return f"{digest[:32]}.safetensors"


def _content_hash(name, table):
    """Return the hash of a table and of the name it was written under."""
    digest = hashlib.sha256(name.encode())
    for column in sorted(table):
        digest.update(f"{column} {tuple(table[column].shape)} ".encode())
        digest.update(memoryview(table[column].contiguous().numpy()))
    return digest.hexdigest()


def _read_shard(path):
    """Read one picture's patches; raise a DatasetError if they are not what was written."""
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get("sha256")
            table = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise DatasetError(f"the file {path} is gone; build the dataset again.") from None
    except Exception as error:  # safetensors raises its own kind, and OSError
        raise DatasetError(
            f"the file {path} is damaged ({type(error).__name__}); build the dataset again."
        ) from None
    if _content_hash(path.name, table) != written:
        raise DatasetError(
            f"the file {path} is damaged: it has another hash than when it was written; "
            "build the dataset again."
        )
    return table


def _write_shard(picture, entry, config, folder):
    """Make one picture's patches, unless an earlier run has; return what the manifest says."""
    path = Path(folder) / entry["file"]
    try:
        table = _read_shard(path)
    except DatasetError:
        image = picture.load()
        if _hash_levels(to_levels(image)) != entry["pixels_sha256"]:
            raise DatasetError(
                f"the picture {picture.name} changed while the dataset was built; build it again."
            ) from None
        try:
            table = picture_patches(image, config, role=entry["role"], key=_key(entry))
        except (RuntimeError, MemoryError) as error:
            raise DatasetError(
                f"the picture {picture.name} ({image.shape[0]} x {image.shape[1]} pixels) cannot "
                f"be blurred: {error}; scale it down, or use fewer workers."
            ) from error
        content = to_bytes(table, metadata={"sha256": _content_hash(path.name, table)})
        with replacing(path) as file:
            file.write(content)
    test = table["test"]
    labels = table["labels"].long()
    return {
        "train": int((~test).sum()),
        "test": int(test.sum()),
        "train_classes": labels[~test].bincount(minlength=config.num_classes).tolist(),
        "test_classes": labels[test].bincount(minlength=config.num_classes).tolist(),
        "sha256": hash_file(path),
    }


def _prepare_worker():
    """Let a worker use one core, leave Ctrl-C to its parent, and die when its parent does."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow():
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def _one_thread():
    """Compute with one thread, as every worker does: sums then have one order, and one result."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _interrupts_held():
    """Hold Ctrl-C back: processes that start now never see one, their parent does afterwards.

    Without it one that comes while they still import torch ends in a traceback of each.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _each(function, jobs, workers, description, progress):
    """Return [function(*job) for job in jobs], by several processes if wanted."""
    workers = min(workers, max(1, len(jobs)), 61)  # Windows waits for no more than 61
    bar = tqdm(total=len(jobs), desc=description, disable=None if progress else True)
    results = [None] * len(jobs)
    with bar:
        if workers == 1:
            with _one_thread():
                for index, job in enumerate(jobs):
                    results[index] = function(*job)
                    bar.update()
            return results
        # Spawned, not forked: a fork of a process with threads may hang, and CUDA forbids it.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _prepare_worker) as pool:
            with _interrupts_held():  # the workers start here
                futures = {pool.submit(function, *job): index for index, job in enumerate(jobs)}
            try:
                for future in as_completed(futures):
                    results[futures[future]] = future.result()
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return results


def _survey(pictures, config, workers, progress):
    """Read every picture once: (those to use, those left out and why)."""
    entries, left_out, seen = [], [], {}
    found = _each(
        _fingerprint, [(p, i) for i, p in enumerate(pictures)], workers, "reading", progress
    )
    for picture, facts in zip(pictures, found, strict=True):
        if "error" not in facts:
            shape = facts["height"], facts["width"]
            if min(shape) < config.patch_size or not count_patches(shape, config)[0]:
                facts = {
                    "error": f"{shape[0]} x {shape[1]} pixels are too few to keep a share of "
                    f"{config.keep:g} of its patches"
                }
            elif facts["pixels_sha256"] in seen:
                facts = {"error": f"the same picture as {seen[facts['pixels_sha256']]}"}
        if "error" in facts:
            left_out.append({"name": picture.name, "error": facts["error"]})
            continue
        seen[facts["pixels_sha256"]] = picture.name
        entries.append((picture, {"name": picture.name, "material": picture.material, **facts}))
    return entries, left_out


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
        Processes that share the work; the result is the same to the last bit. A script that asks
        for more than one needs the guard ``if __name__ == "__main__":``.
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
    .. [2] Chapter "Building the dataset", ``book/data/building_the_dataset.ipynb``.
    """
    config = DatasetConfig() if config is None else config
    workers = check_integer(workers, "workers")
    folder, pictures = Path(folder), list(pictures)
    _check_place(folder)
    (folder / _FOLDER).mkdir(parents=True, exist_ok=True)

    entries, left_out = _survey(pictures, config, workers, progress)
    if not entries:
        reasons = "; ".join(f"{item['name']}: {item['error']}" for item in left_out[:3])
        raise DatasetError(f"none of {len(pictures)} pictures can be used. {reasons}")
    roles = ["both"] * len(entries)
    if config.protocol == "unseen":
        rng = torch.Generator().manual_seed(config.seed)
        materials = [entry["material"] for _, entry in entries]
        aside = split_materials(materials, config.test_share, rng=rng)
        roles = ["test" if test else "train" for test in aside]
    for (_, entry), role in zip(entries, roles, strict=True):
        entry["role"] = role
        entry["file"] = _shard_name(entry, config)

    jobs = [(picture, entry, config, str(folder / _FOLDER)) for picture, entry in entries]
    made = _each(_write_shard, jobs, workers, "blurring", progress)
    manifest = _describe(config, [entry for _, entry in entries], made, left_out, folder)
    if not all(manifest["counts"].values()):
        raise DatasetError(
            f"one side would be empty, {manifest['counts']}: the pictures are too few or too small "
            f"for a share of {config.keep:g}, of which {config.test_share:g} is for the test."
        )
    with replacing(folder / _MANIFEST) as file:
        file.write((json.dumps(manifest, indent=1) + "\n").encode())
    _sweep(folder, {entry["file"] for _, entry in entries})
    return manifest


def _check_place(folder):
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder} is a file; name a folder for the dataset.")
    if (folder / _MANIFEST).exists():
        read_manifest(folder)  # never write over what somebody else calls a manifest
    elif (folder / _FOLDER).exists() and not all(
        _OURS.fullmatch(path.name) for path in (folder / _FOLDER).iterdir()
    ):
        raise DatasetError(
            f"{folder / _FOLDER} holds other files than a dataset's; name another folder."
        )


def _describe(config, entries, made, left_out, folder):
    """Return the manifest. It holds no date and no path: the same dataset has the same one."""
    total = hashlib.sha256()
    for entry in entries:
        total.update((folder / _FOLDER / entry["file"]).read_bytes())
    balance = {
        side: [
            sum(column)
            for column in zip(*(facts[f"{side}_classes"] for facts in made), strict=True)
        ]
        for side in ("train", "test")
    }
    return {
        "format": _FORMAT,
        "sha256": total.hexdigest(),
        "protocol": config.protocol,
        "seed": config.seed,
        "config": asdict(config),
        "sigmas": [round(float(sigma), 6) for sigma in class_sigmas(config.num_classes)],
        "sigma_max": SIGMA_MAX,
        "counts": {side: sum(facts[side] for facts in made) for side in ("train", "test")},
        "class_balance": balance,
        "pictures": [
            {**entry, **{name: facts[name] for name in ("train", "test", "sha256")}}
            for entry, facts in zip(entries, made, strict=True)
        ],
        "left_out": left_out,
        "versions": {"blurlib": __version__, "torch": torch.__version__.split("+")[0]},
    }


def _sweep(folder, wanted):
    """Remove what belongs to no manifest: of an earlier dataset, or of a run that was killed."""
    for path in (folder / _FOLDER).iterdir():
        if path.name not in wanted and _OURS.fullmatch(path.name):
            path.unlink()
    for path in folder.iterdir():
        if re.fullmatch(TEMPORARY, path.name):
            path.unlink()


def read_manifest(folder):
    """Read a dataset's manifest.

    Parameters
    ----------
    folder : str or path-like
        Where the dataset is.

    Returns
    -------
    manifest : dict
        See `build_dataset`.

    Raises
    ------
    DatasetError
        If there is none, or it is not one of ours.
    """
    path = Path(folder) / _MANIFEST
    if not path.is_file():
        raise DatasetError(f"there is no dataset in {folder}: it has no {_MANIFEST}.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise DatasetError(
            f"{path} cannot be read ({type(error).__name__}); delete it and build the dataset "
            "again."
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise DatasetError(f"{path} does not begin as a {_FORMAT!r}; name another folder.")
    try:
        config = DatasetConfig(**manifest["config"])
        whole = all(entry["file"] == _shard_name(entry, config) for entry in manifest["pictures"])
    except (KeyError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise DatasetError(
            f"{path} is damaged: its pictures and its protocol do not belong together; delete it "
            "and build the dataset again."
        )
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
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    sides = {False: [], True: []}
    total = hashlib.sha256()
    for index, entry in enumerate(manifest["pictures"]):
        path = folder / _FOLDER / Path(entry["file"]).name
        table = _read_shard(path)
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise DatasetError(f"the file {path} is not the manifest's; build the dataset again.")
        total.update(content)
        for side, parts in sides.items():
            rows = table["test"] == side
            parts.append(
                Patches(
                    table["patches"][rows][:, None],
                    table["sigmas"][rows],
                    table["labels"][rows].long(),
                    torch.full((int(rows.sum()),), index),
                    table["places"][rows].long(),
                )
            )
    if total.hexdigest() != manifest["sha256"]:
        raise DatasetError(f"the data in {folder} has not the manifest's sha256; build it again.")
    names = ("patches", "sigmas", "labels", "pictures", "places")
    train, test = (
        Patches(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
        for parts in sides.values()
    )
    if manifest["counts"] != {"train": len(train), "test": len(test)}:
        raise DatasetError(f"{folder} holds other numbers of patches than its manifest says.")
    return Dataset(manifest, train, test)
