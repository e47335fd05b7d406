r"""Protocols: which patches a dataset takes from a picture, and which of them are for testing.

As published, step by step: crop to whole patches; blur with a gaussian cut at two sigma, zeros
beyond the border; round to 8 bits; keep a random quarter of the patches; put 30 % of those aside
for the test. The other protocol, *unseen*, puts whole materials aside instead.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import torch

from .._checks import (
    check_choice,
    check_generator,
    check_image,
    check_integer,
    check_number,
    check_shape,
)
from ..blur import PADDING_MODES, THESIS_TRUNCATE, blur_varying, constant_field
from .patches import PATCH_SIZE, crop_to_multiple, extract_patches

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
    num_classes = check_integer(num_classes, "num_classes")
    if num_classes > 10_000:  # a damaged file or a slip of the finger, and gigabytes of weights
        raise ValueError(f"num_classes must be at most 10,000, got {num_classes}.")
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
        if check_integer(self.seed, "seed", low=0) >= 2**63:
            raise ValueError(f"seed must be less than 2**63, got {self.seed}.")
        checked = {
            "num_classes": int(self.num_classes),
            "seed": int(self.seed),
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


def to_levels(image):
    """Round an image to 8-bit grey levels.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        In [0, 1].

    Returns
    -------
    levels : Tensor of shape (H, W)
        Whole numbers from 0 to 255, uint8; halves go up, as in MATLAB.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W).

    Examples
    --------
    >>> to_levels(torch.tensor([[0.0, 0.5, 1.0]]))
    tensor([[  0, 128, 255]], dtype=torch.uint8)
    """
    check_image(image, ndim=2)
    return torch.floor(image.double().clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def blur_levels(levels, sigma, config):
    """Blur an 8-bit picture as the protocol does, and round it again.

    Parameters
    ----------
    levels : Tensor of shape (H, W)
        uint8.
    sigma : float
        Nominal sigma in pixels.
    config : DatasetConfig
        Cut and border.

    Returns
    -------
    blurred : Tensor of shape (H, W)
        uint8.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> blur_levels(torch.full((3, 3), 200, dtype=torch.uint8), 0.5, DatasetConfig())
    tensor([[160, 179, 160],
            [179, 200, 179],
            [160, 179, 160]], dtype=torch.uint8)
    """
    # Right to some millionths of a level: sigma is kept in single, the sums in double precision.
    blurred = blur_varying(
        levels.double(), constant_field(levels.shape, sigma).double(),
        truncate=config.truncate, padding_mode=config.padding_mode,
    )  # fmt: skip
    return torch.floor(blurred + 0.5).clamp(0, 255).to(torch.uint8)


def _generator(*parts):
    """Return a generator seeded by what it is for, whatever was drawn before elsewhere."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def draw_sigmas(config, key):
    """Return the sigma with which a picture is blurred for each class.

    Parameters
    ----------
    config : DatasetConfig
        Classes, and whether sigma is continuous.
    key : str
        Names the picture: continuous sigmas are drawn by seed and key.

    Returns
    -------
    sigmas : list of float
        In pixels.

    Examples
    --------
    >>> draw_sigmas(DatasetConfig(num_classes=3), "D1")
    [1.0, 2.0, 3.0]
    """
    step = SIGMA_MAX / config.num_classes
    if not config.continuous:
        return [SIGMA_MAX * (k + 1) / config.num_classes for k in range(config.num_classes)]
    rng = _generator(config.seed, key, "sigma")
    draws = torch.rand(config.num_classes, generator=rng, dtype=torch.float64)
    return [step * (k + draw) for k, draw in enumerate(draws.tolist())]


def picture_patches(image, config, *, role="both", key=""):
    """Blur one picture in every class and take its patches.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        Sharp, in [0, 1]; rounded to 8 bits first.
    config : DatasetConfig
        The protocol.
    role : {"both", "train", "test"}, optional
        Whether the kept patches are shared out, or belong to one side.
    key : str, optional
        Names the picture: draws depend on seed, key and class, on nothing else.

    Returns
    -------
    table : dict of Tensors
        One row a patch: ``patches`` (N, P, P) uint8; ``sigmas`` (N,) float32; ``labels`` (N,)
        int16, the class; ``places`` (N,) int32, the patch's number in the picture, row by row;
        ``test`` (N,) bool.

    Raises
    ------
    TypeError, ValueError
        If the picture is smaller than a patch, or so small that no patch is kept.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slide 6 and scripts; key
       ``patro``.
    .. [2] Chapter "Building the dataset", ``book/data/building_the_dataset.ipynb``.

    Examples
    --------
    >>> table = picture_patches(torch.rand(96, 96), DatasetConfig(num_classes=10))
    >>> table["patches"].shape, int(table["test"].sum())
    (torch.Size([20, 32, 32]), 10)
    """
    check_choice(role, "role", ("both", "train", "test"))
    levels = to_levels(crop_to_multiple(image, config.patch_size))
    kept, num_test = count_patches(levels.shape, config)
    if kept == 0:
        raise ValueError(
            f"a picture of {image.shape[0]} x {image.shape[1]} pixels is too small: of its few "
            f"patches a share of {config.keep:g} is none; pass a larger one."
        )
    rows = []
    for label, sigma in enumerate(draw_sigmas(config, key)):
        blurred = blur_levels(levels, sigma, config)
        patches = extract_patches(blurred.float(), config.patch_size)[:, 0].to(torch.uint8)
        rng = _generator(config.seed, key, label)
        places = torch.randperm(len(patches), generator=rng)[:kept]
        test = torch.arange(kept) < (num_test if role == "both" else kept * (role == "test"))
        rows.append(
            {
                "patches": patches[places],
                "sigmas": torch.full((kept,), sigma, dtype=torch.float32),
                "labels": torch.full((kept,), label, dtype=torch.int16),
                "places": places.to(torch.int32),
                "test": test,
            }
        )
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


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
    members = defaultdict(list)
    for index, material in enumerate(materials):
        members[material].append(index)
    if len(members) < 2:
        raise ValueError(
            f"unseen textures need at least two materials, got {len(members)} in "
            f"{len(materials)} pictures; add pictures of something else, or name the materials."
        )
    names = sorted(members)
    order = [names[i] for i in torch.randperm(len(names), generator=rng).tolist()]
    wanted = test_share * len(materials)
    test, aside = [], 0
    for name in order:
        nearer = abs(aside + len(members[name]) - wanted) < abs(aside - wanted)
        if nearer and len(test) < len(order) - 1:  # something must be left to train on
            test.append(name)
            aside += len(members[name])
    if not test:  # every material is larger than twice what is wanted
        test = [min(order, key=lambda name: len(members[name]))]
    return [material in test for material in materials]
