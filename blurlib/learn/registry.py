"""All networks by the names that files, recipes and the command line use."""

from .heads import HEADS
from .networks import CLASSIFIERS
from .sigma_net import SigmaNet, SmallSigmaNet

#: Those with classes, those with other answers on the same spectra, and those that see around.
NETWORKS = {**CLASSIFIERS, **HEADS, "sigma": SigmaNet, "sigma-small": SmallSigmaNet}
