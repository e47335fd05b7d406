"""Trained networks in files: safetensors, never a pickle, with all it takes to rebuild them."""

import hashlib
import json
import lzma
from pathlib import Path

import torch

from .. import __version__
from .._checks import check_choice
from .._files import replacing
from .._sealed import header, seal, unseal
from .deblur_net import DeblurNet
from .heads import NETWORKS
from .motion_net import MotionNet

_FORMAT = 1
_WEIGHTS = Path(__file__).parent / "weights"

#: Packaged weights that others are trained from, and that nothing else is done with; of which
#: network each is.
STARTS = {"sigma-net-start": "sigma", "sigma-net-small-start": "sigma-small"}

#: Packaged weights that restore, or estimate motion, instead of sigma.
OTHER_TASKS = ("deblur-net", "motion-net")

#: Packaged weights that show, in the window laboratory, what a smaller window sees.
SMALLER = ("spectrum-30-8px", "spectrum-30-16px")

#: All kinds of networks that files hold.
_KINDS = {**NETWORKS, "deblur": DeblurNet, "motion": MotionNet}


class CheckpointError(ValueError):
    """A file that holds no network of this package, or a damaged one."""


def save_network(path, network, record=None):
    """Write a network to a file; an old file stays whole until the new one is.

    Parameters
    ----------
    path : str or path-like
        Where to; the ending .safetensors is usual.
    network : BlurClassifier
        One of `blurlib.learn.NETWORKS`; parameters are stored as float16.
    record : dict, optional
        How it was trained: anything JSON can hold. It comes back from `load_network`.

    Raises
    ------
    TypeError
        If the network is of no known kind, or the record no dict that JSON can hold.
    FloatingPointError
        If a weight is too large for float16, or not finite.
    OSError
        If the folder cannot be written.
    """
    kinds = {kind: name for name, kind in _KINDS.items()}
    if type(network) not in kinds:
        raise TypeError(
            f"network must be one of {', '.join(_KINDS)}, got {type(network).__name__}."
        )
    parameters = dict(network.named_parameters())
    tensors = {
        name: (tensor.half() if name in parameters else tensor).detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise FloatingPointError(
            "the network holds weights that float16 cannot hold; train it with a lower lr."
        )
    record = record or {}
    if not isinstance(record, dict):
        raise TypeError(f"record must be a dict, got {type(record).__name__}.")
    facts = {"format": _FORMAT, "network": kinds[type(network)], "settings": network.settings}
    content = seal(
        tensors, {"blurlib": json.dumps({**facts, "blurlib": __version__, "record": record})}
    )
    with replacing(path) as file:
        file.write(content)


def load_network(path):
    """Read a network that `save_network` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    network : BlurClassifier
        In evaluation mode, float32, on the CPU.
    record : dict
        How it was trained.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is damaged, of another program, or of a newer format.
    OSError
        If it cannot be read.

    Notes
    -----
    What `save_network` writes carries a hash of itself: a file without is refused, since nobody
    could tell whether it is whole.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no weights file {path}")
    return _rebuild(path, path.read_bytes())


def _rebuild(path, content):
    """Return the network and the record that a file's bytes describe."""
    try:
        facts = json.loads(header(content)["blurlib"])
        if facts["format"] != _FORMAT:
            raise CheckpointError(
                f"{path} has format {facts['format']!r}, this blurlib reads {_FORMAT}; update it."
            )
        tensors = {name: tensor.float() for name, tensor in unseal(content)[0].items()}
        kind = _KINDS[check_choice(facts["network"], "network", _KINDS)]
        network = kind(**facts["settings"])
        network.load_state_dict(tensors)
        record = dict(facts["record"])
    except CheckpointError:
        raise
    except Exception as error:  # whatever a damaged file makes the readers raise
        raise CheckpointError(
            f"{path} is damaged or was not written by blurlib ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:120]}); train or download it again."
        ) from None
    finite = all(torch.isfinite(tensor).all() for tensor in tensors.values())
    scales = (tensors.get(name, torch.ones(1)) for name in ("std", "std_scale"))
    if not finite or any((scale <= 0).any() for scale in scales):
        raise CheckpointError(f"{path} holds NaN, infinite or impossible weights; train it again.")
    return network.eval(), record


def pretrained_names():
    """Return the names of the networks that come with the package.

    Returns
    -------
    names : tuple of str
        What `pretrained` takes.
    """
    return tuple(sorted(_published().keys() - {*STARTS, *OTHER_TASKS, *SMALLER}))


def _published():
    """Return each packaged network's file and its published SHA-256, by the network's name."""
    try:
        hashes = json.loads((_WEIGHTS / "sha256.json").read_text())
        return {file.partition(".")[0]: (file, str(found)) for file, found in hashes.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"the packaged weights' list of hashes is damaged ({error}); install blurlib again."
        ) from None


def pretrained(name):
    """Load a network that comes with the package.

    Parameters
    ----------
    name : str
        One of `pretrained_names`; its model card lies beside it.

    Returns
    -------
    network : BlurClassifier
        In evaluation mode, float32, on the CPU.
    record : dict
        How it was trained.

    Raises
    ------
    ValueError
        If the name is unknown.
    CheckpointError
        If the file's hash is not the one that was published.

    Examples
    --------
    >>> network, record = pretrained("spectrum-30")
    >>> network.num_classes
    30
    """
    return packaged(check_choice(name, "name", pretrained_names()))


def packaged(name):
    """Do what `pretrained` does, of `STARTS`, `OTHER_TASKS` and `SMALLER` too."""
    file, published = _published()[name]
    try:
        data = (_WEIGHTS / file).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read ({error}); install blurlib again.") from None
    found = hashlib.sha256(data).hexdigest()
    if found != published:
        raise CheckpointError(
            f"{file} has SHA-256 {found[:16]}..., published was {published[:16]}...; "
            "install blurlib again."
        )
    if file.endswith(".xz"):  # the large ones are packed, bit for bit: it saves a seventh
        data = lzma.decompress(data)
    # What was hashed is what is read: never the file once more.
    return _rebuild(file, data)
