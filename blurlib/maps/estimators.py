"""Estimators by name: what the command line's ``--estimator`` knows."""

from dataclasses import dataclass
from pathlib import Path

import torch

from .._checks import check_choice, check_device
from ..data import as_image, load_image
from ..learn import READOUTS, PatchNetwork, SigmaNet, load_network, pretrained, pretrained_names
from .classical import CLASSICAL, classical_estimator
from .dense import has_dense_form, run_dense, run_sliding
from .estimator import Estimator
from .pyramid import RegressionEstimator

#: What is used when none is named.
DEFAULT_ESTIMATOR = "sigma-net"

#: How a network on patches may run over an image.
RUNS = ("auto", "dense", "sliding")

#: From this stride on, windows share so little that sliding costs less than the dense form.
_SLIDING_FROM = 16


@dataclass(frozen=True)
class PatchEstimator(Estimator):
    """A network that looks at patches, as an estimator.

    Attributes
    ----------
    network : PatchNetwork
        The trained network; it decides patch size and device.
    readout : {"mean", "argmax"}
        How its classes become a sigma.
    method : {"auto", "dense", "sliding"}
        One pass over the image or a window at a time: the same numbers, another cost.

    Raises
    ------
    TypeError, ValueError
        If the network is of another kind or has no dense form where one is asked for, or a name is
        unknown.
    """

    network: PatchNetwork
    readout: str = "mean"
    method: str = "auto"
    tile = 192

    def __post_init__(self):
        if not isinstance(self.network, PatchNetwork):
            kind = f"{type(self.network).__name__}; estimator_of makes an estimator of any network"
            raise TypeError(f"network must look at patches, got {kind}.")
        check_choice(self.readout, "readout", READOUTS)
        check_choice(self.method, "method", RUNS)
        if self.method == "dense" and not has_dense_form(self.network):
            kind = type(self.network).__name__
            raise ValueError(f"a {kind} has no dense form; pass method='sliding'.")

    @property
    def patch_size(self):
        """Side of the window in pixels."""
        return self.network.patch_size

    @property
    def has_classes(self):
        """Whether a readout makes a difference."""
        return self.network.has_classes

    def answer(self, image, stride):
        """Answer for every window, with std if the network states it: see `Estimator.answer`."""
        dense = self.method == "dense"
        if self.method == "auto":
            dense = has_dense_form(self.network) and stride < _SLIDING_FROM
        run = run_dense if dense else run_sliding
        answers = run(self.network, image[None, None].to(self.network.mean), stride=stride)
        sigma, std = self.network.decode(answers, self.readout)
        return sigma if std is None else torch.cat([sigma, std])


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
    estimator : Estimator

    Raises
    ------
    ValueError
        If the name is neither known nor a file, the file is damaged, or there is no such device.

    Examples
    --------
    >>> import torch
    >>> load_estimator("spectrum-30").predict(torch.rand(64, 64), stride=16).sigma.shape
    torch.Size([5, 5])
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
        others = f"one of {', '.join(estimator_names())} or a file written by 'blurlib train'"
        raise ValueError(f"there is no estimator {name!r}; pass {others}.")
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
    estimator : Estimator

    Raises
    ------
    TypeError, ValueError
        If the network is of another kind, or there is no such readout.
    """
    check_choice(readout, "readout", READOUTS)
    if isinstance(network, PatchNetwork):
        return PatchEstimator(network, readout)
    if isinstance(network, SigmaNet):
        return RegressionEstimator(network)
    kind = f"{type(network).__name__}; of another kind make an Estimator of your own"
    raise TypeError(f"network must be a PatchNetwork or a SigmaNet, got {kind}.")


def estimate(image, estimator=DEFAULT_ESTIMATOR, *, stride=None, progress=False):
    """Estimate how strongly an image is blurred, at each of its pixels.

    Parameters
    ----------
    image : array_like, str or Path
        An image as `blurlib.data.as_image` takes it, grey or in colour, or the path of one.
    estimator : str or Estimator, optional
        As `load_estimator` takes it.
    stride : int, optional
        Step in pixels between the places that are asked; between them the map is interpolated.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    found : SigmaMap
        Of the image's size.

    Raises
    ------
    TypeError, ValueError
        If the image cannot be read or used, or the estimator is unknown.

    References
    ----------
    .. [1] Chapter "Your first sigma map", ``book/start/your_first_sigma_map.ipynb``.

    Examples
    --------
    >>> from blurlib import data
    >>> found = estimate(data.packaged_image("grass")[:64, :80])
    >>> found.sigma.shape, found.std.shape
    (torch.Size([64, 80]), torch.Size([64, 80]))
    """
    image = load_image(image) if isinstance(image, str | Path) else as_image(image)
    if not isinstance(estimator, Estimator):
        estimator = load_estimator(estimator)
    return estimator.predict(image, stride=stride, progress=progress).full_size()


def predict_sigma_map(network, image, *, stride=1, readout="mean", method="auto", progress=False):
    """Estimate the sigma of every window that fits into an image.

    Parameters
    ----------
    network : PatchNetwork
        A trained network; it decides the patch size and the device.
    image : Tensor of shape (H, W)
        Blurred image in [0, 1], at least a patch a side.
    stride : int, optional
        Step between windows in pixels.
    readout : {"mean", "argmax"}, optional
        How classes become a sigma: see `blurlib.learn.read_out`.
    method : {"auto", "dense", "sliding"}, optional
        One pass over the image or a window at a time: the same numbers, another cost.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    sigma_map : Tensor of shape (rows, columns)
        In pixels, on the CPU; rows = (H - patch_size) // stride + 1. The window that starts at
        (r, c) speaks for pixel (r + patch_size / 2, c + patch_size / 2): see `crop_to_windows`.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W) or smaller than a patch, a name is unknown, or the network has
        no dense form and one is asked for.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.

    Examples
    --------
    >>> from blurlib.learn import ThesisNetwork
    >>> predict_sigma_map(ThesisNetwork(), torch.rand(40, 50), stride=4).shape
    torch.Size([3, 5])
    """
    estimator = PatchEstimator(network, readout, method)
    return estimator.predict(image, stride=stride, border="valid", progress=progress).sigma
