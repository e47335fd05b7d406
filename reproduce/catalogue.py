"""The frozen recipes of the book's studies."""

from dataclasses import replace

from blurlib.learn.recipes import PUBLISHED, SHIPPED, SMALL, SMALLER_WINDOWS, UNSEEN, Recipe
from blurlib.learn.training import TrainConfig


def _shorter(recipe, thousands):
    """Return a recipe that learns from another number of patches; more in larger batches."""
    steps, batch = (thousands * 20, 50) if thousands < 900 else (18_000, thousands // 18)
    return replace(recipe, config=replace(recipe.config, num_steps=steps, batch_size=batch))


#: Error against training time: the thesis' network on fewer and on more patches.
CURVE = {
    **{f"thesis-30-{k}k": _shorter(UNSEEN, k) for k in (75, 150, 300, 2700)},
    **{f"thesis-30-as-published-{k}k": _shorter(PUBLISHED, k) for k in (75, 150, 300, 2700)},
}

_BASE = CURVE["thesis-30-300k"]

#: The author's optimizer as his script has it: no decay, no clipping, a constant rate.
_ADAGRAD = TrainConfig(
    num_steps=18_000, batch_size=50, lr=1e-3, weight_decay=0.0, clip=1e9, optimizer="adagrad",
    schedule="constant")  # fmt: skip

#: What each choice is worth: one thing changed at a time, 300,000 patches; and the author's own.
CHOICES = {
    "choice-default-initialisation": replace(_BASE, initialisation="default"),
    "choice-adagrad": replace(_BASE, config=replace(_ADAGRAD, num_steps=6000)),
    "choice-unrounded": replace(_BASE, rounded=False),
    "choice-fixed-patches": replace(_BASE, num_fixed=84_000),
    "author-as-written": replace(PUBLISHED, initialisation="default", config=_ADAGRAD),
    "author-he": replace(PUBLISHED, config=_ADAGRAD),
}

#: Sides of the patches, in pixels.
PATCH_SIZES = (32, 24, 16, 12, 8, 6, 4, 2, 1)

# What the small networks below have in common.
_EACH_SIZE = {"source": "unseen", "num_pages": 24, "config": SMALL}

#: How small a patch can be: two small networks, each at every size.
SIZES = {
    f"{network}-{size}px": Recipe(network, patch_size=size, **_EACH_SIZE)
    for network in ("spectrum", "pixels")
    for size in PATCH_SIZES
}

#: Half of what the small networks of the other studies get: this one trains thirty of them.
_READOUT = TrainConfig(num_steps=4000, batch_size=128, lr=2e-3)
_EACH_READOUT = {**_EACH_SIZE, "config": _READOUT}

#: What to answer with: classes, ordered ones, or sigma itself; each with several seeds.
READOUT_STUDY = {
    f"readout-{answer}-{seed}": Recipe(network, classes, seed=seed, **_EACH_READOUT)
    for seed in range(3)
    for answer, network, classes in (
        *((f"classes-{k}", "spectrum", k) for k in (10, 30, 60, 120)),
        *((f"ordinal-{k}", "ordinal", k) for k in (10, 30, 60, 120)),
        ("direct", "direct", 30),  # no classes: thirty is what a recipe has by default
        ("gaussian", "gaussian", 30),
    )
}

#: All recipes by name: these, and those of the weights.
RECIPES = {**SHIPPED, **SMALLER_WINDOWS, **CURVE, **CHOICES, **SIZES, **READOUT_STUDY}
