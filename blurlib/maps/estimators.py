"""Estimators by name: what the command line's ``--estimator`` knows."""

from dataclasses import dataclass
from pathlib import Path

import torch

from .._checks import check_choice, check_device
from ..learn import (
    READOUTS,
    GaussianNetwork,
    PatchNetwork,
    load_network,
    pretrained,
    pretrained_names,
)
from .classical import CLASSICAL, classical_estimator
from .predict import predict_layers, predict_sigma_map
from .regress import RegressionEstimator

#: What is used when none is named.
DEFAULT_ESTIMATOR = "sigma-net"


@dataclass(frozen=True)
class NetworkEstimator:
    """A trained network as a function from an image to a sigma map on the window grid.

    Attributes
    ----------
    network : PatchNetwork
        The trained network.
    readout : str
        How its classes become a sigma.
    """

    network: PatchNetwork
    readout: str = "mean"

    @property
    def patch_size(self):
        """Side of the window in pixels."""
        return self.network.patch_size

    @property
    def own_stride(self):
        """Step between the places where it can answer, in pixels."""
        return 1

    @property
    def min_side(self):
        """Smallest side, in pixels, of an image that `predict_full_size` may be asked about."""
        return self.network.patch_size

    def __call__(self, image, *, stride=1, progress=False):
        """Return the sigma map of every window: see `predict_sigma_map`."""
        return predict_sigma_map(
            self.network, image, stride=stride, readout=self.readout, progress=progress
        )


@dataclass(frozen=True)
class GaussianEstimator(NetworkEstimator):
    """A network on patches that states its deviation, as an estimator: `GaussianNetwork`."""

    def with_doubt(self, image, *, stride=1, progress=False):
        """Return sigma and deviation of every window as one tensor (2, rows, columns)."""

        def read(answers):
            return torch.cat(
                [self.network.read_out(answers, self.readout), self.network.deviation(answers)]
            )

        return predict_layers(self.network, image, read, stride=stride, progress=progress)


def estimator_names():
    """Return the names that `load_estimator` knows, beside the paths of weights files.

    Returns
    -------
    names : tuple of str
    """
    return (*pretrained_names(), *CLASSICAL)


def load_estimator(name=DEFAULT_ESTIMATOR, *, readout="mean", device="cpu"):
    """Return the estimator of a name.

    Parameters
    ----------
    name : str
        One of `estimator_names`, or the path of a file that ``blurlib train`` wrote.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma; what has no classes takes no notice of it.
    device : str or torch.device, optional
        Where to compute; the classical methods always do so on the CPU.

    Returns
    -------
    estimator : callable
        ``estimator(image, stride=1)`` returns a sigma map on the window grid.

    Raises
    ------
    ValueError
        If the name is neither known nor a file, the file is damaged, or there is no such device.

    Examples
    --------
    >>> import torch
    >>> load_estimator("spectrum-30")(torch.rand(64, 64), stride=16).shape
    torch.Size([3, 3])
    """
    check_choice(readout, "readout", READOUTS)
    device = check_device(device)
    if name in CLASSICAL:
        return classical_estimator(name)
    if name in pretrained_names():
        network, _ = pretrained(name)
    elif Path(name).is_file():
        network, _ = load_network(name)
    else:
        raise ValueError(
            f"there is no estimator {name!r}; pass one of {', '.join(estimator_names())} or the "
            "path of a weights file written by 'blurlib train'."
        )
    return estimator_of(network.to(device), readout)


def estimator_of(network, readout="mean"):
    """Return a network as an estimator.

    Parameters
    ----------
    network : PatchNetwork or SigmaNet
        Trained.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma.

    Returns
    -------
    estimator : NetworkEstimator or RegressionEstimator
    """
    if isinstance(network, GaussianNetwork):
        return GaussianEstimator(network, readout)
    if isinstance(network, PatchNetwork):
        return NetworkEstimator(network, readout)
    return RegressionEstimator(network)
