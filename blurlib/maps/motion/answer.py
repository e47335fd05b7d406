"""What every estimator of motion answers."""

from dataclasses import dataclass

#: What blurs, in the order of the probabilities; no wider than a gaussian of 0.7 px is sharp.
BLUR_KINDS = ("sharp", "gaussian", "disk", "motion")


@dataclass(frozen=True)
class Motion:
    """A uniform linear motion, and how sure it is.

    Attributes
    ----------
    length, length_std : float
        Length of the path in pixels, as `blurlib.blur.motion_psf` has it, and its deviation.
    angle, angle_std : float
        Degrees counter-clockwise from the horizontal, in [0, 180), and its deviation.
    probabilities : dict of str to float, or None
        How probable each of `BLUR_KINDS` is; None if the method does not say.
    sigma, sigma_std : float or None
        Root of half the trace of the PSF's second-moment matrix in pixels, whatever the kind.
    """

    length: float
    angle: float
    length_std: float
    angle_std: float
    probabilities: dict | None = None
    sigma: float | None = None
    sigma_std: float | None = None

    @property
    def kind(self):
        """The most probable of `BLUR_KINDS`."""
        if self.probabilities is None:
            return "motion"
        return max(self.probabilities, key=self.probabilities.get)


def angle_between(one, other):
    """Return by how many degrees one direction is ahead of another.

    Parameters
    ----------
    one, other : float or Tensor
        Directions in degrees; 180 more is the same one.

    Returns
    -------
    turned : float or Tensor
        In [-90, 90).

    Examples
    --------
    >>> angle_between(1, 179)
    2
    """
    return (one - other + 90) % 180 - 90
