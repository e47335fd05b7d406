r"""How well could anybody do: Cramer-Rao bounds on sigma from one patch.

The patch is taken to be one period of a texture that repeats itself, so that blur multiplies each
Fourier coefficient by the OTF and nothing mixes; a patch that is cut out of a picture loses a
little more, which `bound_power_law` can count exactly. Rounding to 8 bits and camera noise are
taken to be white. Conventions, the same in every function:

* frequencies :math:`f_k` are those of `torch.fft.fftfreq`, :math:`X_k` is the plain Fourier sum;
* power is a pixel's: white noise of variance v has :math:`P_k = E |X_k|^2 / N^2 = v`;
* the coefficient at frequency 0 is left out: it is the mean grey level, which no blur changes;
* grey levels lie in [0, 1]; ``noise`` alone is given in grey levels of 255.
"""

import math

import torch

from .._checks import check_generator, check_image, check_integer, check_number
from ..blur.degrade import QUANTIZATION_VARIANCE
from ..blur.psf import gaussian_reach
from ..blur.spectra import frequencies, radial_frequency
from ..data.patches import PATCH_SIZE

#: The largest sigma that is meant here, in pixels: beyond it a bound says nothing of use.
SIGMA_LIMIT = 50.0

#: How many patch sides a field is long, out of which a patch is cut.
_AROUND = 4

#: Spectral slopes that are meant here.
SLOPES = (-8.0, 4.0)


def _check_sigma(sigma, low=0.0):
    return check_number(sigma, "sigma", low=low, high=SIGMA_LIMIT, unit="pixels")


def check_truncate(truncate):
    """Return `truncate` as a float or None, or raise."""
    if truncate is None:
        return None
    return check_number(truncate, "truncate", low=0.5, high=20, unit="sigma")


def check_power(power):
    """Return a power spectrum (H, W) in double precision, or raise."""
    check_image(power, "power", min_side=2, ndim=2)
    if (power < 0).any():
        raise ValueError(f"power must be at least 0 everywhere, got {power.min().item():g}.")
    return power.detach().cpu().double()


def noise_power(noise=0.0):
    r"""Return the power of what is added after the blur: rounding and camera noise.

    .. math:: n_0 = \frac{1/12 + s^2}{255^2}

    Parameters
    ----------
    noise : float, optional
        Standard deviation s of the camera's white noise, in grey levels of 255.

    Returns
    -------
    power : float
        Variance of a pixel, for grey levels in [0, 1]; the same at every frequency.

    Raises
    ------
    TypeError, ValueError
        If `noise` is no finite number of at least 0.

    References
    ----------
    .. [1] W. R. Bennett, "Spectra of quantized signals", 1948; key ``bennett1948``: when the error
       of rounding is white.
    .. [2] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> round(255**2 * noise_power(1.0), 4)
    1.0833
    """
    noise = check_number(noise, "noise", low=0, high=255, unit="grey levels")
    return (QUANTIZATION_VARIANCE + noise**2) / 255**2


def _profile(sigma, frequency, truncate):
    """Return the OTF along one axis and its derivative, (B, n) each, for sigma (B,)."""
    sigma, frequency = sigma[:, None], frequency[None, :]
    if truncate is None:
        passed = torch.exp(-2 * (math.pi * sigma * frequency) ** 2)
        return passed, -4 * math.pi**2 * sigma * frequency**2 * passed
    sigma = sigma.clamp_min(1e-3)  # below it all samples but one have vanished anyway
    reach = gaussian_reach(sigma, truncate)
    offset = torch.arange(int(reach.max()) + 1, dtype=sigma.dtype)
    weight = torch.exp(-0.5 * (offset / sigma) ** 2) * (offset <= reach)
    weight[:, 1:] *= 2  # on either side
    weight = weight / weight.sum(1, keepdim=True)
    second_moment = (weight * offset**2).sum(1, keepdim=True)
    change = weight * (offset**2 - second_moment) / sigma**3  # while the reach stays as it is
    wave = torch.cos(2 * math.pi * offset[:, None] * frequency)
    return weight @ wave, change @ wave


def transfers(sigma, rows, columns, truncate):
    """Return H and dH / dsigma, (B, R, C) each, at row and column frequencies."""
    down, down_change = (part[:, :, None] for part in _profile(sigma, rows, truncate))
    across, across_change = (part[:, None, :] for part in _profile(sigma, columns, truncate))
    return down * across, down_change * across + down * across_change


def transfer(sigma, shape, *, truncate=None):
    r"""Return a gaussian's OTF and its derivative for sigma, at the frequencies of a patch.

    .. math:: H(f) = e^{-2 \pi^2 \sigma^2 f^2}, \qquad
        \frac{\partial H}{\partial \sigma} = -4 \pi^2 \sigma f^2 H(f)

    Parameters
    ----------
    sigma : float
        Standard deviation in pixels, at least 0.
    shape : (int, int)
        Height and width of the patch.
    truncate : float, optional
        Where the PSF is sampled up to, in units of sigma: 2 for the author's. By default it is the
        true gaussian, whose transform is meant.

    Returns
    -------
    otf, derivative : float64 Tensors of shape (H, W)
        Real; frequencies in the order of `torch.fft.fftfreq`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    A sampled gaussian with weights :math:`w_i` on the pixels i of one axis has
    :math:`\partial w_i / \partial \sigma = w_i (i^2 - \sum_j w_j j^2) / \sigma^3`, as long as its
    support keeps its side. Where ceil(truncate sigma) takes a step, the OTF itself jumps and has no
    derivative; at the step the one from below is meant, as `blurlib.blur.gaussian_psf` rounds.

    References
    ----------
    .. [1] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> otf, derivative = transfer(1.0, (32, 32))
    >>> otf[0, 0].item(), derivative[0, 0].item()
    (1.0, -0.0)
    """
    sigma, truncate = _check_sigma(sigma), check_truncate(truncate)
    rows, columns = frequencies(shape)
    h, change = transfers(torch.tensor([sigma], dtype=torch.float64), rows, columns, truncate)
    return h[0], change[0]


def power_law(shape, slope, contrast):
    r"""Return the power spectrum of a texture whose power follows a power law.

    .. math:: S(f) = A |f|^{-\beta}, \qquad S(0) = 0

    Parameters
    ----------
    shape : (int, int)
        Height and width of the grid of frequencies.
    slope : float
        :math:`-\beta`, as `blurlib.data.texture_statistics` measures it: photographs lie near -2.
    contrast : float
        Standard deviation of the grey levels of such a texture on a grid of 32 x 32, whatever
        `shape` is: so one slope and contrast name one texture, seen through windows of any size.

    Returns
    -------
    power : float64 Tensor of shape (H, W)
        A pixel's power, in the order of `torch.fft.fftfreq`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    References
    ----------
    .. [1] D. J. Field, "Relations between the statistics of natural images and the response
       properties of cortical cells", J. Opt. Soc. Am. A 4(12), 1987; key ``field1987``.

    Examples
    --------
    >>> round(power_law((32, 32), -2.0, 0.1).mean().sqrt().item(), 3)
    0.1
    """
    slope = check_number(slope, "slope", low=SLOPES[0], high=SLOPES[1])
    contrast = check_number(contrast, "contrast", low=0, high=10)
    amplitude = contrast**2 / _unit_power_law((PATCH_SIZE, PATCH_SIZE), slope).mean()
    return amplitude * _unit_power_law(shape, slope)


def _unit_power_law(shape, slope):
    radius = radial_frequency(shape)
    power = radius.clamp_min(1e-12) ** slope
    power[0, 0] = 0
    return power


def gaussian_fields(power, number, *, rng):
    """Draw gaussian random textures with a given power spectrum; each repeats itself.

    Parameters
    ----------
    power : Tensor of shape (H, W)
        A pixel's power, in the order of `torch.fft.fftfreq`: see `power_law`.
    number : int
        How many.
    rng : torch.Generator
        Source of the draws.

    Returns
    -------
    fields : float64 Tensor of shape (number, H, W)
        Grey levels around 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> gaussian_fields(power_law((16, 16), -2.0, 0.1), 3, rng=rng).shape
    torch.Size([3, 16, 16])
    """
    power, number = check_power(power), check_integer(number, "number")
    check_generator(rng, cpu=True)
    white = torch.randn(number, *power.shape, generator=rng, dtype=torch.float64)
    return torch.fft.ifft2(torch.fft.fft2(white) * power.sqrt()).real


def blur_periodic(fields, sigma, *, truncate=None):
    """Blur textures that repeat themselves: the blur that the bounds are about.

    Parameters
    ----------
    fields : Tensor of shape (..., H, W)
        Sharp textures.
    sigma : float
        Standard deviation in pixels.
    truncate : float, optional
        As in `transfer`.

    Returns
    -------
    blurred : float64 Tensor of shape (..., H, W)
        Neither rounded nor noisy.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> sharp = torch.rand(16, 16, generator=rng)
    >>> bool((blur_periodic(sharp, 0.0) - sharp).abs().max() < 1e-6)
    True
    """
    check_image(fields, "fields", min_side=2)
    h, _ = transfer(sigma, fields.shape[-2:], truncate=truncate)
    return torch.fft.ifft2(torch.fft.fft2(fields.double()) * h.to(fields.device)).real


def _bound(information):
    """Return the smallest standard deviation that so much information allows."""
    return 1 / math.sqrt(information) if information > 0 else math.inf


def bound_texture_known(texture, sigma, *, noise=0.0, truncate=None):
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
    .. [2] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> texture = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    >>> bound_texture_known(texture, 1.0) < bound_texture_known(texture, 1.0, noise=2.0) < 0.01
    True
    """
    check_image(texture, "texture", min_side=2, ndim=2)
    _, change = transfer(sigma, texture.shape, truncate=truncate)
    power = torch.fft.fft2(texture.detach().cpu().double()).abs().square() / texture.numel()
    return _bound((power * change.square()).sum().item() / noise_power(noise))


def bound_spectrum_known(power, sigma, *, noise=0.0, truncate=None):
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
    .. [2] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> round(bound_spectrum_known(power_law((32, 32), -2.0, 0.1), 1.0), 3)
    0.007
    """
    power = check_power(power)
    gradient, counts = _log_gradients(power, sigma, noise, truncate)
    return _bound((gradient[counts].square().sum() / 2).item())


def _log_gradients(power, sigma, noise, truncate):
    """Return d ln P / d sigma, and which coefficients count: all but the mean."""
    h, change = transfer(sigma, power.shape, truncate=truncate)
    gradient = 2 * power * h * change / (power * h.square() + noise_power(noise))
    counts = torch.ones(power.shape, dtype=torch.bool)
    counts[0, 0] = False
    return gradient, counts


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
    .. [2] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> fisher_power_law(-2.0, 0.1, 1.0).shape
    torch.Size([3, 3])
    """
    size = check_integer(size, "size", low=2)
    if not periodic and size > 2 * PATCH_SIZE:
        raise ValueError(
            f"size must be at most {2 * PATCH_SIZE} for a patch that is cut out, got {size}: its "
            "covariance matrix has size ** 4 entries."
        )
    side = size if periodic else _AROUND * size
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
        raise ValueError(
            f"a texture of slope {slope:g} after a blur of sigma {sigma:g} is too smooth for "
            "double precision in a patch that is cut out; pass more noise or periodic=True."
        )
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


def bound_power_law(
    slope, contrast, sigma, *, size=PATCH_SIZE, noise=0.0, truncate=None, periodic=True
):
    r"""Return the Cramer-Rao bound on sigma if only the family of the spectrum is known.

    Parameters
    ----------
    slope, contrast : float
        Of the texture: see `power_law`. They decide the bound, but the estimator has to find them.
    sigma : float
        Where, in pixels.
    size : int, optional
        Side of the patch in pixels.
    noise : float, optional
        Standard deviation of camera noise in grey levels of 255; rounding comes on top.
    truncate : float, optional
        Of the PSF, as in `transfer`.
    periodic : bool, optional
        False for a patch that is cut out of a larger texture: exact, some seconds at 32 pixels.

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
    .. [2] Chapter "The physical limit", ``book/maps/limits.ipynb``.

    Examples
    --------
    >>> round(bound_power_law(-2.0, 0.1, 1.0), 3)
    0.029
    """
    information = fisher_power_law(
        slope, contrast, sigma, size=size, noise=noise, truncate=truncate, periodic=periodic
    )
    across, nuisance = information[0, 1:], information[1:, 1:]
    if information.diagonal().min() <= 0 or torch.linalg.matrix_rank(nuisance, hermitian=True) < 2:
        return math.inf
    left = (information[0, 0] - across @ torch.linalg.solve(nuisance, across)).item()
    # What is left of a difference of equal numbers is rounding.
    return _bound(left if left > 1e-12 * information[0, 0] else 0.0)
