"""How the networks that do not estimate sigma are trained: ``python -m reproduce.training``."""

from .deblur_net import CONFIG, train_restorer
from .motion_net import MOTION_CONFIG, train_motion

__all__ = ["NETWORKS_HERE", "train_motion", "train_restorer"]

#: By name: what trains each, its steps, and the unit of the error that its run shows.
NETWORKS_HERE = {
    "deblur-net": (train_restorer, CONFIG, "levels of 255"),
    "motion-net": (train_motion, MOTION_CONFIG, "px"),
}
