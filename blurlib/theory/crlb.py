"""Cramer-Rao bounds on sigma from one patch: texture known, spectrum known, or its family alone."""

import math

import torch

from .._checks import check_image, check_integer
from ..blur.spectra import radial_frequency
from ..data.patches import PATCH_SIZE
from .textures import check_power, noise_power, power_law, transfer

#: How many patch sides a field is long, out of which a patch is cut.
_SIDES_AROUND = 4


def _bound(information):
    """Return the smallest standard deviation that so much information allows."""
    return 1 / math.sqrt(information) if information > 0 else math.inf


def crlb_texture_known(texture, sigma, *, noise=0.0, truncate=None):
    r"""Return the Cramer-Rao bound on sigma if the sharp texture itself is known.

    Parameters
    ----------
    texture : Tensor of shape (H, W)
        The sharp patch, grey levels in [0, 1].
    sigma : float
        Where, in pixels.
    noise : float, optional
        Standard deviation of camera noise in grey levels of 255; rounding comes on top.
    truncate : float, optional
        Of the PSF, as in `transfer`.

    Returns
    -------
    bound : float
        Smallest standard deviation of any unbiased estimate, in pixels; infinite if the patch
        does not change with sigma.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    The pixels are :math:`y = h_\sigma * x + n`, with white noise of variance :math:`n_0` and
    nothing unknown but sigma. The log-likelihood is
    :math:`-\|y - h_\sigma * x\|^2 / 2 n_0`; the mean square of its derivative is

    .. math:: J = \frac{1}{n_0} \sum_p \left(\frac{\partial (h_\sigma * x)_p}{\partial \sigma}
        \right)^2 = \frac{1}{n_0 H W} \sum_k |X_k|^2
        \left(\frac{\partial H_k}{\partial \sigma}\right)^2 ,

    the second by Parseval's theorem, and the bound is :math:`1 / \sqrt J`: as large as the
    noise, and the smaller the more contrast there is.

    References
    ----------
    .. [1] S. M. Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", chapter 3;
       key ``kay1993``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> texture = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    >>> crlb_texture_known(texture, 1.0) < crlb_texture_known(texture, 1.0, noise=2.0) < 0.01
    True
    """
    check_image(texture, "texture", min_side=2, ndim=2)
    _, change = transfer(sigma, texture.shape, truncate=truncate)
    power = torch.fft.fft2(texture.detach().cpu().double()).abs().square() / texture.numel()
    return _bound((power * change.square()).sum().item() / noise_power(noise))


def crlb_spectrum_known(power, sigma, *, noise=0.0, truncate=None):
    r"""Return the Cramer-Rao bound on sigma if the texture is unknown and its spectrum known.

    Parameters
    ----------
    power : Tensor of shape (H, W)
        Power spectrum S of the sharp texture, as `power_law` gives it.
    sigma : float
        Where, in pixels.
    noise : float, optional
        Standard deviation of camera noise in grey levels of 255; rounding comes on top.
    truncate : float, optional
        Of the PSF, as in `transfer`.

    Returns
    -------
    bound : float
        Smallest standard deviation of any unbiased estimate, in pixels; infinite if the spectrum
        does not change with sigma.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    The texture is a gaussian random field. Its Fourier coefficients are then independent complex
    gaussians, and those of the patch have the power :math:`P_k = S_k H_k^2 + n_0`. One complex
    coefficient has the log-likelihood :math:`-\ln P - |Y|^2 / (H W P)`; the mean square of its
    derivative is :math:`(\partial \ln P / \partial \sigma)^2`. Of a real patch, :math:`Y_{-k}` is
    the conjugate of :math:`Y_k` and says nothing new, so each pair counts once; and a coefficient
    that is its own conjugate is real and counts half. Either way half the sum over all is right:

    .. math:: J = \frac12 \sum_{k \neq 0} \left(\frac{\partial \ln P_k}{\partial \sigma}\right)^2 ,
        \qquad \frac{\partial \ln P_k}{\partial \sigma} =
        \frac{2 S_k H_k\, \partial H_k / \partial \sigma}{S_k H_k^2 + n_0} .

    Without noise, the texture's strength would cancel. Noise decides which k count.

    References
    ----------
    .. [1] P. Whittle, "Estimation and information in stationary time series", 1953; key
       ``whittle1953``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> from blurlib.theory import power_law
    >>> round(crlb_spectrum_known(power_law((32, 32), -2.0, 0.1), 1.0), 3)
    0.007
    """
    power = check_power(power)
    h, change = transfer(sigma, power.shape, truncate=truncate)
    gradient = 2 * power * h * change / (power * h.square() + noise_power(noise))
    return _bound((gradient.flatten()[1:].square().sum() / 2).item())  # the first is the mean


def fisher_power_law(
    slope, contrast, sigma, *, size=PATCH_SIZE, noise=0.0, truncate=None, periodic=True
):
    r"""Return the Fisher information of one patch of a power-law texture.

    Parameters
    ----------
    slope, contrast : float
        Of the texture: see `power_law`.
    sigma : float
        In pixels.
    size : int, optional
        Side N of the patch in pixels.
    noise : float, optional
        Standard deviation of camera noise in grey levels of 255; rounding comes on top.
    truncate : float, optional
        Of the PSF, as in `transfer`.
    periodic : bool, optional
        False for a patch that is cut out of a larger texture and does not repeat itself.

    Returns
    -------
    information : float64 Tensor of shape (3, 3)
        Of sigma, the logarithm of the amplitude A, and :math:`\beta`, minus the slope.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    With :math:`P = A |f|^{-\beta} H^2 + n_0`, of which the texture is the share
    :math:`s = A |f|^{-\beta} H^2 / P`,

    .. math:: J_{ij} = \frac12 \sum_{k \neq 0} g_i(k)\, g_j(k), \quad
        g_\sigma = 2 s \frac{\partial \ln H}{\partial \sigma}, \quad
        g_{\ln A} = s, \quad g_\beta = -s \ln |f| .

    A patch that is cut out is a gaussian vector y as well, but its Fourier coefficients are not
    independent. With its covariance matrix C, from the spectrum on a grid four times as long,

    .. math:: J_{ij} = \frac12 \operatorname{tr}\left(C^{-1} \frac{\partial C}{\partial \theta_i}
        C^{-1} \frac{\partial C}{\partial \theta_j}\right) .

    The unknown mean is left out by giving it a variance of its own, so large that it says nothing.
    A cut patch has waves longer than itself in it, as trends; so it may also know *more* about
    amplitude and slope than one that repeats itself.

    References
    ----------
    .. [1] S. M. Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", chapter 3;
       key ``kay1993``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> fisher_power_law(-2.0, 0.1, 1.0).shape
    torch.Size([3, 3])
    """
    size = check_integer(size, "size", low=2)
    if not periodic and size > 2 * PATCH_SIZE:
        raise ValueError(f"size must be at most {2 * PATCH_SIZE} for what is cut out, got {size}.")
    side = size if periodic else _SIDES_AROUND * size
    power = power_law((side, side), slope, contrast)
    h, change = transfer(sigma, power.shape, truncate=truncate)
    log_radius = radial_frequency(power.shape).clamp_min(1e-12).log()
    parts = torch.stack([2 * power * h * change, power * h**2, -power * h**2 * log_radius])
    total = power * h.square() + noise_power(noise)
    if periodic:
        gradients = (parts / total).flatten(1)[:, 1:]  # the first is the mean
        return gradients @ gradients.T / 2
    covariance, *changes = (_covariance(spectrum, size) for spectrum in (total, *parts))
    covariance += covariance[0, 0] * 1e4  # an unknown mean
    factor, failed = torch.linalg.cholesky_ex(covariance)
    if failed:
        texture = f"a texture of slope {slope:g} after a blur of sigma {sigma:g}"
        raise ValueError(f"{texture} is too smooth to cut; pass more noise or periodic=True.")
    relative = [torch.cholesky_solve(part, factor) for part in changes]
    return torch.stack([torch.stack([(a * b.T).sum() for b in relative]) for a in relative]) / 2


def _covariance(power, size):
    """Return the covariance matrix of the pixels of a patch cut out of a periodic texture."""
    lags = torch.fft.ifft2(power.to(torch.complex128)).real
    at = torch.arange(size)
    apart = (at[:, None] - at[None, :]) % power.shape[0]
    # Entry (row, column, row', column') is the covariance at that lag.
    matrix = lags[apart[:, None, :, None], apart[None, :, None, :]]
    return matrix.reshape(size**2, size**2)


def crlb_power_law(slope, contrast, sigma, **options):
    r"""Return the Cramer-Rao bound on sigma if only the family of the spectrum is known.

    Parameters
    ----------
    slope, contrast : float
        Of the texture: see `power_law`. They decide the bound, but the estimator has to find them.
    sigma : float
        Where, in pixels.
    **options
        ``size``, ``noise``, ``truncate`` and ``periodic``, as in `fisher_power_law`.

    Returns
    -------
    bound : float
        Smallest standard deviation of any unbiased estimate, in pixels; infinite if another
        amplitude and slope can imitate a change of sigma.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    The three-by-three information matrix of `fisher_power_law` is split into sigma and the two
    nuisance parameters :math:`\nu = (\ln A, \beta)`. The top left entry of its inverse is one over
    the *Schur complement*

    .. math:: J_{\sigma \mid \nu} = J_{\sigma\sigma} - J_{\sigma\nu} J_{\nu\nu}^{-1} J_{\nu\sigma} .

    In pictures: the curve by which sigma changes the log spectrum, less what amplitude and slope
    can imitate of it. So the bound is never below the one with known spectrum.

    References
    ----------
    .. [1] S. M. Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", chapter 3;
       key ``kay1993``.
    .. [2] Chapter "Rivals and limits", ``book/maps/rivals_and_limits.ipynb``.

    Examples
    --------
    >>> round(crlb_power_law(-2.0, 0.1, 1.0), 3)
    0.029
    """
    information = fisher_power_law(slope, contrast, sigma, **options)
    across, nuisance = information[0, 1:], information[1:, 1:]
    if information.diagonal().min() <= 0 or torch.linalg.matrix_rank(nuisance, hermitian=True) < 2:
        return math.inf
    left = (information[0, 0] - across @ torch.linalg.solve(nuisance, across)).item()
    # What is left of a difference of equal numbers is rounding.
    return _bound(left if left > 1e-12 * information[0, 0] else 0.0)
