r"""Blurring an image: with one PSF everywhere, or with a sigma of its own at each pixel."""

from torch.nn import functional

from .._checks import check_choice, check_image
from .borders import pad
from .operators import VaryingBlur
from .psf import check_psf


def blur_uniform(image, psf, *, padding_mode="reflect"):
    r"""Convolve an image with one point spread function.

    .. math:: G(p) = \sum_q h(q) \, F(p - q)

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Sharp image F, floating point.
    psf : Tensor of shape (k, l)
        Point spread function h: odd sides, non-negative, sum 1.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What the PSF meets beyond the border: see `blurlib.blur.pad`.

    Returns
    -------
    blurred : Tensor of shape (..., H, W)
        Same dtype and device as `image`.

    Raises
    ------
    TypeError, ValueError
        If the image or the PSF is none, or the padding mode is unknown.

    Notes
    -----
    A true convolution: the PSF is turned by 180 degrees before it is slid, which matters for
    camera shake. Cost: H W k l.

    References
    ----------
    .. [1] Chapter "What is blur?", ``book/blur/what_blur_is.ipynb``.

    Examples
    --------
    >>> import torch
    >>> blur_uniform(torch.ones(9, 7), torch.full((3, 3), 1 / 9)).shape
    torch.Size([9, 7])
    """
    check_image(image)
    check_psf(psf)
    row_reach, column_reach = psf.shape[0] // 2, psf.shape[1] // 2
    padded = pad(image, (row_reach, row_reach, column_reach, column_reach), padding_mode)
    stack = padded.reshape(-1, 1, *padded.shape[-2:])
    turned = psf.to(image).flip(0, 1)[None, None]  # conv2d slides without turning
    return functional.conv2d(stack, turned).reshape(image.shape)


def blur_varying(image, sigma_map, *, mode="gather", truncate=4.0, padding_mode="reflect"):
    r"""Blur an image with a gaussian PSF whose sigma changes from pixel to pixel. Exact.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Sharp image F, floating point.
    sigma_map : Tensor of shape (H, W)
        Sigma of the PSF at each pixel, at least 0, in pixels.
    mode : {"gather", "scatter"}, optional
        Whether the PSF belongs to the output pixel, which gathers light, or to the source pixel,
        which scatters it.
    truncate : float, optional
        Where each PSF is cut, in units of its sigma; 2 is the author's.
    padding_mode : {"reflect", "symmetric", "replicate", "circular", "constant"}, optional
        What lies beyond the border: see `blurlib.blur.pad`. When scattering, light that leaves
        the image comes back where gathering would have fetched it.

    Returns
    -------
    blurred : Tensor of shape (..., H, W)
        Same dtype and device as `image`.

    Raises
    ------
    TypeError, ValueError
        If image or map is none, the shapes differ, or a sigma is negative or enormous.

    Notes
    -----
    With g the gaussian of sigma :math:`\sigma`, cut and normalised,

    .. math::
        G_\text{gather}(p) &= \sum_q g(q - p; \sigma(p)) \, F(q) \\
        G_\text{scatter}(p) &= \sum_q g(p - q; \sigma(q)) \, F(q)

    The second is the first with its matrix transposed, and is computed so. Gathering keeps a
    constant image as it is; scattering keeps the sum of the light. Where sigma is uniform the two
    agree, but for the border: there the mirrors' matrix is not symmetric. A map that is constant
    along an axis lets the two axes be summed one after the other.

    References
    ----------
    .. [1] Chapter "A blur for every pixel", ``book/blur/varying_blur.ipynb``.

    Examples
    --------
    >>> import torch
    >>> blur_varying(torch.ones(9, 7), torch.ones(9, 7)).shape
    torch.Size([9, 7])
    """
    check_choice(mode, "mode", ("gather", "scatter"))
    operator = VaryingBlur(sigma_map, truncate=truncate, padding_mode=padding_mode)
    return operator.forward(image) if mode == "gather" else operator.adjoint(image)
