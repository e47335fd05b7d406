"""Learning blur: the networks, the training loop, and weights in files."""

from .catalogue import CHOICES, CURVE, PATCH_SIZES, RECIPES, SHIPPED, SIZES
from .checkpoints import (
    CheckpointError,
    load_network,
    pretrained,
    pretrained_names,
    save_network,
)
from .log import RunLog
from .networks import (
    CLASSIFIERS,
    INITIALISATIONS,
    NETWORKS,
    SIGMA_MAX,
    BlurClassifier,
    PixelNetwork,
    SpectrumNetwork,
    ThesisNetwork,
    class_sigmas,
)
from .processes import is_first, process_group
from .recipes import Recipe, device_name, prepare_recipe, run_recipe, split_scans, thin_history
from .resume import Checkpoint
from .sigma_net import SigmaNet
from .training import TrainConfig, TrainingRun, train

__all__ = [
    "CHOICES",
    "CLASSIFIERS",
    "CURVE",
    "INITIALISATIONS",
    "NETWORKS",
    "PATCH_SIZES",
    "RECIPES",
    "SHIPPED",
    "SIGMA_MAX",
    "SIZES",
    "BlurClassifier",
    "Checkpoint",
    "CheckpointError",
    "PixelNetwork",
    "Recipe",
    "RunLog",
    "SigmaNet",
    "SpectrumNetwork",
    "ThesisNetwork",
    "TrainConfig",
    "TrainingRun",
    "class_sigmas",
    "device_name",
    "is_first",
    "load_network",
    "pretrained",
    "pretrained_names",
    "prepare_recipe",
    "process_group",
    "run_recipe",
    "save_network",
    "split_scans",
    "thin_history",
    "train",
]
