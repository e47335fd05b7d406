"""The point spread function explorer: move a PSF's parameters, watch it and a picture follow."""

import math

import torch.nn.functional as F
import traitlets

from blurlib.blur import blur_uniform, disk_psf, effective_sigma, gaussian_psf, motion_psf
from blurlib.blur.motion import trajectory_psf, walk
from blurlib.data import packaged_image
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.draws import normal_draws
from blurlib.widgets.png import Picture, beside, from_data_uri

_POINTS = 512  # of a shaken camera's path
_VIEWS = (11, 21, 41)  # px; the PSF is shown in the smallest view that holds it


class PSFExplorer(PageWidget):
    """Move a point spread function and watch a picture blur.

    Parameters
    ----------
    picture : Tensor or array of shape (H, W), optional
        What `blurlib.data.as_image` takes, at least 32 pixels a side; a picture larger than 128
        pixels is averaged down. Default: the middle of scikit-image's ``camera``.
    shape : {"gaussian", "disk", "motion", "shake"}, optional
        Which PSF.
    sigma : float, optional
        Standard deviation of the gaussian, 0 to 5 px. The disk has radius ``2 * sigma``, so that
        both spread light equally far.
    truncate : {4, 2}, optional
        Where the gaussian is cut, in units of sigma; the thesis cut it at 2.
    length, angle : float, optional
        Of the motion: 0 to 30 px, and 0 to 180 degrees counter-clockwise from the columns' axis.
    extent, seed : float, int, optional
        Of a shaken camera's path: its largest distance from its mean, 0 to 15 px, and which of the
        paths, 0 to 999.

    Raises
    ------
    TraitError
        If a value is outside its limits or the picture is not as described; the widget keeps
        what it had.

    Examples
    --------
    >>> explorer = PSFExplorer(shape="disk", sigma=1.5)
    >>> explorer.sigma = 2.0
    >>> tuple(explorer.psf.shape)
    (9, 9)
    """

    module = "psf_explorer"

    picture = Picture().tag(sync=True)
    shape = traitlets.Enum(["gaussian", "disk", "motion", "shake"], "gaussian").tag(sync=True)
    sigma = Amount(1.5, low=0, high=5, unit="px").tag(sync=True)
    truncate = traitlets.Enum([2, 4], 4).tag(sync=True)
    length = Amount(10.0, low=0, high=30, unit="px").tag(sync=True)
    angle = Amount(45.0, low=0, high=180, unit="degrees").tag(sync=True)
    extent = Amount(8.0, low=0, high=15, unit="px").tag(sync=True)
    seed = traitlets.Int(1, min=0, max=999).tag(sync=True)

    def __init__(self, picture=None, **traits):
        if picture is None:
            picture = packaged_image("camera")[48:304, 112:368]
        super().__init__(picture=picture, **traits)

    @property
    def psf(self):
        """The point spread function, a Tensor of shape (k, k) that sums to 1."""
        return self._psf_and_name()[0]

    def _psf_and_name(self):
        if self.shape == "gaussian":
            return gaussian_psf(
                self.sigma, truncate=self.truncate
            ), f"gaussian PSF of sigma {self.sigma:g} px"
        if self.shape == "disk":
            return disk_psf(2 * self.sigma), f"disk PSF of radius {2 * self.sigma:g} px"
        if self.shape == "shake":
            draws = normal_draws(2 * _POINTS * self.seed, 2 * _POINTS).view(-1, 2)
            path = walk(self.extent, draws)
            psf = trajectory_psf(path, reach=math.ceil(self.extent))
            return psf, f"camera shake PSF {self.seed} of extent {self.extent:g} px"
        name = f"motion PSF of length {self.length:g} px at {self.angle:g} degrees"
        return motion_psf(self.length, self.angle), name

    @property
    def sharp(self):
        """The picture, a Tensor of shape (H, W) in [0, 1]."""
        return from_data_uri(self.picture)

    @property
    def blurred(self):
        """The picture blurred with the PSF, a Tensor of shape (H, W)."""
        return blur_uniform(self.sharp, self.psf, padding_mode="reflect")

    def poster(self):
        """Set the PSF, the sharp and the blurred picture side by side."""
        height = self.sharp.shape[0]
        psf, name = self._psf_and_name()
        margin = (next(view for view in _VIEWS if view >= len(psf)) - len(psf)) // 2
        view = F.pad(psf / psf.max(), 4 * [margin])[None, None]
        enlarged = F.interpolate(view, (height, height), mode="nearest")[0, 0]
        text = (
            f"From left to right: {name} (effective sigma "
            f"{effective_sigma(psf):.2f} px, enlarged), the sharp picture, the blurred picture."
        )
        return beside(enlarged, self.sharp, self.blurred), text
