"""Learning blur: the networks, the training loop, and weights in files."""

from .._checks import public as _public
from ..data.protocols import SIGMA_MAX, class_sigmas
from .checkpoints import CheckpointError, load_network, pretrained, pretrained_names, save_network
from .classifiers import PixelNetwork, SpectrumNetwork, ThesisNetwork
from .heads import NETWORKS, DirectNetwork, GaussianNetwork, OrdinalNetwork
from .local_spectra import folded_log_power
from .muon import Muon
from .networks import INITIALISATIONS, READOUTS, BlurClassifier, BlurNetwork, PatchNetwork, read_out
from .onnx import export_onnx
from .prepare import device_name, prepare_recipe, run_recipe, thin_history
from .recipes import SHIPPED, CropMix, Recipe
from .resume import Checkpoint, RunLog
from .sigma_net import SigmaNet, SmallSigmaNet
from .splits import DEVELOPMENT, development_split, split_scans
from .training import TrainConfig, TrainingRun, is_main_process, process_group, train

__all__ = _public(globals())
