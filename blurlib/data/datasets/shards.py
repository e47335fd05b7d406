"""One picture's share of a dataset on disk: what names its file, and what is in it."""

import hashlib
import json
from dataclasses import asdict

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes

from ..._checks import check_choice
from ..._files import replacing
from ...blur import blur_varying, constant_field
from ..images import to_levels
from ..patches import crop_to_multiple, extract_patches
from ..protocols import SIGMA_MAX, count_patches
from ..sources.fetch import hash_file

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


def blur_levels(levels, sigma, config):
    """Blur an 8-bit picture as the protocol does, and round it again.

    Parameters
    ----------
    levels : Tensor of shape (H, W)
        uint8.
    sigma : float
        Nominal sigma in pixels.
    config : DatasetConfig
        Cut and border.

    Returns
    -------
    blurred : Tensor of shape (H, W)
        uint8.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from blurlib.data import DatasetConfig
    >>> blur_levels(torch.full((3, 3), 200, dtype=torch.uint8), 0.5, DatasetConfig())
    tensor([[160, 179, 160],
            [179, 200, 179],
            [160, 179, 160]], dtype=torch.uint8)
    """
    # Right to some millionths of a level: sigma is kept in single, the sums in double precision.
    blurred = blur_varying(
        levels.double(), constant_field(levels.shape, sigma).double(),
        truncate=config.truncate, padding_mode=config.padding_mode)  # fmt: skip
    return torch.floor(blurred + 0.5).clamp(0, 255).to(torch.uint8)


def _generator(*parts):
    """Return a generator seeded by what it is for, whatever was drawn before elsewhere."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def draw_sigmas(config, key):
    """Return the sigma with which a picture is blurred for each class.

    Parameters
    ----------
    config : DatasetConfig
        Classes, and whether sigma is continuous.
    key : str
        Names the picture: continuous sigmas are drawn by seed and key.

    Returns
    -------
    sigmas : list of float
        In pixels.

    Examples
    --------
    >>> from blurlib.data import DatasetConfig
    >>> draw_sigmas(DatasetConfig(num_classes=3), "D1")
    [1.0, 2.0, 3.0]
    """
    step = SIGMA_MAX / config.num_classes
    if not config.continuous:
        return [SIGMA_MAX * (k + 1) / config.num_classes for k in range(config.num_classes)]
    rng = _generator(config.seed, key, "sigma")
    draws = torch.rand(config.num_classes, generator=rng, dtype=torch.float64)
    return [step * (k + draw) for k, draw in enumerate(draws.tolist())]


def picture_patches(image, config, *, role="both", key=""):
    """Blur one picture in every class and take its patches.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Sharp, in [0, 1]; rounded to 8 bits first.
    config : DatasetConfig
        The protocol.
    role : {"both", "train", "test"}, optional
        Whether the kept patches are shared out, or belong to one side.
    key : str, optional
        Names the picture: draws depend on seed, key and class, on nothing else.

    Returns
    -------
    table : dict of Tensors
        One row a patch: ``patches`` (N, P, P) uint8; ``sigmas`` (N,) float32; ``labels`` (N,)
        int16, the class; ``places`` (N,) int32, the patch's number in the picture, row by row;
        ``test`` (N,) bool.

    Raises
    ------
    TypeError, ValueError
        If the picture is smaller than a patch, or so small that no patch is kept.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slide 6 and scripts; key
       ``patro``.
    .. [2] Chapter "Textures and datasets", ``book/data/textures_and_datasets.ipynb``.

    Examples
    --------
    >>> from blurlib.data import DatasetConfig
    >>> table = picture_patches(torch.rand(96, 96), DatasetConfig(num_classes=10))
    >>> table["patches"].shape, int(table["test"].sum())
    (torch.Size([20, 32, 32]), 10)
    """
    check_choice(role, "role", ("both", "train", "test"))
    levels = to_levels(crop_to_multiple(image, config.patch_size))
    kept, num_test = count_patches(levels.shape, config)
    if kept == 0:
        raise ValueError(f"{tuple(image.shape)} pixels give no patch to keep; pass a larger one.")
    sigmas, patches, places = draw_sigmas(config, key), [], []
    for label, sigma in enumerate(sigmas):
        blurred = blur_levels(levels, sigma, config)
        cut = extract_patches(blurred.float(), config.patch_size)[:, 0].to(torch.uint8)
        rng = _generator(config.seed, key, label)
        places.append(torch.randperm(len(cut), generator=rng)[:kept])
        patches.append(cut[places[-1]])
    test = torch.arange(kept) < (num_test if role == "both" else kept * (role == "test"))
    return {
        "patches": torch.cat(patches),
        "sigmas": torch.tensor(sigmas, dtype=torch.float32).repeat_interleave(kept),
        "labels": torch.arange(len(sigmas), dtype=torch.int16).repeat_interleave(kept),
        "places": torch.cat(places).to(torch.int32), "test": test.repeat(len(sigmas))}  # fmt: skip
