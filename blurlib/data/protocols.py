r"""Protocols: which patches a dataset takes from a picture, and which of them are for testing.

As published, step by step: crop to whole patches; blur with a gaussian cut at two sigma, zeros
beyond the border; round to 8 bits; keep a random quarter of the patches; put 30 % of those aside
for the test. The other protocol, *unseen*, puts whole materials aside instead.
"""

from collections import Counter
from dataclasses import dataclass

import torch

from .._checks import check_choice, check_generator, check_integer, check_number, check_shape
from ..blur import PADDING_MODES, THESIS_TRUNCATE
from .patches import PATCH_SIZE

#: Width of the thesis' range of sigmas: the last class, in pixels.
SIGMA_MAX = 3.0

#: What is put aside for the test: patches of every image, or all images of some materials. Each
#: name with the border that goes with it: zeros are the author's; mirrors leave no dark rim.
PROTOCOLS = {"as-published": "constant", "unseen": "reflect"}


def class_sigmas(num_classes, sigma_max=SIGMA_MAX):
    """Return the sigma of each class: equal steps up to `sigma_max`.

    Parameters
    ----------
    num_classes : int
        10, 30 and 60 give the steps 0.3, 0.1 and 0.05.
    sigma_max : float, optional
        Sigma of the last class in pixels.

    Returns
    -------
    sigmas : Tensor of shape (num_classes,)
        In pixels.

    Raises
    ------
    TypeError, ValueError
        If either is out of range.

    Examples
    --------
    >>> class_sigmas(3)
    tensor([1., 2., 3.])
    """
    # More is a damaged file or a slip of the finger, and gigabytes of weights.
    num_classes = check_integer(num_classes, "num_classes", high=10_000)
    sigma_max = check_number(sigma_max, "sigma_max", low=1e-3, high=100, unit="pixels")
    steps = torch.arange(1, num_classes + 1, dtype=torch.float64)
    return (sigma_max * steps / num_classes).float()


@dataclass(frozen=True)
class DatasetConfig:
    """What a dataset is made of; with the same pictures, the same to the last bit.

    Attributes
    ----------
    num_classes : int
        Classes of sigma, in equal steps up to 3 pixels: 10, 30 or 60 in the thesis.
    protocol : {"as-published", "unseen"}
        Whether single patches or whole materials are put aside for the test.
    seed : int
        Of every draw.
    continuous : bool
        Whether sigma is drawn anywhere within its class' step, rather than at its upper end.
    patch_size : int
        Side of the patches in pixels.
    keep : float
        Share of each blurred picture's patches that is kept, in (0, 1].
    test_share : float
        Share of the kept patches, or of the pictures, that is put aside, in (0, 1).
    padding_mode : str or None
        What lies beyond the border; None for what goes with the protocol: zeros ("constant") as
        published, mirrors ("reflect") for unseen textures.
    truncate : float
        Where the gaussians are cut, in sigmas.

    Raises
    ------
    TypeError, ValueError
        If one is out of range.
    """

    num_classes: int = 30
    protocol: str = "as-published"
    seed: int = 0
    continuous: bool = False
    patch_size: int = PATCH_SIZE
    keep: float = 0.25
    test_share: float = 0.30
    padding_mode: str | None = None
    truncate: float = THESIS_TRUNCATE

    def __post_init__(self):
        class_sigmas(self.num_classes)
        check_choice(self.protocol, "protocol", PROTOCOLS)
        padding_mode = PROTOCOLS[self.protocol] if self.padding_mode is None else self.padding_mode
        if not isinstance(self.continuous, bool):
            raise TypeError(f"continuous must be True or False, got {self.continuous!r}.")
        checked = {
            "num_classes": int(self.num_classes),
            "seed": check_integer(self.seed, "seed", low=0, high=2**63 - 1),
            "patch_size": check_integer(self.patch_size, "patch_size", low=2),
            "keep": check_number(self.keep, "keep", low=1e-6, high=1),
            "test_share": check_number(self.test_share, "test_share", low=1e-6, high=1 - 1e-6),
            "padding_mode": check_choice(padding_mode, "padding_mode", PADDING_MODES),
            "truncate": check_number(self.truncate, "truncate", low=0.5, high=20, unit="sigma"),
        }
        for name, value in checked.items():  # 1 and 1.0 are one protocol, and have one hash
            object.__setattr__(self, name, value)


def _share(number, share):
    """Return a share of a number of things, rounded, halves up."""
    return int(number * share + 0.5)


def count_patches(shape, config):
    """Return how many patches one blurred picture gives: the protocol's arithmetic.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the picture in pixels.
    config : DatasetConfig
        The protocol.

    Returns
    -------
    kept, test : (int, int)
        Patches kept of each blurred picture, and how many of them are put aside as published.

    Raises
    ------
    TypeError, ValueError
        If the shape is none.

    Examples
    --------
    A Brodatz scan has 20 x 20 patches; 100 are kept, 30 of them for the test.

    >>> count_patches((640, 640), DatasetConfig())
    (100, 30)
    """
    height, width = check_shape(shape)
    total = (height // config.patch_size) * (width // config.patch_size)
    kept = _share(total, config.keep)
    return kept, _share(kept, config.test_share)


def split_materials(materials, test_share, *, rng):
    """Put whole materials aside for the test, until a share of the pictures is.

    Parameters
    ----------
    materials : sequence of str
        The material of each picture; pictures of one material stay together.
    test_share : float
        Share of the pictures wanted for the test, in (0, 1).
    rng : torch.Generator
        Source of the order in which materials are tried; one is taken if it brings the number of
        pictures nearer to the share.

    Returns
    -------
    test : list of bool
        For each picture, whether it is put aside.

    Raises
    ------
    ValueError
        If there are fewer than two materials.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> split_materials(["cork", "straw", "cork", "sand"], 0.5, rng=rng)
    [False, True, False, True]
    """
    check_generator(rng, cpu=True)
    test_share = check_number(test_share, "test_share", low=0, high=1)
    count = Counter(materials)
    if len(count) < 2:
        only = f"got {len(count)} in {len(materials)} pictures; add others, or name the materials."
        raise ValueError(f"unseen textures need at least two materials, {only}")
    names = sorted(count)
    order = [names[i] for i in torch.randperm(len(names), generator=rng).tolist()]
    wanted = test_share * len(materials)
    test, aside = [], 0
    for name in order:
        nearer = abs(aside + count[name] - wanted) < abs(aside - wanted)
        if nearer and len(test) < len(order) - 1:  # something must be left to train on
            test.append(name)
            aside += count[name]
    if not test:  # every material is larger than twice what is wanted
        test = [min(order, key=count.get)]
    return [material in test for material in materials]
