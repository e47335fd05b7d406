"""Fitting the classical methods: once, on the pictures that `thesis-30` learned from."""

import time

import numpy as np
import scipy
import torch
from tqdm import tqdm

from blurlib._checks import check_integer
from blurlib.blur import quantize
from blurlib.data.crops import compress
from blurlib.learn import Recipe, prepare_recipe
from blurlib.learn.prepare import versions
from blurlib.maps.classical.calibration import STATISTICS, Calibration, Curve
from blurlib.maps.classical.trees import Forest, hand_features

#: What they are fitted on: the pictures of the thesis' network, any sigma up to 3 in steps of 0.01.
RECIPE = Recipe(num_classes=300, patch_size=96, source="unseen", num_pages=24, seed=0)

#: How many cuts of 96 x 96 pixels, with nine windows each that do not overlap.
NUM_CUTS = 4000

#: Shares of the cuts that the trees see noisy and compressed as well, and how badly.
_NOISY, _COMPRESSED, _NOISE, _QUALITY = 0.3, 0.15, (0.3, 6.0), (40, 98)

_BATCH = 500  # cuts drawn at a time

#: Knots of a curve.
_KNOTS = 64


def fit_calibration(*, images=None, scans=None, num_cuts=NUM_CUTS, progress=False):
    """Fit the curves and the trees: the same data and seed give the same calibration.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W), optional
        Sharp images to fit on instead of the recipe's.
    scans : Collection, optional
        The Brodatz scans; those that the protocol for unseen textures puts aside are not used.
    num_cuts : int, optional
        Blurred cuts to draw.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    RuntimeError
        If scikit-learn is not there: the extra ``fit`` brings it.
    TypeError, ValueError
        As `blurlib.learn.prepare_recipe`.

    References
    ----------
    .. [1] M. J. Best, N. Chakravarti, "Active set algorithms for isotonic regression; a unifying
       framework", Mathematical Programming 47, 1990, doi:10.1007/BF01580873; key ``best1990``.
    .. [2] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
       Statistics 29(5), 2001, doi:10.1214/aos/1013203451; key ``friedman2001``.
    .. [3] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.
    """
    check_integer(num_cuts, "num_cuts", low=100)
    start = time.perf_counter()
    _booster()  # before the work, not after it
    _, stream, facts = prepare_recipe(RECIPE, images=images, scans=scans)
    rng = torch.Generator().manual_seed(RECIPE.seed + 1)
    batches = [stream.batch(min(_BATCH, num_cuts - k)) for k in range(0, num_cuts, _BATCH)]
    cuts, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    cuts = cuts[:, 0]
    bad = _degrade(cuts, rng)
    changed = (bad != cuts).flatten(1).any(1)
    sigma = stream.sigmas[labels].double()
    clean = _measure(cuts, progress)
    spoiled = _measure(bad[changed], progress)
    windows = clean.shape[2]
    statistics, truth = clean.double().flatten(1), sigma.repeat_interleave(windows)
    curves = {name: fit_curve(statistics[k], truth) for k, name in enumerate(STATISTICS)}
    seen = torch.cat([clean.flatten(1), spoiled.flatten(1)], 1)
    forest = fit_forest(seen, torch.cat([truth, sigma[changed].repeat_interleave(windows)]))
    found = {name: curve(statistics[k]) for k, (name, curve) in enumerate(curves.items())}
    found["boosted-trees"] = forest(clean.flatten(1))
    record = {
        "recipe": RECIPE.as_dict(), "data": facts, "num_cuts": num_cuts,
        "windows": len(truth), "spoiled": int(changed.sum()) * windows,
        "training_rmse": {
            name: round((value - truth).square().mean().sqrt().item(), 4)
            for name, value in found.items()
        },
        "versions": {**versions(), "scipy": scipy.__version__},
        "seconds": round(time.perf_counter() - start, 1)}  # fmt: skip
    return Calibration(curves, forest, record)


def _measure(cuts, progress):
    """Return the features of the nine windows of every cut, (15, cuts, 9)."""
    cuts = tqdm(cuts, desc="windows", disable=None if progress else True)
    return torch.stack([hand_features(cut, 32).flatten(1) for cut in cuts], 1)


def _degrade(cuts, rng):
    """Give some of the cuts noise, and some JPEG, as the network that regresses learns from."""
    chance, strength = torch.rand(2, len(cuts), 1, 1, generator=rng)
    low, high = _NOISE
    level = low * (high / low) ** strength / 255
    noise = level * torch.randn(cuts.shape, generator=rng)
    noisy = torch.where(chance < _NOISY, quantize(cuts + noise), cuts)
    quality = _QUALITY[0] + (_QUALITY[1] - _QUALITY[0]) * strength
    squeezed = (chance >= _NOISY) & (chance < _NOISY + _COMPRESSED)
    return torch.where(squeezed, compress(noisy, quality), noisy)


def fit_curve(statistic, sigma, num_knots=_KNOTS):
    """Fit the monotone curve from a statistic to sigma: the mean of sigma at each value.

    Parameters
    ----------
    statistic, sigma : Tensors of shape (N,)
        What was measured, and the truth in pixels.
    num_knots : int, optional
        Most knots of the curve, each the mean of equally many windows.

    Returns
    -------
    curve : Curve
        Rising or falling, whichever fits better.

    Raises
    ------
    ValueError
        If the statistic has one value only.
    """
    order = statistic.argsort(stable=True)
    statistic, sigma = statistic[order].double().numpy(), sigma[order].double().numpy()
    rises = np.corrcoef(np.arange(len(sigma)), sigma)[0, 1] >= 0
    fitted = scipy.optimize.isotonic_regression(sigma, increasing=bool(rises)).x
    parts = np.array_split(np.arange(len(sigma)), num_knots)
    knots = np.array([(statistic[part].mean(), fitted[part].mean()) for part in parts])
    knots = knots[np.r_[True, np.diff(knots[:, 0]) > 0]]
    if len(knots) < 2:
        raise ValueError("the statistic has one value only; no curve can be fitted to it.")
    return Curve(*torch.from_numpy(knots.T.copy()))


def fit_forest(features, sigma, num_trees=200):
    """Fit boosted trees with scikit-learn, and take them out of it.

    Parameters
    ----------
    features : Tensor of shape (F, N)
        float32.
    sigma : Tensor of shape (N,)
        In pixels.
    num_trees : int, optional
        Each of at most 31 leaves.

    Returns
    -------
    forest : Forest

    Raises
    ------
    RuntimeError
        If scikit-learn is not there: the extra ``fit`` brings it.
    """
    return take_out(boost(features, sigma, num_trees))


def boost(features, sigma, num_trees=200):
    """Return scikit-learn's boosted trees, fitted: see `fit_forest`."""
    model = _booster()(
        learning_rate=0.08, max_iter=num_trees, max_leaf_nodes=31, min_samples_leaf=100,
        l2_regularization=1.0, early_stopping=False, random_state=0)  # fmt: skip
    return model.fit(features.T.double().numpy(), sigma.numpy())


def _booster():
    """Return scikit-learn's class, which is needed for fitting only."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError:
        raise RuntimeError("to fit trees needs scikit-learn: pip install 'blurlib[fit]'.") from None
    return HistGradientBoostingRegressor


def take_out(model):
    """Return the trees of a fitted HistGradientBoostingRegressor as a `Forest`."""
    trees = [tree[0].nodes for tree in model._predictors]
    shape = len(trees), max(map(len, trees))
    own = np.tile(np.arange(shape[1]), (shape[0], 1))
    feature, threshold, value = (np.zeros(shape, t) for t in (np.uint8, np.float32, np.float32))
    below, above = own.astype(np.int16), own.astype(np.int16)
    for k, nodes in enumerate(trees):
        inner = np.flatnonzero(~nodes["is_leaf"].astype(bool))
        feature[k, inner] = nodes["feature_idx"][inner]
        # The largest float32 up to the threshold parts float32 numbers as the threshold does.
        exact = nodes["num_threshold"][inner]
        rounded = exact.astype(np.float32)
        down = np.nextafter(rounded, np.float32(-np.inf))
        threshold[k, inner] = np.where(rounded > exact, down, rounded)
        below[k, inner], above[k, inner] = nodes["left"][inner], nodes["right"][inner]
        value[k, : len(nodes)] = nodes["value"]
    start = torch.tensor(float(model._baseline_prediction.item()), dtype=torch.float32)
    return Forest(start, *map(torch.from_numpy, (feature, threshold, below, above, value)))
