"""The deblurring laboratory: deconvolve a region with a sigma that may be wrong."""

import math

import torch
import torch.nn.functional as F
import traitlets

from blurlib.blur import blur_uniform, gaussian_psf, quantize
from blurlib.data import packaged_image
from blurlib.maps import rms
from blurlib.restore import richardson_lucy, tikhonov
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.draws import normal_draws
from blurlib.widgets.png import beside, from_data_uri, to_data_uri

_MARGIN = 12  # px around a region of 96 px, from where light comes in
_SCENES = {"camera": ("camera", 70, 196), "coins": ("coins", 20, 20), "page": ("page", 35, 0)}
_METHODS = ("wiener", "richardson-lucy")


class DeblurLab(PageWidget):
    """Blur a region of a picture, and take the blur away again with a sigma that may be wrong.

    Parameters
    ----------
    scene : {"camera", "coins", "page"}, optional
        Which of scikit-image's pictures; the region has 96 x 96 pixels.
    method : {"wiener", "richardson-lucy"}, optional
        How to deblur, what lies beyond the region's border being unknown: by `restore.tikhonov`,
        which is Wiener's filter for pictures whose power falls as one over the squared frequency,
        or by `restore.richardson_lucy`.
    sigma, believed : float, optional
        Of the gaussian that blurs, 0 to 3 px, and of the one that is taken away, 0 to 3.75 px.
    noise : float, optional
        Standard deviation of white noise, 0 to 8 grey levels; 8 bits come on top.
    regularisation : float, optional
        Of Wiener's filter: the decimal logarithm of `balance`, -6 to 0.
    steps : int, optional
        Of Richardson and Lucy, 1 to 80.

    Raises
    ------
    TraitError
        If a value is none of those; the widget keeps what it had.

    Examples
    --------
    >>> lab = DeblurLab(scene="page", sigma=2.0, believed=1.8)
    >>> tuple(lab.deblurred.shape)
    (96, 96)
    """

    module = "deblur"

    scenes = traitlets.Dict().tag(sync=True)
    scene = traitlets.Enum(list(_SCENES), "camera").tag(sync=True)
    method = traitlets.Enum(list(_METHODS), "wiener").tag(sync=True)
    sigma = Amount(1.5, low=0, high=3, unit="px").tag(sync=True)
    believed = Amount(2.0, low=0, high=3.75, unit="px").tag(sync=True)
    noise = Amount(1.0, low=0, high=8, unit="grey levels").tag(sync=True)
    regularisation = Amount(-3.0, low=-6, high=0, unit="").tag(sync=True)
    steps = traitlets.Int(20, min=1, max=80).tag(sync=True)

    def __init__(self, **traits):
        side = 96 + 2 * _MARGIN
        scenes = {
            name: to_data_uri(packaged_image(of)[row : row + side, column : column + side])
            for name, (of, row, column) in _SCENES.items()
        }
        super().__init__(scenes=scenes, **traits)

    def _region(self, psf):
        wide = blur_uniform(from_data_uri(self.scenes[self.scene]), psf)
        return wide[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    @property
    def sharp(self):
        """The region as it was, a Tensor of shape (96, 96) in [0, 1]."""
        return self._region(torch.ones(1, 1))

    @property
    def blurred(self):
        """The region blurred, noisy and rounded: a Tensor."""
        soft = self._region(gaussian_psf(self.sigma))
        noise = self.noise / 255 * normal_draws(0, soft.numel()).view_as(soft)
        return quantize(soft + noise.to(soft))

    @property
    def deblurred(self):
        """The region deblurred with the believed sigma: a Tensor, perhaps beyond [0, 1]."""
        psf = gaussian_psf(self.believed)
        psf = F.pad(psf, 4 * [(31 - len(psf)) // 2])  # the canvas is 128 px wide, as in the page
        if self.method == "wiener":
            return tikhonov(self.blurred, psf, 10**self.regularisation, num_iter=8)
        return richardson_lucy(self.blurred, psf, num_iter=self.steps)

    @property
    def psnr(self):
        """Peak signal-to-noise ratio of the blurred and of the deblurred region, in decibels."""
        pair = (self.blurred, self.deblurred)
        return tuple(-20 * math.log10(rms(x.clamp(0, 1) - self.sharp)) for x in pair)

    def poster(self):
        """Set the blurred, the deblurred and the sharp region side by side."""
        before, after = self.psnr
        text = (
            f"From left to right: a region blurred by {self.sigma:g} px with noise of "
            f"{self.noise:g} grey levels (PSNR {before:.1f} dB), deblurred by {self.method} with "
            f"a sigma of {self.believed:g} px ({after:.1f} dB), and as it was."
        )
        return beside(self.blurred, self.deblurred, self.sharp), text
