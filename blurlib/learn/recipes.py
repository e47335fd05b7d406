"""Recipes: everything that decides a training run, written down and named."""

import platform
from dataclasses import asdict, dataclass, field

import torch

from .. import __version__
from .._checks import check_choice, check_device, check_integer
from ..data.free import free_textures
from ..data.stream import PatchStream
from .networks import NETWORKS
from .training import TrainConfig, train


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
        Procedural textures of each family, when trained on the free pictures.
    seed : int
        Of every draw: textures, weights, patches.
    config : TrainConfig
        Steps, batch and rate.
    """

    network: str = "spectrum"
    num_classes: int = 30
    textures_each: int = 4
    seed: int = 0
    config: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self):
        check_choice(self.network, "network", NETWORKS)
        check_integer(self.num_classes, "num_classes")
        check_integer(self.textures_each, "textures_each")
        check_integer(self.seed, "seed", low=0)


#: The recipes of the weights that come with the package.
RECIPES = {
    "spectrum-30": Recipe(
        "spectrum", textures_each=12, config=TrainConfig(num_steps=8000, batch_size=128, lr=2e-3)
    ),
    "thesis-30": Recipe(
        "thesis", textures_each=12, config=TrainConfig(num_steps=6000, batch_size=50, lr=1e-3)
    ),
}


def run_recipe(recipe, *, images=None, device="cpu", progress=False):
    """Train a network from nothing.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    images : sequence of Tensors of shape (H, W), optional
        Sharp images to train on; by default `blurlib.data.free_textures`.
    device : str or torch.device, optional
        Where to train.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    network : BlurClassifier
        Trained, in evaluation mode.
    record : dict
        Recipe, data, device, versions, seconds and the history in a hundred means, for JSON.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        As `blurlib.data.PatchStream` and `blurlib.learn.train`.
    """
    source = "images given by the user"
    if images is None:
        source = "procedural textures and packaged photographs (blurlib.data.free_textures)"
    network, stream = prepare_recipe(recipe, images=images, device=device)
    history = train(network, stream, recipe.config, device=device, progress=progress)
    record = {
        "recipe": asdict(recipe),
        "data": {"source": source, "num_images": stream.num_images},
        "device": f"{torch.device(device).type}, {torch.get_num_threads()} threads",
        "versions": {
            "blurlib": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "seconds": round(history["seconds"][-1], 1),
        "history": thin_history(history),
    }
    return network, record


def prepare_recipe(recipe, *, images=None, device="cpu"):
    """Return what a recipe starts from: an untrained network, and the stream it learns from.

    Parameters
    ----------
    recipe, images, device
        As `run_recipe`.

    Returns
    -------
    network : BlurClassifier
        Initialised from the recipe's seed.
    stream : PatchStream
        From the same generator, so the two belong together.

    Raises
    ------
    TypeError, ValueError
        As `blurlib.data.PatchStream`.
    """
    check_device(device)  # before the textures are drawn
    rng = torch.Generator().manual_seed(recipe.seed)
    if images is None:
        images = free_textures(rng=rng, num_each=recipe.textures_each)
    network = NETWORKS[recipe.network](recipe.num_classes).initialise(rng)
    return network, PatchStream(images, network.sigmas, rng=rng, device=device)


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
