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
from ..blur.psf import THESIS_TRUNCATE, gaussian_reach
from ..data.crops import CROP_SIZE, LARGEST_SIGMA, CropStream
from ..data.datasets import StoredPatches, build_dataset, load_dataset
from ..data.free import (
    free_pages,
    free_photographs,
    gaussian_random_fields,
    synthetic_cloth,
    synthetic_prints,
    training_images,
)
from ..data.patches import PATCH_SIZE
from ..data.protocols import SIGMA_MAX, DatasetConfig, split_materials
from ..data.stream import PatchStream
from .mix import CropMix
from .networks import INITIALISATIONS, BlurClassifier
from .registry import NETWORKS
from .sigma_net import SigmaNet
from .training import TrainConfig, train

#: What a recipe trains on, in words for records and model cards.
TRAINED_ON = {
    "free": "procedural textures, packaged photographs, and pages of text if any (blurlib.data)",
    "as-published": "Brodatz scans as published: fixed patches of every scan, 70 % of those kept",
    "unseen": "Brodatz scans of 70 % of the materials, also smaller, and the free pictures",
}


@dataclass(frozen=True)
class Recipe:
    """What a run is made of; the same recipe on the same machine gives the same weights.

    Attributes
    ----------
    network : str
        One of `blurlib.learn.NETWORKS`.
    num_classes : int
        Classes of sigma, in equal steps up to 3 pixels; networks without classes leave it at 30.
    patch_size : int
        Side of the patches in pixels.
    initialisation : {"he", "default"}
        How the first weights are drawn: see `BlurClassifier.initialise`.
    source : {"free", "as-published", "unseen"}
        What it is trained on; the last two need the Brodatz scans.
    textures_each : int
        Procedural textures of each family, where free pictures are trained on.
    num_pages : int
        Pages of printed text beside them; with a mix, as many scans of old print, pieces of
        cloth and gaussian random fields.
    rounded : bool
        Whether the patches are rounded to 8 bits; those as published always are.
    num_fixed : int
        How many patches are drawn once and learned again and again; 0 for fresh ones always.
    seed : int
        Of every draw: textures, patches, weights. Which scans are put aside does not depend on it,
        so that networks of several seeds can be scored on the same.
    config : TrainConfig
        Steps, batch and rate.
    mix : CropMix, optional
        For a network on crops that sees some pictures more often than others, and other blurs.
    """

    network: str = "spectrum"
    num_classes: int = 30
    patch_size: int = PATCH_SIZE
    initialisation: str = "he"
    source: str = "free"
    textures_each: int = 4
    num_pages: int = 0
    rounded: bool = True
    num_fixed: int = 0
    seed: int = 0
    config: TrainConfig = field(default_factory=TrainConfig)
    mix: CropMix | None = None

    def __post_init__(self):
        check_choice(self.network, "network", NETWORKS)
        check_integer(self.num_classes, "num_classes")
        check_integer(self.patch_size, "patch_size")
        check_choice(self.initialisation, "initialisation", INITIALISATIONS)
        check_choice(self.source, "source", TRAINED_ON)
        check_integer(self.textures_each, "textures_each")
        check_integer(self.num_pages, "num_pages", low=0)
        check_integer(self.num_fixed, "num_fixed", low=0)
        check_integer(self.seed, "seed", low=0)
        if self.on_crops:
            self._check_on_crops()
        if self.mix is not None and not (self.on_crops and self.source == "unseen"):
            raise ValueError("a mix is for networks on crops, with source 'unseen'.")
        if not issubclass(NETWORKS[self.network], BlurClassifier) and (
            self.num_classes != 30 or self.source == "as-published"
        ):
            raise ValueError(
                f"the network {self.network!r} has no classes: leave num_classes as it is, and do "
                "not train it on patches as published, which have."
            )
        drawn = self.num_pages == self.num_fixed == 0 and self.rounded
        if self.source == "as-published" and not (drawn and self.patch_size == PATCH_SIZE):
            raise ValueError(
                "patches as published are fixed, rounded and 32 x 32; num_pages, num_fixed, "
                "rounded and patch_size are for the other sources."
            )

    def _check_on_crops(self):
        if self.num_fixed or not self.rounded or self.source == "as-published":
            raise ValueError(f"the network {self.network!r} learns from fresh, rounded crops.")
        if (self.num_classes, self.patch_size, self.initialisation) != (30, PATCH_SIZE, "he"):
            raise ValueError(
                f"the network {self.network!r} has no classes, one size of windows and He's "
                "initialisation: leave num_classes, patch_size and initialisation as they are."
            )

    @property
    def on_crops(self):
        """Whether its network learns from crops with a field of sigma, not from patches."""
        return issubclass(NETWORKS[self.network], SigmaNet)

    @property
    def smallest_side(self):
        """Side of the smallest picture that can be trained on, in pixels: a cut and its blur."""
        if self.on_crops and self.mix is not None:
            return self.mix.smallest_side
        if self.on_crops:
            size, largest = CROP_SIZE, LARGEST_SIGMA
        else:
            size, largest = self.patch_size, SIGMA_MAX
        return size + 2 * int(gaussian_reach(torch.tensor(largest), THESIS_TRUNCATE))

    def as_dict(self):
        """Return it as a dict, without a mix where there is none, for records and files."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def new_network(self, rng):
        """Return the network that the recipe begins with."""
        if self.on_crops:
            return NETWORKS[self.network]().initialise(rng)
        kind = NETWORKS[self.network]
        classes = {"num_classes": self.num_classes} if issubclass(kind, BlurClassifier) else {}
        network = kind(**classes, patch_size=self.patch_size)
        return network.initialise(rng, self.initialisation)


def run_recipe(
    recipe, *, images=None, scans=None, validation=None, device="cpu", checkpoint=None,
    progress=False, callback=None,
):  # fmt: skip
    """Train a network from nothing, or go on where a checkpoint stands.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    images : sequence of Tensors of shape (H, W), optional
        Sharp images to train on instead of the recipe's.
    scans : Collection, optional
        The Brodatz scans, for a recipe whose source they are.
    validation : Patches, optional
        What a recipe with ``validate_every`` looks at.
    device : str or torch.device, optional
        Where to train.
    checkpoint : callable, optional
        From the run's identity to the `Checkpoint` that saves and restores it.
    progress : bool, optional
        Whether to show a progress bar.
    callback : callable, optional
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
    # What was drawn follows from the recipe; its bits differ from one processor to the next, and
    # with the number of threads, and a run that moved is still the same run.
    files = {name: fact for name, fact in facts.items() if name != "sha256"}
    identity = {"recipe": recipe.as_dict(), "data": files}
    history = train(
        network, stream, recipe.config, device=device, validation=validation, progress=progress,
        callback=callback,
        checkpoint=None if checkpoint is None else checkpoint(identity),
    )  # fmt: skip
    record = {
        "recipe": recipe.as_dict(),
        "data": facts,
        "device": device_name(device),
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
        What is trained on: ``source``, ``num_images``, ``sha256`` of all their pixels, and
        ``files_sha256`` of those that were read rather than drawn, if there are any; for Brodatz
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
    groups, facts = None, {"source": "images given by the user"}
    if images is not None:
        facts["files_sha256"] = _hash(images)
    else:
        groups, more = _trained_on(recipe, scans, rng)
        facts = {"source": TRAINED_ON[recipe.source], **more}
        images = [image for group in groups.values() for image in group]
    network = recipe.new_network(rng)
    if recipe.on_crops:
        stream = _crops(recipe.mix, groups, images, rng, device)
        return network, stream, {**facts, "num_images": len(images), "sha256": _hash(images)}
    stream = PatchStream(
        images, **network.drawn_sigmas, rng=rng, patch_size=recipe.patch_size,
        rounded=recipe.rounded, device=device,
    )  # fmt: skip
    facts |= {"num_images": len(images), "sha256": _hash(images)}
    if recipe.num_fixed:
        facts["num_patches"] = recipe.num_fixed
        parts = [stream.batch(min(1000, recipe.num_fixed - i))
                 for i in range(0, recipe.num_fixed, 1000)]  # fmt: skip
        patches, labels = (torch.cat(part) for part in zip(*parts, strict=True))
        stream = StoredPatches(patches, labels, rng=rng, device=device)
    return network, stream, facts


def _trained_on(recipe, scans, rng):
    """Return the images in groups, and the names of the scans that were put aside."""
    groups, facts = {}, {}
    num, mix = recipe.num_pages, recipe.mix
    if recipe.source == "unseen":
        training, aside = split_scans(scans, DatasetConfig().seed)
        facts["aside"] = [scan.name for scan in aside]
        groups["scans"] = _at_sizes(training, (1.0,))
        facts["files_sha256"] = _hash(groups["scans"])
        groups["smaller_scans"] = _at_sizes(training, (0.5,) if mix is None else mix.sizes)
    groups["textures"] = training_images(
        rng=rng, num_each=recipe.textures_each, photographs=mix is None
    )
    if mix is not None:
        groups["photographs"] = free_photographs()
        groups["fields"] = gaussian_random_fields(num, rng=rng)
        groups["cloth"] = synthetic_cloth(num, rng=rng)
    groups["pages"] = free_pages(num, rng=rng)
    if mix is not None:
        groups["old_print"] = synthetic_prints(num, rng=rng)
    if recipe.on_crops:  # some photographs are smaller than a crop and its blur
        groups = {
            name: [image for image in group if min(image.shape) >= recipe.smallest_side]
            for name, group in groups.items()
        }
    return groups, facts


def _crops(mix, groups, images, rng, device):
    """Return the stream that a network on crops learns from."""
    if mix is None:
        return CropStream(images, rng=rng, device=device)
    weights = None if groups is None else mix.weights(groups)  # given images are drawn alike
    return CropStream(
        images, rng=rng, crop_size=mix.crop_size, usual_max=mix.usual_max, ends=mix.ends,
        disks=mix.disks, contrast=mix.contrast, blends=mix.blends, weights=weights, device=device,
    )  # fmt: skip


def split_scans(scans, seed=0):
    """Put whole materials aside, as the protocol for unseen textures does.

    Parameters
    ----------
    scans : sequence of Picture
        For instance `blurlib.data.brodatz`.
    seed : int, optional
        Of the split.

    Returns
    -------
    training, aside : lists of Picture
        No material is in both.
    """
    test = split_materials(
        [scan.material for scan in scans], DatasetConfig().test_share,
        rng=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    sides = [], []
    for scan, is_test in zip(scans, test, strict=True):
        sides[is_test].append(scan)
    return sides


def _hash(images):
    """Return a hash of the images' content."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(image.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _at_sizes(scans, sizes):
    """Return the scans' pixels at several sizes: smaller is finer, and sharper."""
    sharp = [scan.load()[None, None] for scan in scans]
    resized = [
        functional.avg_pool2d(image, 2) if size == 0.5 else functional.interpolate(
            image, scale_factor=size, mode="bicubic", antialias=True, align_corners=False
        ).clamp(0, 1) if size != 1 else image
        for size in sizes
        for image in sharp
    ]  # fmt: skip
    return [image[0, 0] for image in resized]


def _published(recipe, scans, device, rng):
    """Build the dataset as published; the stream gives its training patches, again and again."""
    config = DatasetConfig(num_classes=recipe.num_classes, seed=recipe.seed)
    with tempfile.TemporaryDirectory() as folder:
        manifest = build_dataset(scans, folder, config)
        dataset = load_dataset(folder)
    network = recipe.new_network(rng)
    files = "".join(entry["pixels_sha256"] for entry in manifest["pictures"])
    facts = {
        "source": TRAINED_ON["as-published"], "num_images": len(manifest["pictures"]),
        "num_patches": len(dataset.train), "sha256": manifest["sha256"],
        "files_sha256": hashlib.sha256(files.encode()).hexdigest(),
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
