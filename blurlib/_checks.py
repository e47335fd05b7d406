"""Checks at the door: one clear error that says what came in and what to pass instead."""

import math
import numbers
import types

import torch


def check_number(value, name, *, low=-math.inf, high=math.inf, unit=""):
    """Return `value` as a float, or raise if it is no finite number in [low, high]."""
    wanted = f"{name} must be a finite number from {low:g} to {high:g}{unit and ' ' + unit}"
    if isinstance(value, torch.Tensor) and value.ndim == 0:
        value = value.item()
    return float(_within(value, numbers.Real, wanted, low, high))


def check_integer(value, name, *, low=1, high=math.inf):
    """Return `value` as an int, or raise if it is no integer from `low` to `high`."""
    ends = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
    return int(_within(value, numbers.Integral, f"{name} must be an integer {ends}", low, high))


def check_range(ends, name, *, low=-math.inf, high=math.inf, unit=""):
    """Return (lowest, highest) as floats, or raise unless they are two numbers in that order."""
    try:
        first, last = ends
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be (lowest, highest), got {ends!r:.60}.") from None
    first = check_number(first, name, low=low, high=high, unit=unit)
    return first, check_number(last, name, low=first, high=high, unit=unit)


def _within(value, kind, wanted, low, high):
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{wanted}, got {type(value).__name__}: {str(value)[:60]}.")
    if not low <= value <= high or abs(value) == math.inf:
        raise ValueError(f"{wanted}, got {value}.")
    return value


def check_choice(value, name, choices):
    """Return `value`, or raise a ValueError that lists the choices."""
    if value not in tuple(choices):
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")
    return value


def check_shape(shape):
    """Return (height, width) as positive integers."""
    try:
        height, width = shape
    except (TypeError, ValueError):
        raise ValueError(f"shape must be (height, width), got {shape!r}.") from None
    return check_integer(height, "the height"), check_integer(width, "the width")


def check_same(found, shape, wanted):
    """Raise ValueError unless a shape is the one that is wanted."""
    found, shape = tuple(found), tuple(shape)
    if found != shape:
        raise ValueError(f"{wanted} {shape}, got {found}.")


def check_image(image, name="image", *, min_side=1, ndim=None):
    """Raise unless `image` is a finite floating tensor (..., H, W) of at least `min_side` pixels.

    With `ndim` 2 it must be a single image (H, W).

    Finiteness is part of it: one NaN spreads over a whole PSF, silently.
    """
    if not isinstance(image, torch.Tensor):
        remedy = "blurlib.data.as_image makes one of an array, load_image of a file"
        wanted = f"a torch tensor (..., H, W), got {type(image).__name__}"
        raise TypeError(f"{name} must be {wanted}; {remedy}.")
    if not image.is_floating_point():
        wanted = f"floating point values in [0, 1], got {image.dtype}"
        raise TypeError(f"{name} must hold {wanted}; blurlib.data.as_image scales integers.")
    found = tuple(image.shape)
    if image.ndim < 2 or image.numel() == 0 or min(found[-2:]) < min_side:
        wanted = f"shape (..., H, W) with at least {min_side} pixels a side"
        raise ValueError(f"{name} must have {wanted}, got {found}.")
    if ndim == 2 and image.ndim != 2:
        raise ValueError(f"{name} must have shape (H, W), got {found}; pass one image.")
    if not torch.isfinite(image).all():
        raise ValueError(f"{name} holds NaN or infinite values; replace or crop them away first.")
    return image


def check_generator(rng, *, cpu=False):
    """Raise unless `rng` is a torch.Generator: every random draw has a named source."""
    if not isinstance(rng, torch.Generator):
        kind = type(rng).__name__
        raise TypeError(f"rng must be a torch.Generator, got {kind}; pass torch.Generator().")
    if cpu and rng.device.type != "cpu":
        raise ValueError(f"rng must draw on the CPU here, got a generator on {rng.device}.")
    return rng


def check_device(device):
    """Return `device` as a torch.device, or raise if this machine has no such thing."""
    try:
        device = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device must be 'cpu' or 'cuda' (or 'cuda:1'), got {device!r}.") from None
    check_choice(device.type, "device", ("cpu", "cuda"))
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ValueError(f"device {device} is not there: torch sees {count} CUDA GPUs; pass 'cpu'.")
    return device


def public(names):
    """Return a room's ``__all__``: of its ``globals()`` no private name and no module."""
    kept = (name for name in names if not name.startswith("_"))
    return sorted(name for name in kept if not isinstance(names[name], types.ModuleType))
