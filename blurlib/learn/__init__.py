"""Learning blur: the networks, the training loop, and weights in files."""

from .checkpoints import (
    CheckpointError,
    load_network,
    pretrained,
    pretrained_names,
    save_network,
)
from .networks import (
    NETWORKS,
    SIGMA_MAX,
    BlurClassifier,
    SpectrumNetwork,
    ThesisNetwork,
    class_sigmas,
)
from .recipes import RECIPES, Recipe, prepare_recipe, run_recipe, thin_history
from .training import TrainConfig, train, train_steps

__all__ = [
    "NETWORKS",
    "RECIPES",
    "SIGMA_MAX",
    "BlurClassifier",
    "CheckpointError",
    "Recipe",
    "SpectrumNetwork",
    "ThesisNetwork",
    "TrainConfig",
    "class_sigmas",
    "load_network",
    "pretrained",
    "pretrained_names",
    "prepare_recipe",
    "run_recipe",
    "save_network",
    "thin_history",
    "train",
    "train_steps",
]
