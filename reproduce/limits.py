"""Record of the physical limit: errors in one patch of a drawn texture, beside the bounds."""

import torch

from blurlib import theory
from blurlib.blur import THESIS_TRUNCATE, quantize, std_to_nominal
from blurlib.data import PATCH_SIZE
from blurlib.learn.sigma_net import WINDOW_STRIDE
from blurlib.maps import estimator_of, rms

from .experiment import rounded

#: In pixels. At every other one the author's kernel is about to grow, which lowers the bound.
SIGMAS = tuple(k / 4 for k in range(2, 13))

#: (slope, contrast): from fine to steep, as pale as a photograph's wall and as strong as a texture.
TEXTURES = tuple((slope, contrast) for slope in (-1.0, -2.0, -3.0) for contrast in (0.05, 0.15))

LIMIT_NETWORKS = ("spectrum-30", "thesis-30", "sigma-net")

#: Patches for each texture and sigma; larger images, and their side.
NUMBER, NUMBER_LARGE, SIDE = 200, 20, 128

_AUTHORS = {"truncate": THESIS_TRUNCATE}


def limit(experiment):
    """Score networks on power-law textures, blurred by the author's kernels, beside the bounds."""
    rng = torch.Generator().manual_seed(0)
    networks = {name: experiment.network(name) for name in LIMIT_NETWORKS}
    each = experiment.each(TEXTURES, "the physical limit")
    textures = [rounded(_texture(networks, *texture, rng)) for texture in each]
    return {
        "protocol": f"gaussian random textures, power A f^slope; author's kernels, 8 bits; one "
        f"{PATCH_SIZE} x {PATCH_SIZE} patch that repeats itself, or is cut out of {SIDE} x {SIDE}; "
        f"or a whole image of {SIDE} x {SIDE}",
        "sigmas": SIGMAS, "num_patches": NUMBER, "num_large": NUMBER_LARGE, "side_large": SIDE,
        "textures": textures,
        "ratio": _ratios(textures, slice(None)),
        "ratio_at_steps": _ratios(textures, slice(0, None, 2))}  # fmt: skip


def _ratios(textures, which):
    """Return RMSE over bound, root mean square over textures and some of the sigmas."""

    def ratio(kind, name):
        ratios = [one[kind][name]["ratio"][which] for one in textures]
        return round(rms(torch.tensor(ratios, dtype=torch.float64)), 3)

    kinds = ("repeating", "cut_out", "large")
    return {kind: {name: ratio(kind, name) for name in textures[0][kind]} for kind in kinds}


def _texture(networks, slope, contrast, rng):
    """Return the bounds, and the errors in each kind of picture, for every sigma."""
    power = theory.power_law((PATCH_SIZE, PATCH_SIZE), slope, contrast)
    around = theory.power_law((SIDE, SIDE), slope, contrast)

    def bounds(**options):
        return [theory.crlb_power_law(slope, contrast, sigma, **options) for sigma in SIGMAS]

    against = {
        "repeating": bounds(**_AUTHORS),
        "cut_out": bounds(**_AUTHORS, periodic=False),
        "large": bounds(**_AUTHORS, size=SIDE),
    }
    errors, clipped = {kind: {} for kind in against}, 0.0
    for sigma in SIGMAS:
        fields = (theory.gaussian_fields(spectrum, NUMBER, rng=rng) for spectrum in (power, around))
        small, large = (theory.blur_periodic(field, sigma, **_AUTHORS) for field in fields)
        inner = slice((SIDE - PATCH_SIZE) // 2, (SIDE + PATCH_SIZE) // 2)
        images = small, large[:, inner, inner], large[:NUMBER_LARGE]
        for kind, pixels in zip(against, images, strict=True):
            pixels = 0.5 + pixels - pixels.mean((1, 2), keepdim=True)
            clipped = max(clipped, ((pixels < 0) | (pixels > 1)).double().mean().item())
            for name, found in _answers(networks, quantize(pixels.float()), kind).items():
                errors[kind].setdefault(name, []).append(found.double() - sigma)
    return {
        "slope": slope, "contrast": contrast, "clipped": clipped,
        "bounds": {
            **{f"power law, {kind}": values for kind, values in against.items()},
            "power law, true gaussian": bounds(),
            "spectrum known": [theory.crlb_spectrum_known(power, s, **_AUTHORS) for s in SIGMAS],
        },
        **{kind: {name: _score(one, against[kind]) for name, one in found.items()}
           for kind, found in errors.items()}}  # fmt: skip


@torch.no_grad()
def _answers(networks, images, kind):
    """Return one sigma an image, by the name of who answers."""
    if kind == "large":  # the mean over all places: there is one sigma everywhere
        estimator = estimator_of(networks["sigma-net"])
        maps = [estimator.predict(image, stride=4, border="valid") for image in images]
        maps = [found.to("nominal").sigma for found in maps]
        place = (SIDE - PATCH_SIZE) // 8
        return {
            "sigma-net, one place": torch.stack([one[place, place] for one in maps]),
            "sigma-net, mean": torch.stack([one.mean() for one in maps]),
        }
    found = {}
    for name, network in networks.items():
        patches = images[:, None].to(network.mean)
        if network.on_crops:  # a map, of which the middle sees the patch
            middle = PATCH_SIZE // 2 // WINDOW_STRIDE
            found[name] = std_to_nominal(network.estimate(patches)[0][:, middle, middle].cpu())
        else:
            found[name] = network.decode(network(patches))[0].reshape(-1).cpu()
    window = "none" if kind == "repeating" else "hann"
    found["likelihood"] = theory.fit_power_law(images, **_AUTHORS, sigma_max=4.0, window=window)[0]
    return found


def _score(errors, bounds):
    """Return RMSE, bias and RMSE over bound for every sigma."""
    found = [rms(error) for error in errors]
    ratios = [rmse / bound for rmse, bound in zip(found, bounds, strict=True)]
    return {"rmse": found, "bias": [error.mean().item() for error in errors], "ratio": ratios}
