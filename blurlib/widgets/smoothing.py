"""The smoothing laboratory: average a network's map again and again, and watch its error."""

import torch
import traitlets

from blurlib.data import packaged_image
from blurlib.maps import BOUNDARIES, NEIGHBOURHOODS, load_estimator, make_test_image, rmse, smooth
from blurlib.widgets._page import PageWidget
from blurlib.widgets.png import beside, from_data_uri, to_data_uri

_PLACES_ON_GRASS = {
    "ramp": (slice(200, 328), slice(200, 328)),
    "sin": (slice(128, 224), slice(96, 448)),
}


class SmoothingLab(PageWidget):
    """Smooth a map of the slides' ramp or sin, and watch map and error follow.

    The maps are those of the packaged network ``thesis-30`` on blurred grass, one value for each
    window, read out as the most probable class: in steps of 0.1 px.

    Parameters
    ----------
    field : {"ramp", "sin"}, optional
        Whose map.
    neighbourhood, border, iterations : optional
        As `neighbourhood`, `boundary` and `num_iter` of `blurlib.maps.smooth`; up to 20,000 times.

    Raises
    ------
    TraitError
        If a value is none of those; the widget keeps what it had.

    Examples
    --------
    >>> lab = SmoothingLab(field="ramp", border="dirichlet", neighbourhood="jacobi")
    >>> lab.iterations = 12_000
    >>> bool((lab.smoothed - lab.truth).abs().max() < 1e-3)
    True
    """

    module = "smoothing"

    maps = traitlets.Dict().tag(sync=True)
    field = traitlets.Enum(list(_PLACES_ON_GRASS), "ramp").tag(sync=True)
    neighbourhood = traitlets.Enum(list(NEIGHBOURHOODS), "mean3x3").tag(sync=True)
    border = traitlets.Enum(list(BOUNDARIES), "neumann").tag(sync=True)
    iterations = traitlets.Int(100, min=0, max=20_000).tag(sync=True)

    def __init__(self, **traits):
        estimator, maps = load_estimator("thesis-30", readout="argmax"), {}
        for field, piece in _PLACES_ON_GRASS.items():
            image, sigma = make_test_image(packaged_image("grass")[piece], field)
            answer = estimator.predict(image, stride=1, border="valid")
            truth = answer.at_windows(sigma)[0].double().tolist()
            maps[field] = {"map": to_data_uri(answer.sigma * 10 / 255), "truth": truth}
        super().__init__(maps=maps, **traits)

    @property
    def sigma_map(self):
        """The network's map, a float64 Tensor of shape (H, W)."""
        return (255 * from_data_uri(self.maps[self.field]["map"]).double()).round() / 10

    @property
    def truth(self):
        """The true sigma at the map's places, a Tensor of the same shape."""
        row = torch.tensor(self.maps[self.field]["truth"], dtype=torch.float64)
        return row.expand_as(self.sigma_map)

    @property
    def smoothed(self):
        """The map after so many iterations, a Tensor of the same shape."""
        pinned = {} if self.border == "neumann" else {"dirichlet_values": self.truth}
        way = {"boundary": self.border, **pinned}
        return smooth(self.sigma_map, self.iterations, self.neighbourhood, **way)

    def poster(self):
        """Set the map before and after side by side."""
        errors = [rmse(values, self.truth) for values in (self.sigma_map, self.smoothed)]
        text = (
            f"The network's map of the {self.field}, and after {self.iterations:,} iterations of "
            f"{self.neighbourhood}: RMSE {errors[0]:.3f} px, then {errors[1]:.3g} px."
        )
        return beside(self.sigma_map / 3, self.smoothed / 3), text
