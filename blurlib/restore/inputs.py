"""What restoration is given: a picture or the name of one, and its map."""

from dataclasses import replace
from pathlib import Path

import torch

from .._checks import check_image, check_number
from ..data import load_image, to_grey
from ..data.images import check_white
from ..maps import SigmaMap, load_estimator
from .noise import MIN_SIDE

#: Noise, which is not cut off, may reach so far beyond [0, 1]; further, the unit is another.
_BEYOND = 0.5


def read(image):
    """Return a picture as a tensor, colours included, if it is the name of one; check it."""
    if isinstance(image, str | Path):
        image = load_image(image, colour=True)
    shape = tuple(check_image(image).shape)
    if shape[:-2] not in ((), (1,), (3,)):
        last = len(shape) == 3 and shape[2] in (1, 3)
        remedy = "colours come first: permute(2, 0, 1)" if last else "pass one picture at a time"
        raise ValueError(f"image must have shape (H, W) or (3, H, W), got {shape}; {remedy}.")
    check_white(*image.aminmax(), _BEYOND)
    return check_image(image, min_side=MIN_SIDE)


def layers_of(image, sigma_map, std):
    """Return sigma and its deviation at each pixel, (H, W) each; estimated if there is no map."""
    shape = image.shape[-2:]
    if sigma_map is None:
        sigma_map = load_estimator().predict(to_grey(image))
    if isinstance(sigma_map, SigmaMap):
        found = replace(sigma_map.to("std"), profile=None).full_size(to_grey(image))
        sigma_map, std = found.sigma, found.std if std is None else std
    layers = []
    for name, values in (("sigma_map", sigma_map), ("std", 0.0 if std is None else std)):
        if not isinstance(values, torch.Tensor) or values.ndim == 0:
            values = torch.full(shape, check_number(values, name, low=0, unit="pixels"))
        check_image(values, name)
        if values.shape != shape:
            raise ValueError(
                f"{name} must have the image's height and width {tuple(shape)}, "
                f"got {tuple(values.shape)}."
            )
        if values.min() < 0:
            raise ValueError(f"{name} must not be negative, got {values.min().item():g} pixels.")
        layers.append(values.cpu())
    return layers
