"""Recipes: everything that decides a training run, written down; and those of the weights."""

import json
from dataclasses import asdict, dataclass, field, replace

from .._checks import check_choice, check_integer, check_number
from ..blur.psf import THESIS_TRUNCATE, gaussian_reach
from ..data import PATCH_SIZE, SIGMA_MAX, CropConfig
from .checkpoints import SMALLER, STARTS, packaged
from .heads import NETWORKS
from .networks import INITIALISATIONS
from .training import TrainConfig

#: What is drawn for a mix, by the names of its shares.
_DRAWN = {
    "textures": "textures_each", "pages": "num_pages", "old_print": "num_prints",
    "cloth": "num_cloths", "fields": "num_fields", "lights": "num_lights"}  # fmt: skip

#: What is drawn for a mix alone.
_NUM_WITH_MIX = ("num_prints", "num_cloths", "num_fields", "num_lights")

#: What a recipe trains on, in words for records and model cards.
TRAINED_ON = {
    "free": "procedural textures, packaged photographs, and pages of text if any (blurlib.data)",
    "as-published": "Brodatz scans as published: fixed patches of every scan, 70 % of those kept",
    "unseen": "Brodatz scans of 70 % of the materials, also smaller, and the free pictures; "
    "with a mix also photographs of Kodak and Berkeley",
}


@dataclass(frozen=True)
class CropMix:
    """How the crops are mixed that a network learns from.

    Attributes
    ----------
    scans, smaller_scans, textures, photographs, fields, cloth, pages, old_print, lights : float
        How often crops are cut from the Brodatz scans as they are, from the same at other sizes,
        from drawn textures, from photographs, from gaussian random fields, from drawn cloth, from
        drawn pages, from drawn scans of old print, and from points of light, halftones, white
        noise, line art and smooth scenes. Shares of their sum, each above 0. Images that a user
        gives instead of these are drawn alike.
    sizes : sequence of float
        Of the smaller scans: their sides over those of the scans.
    crops : CropConfig
        What the crops are like.

    Raises
    ------
    TypeError, ValueError
        If one of them is out of range.
    """

    scans: float = 20
    smaller_scans: float = 16
    textures: float = 12
    photographs: float = 22
    fields: float = 6
    cloth: float = 4
    pages: float = 4
    old_print: float = 8
    lights: float = 8
    sizes: tuple = (0.8, 0.6, 0.45, 0.33)
    crops: CropConfig = field(default_factory=CropConfig)

    def __post_init__(self):
        for size in self.sizes:
            check_number(size, "each of sizes", low=0.05, high=1)
        for name, share in self.shares.items():
            check_number(share, name, low=1e-6)

    @property
    def shares(self):
        """How often crops come from each group of images."""
        return {name: x for name, x in vars(self).items() if name not in ("sizes", "crops")}

    def weights(self, groups):
        """Return how often each image is cut from.

        Parameters
        ----------
        groups : dict of lists of Tensors
            The images, by the names of the shares.

        Returns
        -------
        weights : list of float
            In the order of the groups and of the images in each.

        Raises
        ------
        ValueError
            If a group is empty: nothing was drawn for it.
        """
        for name, group in groups.items():
            if not group:
                raise ValueError(
                    f"there is nothing to cut from in {name}: draw some "
                    f"({_DRAWN.get(name, 'other images')})."
                )
        return [self.shares[name] / len(group) for name, group in groups.items() for _ in group]


@dataclass(frozen=True)
class Recipe:
    """What a run is made of; the same recipe on the same machine gives the same weights.

    Attributes
    ----------
    network : str
        One of `blurlib.learn.NETWORKS`.
    num_classes : int
        Classes of sigma, in equal steps up to 3 pixels; networks without classes leave it at 30.
    patch_size : int
        Side of the patches in pixels.
    initialisation : {"he", "default"}
        How the first weights are drawn: see `BlurNetwork.initialise`.
    source : {"free", "as-published", "unseen"}
        What it is trained on; the last two need the Brodatz scans.
    textures_each : int
        Procedural textures of each family, where free pictures are trained on.
    num_pages : int
        Pages of printed text beside them.
    num_prints, num_cloths, num_fields, num_lights : int
        With a mix also: scans of old print, pieces of cloth, gaussian random fields, and drawings
        of each of the five kinds of `CropMix.lights`.
    start : str, optional
        With a mix: the packaged weights that it begins with instead of drawn ones, one of
        `blurlib.learn.checkpoints.STARTS` and of the same network.
    rounded : bool
        Whether the patches are rounded to 8 bits; those as published always are.
    num_fixed : int
        How many patches are drawn once and learned again and again; 0 for fresh ones always.
    seed : int
        Of every draw: textures, patches, weights. Which scans are held out does not depend on it,
        so that networks of several seeds can be scored on the same.
    config : TrainConfig
        Steps, batch and rate.
    mix : CropMix, optional
        For a network on crops that sees some pictures more often than others, and other blurs.
    """

    network: str = "spectrum"
    num_classes: int = 30
    patch_size: int = PATCH_SIZE
    initialisation: str = "he"
    source: str = "free"
    textures_each: int = 4
    num_pages: int = 0
    num_prints: int = 0
    num_cloths: int = 0
    num_fields: int = 0
    num_lights: int = 0
    start: str = ""
    rounded: bool = True
    num_fixed: int = 0
    seed: int = 0
    config: TrainConfig = field(default_factory=TrainConfig)
    mix: CropMix | None = None

    def __post_init__(self):
        check_choice(self.network, "network", NETWORKS)
        check_choice(self.initialisation, "initialisation", INITIALISATIONS)
        check_choice(self.source, "source", TRAINED_ON)
        for name in ("num_classes", "patch_size", "textures_each"):
            check_integer(getattr(self, name), name)
        for name in ("num_pages", *_NUM_WITH_MIX, "num_fixed", "seed"):
            check_integer(getattr(self, name), name, low=0)
        check_choice(self.start, "start", ("", *STARTS))
        network = f"the network {self.network!r}"
        if not NETWORKS[self.network].has_classes:
            self._leave(f"{network} has no classes", "num_classes")
            if self.source == "as-published":
                raise ValueError(f"{network} has no classes: patches as published teach those.")
        if self.on_crops:
            rule = f"{network} learns from fresh, rounded crops, one size of windows, He's weights"
            self._leave(rule, "num_fixed", "rounded", "patch_size", "initialisation")
        if self.source == "as-published":
            rule = "patches as published are fixed, rounded and 32 x 32, without pages"
            self._leave(rule, "num_pages", "num_fixed", "rounded", "patch_size")
        if self.mix is None:
            names = *_NUM_WITH_MIX, "start"
            self._leave(f"{', '.join(names)} are for recipes with a mix", *names)
        elif not (self.on_crops and self.source == "unseen"):
            raise ValueError("a mix is for networks on crops, with source 'unseen'.")
        if self.start and STARTS[self.start] != self.network:
            raise ValueError(f"start: {self.start} holds no network {self.network!r}.")

    def _leave(self, rule, *names):
        """Raise unless these settings are what they are by default, as the rule wants it."""
        for name in names:
            value, default = getattr(self, name), getattr(Recipe, name)
            if value != default:
                raise ValueError(f"{rule}: leave {name} at {default!r}, got {value!r}.")

    @property
    def on_crops(self):
        """Whether its network learns from crops with a field of sigma, not from patches."""
        return NETWORKS[self.network].on_crops

    @property
    def min_side(self):
        """Side of the smallest picture that can be trained on, in pixels: a cut and its blur."""
        if self.on_crops:  # what is smaller than a crop and its blur is mirrored
            return self.patch_size
        return self.patch_size + 2 * gaussian_reach(SIGMA_MAX, THESIS_TRUNCATE)

    @property
    def crops(self):
        """What the crops are like, for a network that learns from crops."""
        return CropConfig() if self.mix is None else self.mix.crops

    def as_dict(self):
        """Return it as a dict, without a mix where there is none, for records and files."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def was_recorded_as(self, recorded):
        """Return whether a file's record has this recipe; what came later is as by default there.

        Parameters
        ----------
        recorded : dict
            What `as_dict` gave, from JSON.

        Returns
        -------
        same : bool
        """
        # JSON knows no tuples.
        mine, default = (json.loads(json.dumps(x.as_dict())) for x in (self, Recipe()))
        return default | recorded == mine

    def new_network(self, rng):
        """Return the network that the recipe begins with."""
        kind = NETWORKS[self.network]
        settings = {} if self.on_crops else {"patch_size": self.patch_size}
        if kind.has_classes:
            settings["num_classes"] = self.num_classes
        if self.start:
            return packaged(self.start)[0]
        return kind(**settings).initialise(rng, self.initialisation)


#: 900,000 patches: what two quiet CPU cores learn from in less than half an hour.
_HALF_AN_HOUR = TrainConfig(num_steps=18_000, batch_size=50, lr=1e-3)

#: The small networks learn from 128 patches a step.
SMALL = TrainConfig(num_steps=8000, batch_size=128, lr=2e-3)

#: The thesis' network under both protocols.
UNSEEN = Recipe("thesis", source="unseen", num_pages=24, config=_HALF_AN_HOUR)
PUBLISHED = Recipe("thesis", source="as-published", config=_HALF_AN_HOUR)

#: 176,000 crops: an hour of two CPU cores.
_CROPS = TrainConfig(
    num_steps=11_000, batch_size=16, lr=1e-3, warmup=0.05, optimizer="muon", weight_decay=0.01
)

_SIGMA_NET = Recipe(
    "sigma", source="unseen", textures_each=24, num_pages=96, num_prints=96, num_cloths=96,
    num_fields=96, num_lights=24, start="sigma-net-start", mix=CropMix(), config=_CROPS,
)  # fmt: skip

#: The weights that come with the package.
SHIPPED = {
    "spectrum-30": Recipe("spectrum", textures_each=12, num_pages=24, config=SMALL),
    **{f"thesis-{k}": replace(UNSEEN, num_classes=k) for k in (10, 30, 60)},
    **{f"thesis-{k}-as-published": replace(PUBLISHED, num_classes=k) for k in (10, 30, 60)},
    "sigma-net": _SIGMA_NET,
    "sigma-net-small": replace(
        _SIGMA_NET, network="sigma-small", start="sigma-net-small-start",
        config=replace(_CROPS, num_steps=7000))}  # fmt: skip

#: The same as ``spectrum-30``, on windows of fewer pixels.
SMALLER_WINDOWS = {
    name: replace(SHIPPED["spectrum-30"], patch_size=int(name[12:-2])) for name in SMALLER
}
