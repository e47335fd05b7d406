"""Power spectra of patches, once: window, power, folding, frequencies.

Frequencies are those of `torch.fft.fftfreq`, in cycles per pixel.
"""

import torch

from .._checks import check_integer


def hann_window(shape, *, periodic=False, dtype=None, device=None):
    """Return Hann's window for patches: it fades the rim out, where a cut patch does not meet.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the patch.
    periodic : bool, optional
        False: symmetric, without the zeros at its ends, so that every pixel counts. True: zero at
        the first row and column, as one period of a cosine.
    dtype, device : optional
        As for `torch.hann_window`.

    Returns
    -------
    window : Tensor of shape (H, W)
        At most 1.

    References
    ----------
    .. [1] F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
       transform", Proceedings of the IEEE 66(1), 1978.
    .. [2] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.

    Examples
    --------
    >>> hann_window((3, 1))[:, 0].tolist()
    [0.5, 1.0, 0.5]
    """
    ends = 0 if periodic else 1
    options = {"dtype": dtype, "device": device}
    windows = (torch.hann_window(side + 2 * ends, periodic, **options) for side in shape)
    down, across = (window[ends : len(window) - ends] for window in windows)
    return torch.outer(down, across)


def windowed_power(images, window, *, half=True):
    r"""Return the squared Fourier coefficients of images under a window, less their mean.

    .. math:: |\mathcal F(w (x - \bar x))|^2, \qquad \bar x = \frac{\sum w x}{\sum w}

    With the mean as the window sees it, nothing leaks from frequency 0.

    Parameters
    ----------
    images : Tensor of shape (..., H, W)
        Grey levels.
    window : Tensor of shape (H, W)
        Weights w; all ones for no window.
    half : bool, optional
        Whether to leave out the columns that a real image repeats, as `torch.fft.rfft2` does.

    Returns
    -------
    power : Tensor of shape (..., H, W // 2 + 1) or (..., H, W)
        Divided by ``window.square().sum()`` it is a pixel's power: white noise of variance v has
        v everywhere.

    References
    ----------
    .. [1] P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra",
       IEEE Transactions on Audio and Electroacoustics 15(2), 1967.
    .. [2] Chapter "A network that sees spectra", ``book/learn/spectra.ipynb``.

    Examples
    --------
    >>> images = torch.rand(5, 32, 24)
    >>> windowed_power(images, hann_window((32, 24))).shape
    torch.Size([5, 32, 13])
    """
    mean = (images * window).sum((-2, -1), keepdim=True) / window.sum()
    transform = torch.fft.rfft2 if half else torch.fft.fft2
    return transform((images - mean) * window).abs().square()


def fold_power(power):
    """Return the mean of the powers at opposite row frequencies.

    Those at opposite column frequencies are the same again, so it is the mean of the up to four
    coefficients that mirror each other; `fold_counts` says how many they are.

    Parameters
    ----------
    power : Tensor of shape (..., H, C)
        Row frequencies in the order of `torch.fft.fftfreq`; of a half plane.

    Returns
    -------
    folded : Tensor of shape (..., H // 2 + 1, C)
        From row frequency 0 up to 1/2.

    Examples
    --------
    >>> fold_power(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))[:, 0].tolist()
    [1.0, 3.0, 3.0]
    """
    size = power.shape[-2]
    opposite = -torch.arange(size, device=power.device) % size
    return (power + power[..., opposite, :])[..., : size // 2 + 1, :] / 2


def fold_counts(shape, *, dtype=None):
    """Return how many coefficients of the whole plane stand behind each that `fold_power` leaves.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the patch.
    dtype : torch.dtype, optional
        Of the result.

    Returns
    -------
    counts : Tensor of shape (H // 2 + 1, W // 2 + 1)
        1, 2 or 4; their sum is H W.

    Examples
    --------
    >>> fold_counts((4, 3)).tolist()
    [[1.0, 2.0], [2.0, 4.0], [1.0, 2.0]]
    """
    places = [(torch.arange(side // 2 + 1), side) for side in shape]
    # Frequency 0, and 1/2 where there is one, are their own mirror images.
    down, across = (2 - (k == -k % side).to(dtype or torch.float32) for k, side in places)
    return torch.outer(down, across)


def frequencies(shape, *, half=False):
    """Return the row and the column frequencies of a patch.

    Parameters
    ----------
    shape : (int, int)
        Height and width, at least 2 each.
    half : bool, optional
        Whether columns are those of `torch.fft.rfftfreq`: from 0 up to 1/2.

    Returns
    -------
    rows, columns : float64 Tensors of shape (H,) and (W,) or (W // 2 + 1,)
        In cycles per pixel.

    Raises
    ------
    TypeError, ValueError
        If a side is no integer of at least 2.

    Examples
    --------
    >>> [line.tolist() for line in frequencies((2, 4), half=True)]
    [[0.0, -0.5], [0.0, 0.25, 0.5]]
    """
    height, width = (check_integer(side, "each side", low=2) for side in shape)
    across = torch.fft.rfftfreq if half else torch.fft.fftfreq
    return torch.fft.fftfreq(height, dtype=torch.float64), across(width, dtype=torch.float64)


def radial_frequency(shape, *, half=False):
    """Return how far each coefficient lies from frequency 0.

    Parameters
    ----------
    shape, half
        As for `frequencies`.

    Returns
    -------
    radius : float64 Tensor of shape (H, W) or (H, W // 2 + 1)
        In cycles per pixel.

    Raises
    ------
    TypeError, ValueError
        If a side is no integer of at least 2.

    Examples
    --------
    >>> radial_frequency((2, 4)).max().item() == 0.5**0.5
    True
    """
    rows, columns = frequencies(shape, half=half)
    return torch.hypot(rows[:, None], columns[None, :])
