"""The spectrum laboratory: what a blur takes from a texture, and where noise hides the rest."""

import traitlets

from blurlib.blur import blur_uniform, gaussian_psf, quantize
from blurlib.data import TEST_TEXTURES, packaged_image
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.draws import normal_draws
from blurlib.widgets.png import beside, from_data_uri, to_data_uri


class SpectrumLab(PageWidget):
    """Blur a texture, and watch its power spectrum fall to the floor of noise and rounding.

    Parameters
    ----------
    texture : {"grass", "brick", "gravel"}, optional
        Which of scikit-image's textures: the first 128 x 128 pixels.
    sigma : float, optional
        Of the gaussian, 0 to 3 px.
    contrast : float, optional
        Share of the contrast that is kept, 0.05 to 1.
    noise : float, optional
        Standard deviation of white noise, 0 to 8 grey levels.
    rounding : {"8 bits", "none"}, optional
        Whether to round to whole grey levels.
    window : {"hann", "none"}, optional
        What the picture is multiplied by before its transform.

    Raises
    ------
    TraitError
        If a value is none of those; the widget keeps what it had.

    Examples
    --------
    >>> lab = SpectrumLab(texture="brick", sigma=2.0)
    >>> tuple(lab.recorded.shape)
    (128, 128)
    """

    module = "spectrum"

    textures = traitlets.Dict().tag(sync=True)
    texture = traitlets.Enum(sorted(TEST_TEXTURES), "grass").tag(sync=True)
    sigma = Amount(1.5, low=0, high=3, unit="px").tag(sync=True)
    contrast = Amount(1.0, low=0.05, high=1, unit="").tag(sync=True)
    noise = Amount(0.0, low=0, high=8, unit="grey levels").tag(sync=True)
    rounding = traitlets.Enum(["8 bits", "none"], "8 bits").tag(sync=True)
    window = traitlets.Enum(["hann", "none"], "hann").tag(sync=True)

    def __init__(self, **traits):
        textures = {name: packaged_image(name)[:128, :128] for name in sorted(TEST_TEXTURES)}
        super().__init__(textures={k: to_data_uri(v) for k, v in textures.items()}, **traits)

    @property
    def sharp(self):
        """The sharp texture, a Tensor of shape (128, 128) in [0, 1]."""
        return from_data_uri(self.textures[self.texture])

    @property
    def recorded(self):
        """The texture blurred, paler, noisy and rounded: a Tensor."""
        soft = blur_uniform(self.sharp, gaussian_psf(self.sigma))
        seen = soft.mean() + self.contrast * (soft - soft.mean())
        seen = seen + self.noise / 255 * normal_draws(0, seen.numel()).view_as(seen).to(seen)
        return seen if self.rounding == "none" else quantize(seen)

    def poster(self):
        """Set the sharp and the recorded texture side by side."""
        text = (
            f"{self.texture.capitalize()}, sharp and as recorded: sigma {self.sigma:g} px, "
            f"contrast times {self.contrast:g}, noise of {self.noise:g} grey levels, "
            f"rounding: {self.rounding}."
        )
        return beside(self.sharp, self.recorded), text
