r"""Blur by Fourier transforms: one PSF, or a varying blur as a sum of few convolutions."""

import torch
from scipy import fft

from .._checks import check_choice, check_image, check_integer, check_same, check_shape
from .borders import PADDING_MODES, fold, pad
from .operators import VaryingBlur
from .psf import check_psf

#: So many sigmas stand for a whole family of PSFs; between them weights are interpolated.
_NODES = 256


class FourierBlur:
    r"""A blur as a sum of convolutions, each weighted pixel by pixel, and its adjoint.

    .. math::
        (A F)(p) &= \sum_k w_k(p) \sum_q h_k(q) \, F(p - q) \\
        (A^\top G)(q) &= \sum_k \sum_p h_k(p - q) \, w_k(p) \, G(p)

    Without weights it is one PSF everywhere, and exact. Weights *after* the convolution say how
    each pixel gathers; the adjoint has them before it, where pixels scatter.

    Parameters
    ----------
    psfs : Tensor of shape (k, l) or (K, k, l)
        Odd sides. One is checked to be a PSF; of several each may be anything.
    shape : (int, int)
        Height and width of the blurred image.
    weights : Tensor of shape (K, H, W), optional
        How much each pixel takes of each convolution; 1 by default.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What lies beyond the border: see `blurlib.blur.pad`.
    margin : int, optional
        Instead of padding: how many more pixels the sharp images bring on each side, at least as
        many as the PSF reaches. What lies beyond the border is then known, or an unknown to be
        solved for.

    Raises
    ------
    TypeError, ValueError
        If the PSF is none, the padding mode unknown, or weights or margin do not fit.

    Notes
    -----
    Each convolution costs a Fourier transform, however far its PSF reaches.

    References
    ----------
    .. [1] Chapter "A blur for every pixel", ``book/blur/varying_blur.ipynb``.

    Examples
    --------
    >>> operator = FourierBlur(torch.full((3, 3), 1 / 9), (9, 7))
    >>> operator.forward(torch.ones(9, 7)).shape
    torch.Size([9, 7])
    """

    def __init__(self, psfs, shape, *, weights=None, padding_mode="reflect", margin=None):
        check_image(psfs, "psfs")
        psfs = check_psf(psfs)[None] if psfs.ndim == 2 else psfs
        check_choice(padding_mode, "padding_mode", PADDING_MODES)
        self.shape = check_shape(shape)
        if weights is not None:
            check_same(weights.shape, (len(psfs), *self.shape), "weights must have shape")
        reach = max(psfs.shape[-2:]) // 2
        if margin is not None:
            check_integer(margin, "margin", low=reach)
        self.psfs, self.weights = psfs, weights
        self.padding_mode, self.margin = padding_mode, margin
        # Periodic images need no padding: the transform is periodic itself.
        self._rim = (0 if padding_mode == "circular" else reach) if margin is None else margin
        sides = (fft.next_fast_len(side + 2 * self._rim, real=True) for side in self.shape)
        self._size = tuple(sides) if self._rim else self.shape
        self._otfs = {}

    @classmethod
    def of_map(
        cls, sigma_map, psf="gaussian", *, num_terms=8, truncate=4.0, padding_mode="reflect",
        margin=None,
    ):  # fmt: skip
        r"""Approximate `VaryingBlur` by few convolutions, whatever its PSFs' reach.

        Parameters
        ----------
        sigma_map : Tensor of shape (H, W)
            Sigma of the PSF at each pixel, at least 0, in pixels.
        psf, truncate : optional
            The family of PSFs, and where gaussians are cut: see `VaryingBlur`.
        num_terms : int, optional
            How many convolutions; more are more exact.
        padding_mode, margin : optional
            See the class.

        Returns
        -------
        blur : FourierBlur
            `forward` gathers, `adjoint` scatters.

        Raises
        ------
        TypeError, ValueError
            If the map is none, or `num_terms` is below 1.

        Notes
        -----
        The basis is the family's singular vectors: no other so many PSFs have a smaller squared
        error. Weights are each PSF's least squares fit by the basis, scaled so that a
        constant stays. Root mean square errors on photographs and textures, of full scale, with
        8 terms: sigma from 0 to 3 pixels, gaussians 6e-5, disks 8e-4; to 6 pixels, 5e-4 and 3e-3.

        Examples
        --------
        >>> FourierBlur.of_map(torch.linspace(0, 3, 63).view(9, 7)).psfs.shape
        torch.Size([8, 25, 25])
        """
        check_image(sigma_map, "sigma_map", ndim=2)
        check_integer(num_terms, "num_terms")
        low, high = sigma_map.min().item(), sigma_map.max().item()
        nodes = torch.linspace(low, high, _NODES if high > low else 1, dtype=torch.float64)
        family = psf_family(nodes, psf, truncate)
        left, strength, right = torch.linalg.svd(family.flatten(1), full_matrices=False)
        num_terms = min(num_terms, int((strength > 1e-7 * strength[0]).sum()))
        basis = right[:num_terms]
        table = left[:, :num_terms] * strength[:num_terms]
        table = table / (table @ basis.sum(1, keepdim=True))
        # Linear interpolation in the table, at each pixel's sigma.
        place = (sigma_map.double() - low) / max(high - low, 1e-12) * (len(nodes) - 1)
        before = place.floor().long().clamp(0, max(0, len(nodes) - 2))
        share = (place - before)[..., None].cpu()
        before, after = before.cpu(), (before.cpu() + 1).clamp(max=len(nodes) - 1)
        weights = torch.lerp(table[before], table[after], share).movedim(-1, 0)
        psfs = basis.view(-1, *family.shape[-2:])
        return cls(
            psfs.to(sigma_map), sigma_map.shape, weights=weights.to(sigma_map).contiguous(),
            padding_mode=padding_mode, margin=margin)  # fmt: skip

    def forward(self, image):
        """Blur an image: each pixel gathers light.

        Parameters
        ----------
        image : Tensor of shape (..., H, W)
            Sharp, single or double precision; with a margin, so much larger on each side.

        Returns
        -------
        blurred : Tensor of shape (..., H, W)
            Same dtype and device as `image`.

        Raises
        ------
        TypeError, ValueError
            If the image is none, or of another size.
        """
        self._check(image, self.margin or 0)
        if self.margin is None and self._rim:
            image = pad(image, (self._rim,) * 4, self.padding_mode)
        waves = torch.fft.rfft2(image, s=self._size)
        rows, columns = (slice(self._rim, self._rim + side) for side in self.shape)
        total = 0
        for number, otf in enumerate(self.otfs(image)):
            total = total + self._weighted(self._back(waves * otf)[..., rows, columns], number)
        return total

    def adjoint(self, image):
        """Do the transpose of `forward`: each pixel scatters its light.

        Parameters
        ----------
        image : Tensor of shape (..., H, W)
            Single or double precision.

        Returns
        -------
        scattered : Tensor of shape (..., H, W)
            Same dtype and device as `image`; with a margin, so much larger on each side.

        Raises
        ------
        TypeError, ValueError
            If the image is none, or of another size.
        """
        self._check(image, 0)
        waves, frame = 0, (self._rim,) * 4
        for number, otf in enumerate(self.otfs(image)):
            spread = pad(self._weighted(image, number), frame, "constant")
            waves = waves + torch.fft.rfft2(spread, s=self._size) * otf.conj()
        height, width = (side + 2 * self._rim for side in self.shape)
        scattered = self._back(waves)[..., :height, :width]
        if self.margin is None and self._rim:
            return fold(scattered, frame, self.padding_mode)
        return scattered

    def _check(self, image, margin):
        check_image(image)
        wanted = [side + 2 * margin for side in self.shape]
        check_same(image.shape[-2:], wanted, "image must have height and width")

    def otfs(self, image):
        """Return the transforms of the PSFs, their centres at the origin."""
        key = (image.dtype, image.device)
        if key not in self._otfs:
            device, sides = self.psfs.device, zip(self.psfs.shape[-2:], self._size, strict=True)
            rows, columns = ((torch.arange(n, device=device) - n // 2) % side for n, side in sides)
            placed = self.psfs.new_zeros(len(self.psfs), *self._size, dtype=torch.float64)
            numbers = torch.arange(len(self.psfs), device=rows.device)[:, None, None]
            # Added up: a PSF larger than a periodic image wraps around it.
            where = (numbers, rows[:, None], columns)
            placed.index_put_(where, self.psfs.double(), accumulate=True)
            self._otfs[key] = torch.fft.rfft2(placed.to(image))
        return self._otfs[key]

    def _back(self, waves):
        return torch.fft.irfft2(waves, s=self._size)

    def _weighted(self, image, number):
        return image if self.weights is None else image * self.weights[number].to(image)


def psf_family(sigmas, psf, truncate=4.0):
    """Return the PSFs of a family, of shape (N, k, k): the pictures that it makes of a point."""
    point = sigmas.new_ones(1, 1, 1)
    reach = VaryingBlur(sigmas.view(-1, 1, 1), psf, truncate=truncate)._reach(sigmas)
    point = pad(point, (reach,) * 4, "constant").expand(len(sigmas), -1, -1)
    maps = sigmas.view(-1, 1, 1).expand_as(point)
    return VaryingBlur(maps, psf, truncate=truncate, padding_mode="constant").forward(point)
