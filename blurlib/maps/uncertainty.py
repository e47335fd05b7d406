"""What a stated deviation is worth: calibration, reliability, and what to leave unsaid."""

import torch

from .._checks import check_integer, check_number

#: From this stated deviation on, in pixels, a map says "no texture here" where blur is weak: see
#: `no_texture`. Guessing the middle of the thesis' range, 0 to 3 pixels, errs by 0.87.
NO_TEXTURE = 0.5

#: Share of a gaussian's values within one and within two deviations.
WITHIN = {1: 0.6827, 2: 0.9545}


def no_texture(sigma, std):
    """Return where a map has no evidence: its deviation is too large for what it says.

    Parameters
    ----------
    sigma, std : Tensors of one shape
        A map and the deviation that the estimator states, in pixels.

    Returns
    -------
    hidden : Tensor of bool, of that shape
        Whether std is above `NO_TEXTURE` and above a quarter of sigma. Half a pixel decides up to
        2 pixels; a blur of 12 pixels that is known to 1 is known well.

    Raises
    ------
    TypeError, ValueError
        If one is no tensor, or shapes differ.

    References
    ----------
    .. [1] Chapter "How sure is it?", ``book/maps/how_sure.ipynb``.

    Examples
    --------
    >>> no_texture(torch.tensor([1.0, 2.0, 12.0, 12.0]), torch.tensor([0.6, 0.6, 1.0, 4.0]))
    tensor([ True,  True, False,  True])
    """
    _check_tensors(sigma=sigma, std=std)
    return std > (NO_TEXTURE / 2 * sigma).clamp_(min=NO_TEXTURE)  # a large map is copied but once


def coverage(errors, std, num_std=1):
    """Return which share of errors is at most so many stated deviations large.

    Parameters
    ----------
    errors, std : Tensors of one shape
        Estimate less truth, and what the estimator states, in pixels.
    num_std : float, optional
        How many; a gaussian's errors are within one in 68 %, within two in 95 % of all cases.

    Returns
    -------
    share : float

    Raises
    ------
    TypeError, ValueError
        If shapes differ, a value is not finite, or a deviation is not positive.

    References
    ----------
    .. [1] V. Kuleshov et al., "Accurate uncertainties for deep learning using calibrated
       regression", ICML 2018; key ``kuleshov2018``.
    .. [2] Chapter "How sure is it?", ``book/maps/how_sure.ipynb``.

    Examples
    --------
    >>> coverage(torch.tensor([0.1, -0.3]), torch.tensor([0.2, 0.2]))
    0.5
    """
    errors, std = _check(errors, std)
    num_std = check_number(num_std, "num_std", low=0)
    return (errors.abs() <= num_std * std).double().mean().item()


def fit_std_scale(errors, std):
    r"""Return the one factor that makes 68 % of all errors lie within one deviation.

    Parameters
    ----------
    errors, std : Tensors of one shape
        On pictures that the network has not seen, in pixels.

    Returns
    -------
    scale : float
        The 0.683 quantile of :math:`|e| / s`.

    Raises
    ------
    TypeError, ValueError
        As `coverage`.

    References
    ----------
    .. [1] V. Kuleshov et al., ICML 2018; key ``kuleshov2018``. One factor is the least of what they
       propose; it cannot mend a deviation that is wrong in different ways at different places.
    .. [2] Chapter "How sure is it?", ``book/maps/how_sure.ipynb``.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(0)
    >>> errors = 0.3 * torch.randn(100_000, generator=rng)
    >>> round(fit_std_scale(errors, torch.full_like(errors, 0.2)), 1)
    1.5
    """
    errors, std = _check(errors, std)
    ratio = (errors.abs() / std).flatten().sort().values
    return ratio[round(WITHIN[1] * (len(ratio) - 1))].item()


def reliability(errors, std, num_bins=10):
    """Return what is stated beside what is found, in bins of equally many places.

    Parameters
    ----------
    errors, std : Tensors of one shape
        In pixels.
    num_bins : int, optional
        From the surest places to the least sure ones.

    Returns
    -------
    stated, found : Tensors of shape (num_bins,)
        Root of the mean square of the deviations, and of the errors, in pixels. On the diagonal,
        std means what it says.

    Raises
    ------
    TypeError, ValueError
        As `coverage`, or if there are more bins than places.

    References
    ----------
    .. [1] D. Levi et al., "Evaluating and calibrating uncertainty prediction in regression tasks",
       Sensors 2022; key ``levi2022``.
    """
    errors, std = _check(errors, std)
    if check_integer(num_bins, "num_bins") > errors.numel():
        raise ValueError(f"num_bins must be at most the {errors.numel()} places, got {num_bins}.")
    order = std.flatten().argsort()
    bins = (values.flatten()[order].square().tensor_split(num_bins) for values in (std, errors))
    return tuple(torch.stack([part.mean().sqrt() for part in parts]) for parts in bins)


def sparsification_curve(errors, std, shares):
    """Return the error of the surest places: how much std knows about what is wrong.

    Parameters
    ----------
    errors, std : Tensors of one shape
        In pixels.
    shares : sequence of float
        Which shares of all places are kept, the surest ones, each above 0 and up to 1.

    Returns
    -------
    rmse : list of float
        Root mean squared error of the places that are kept, in pixels.

    Raises
    ------
    TypeError, ValueError
        As `coverage`, or if a share is out of range.

    References
    ----------
    .. [1] E. Ilg et al., "Uncertainty estimates and multi-hypotheses networks for optical flow",
       ECCV 2018; key ``ilg2018``.

    Examples
    --------
    >>> sparsification_curve(torch.tensor([0.1, 1.0]), torch.tensor([0.2, 0.9]), [0.5])
    [0.1]
    """
    errors, std = _check(errors, std)
    if not all(0 < share <= 1 for share in shares):
        raise ValueError(f"shares must lie above 0 and up to 1, got {list(shares)}.")
    squared = errors.flatten()[std.flatten().argsort()].square()
    kept = [max(1, round(share * len(squared))) for share in shares]
    return [round(squared[:count].mean().sqrt().item(), 6) for count in kept]


def _check_tensors(**layers):
    for name, values in layers.items():
        if not isinstance(values, torch.Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(values).__name__}.")
    if len({values.shape for values in layers.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(values.shape)}" for name, values in layers.items())
        raise ValueError(f"{shapes} differ in shape.")


def _check(errors, std):
    _check_tensors(errors=errors, std=std)
    for name, values in (("errors", errors), ("std", std)):
        if values.numel() == 0 or not values.isfinite().all():
            raise ValueError(f"{name} must be finite and not empty, shape {tuple(values.shape)}.")
    if std.min() <= 0:
        raise ValueError(f"std must be positive, got {std.min():g}.")
    return errors.double(), std.double()
