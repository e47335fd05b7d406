"""Recipes: everything that decides a training run, written down and named."""

import hashlib
import platform
import tempfile
from dataclasses import asdict, dataclass, field

import torch
from torch import distributed
from torch.nn import functional

from .. import __version__
from .._checks import check_choice, check_device, check_integer
from ..data.dataset import build_dataset, load_dataset
from ..data.free import free_textures
from ..data.protocols import DatasetConfig, split_materials
from ..data.stream import PatchStream
from .networks import NETWORKS
from .training import TrainConfig, train

#: What a recipe trains on, in words for records and model cards.
SOURCES = {
    "free": "procedural textures and packaged photographs (blurlib.data.free_textures)",
    "as-published": "Brodatz scans as published: fixed patches of every scan, 70 % of those kept",
    "unseen": "Brodatz scans of 70 % of the materials, also at half size, and the free pictures",
}


@dataclass(frozen=True)
class Recipe:
    """What a run is made of; the same recipe on the same machine gives the same weights.

    Attributes
    ----------
    network : str
        One of `blurlib.learn.NETWORKS`.
    num_classes : int
        Classes of sigma, in equal steps up to 3 pixels.
    textures_each : int
        Procedural textures of each family, where free pictures are trained on.
    seed : int
        Of every draw: textures, split, weights, patches.
    source : {"free", "as-published", "unseen"}
        What it is trained on; the last two need the Brodatz scans.
    config : TrainConfig
        Steps, batch and rate.
    """

    network: str = "spectrum"
    num_classes: int = 30
    textures_each: int = 4
    seed: int = 0
    source: str = "free"
    config: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self):
        check_choice(self.network, "network", NETWORKS)
        check_integer(self.num_classes, "num_classes")
        check_integer(self.textures_each, "textures_each")
        check_integer(self.seed, "seed", low=0)
        check_choice(self.source, "source", SOURCES)


_THESIS = TrainConfig(num_steps=6000, batch_size=50, lr=1e-3)

#: The recipes of the weights that come with the package, and of those still to come.
RECIPES = {
    "spectrum-30": Recipe(
        "spectrum", textures_each=12, config=TrainConfig(num_steps=8000, batch_size=128, lr=2e-3)
    ),
    "thesis-30": Recipe("thesis", textures_each=12, config=_THESIS),
    **{
        f"thesis-{classes}-{source}": Recipe("thesis", classes, source=source, config=_THESIS)
        for source in ("unseen", "as-published")
        for classes in (10, 30, 60)
    },
}


def run_recipe(
    recipe, *, images=None, scans=None, device="cpu", checkpoint=None, progress=False, look_on=None
):
    """Train a network from nothing, or go on where a checkpoint stands.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    images : sequence of Tensors of shape (H, W), optional
        Sharp images to train on instead of the recipe's.
    scans : Collection, optional
        The Brodatz scans, for a recipe whose source they are.
    device : str or torch.device, optional
        Where to train.
    checkpoint : callable, optional
        From the run's identity to the `Checkpoint` that saves and restores it.
    progress : bool, optional
        Whether to show a progress bar.
    look_on : callable, optional
        Called with the run after every step.

    Returns
    -------
    network : BlurClassifier
        Trained, in evaluation mode.
    record : dict
        Recipe, data, device, versions, seconds and the history in a hundred means, for JSON.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        As `prepare_recipe` and `blurlib.learn.train`.
    """
    network, stream, facts = prepare_recipe(recipe, images=images, scans=scans, device=device)
    identity = {"recipe": asdict(recipe), "data": facts}
    history = train(
        network, stream, recipe.config, device=device, progress=progress, look_on=look_on,
        checkpoint=None if checkpoint is None else checkpoint(identity),
    )  # fmt: skip
    record = {
        "recipe": asdict(recipe),
        "data": facts,
        "device": _device_name(device),
        "processes": distributed.get_world_size() if distributed.is_initialized() else 1,
        "versions": {
            "blurlib": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "seconds": round(history["seconds"][-1], 1),
        "history": thin_history(history),
    }
    return network, record


def _device_name(device):
    device = torch.device(device)
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    return f"{device.type}, {torch.get_num_threads()} threads"


def prepare_recipe(recipe, *, images=None, scans=None, device="cpu"):
    """Return what a recipe starts from.

    Parameters
    ----------
    recipe, images, scans, device
        As `run_recipe`.

    Returns
    -------
    network : BlurClassifier
        Initialised from the recipe's seed.
    stream : PatchStream or StoredPatches
        From the same generator, so the two belong together.
    facts : dict
        What is trained on: ``source``, ``num_images``, ``sha256`` of their content, and for Brodatz
        scans the names that were put ``aside``.

    Raises
    ------
    TypeError, ValueError
        If the scans are needed and not given, or as `blurlib.data.PatchStream`.
    """
    device = check_device(device)  # before the textures are drawn
    rng = torch.Generator().manual_seed(recipe.seed)
    if images is None and recipe.source != "free" and scans is None:
        raise ValueError(
            f"the recipe trains on Brodatz scans ({recipe.source}); name the folder that has them."
        )
    if images is None and recipe.source == "as-published":
        return _published(recipe, scans, device, rng)
    facts = {"source": "images given by the user"}
    if images is None:
        facts = {"source": SOURCES[recipe.source]}
        images = free_textures(rng=rng, num_each=recipe.textures_each)
        if recipe.source == "unseen":
            sharp, facts["aside"] = _training_scans(scans, recipe.seed)
            images = [*sharp, *images]
    network = NETWORKS[recipe.network](recipe.num_classes).initialise(rng)
    stream = PatchStream(images, network.sigmas, rng=rng, device=device)
    digest = hashlib.sha256()
    for image in images:
        digest.update(image.float().contiguous().numpy().tobytes())
    return network, stream, {
        **facts, "num_images": stream.num_images, "sha256": digest.hexdigest(),
    }  # fmt: skip


def _training_scans(scans, seed):
    """Return the scans of the training materials, whole and at half size; and the others' names."""
    aside = split_materials(
        [scan.material for scan in scans], DatasetConfig().test_share,
        rng=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    sharp = [scan.load() for scan, test in zip(scans, aside, strict=True) if not test]
    halves = [functional.avg_pool2d(image[None, None], 2)[0, 0] for image in sharp]
    names = [scan.name for scan, test in zip(scans, aside, strict=True) if test]
    return [*sharp, *halves], names


def _published(recipe, scans, device, rng):
    """Build the dataset as published; the stream gives its training patches, again and again."""
    config = DatasetConfig(num_classes=recipe.num_classes, seed=recipe.seed)
    with tempfile.TemporaryDirectory() as folder:
        manifest = build_dataset(scans, folder, config)
        dataset = load_dataset(folder)
    network = NETWORKS[recipe.network](recipe.num_classes).initialise(rng)
    facts = {
        "source": SOURCES["as-published"], "num_images": len(manifest["pictures"]),
        "num_patches": len(dataset.train), "sha256": manifest["sha256"],
    }  # fmt: skip
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
    return {
        "steps_a_point": size,
        **{
            name: [
                round(sum(values[i : i + size]) / len(values[i : i + size]), 4)
                for i in range(0, len(values), size)
            ]
            for name, values in history.items()
        },
    }
