"""One picture's share of a dataset on disk: what names its file, and what is in it."""

import hashlib
import json
from dataclasses import asdict

from safetensors import safe_open
from safetensors.torch import save as to_bytes

from ..._files import replacing
from ..images import to_levels
from ..protocols import count_patches
from ..sources.fetch import hash_file
from .blurred import picture_patches

FORMAT = "blurlib dataset 1"
#: The folder of the shards.
PATCHES = "patches"


class DatasetError(ValueError):
    """A folder that holds no whole dataset."""


def describe_picture(picture, index, config):
    """Return what the manifest says of a picture, or why it cannot be used, as its ``error``.

    It is read once: shape, hashes and key.
    """
    entry = {"name": picture.name, "material": picture.material}
    try:
        levels = to_levels(picture.load())
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
        # A manifest names no folder: it is the same wherever the pictures lie.
        return entry | {"error": str(error).replace(str(picture.path), picture.name)}
    height, width = levels.shape
    if not count_patches((height, width), config)[0]:
        few = f"{height} x {width} pixels are too few: {config.keep:g} of its patches is none"
        return entry | {"error": few}
    entry |= {"height": height, "width": width, "pixels_sha256": _hash_levels(levels)}
    if picture.path is not None:
        entry["file_sha256"] = hash_file(picture.path)
    # A file is decoded alike everywhere, so its pixels may name it, under whatever name it lies.
    # What was computed differs in its last bits: there the pixels verify, and decide no draw.
    if picture.key is not None or picture.path is None:
        entry["key"] = f"picture/{index}" if picture.key is None else picture.key
    return entry


def _hash_levels(levels):
    digest = hashlib.sha256(f"{levels.shape}".encode())
    digest.update(memoryview(levels.contiguous().numpy()))
    return digest.hexdigest()


def shard_name(entry, config):
    """Name a picture's file after all that decides its content."""
    recipe = {**asdict(config), "picture": entry["pixels_sha256"], "role": entry["role"]}
    if "key" in entry:
        recipe["key"] = entry["key"]
    digest = hashlib.sha256(json.dumps([FORMAT, recipe], sort_keys=True).encode()).hexdigest()
    return f"{digest[:32]}.safetensors"


def _content_hash(name, table):
    """Return the hash of a table and of the name it was written under."""
    digest = hashlib.sha256(name.encode())
    for column in sorted(table):
        digest.update(f"{column} {tuple(table[column].shape)} ".encode())
        digest.update(memoryview(table[column].contiguous().numpy()))
    return digest.hexdigest()


def _read(path):
    """Return the table of an earlier run, or None if there is none or it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            table = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            whole = _content_hash(path.name, table) == (file.metadata() or {}).get("sha256")
    except Exception:  # safetensors raises its own kind, and OSError
        return None
    return table if whole else None


def write_shard(picture, entry, config, folder):
    """Make one picture's patches, unless an earlier run has; return the classes' counts."""
    path = folder / entry["file"]
    if (table := _read(path)) is None:
        image = picture.load()
        if _hash_levels(to_levels(image)) != entry["pixels_sha256"]:
            raise DatasetError(f"the picture {picture.name} changed while at work; build again.")
        key = entry.get("key", entry["pixels_sha256"])  # what the draws for a picture hang on
        try:
            table = picture_patches(image, config, role=entry["role"], key=key)
        except (RuntimeError, MemoryError) as error:
            why = f"it cannot be blurred ({error}); scale it down, or use fewer workers."
            raise DatasetError(f"{picture.name}, {tuple(image.shape)}: {why}") from error
        content = to_bytes(table, metadata={"sha256": _content_hash(path.name, table)})
        with replacing(path) as file:
            file.write(content)
    made = {"sha256": hash_file(path)}
    for side, rows in (("train", ~table["test"]), ("test", table["test"])):
        classes = table["labels"][rows].long().bincount(minlength=config.num_classes)
        made[side] = classes.tolist()
    return made
