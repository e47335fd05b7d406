"""Learning blur: the networks, the training loop, and weights in files."""

from .catalogue import (
    CHOICES,
    CURVE,
    PATCH_SIZES,
    READOUT_STUDY,
    RECIPES,
    REGRESSION,
    SHIPPED,
    SIZES,
)
from .checkpoints import (
    CheckpointError,
    load_network,
    pretrained,
    pretrained_names,
    save_network,
)
from .heads import HEADS, DirectNetwork, GaussianNetwork, OrdinalNetwork
from .log import RunLog
from .mix import CropMix
from .muon import Muon
from .networks import (
    CLASSIFIERS,
    INITIALISATIONS,
    SIGMA_MAX,
    BlurClassifier,
    PatchNetwork,
    PixelNetwork,
    SpectrumNetwork,
    ThesisNetwork,
    class_sigmas,
)
from .onnx import export_onnx
from .processes import is_main_process, process_group
from .readout import READOUTS, read_out
from .recipes import (
    Recipe,
    device_name,
    prepare_recipe,
    run_recipe,
    split_scans,
    thin_history,
)
from .registry import NETWORKS
from .resume import Checkpoint
from .sigma_net import SigmaNet, SmallSigmaNet, folded_log_power
from .training import TrainConfig, TrainingRun, train

__all__ = [
    "CHOICES",
    "CLASSIFIERS",
    "CURVE",
    "HEADS",
    "INITIALISATIONS",
    "NETWORKS",
    "PATCH_SIZES",
    "READOUTS",
    "READOUT_STUDY",
    "RECIPES",
    "REGRESSION",
    "SHIPPED",
    "SIGMA_MAX",
    "SIZES",
    "BlurClassifier",
    "Checkpoint",
    "CheckpointError",
    "CropMix",
    "DirectNetwork",
    "GaussianNetwork",
    "Muon",
    "OrdinalNetwork",
    "PatchNetwork",
    "PixelNetwork",
    "Recipe",
    "RunLog",
    "SigmaNet",
    "SmallSigmaNet",
    "SpectrumNetwork",
    "ThesisNetwork",
    "TrainConfig",
    "TrainingRun",
    "class_sigmas",
    "device_name",
    "export_onnx",
    "folded_log_power",
    "is_main_process",
    "load_network",
    "prepare_recipe",
    "pretrained",
    "pretrained_names",
    "process_group",
    "read_out",
    "run_recipe",
    "save_network",
    "split_scans",
    "thin_history",
    "train",
]
