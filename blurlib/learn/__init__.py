"""Learning blur: the networks, the training loop, and weights in files."""

from .checkpoints import (
    CheckpointError,
    load_network,
    pretrained,
    pretrained_names,
    save_network,
)
from .log import RunLog
from .networks import (
    NETWORKS,
    SIGMA_MAX,
    BlurClassifier,
    SpectrumNetwork,
    ThesisNetwork,
    class_sigmas,
)
from .processes import is_first, process_group
from .recipes import RECIPES, Recipe, prepare_recipe, run_recipe, thin_history
from .resume import Checkpoint
from .training import TrainConfig, TrainingRun, train

__all__ = [
    "NETWORKS",
    "RECIPES",
    "SIGMA_MAX",
    "BlurClassifier",
    "Checkpoint",
    "CheckpointError",
    "Recipe",
    "RunLog",
    "SpectrumNetwork",
    "ThesisNetwork",
    "TrainConfig",
    "TrainingRun",
    "class_sigmas",
    "is_first",
    "load_network",
    "pretrained",
    "pretrained_names",
    "prepare_recipe",
    "process_group",
    "run_recipe",
    "save_network",
    "thin_history",
    "train",
]
