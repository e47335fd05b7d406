"""Beat the network: guess the sigma of patches that it and the bound are asked about as well."""

import functools
import itertools

import torch
import traitlets

from blurlib.blur import quantize
from blurlib.maps import load_estimator, rms
from blurlib.theory import blur_periodic, crlb_power_law, gaussian_fields, power_law
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.png import beside, from_data_uri, to_data_uri

_LOW, _HIGH, _NUM_ROUNDS = 0.3, 3.0, 10  # px, of sigma; patches of a game
_NOISE_LEVELS, _WINDOWS = (0, 4), (16, 24, 32)


class GuessLab(PageWidget):
    """Guess the sigma of ten patches, beside `sigma-net` and the Cramer-Rao bound.

    The patches are drawn textures of a power law, of slope -2.5 to -1 and contrast 0.08 to 0.16.
    They repeat themselves, so that the bound for one whose kind alone is known holds exactly; that
    is for answers without bias. The network answers once, in the middle.

    Parameters
    ----------
    noise : {0, 4}, optional
        Standard deviation of white noise in grey levels; 8 bits come on top.
    window : {16, 24, 32}, optional
        Side of the patches in pixels. Each noise and window has ten patches of its own.
    sigma : float, optional
        Where the slider stands, 0.3 to 3 px; the patches' sigmas are drawn from there, too.
    guesses : list of float, optional
        What was guessed so far.

    Raises
    ------
    TraitError
        If a value is none of those; the widget keeps what it had.

    Examples
    --------
    >>> lab = GuessLab(window=16, guesses=[1.0, 2.5])
    >>> sorted(lab.scores)
    ['bound', 'network', 'yours']
    """

    module = "guess"

    games = traitlets.Dict().tag(sync=True)
    example = traitlets.Unicode().tag(sync=True)
    noise = traitlets.Enum(list(_NOISE_LEVELS), 0).tag(sync=True)
    window = traitlets.Enum(list(_WINDOWS), 32).tag(sync=True)
    sigma = Amount(1.5, low=_LOW, high=_HIGH, unit="px").tag(sync=True)
    guesses = traitlets.List(traitlets.Float(min=_LOW, max=_HIGH), maxlen=_NUM_ROUNDS).tag(
        sync=True
    )

    def __init__(self, **traits):
        example = 0.5 + _fields(32, -2.0, 0.12, 1, torch.Generator().manual_seed(0))[0]
        super().__init__(games=_games(), example=to_data_uri(example), **traits)

    @property
    def game(self):
        """The ten patches' true sigmas, the network's answers and the bounds: lists by name."""
        return {
            k: v for k, v in self.games[f"{self.noise}-{self.window}"].items() if k != "patches"
        }

    @property
    def scores(self):
        """RMSE over the rounds played, yours and the network's, and the bound on it, in pixels."""
        game = {name: torch.tensor(v[: len(self.guesses)]) for name, v in self.game.items()}
        yours, truth = torch.tensor(self.guesses), game["truth"]
        errors = {"yours": yours - truth, "network": game["network"] - truth}
        return {name: rms(error) for name, error in (errors | {"bound": game["bound"]}).items()}

    def poster(self):
        """Set the first five patches side by side."""
        sheet = from_data_uri(self.games[f"{self.noise}-{self.window}"]["patches"])
        game = {name: torch.tensor(values) for name, values in self.game.items()}
        text = (
            f"Five of ten patches of {self.window} x {self.window} pixels, noise of {self.noise} "
            f"grey levels, each blurred by another sigma from {_LOW:g} to {_HIGH:g} px. Over all "
            f"ten the network's RMSE is {rms(game['network'] - game['truth']):.2f} px, the bound "
            f"{rms(game['bound']):.2f} px."
        )
        return beside(*sheet.split(self.window, dim=1)[:5], gap=2), text


def _fields(size, slope, contrast, number, rng):
    return gaussian_fields(power_law((size, size), slope, contrast), number, rng=rng)


@functools.cache
def _games():
    """Return the patches of each noise and window, what is true of them, and who says what."""
    network = load_estimator("sigma-net")
    rng = torch.Generator().manual_seed(7)
    kinds = itertools.product(_NOISE_LEVELS, _WINDOWS)
    return {f"{noise}-{window}": _game(network, noise, window, rng) for noise, window in kinds}


def _game(network, noise, window, rng):
    game, patches = {"truth": [], "network": [], "bound": []}, []
    for share in torch.rand(_NUM_ROUNDS, 3, generator=rng).tolist():
        slope, contrast = -1 - 1.5 * share[0], 0.08 * (1 + share[1])
        sigma = round(_LOW + (_HIGH - _LOW) * share[2], 2)
        soft = 0.5 + blur_periodic(_fields(window, slope, contrast, 1, rng)[0], sigma)
        grain = torch.randn(soft.shape, generator=rng, dtype=soft.dtype)
        patches.append(quantize(soft + noise / 255 * grain).float())
        found = network.predict(patches[-1]).sigma
        game["truth"].append(sigma)
        game["network"].append(round(found[tuple(n // 2 for n in found.shape)].item(), 3))
        bound = crlb_power_law(slope, contrast, sigma, size=window, noise=float(noise))
        game["bound"].append(round(bound, 3))
    return game | {"patches": to_data_uri(torch.cat(patches, dim=1))}
