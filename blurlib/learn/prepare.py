"""From a recipe to a trained network: its pictures, its stream, its run, its record."""

import hashlib
import tempfile
from platform import python_version
from statistics import fmean

import torch
from torch import distributed
from torch.nn import functional

from .. import __version__, data
from .._checks import check_device
from ..data import lights
from .recipes import TRAINED_ON
from .splits import development_split, split_scans
from .training import train


def run_recipe(recipe, *, device="cpu", checkpoint=None, progress=False, callback=None, **pictures):
    """Train a network from nothing, or go on where a checkpoint stands.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    device : str or torch.device, optional
        Where to train.
    checkpoint : callable, optional
        From the run's identity to the `Checkpoint` that saves and restores it.
    progress : bool, optional
        Whether to show a progress bar.
    callback : callable, optional
        Called with the run after every step.
    **pictures
        ``images``, ``scans`` and ``photographs``, as `prepare_recipe` takes them.

    Returns
    -------
    network : Module
        Trained, in evaluation mode.
    record : dict
        Recipe, data, device, versions, seconds and the history in a hundred means, for JSON.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        As `prepare_recipe` and `blurlib.learn.train`.
    """
    network, stream, facts = prepare_recipe(recipe, **pictures, device=device)
    # What was drawn follows from the recipe; its bits differ from one processor to the next, and
    # with the number of threads, and a run that moved is still the same run.
    files = {name: fact for name, fact in facts.items() if name != "sha256"}
    if checkpoint is not None:
        checkpoint = checkpoint({"recipe": recipe.as_dict(), "data": files})
    follow = {"checkpoint": checkpoint, "progress": progress, "callback": callback}
    history = train(network, stream, recipe.config, device=device, **follow)
    return network, record_of(recipe.as_dict(), facts, device, history)


def record_of(recipe, facts, device, history):
    """Return the record of a run, for a file's header: what was done, on what, and how it went."""
    return {
        "recipe": recipe, "data": facts, "device": device_name(device),
        "processes": distributed.get_world_size() if distributed.is_initialized() else 1,
        "versions": versions(), "seconds": round(history["seconds"][-1], 1),
        "history": thin_history(history)}  # fmt: skip


def versions():
    """Return the versions that decide a result, for a record."""
    return {"blurlib": __version__, "torch": torch.__version__, "python": python_version()}


def device_name(device):
    """Name a device for a record.

    Parameters
    ----------
    device : str or torch.device
        For instance "cuda".

    Returns
    -------
    name : str
        With the GPU's model, or the number of threads.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    return f"{device.type}, {torch.get_num_threads()} threads"


def prepare_recipe(recipe, *, images=None, scans=None, photographs=None, device="cpu"):
    """Return what a recipe starts from.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    images : sequence of Tensors of shape (H, W), optional
        Sharp images to train on instead of the recipe's.
    scans : Collection, optional
        The Brodatz scans, for a recipe whose source they are.
    photographs : Collection, optional
        From `blurlib.data.photographs`, for a recipe with a mix.
    device : str or torch.device, optional
        Where to train.

    Returns
    -------
    network : Module
        Initialised from the recipe's seed.
    stream : PatchStream, CropStream or StoredPatches
        From the same generator, so the two belong together.
    facts : dict
        What is trained on: ``source``, ``num_images``, ``sha256`` of all their pixels, and
        ``files_sha256`` of the scans that were read, if there are any; for Brodatz scans the names
        of those ``held_out``, with a mix also of the pictures set apart for ``development``.

    Raises
    ------
    TypeError, ValueError
        If the scans or photographs are needed and not given, or as `blurlib.data.PatchStream`.
    """
    device = check_device(device)  # before the textures are drawn
    rng = torch.Generator().manual_seed(recipe.seed)
    if images is None and recipe.source != "free" and scans is None:
        raise ValueError("the recipe trains on Brodatz scans; name the folder that has them.")
    if images is None and recipe.mix is not None and photographs is None:
        raise ValueError("the recipe trains on photographs; name the folder that has them.")
    if images is None and recipe.source == "as-published":
        return _published(recipe, scans, device, rng)
    weights = None  # given images are drawn alike
    if images is not None:
        facts = {"source": "images given by the user", "files_sha256": _hash(images)}
    else:
        groups, facts = trained_on(recipe, scans, photographs, rng)
        images = [image for group in groups.values() for image in group]
        weights = recipe.mix and recipe.mix.weights(groups)
    network = recipe.new_network(rng)
    facts |= {"num_images": len(images), "sha256": _hash(images)}
    drawn = {"rng": rng, "device": device}
    if recipe.on_crops:
        return network, data.CropStream(images, recipe.crops, weights=weights, **drawn), facts
    drawn_as = {**network.drawn_sigmas, "patch_size": recipe.patch_size, "rounded": recipe.rounded}
    stream = data.PatchStream(images, **drawn_as, **drawn)
    if recipe.num_fixed:
        facts["num_patches"] = number = recipe.num_fixed
        batches = [stream.batch(min(1000, number - k)) for k in range(0, number, 1000)]
        stream = data.StoredPatches(*map(torch.cat, zip(*batches, strict=True)), **drawn)
    return network, stream, facts


def trained_on(recipe, scans, photographs, rng):
    """Return the images in groups; their source, and the names of the scans held out."""
    groups, facts, mix = {}, {"source": TRAINED_ON[recipe.source]}, recipe.mix
    if recipe.source == "unseen":
        training, held_out = split_scans(scans, data.DatasetConfig().seed)
        facts["held_out"] = [scan.name for scan in held_out]
        if mix is not None:
            pictures, development = development_split(scans, photographs)
            facts["development"] = [picture.name for picture in development]
            names = {scan.name for scan in training}
            training = [picture for picture in pictures if picture.name in names]
            taken = [picture for picture in pictures if picture.name not in names]
        groups["scans"] = [scan.load() for scan in training]
        sizes = (0.5,) if mix is None else mix.sizes
        groups["smaller_scans"] = [_smaller(x, size) for size in sizes for x in groups["scans"]]
        facts["files_sha256"] = _hash(groups["scans"])
    drawn = {"num_each": recipe.textures_each, "photographs": mix is None}
    groups["textures"] = data.free.training_images(rng=rng, **drawn)
    if mix is not None:
        smaller = (image for picture in taken for image in _photographed(picture))
        groups["photographs"] = [*data.free.free_photographs(), *smaller]
        groups["fields"] = data.free.gaussian_random_fields(recipe.num_fields, rng=rng)
        groups["cloth"] = data.free.synthetic_cloth(recipe.num_cloths, rng=rng)
    groups["pages"] = data.free.free_pages(recipe.num_pages, rng=rng)
    if mix is not None:
        groups["old_print"] = data.free.synthetic_prints(recipe.num_prints, rng=rng)
        kinds = [draw(recipe.num_lights, rng=rng) for draw in lights.KINDS]
        groups["lights"] = [image for kind in kinds for image in kind]
    return groups, facts


def _photographed(picture):
    """Return a photograph at half its size, sharp to the pixel; a large one also smaller."""
    image = picture.load()
    sizes = (0.5, 0.5, 0.35) if min(image.shape) > 400 else (0.5,)
    return [_smaller(image, size) for size in sizes]


def _hash(images):
    """Return a hash of the images' content."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(image.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _smaller(image, size):
    """Return an image at a share of its size: finer, and sharper."""
    if size == 0.5:
        return functional.avg_pool2d(image[None, None], 2)[0, 0]
    options = {"mode": "bicubic", "antialias": True, "align_corners": False}
    smaller = functional.interpolate(image[None, None], scale_factor=size, **options)
    return smaller[0, 0].clamp(0, 1)


def _published(recipe, scans, device, rng):
    """Build the dataset as published; the stream gives its training patches, again and again."""
    config = data.DatasetConfig(num_classes=recipe.num_classes, seed=recipe.seed)
    with tempfile.TemporaryDirectory() as folder:
        manifest = data.build_dataset(scans, folder, config)
        dataset = data.load_dataset(folder)
    network = recipe.new_network(rng)
    files = "".join(entry["pixels_sha256"] for entry in manifest["pictures"])
    facts = {
        "source": TRAINED_ON["as-published"], "num_images": len(manifest["pictures"]),
        "num_patches": len(dataset.train), "sha256": manifest["sha256"],
        "files_sha256": hashlib.sha256(files.encode()).hexdigest()}  # fmt: skip
    return network, dataset.train.stream(rng=rng, device=device), facts


def thin_history(history, num_points=100):
    """Return a history as means over equal runs of steps, short enough for a file's header.

    Parameters
    ----------
    history : dict of lists
        From `blurlib.learn.train`: one number a step under each name.
    num_points : int, optional
        Largest number of means under each name.

    Returns
    -------
    thin : dict
        The means by name, and ``steps_a_point``, how many steps each stands for.
    """
    size = -(-len(history["loss"]) // num_points)
    parts = [slice(first, first + size) for first in range(0, len(history["loss"]), size)]
    means = {k: [round(fmean(values[part]), 4) for part in parts] for k, values in history.items()}
    return {"steps_a_point": size} | means
