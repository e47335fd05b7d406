"""The one protocol of all estimators: an image in, a `SigmaMap` out."""

import functools
import itertools
from abc import ABC, abstractmethod

import torch
from tqdm import tqdm

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad
from ..data.patches import PATCH_SIZE
from ..learn.scales import num_places, resample
from .sigma_map import LAYERS, SigmaMap

#: What becomes of the windows that do not fit into the image.
BORDERS = ("reflect", "valid")


class Estimator(ABC):
    """Something that answers how strongly an image is blurred, place by place.

    A kind of estimator says how it answers for the windows inside an image (`answer`). What to do
    at the image's border, how to cut a large one into tiles, which places to take and how to
    interpolate between them stands here.

    Attributes
    ----------
    patch_size : int
        Side of the window in pixels.
    output_stride : int
        Step between the places where it answers by itself, in pixels; 1 where it can at any.
    min_side : int
        Smallest side of an image, in pixels.
    tile : int or None
        Side of what is computed at once, in pixels, to bound the memory; None for the whole image.
    halo : int
        How many answers beside its own each depends on, on every side.
    convention : {"nominal", "std"}
        What its sigma means: see `SigmaMap`. Networks on patches and classical methods answer in
        nominal sigma: they learned from, or are calibrated on, the author's kernels and their
        labels. Networks that regress learned the standard deviation of PSFs of all kinds.
    has_classes, cpu_only : bool
        Whether a readout makes a difference, and whether no other device does.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """

    patch_size = PATCH_SIZE
    output_stride = 1
    tile = None
    halo = 0
    convention = "nominal"
    has_classes = False
    cpu_only = False

    @property
    def min_side(self):
        """Smallest side of an image, in pixels: that of a window."""
        return self.patch_size

    def default_stride(self, shape):
        """Return the step between a map's places where none is asked, for an image's shape."""
        return self.output_stride

    def step_for(self, stride):
        """Return the step between the windows that are asked, for a step between places."""
        return stride if self.output_stride == 1 else self.output_stride

    @abstractmethod
    def answer(self, image, stride):
        """Answer for every window inside an image, or inside a tile of it.

        Parameters
        ----------
        image : Tensor of shape (H, W)
            In [0, 1], at least `patch_size` a side.
        stride : int
            Step between windows; `output_stride`, where that is more than 1.

        Returns
        -------
        layers : Tensor of shape (1, 2 or 3, rows, columns)
            Sigma and, if the estimator states them, its standard deviation, both in pixels, and
            the probability that the point spread function is nearer a disk than a gaussian: see
            `SigmaMap`; rows = (H - patch_size) // stride + 1.
        """

    @torch.no_grad()
    def predict(self, image, *, stride=None, border="reflect", progress=False):
        """Estimate the sigma map of an image.

        Parameters
        ----------
        image : Tensor of shape (H, W)
            Blurred image in [0, 1].
        stride : int, optional
            Step between the map's places in pixels; by default that of `default_stride`.
        border : {"reflect", "valid"}, optional
            Whether the image is continued by reflection, so that the map reaches from its first
            pixel to its last, or only windows inside it are asked, as scores and tests do.
        progress : bool, optional
            Whether to show a progress bar.

        Returns
        -------
        found : SigmaMap

        Raises
        ------
        TypeError, ValueError
            If the image is not (H, W) or smaller than `min_side` ("valid": `patch_size`), or the
            estimator answers NaN or infinity, or with a probability that is none.
        """
        check_choice(border, "border", BORDERS)
        inside, size = border == "valid", self.patch_size
        check_image(image, min_side=size if inside else self.min_side, ndim=2)
        stride = self.default_stride(image.shape) if stride is None else stride
        # A step beyond the image adds nothing but padding.
        stride = min(check_integer(stride, "stride"), max(1, max(image.shape) - 1))
        step = self.step_for(stride)
        offset = size // 2 if inside else 0
        # The last window stands inside the image, or at or beyond its last pixel.
        count = functools.partial(_num_inside, size) if inside else num_places
        asked = [count(side, step) for side in image.shape]
        layers = self._by_tiles(image, offset - size // 2, step, asked, progress)
        if step != stride:
            for axis, side in zip((-2, -1), image.shape, strict=True):
                layers = resample(layers, count(side, stride), stride, step, axis)
        if not torch.stack(layers.aminmax()).isfinite().all():  # a mask would be a layer more
            raise ValueError("the estimator answers NaN or infinity; its weights are damaged.")
        return SigmaMap(
            stride=stride, offset=offset, shape=tuple(image.shape), convention=self.convention,
            **{"std": None, **dict(zip(LAYERS, layers, strict=False))})  # fmt: skip

    def _by_tiles(self, image, first, step, asked, progress):
        """Return the answers for windows `step` apart, of which one starts at (first, first)."""

        def answer(part, seen):
            shape = tuple(place.stop - place.start for place in seen)
            found = self.answer(part, step)
            if found.ndim != 3 or len(found) not in (1, 2, 3) or found.shape[1:] != shape:
                asked = f"where one to three layers of {shape} windows were asked"
                raise ValueError(f"{type(self).__name__} gave {tuple(found.shape)} {asked}.")
            return found.float().cpu()

        parts = tiles(image, first, step, asked, self.patch_size, self.tile, self.halo)
        return put_together(parts, answer, asked, progress)


def _num_inside(size, side, stride):
    """Return how many windows of a size, `stride` pixels apart, fit into a side."""
    return (side - size) // stride + 1


def put_together(parts, answer, shape, progress):
    """Return the answers of `tiles`, (..., *shape): `answer` takes the part and what is seen."""
    whole = None
    bar = {"desc": "sigma map", "disable": None if progress else True}
    for mine, seen, inner, part in tqdm(list(parts), **bar):
        found = answer(part(), seen)[..., *inner]
        if whole is None:
            whole = found.new_empty(*found.shape[:-2], *shape)
        whole[..., *mine] = found
    return whole


def tiles(image, first, step, asked, patch_size, side, halo):
    """Cut the places that are asked into tiles.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        The picture.
    first, step : int
        Where the first place's window starts, and how far the next one is, in pixels.
    asked : sequence of int
        How many places, downward and across.
    patch_size : int
        Side of the windows in pixels.
    side : int or None
        Of a tile, in pixels; None for one tile.
    halo : int
        How many places beside its own each depends on, on every side.

    Yields
    ------
    mine, seen, inner : pairs of slices
        The tile's places, those places and their halo, and which of the latter the former are.
    part : callable
        Returns the part of the image that holds the windows of those seen, mirrored at its border.
    """
    side = max(asked) if side is None else max(1, side // step)
    for corner in itertools.product(*(range(0, count, side) for count in asked)):
        mine, seen, inner, padding = [], [], [], []
        for start, count, length in zip(corner, asked, image.shape[-2:], strict=True):
            end = min(start + side, count)
            low, high = max(0, start - halo), min(count, end + halo)
            mine.append(slice(start, end))
            seen.append(slice(low, high))
            inner.append(slice(start - low, end - low))
            beyond = first + (high - 1) * step + patch_size - length
            if high == count:  # a few pixels behind the last window may stay
                beyond = max(0, beyond)
            padding += [-(first + low * step), beyond]  # less than nothing is cut off
        yield mine, seen, inner, functools.partial(pad, image, padding)
