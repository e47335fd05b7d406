"""The one protocol of all estimators: an image in, a `SigmaMap` out."""

from abc import ABC, abstractmethod

import torch

from .._checks import check_choice, check_image, check_integer
from ..blur.borders import pad
from ..data.patches import PATCH_SIZE
from .sigma_map import SigmaMap, resample

#: What becomes of the windows that do not fit into the image.
BORDERS = ("reflect", "valid")


class Estimator(ABC):
    """Something that answers how strongly an image is blurred, place by place.

    A kind of estimator says how it answers for the windows inside an image (`answer`). What to do
    at the image's border, which places to take and how to interpolate between them stands here.

    Attributes
    ----------
    patch_size : int
        Side of the window in pixels.
    output_stride : int
        Step between the places where it answers by itself, in pixels; 1 where it can at any.
    min_side : int
        Smallest side of an image, in pixels.
    convention : {"nominal", "std"}
        What its sigma means: see `SigmaMap`. All of today answer in nominal sigma: they learned
        from, or are calibrated on, the author's kernels and their labels. (One crop of ten of
        `sigma-net` was blurred by a disk, and one by a gaussian cut at four sigma; their label is
        the standard deviation, so of such blur it is that, within a tenth.)
    has_classes, cpu_only : bool
        Whether a readout makes a difference, and whether no other device does.

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.
    """

    patch_size = PATCH_SIZE
    output_stride = 1
    convention = "nominal"
    has_classes = False
    cpu_only = False

    @property
    def min_side(self):
        """Smallest side of an image, in pixels: that of a window."""
        return self.patch_size

    @abstractmethod
    def answer(self, image, stride, progress=False):
        """Answer for every window inside an image.

        Parameters
        ----------
        image : Tensor of shape (H, W)
            In [0, 1], at least `patch_size` a side.
        stride : int
            Step between windows; `output_stride`, where that is more than 1.
        progress : bool, optional
            Whether to show a progress bar.

        Returns
        -------
        layers : Tensor of shape (1 or 2, rows, columns)
            Sigma and, if the estimator states it, its standard deviation, in pixels;
            rows = (H - patch_size) // stride + 1.
        """

    @torch.no_grad()
    def predict(self, image, *, stride=None, border="reflect", progress=False):
        """Estimate the sigma map of an image.

        Parameters
        ----------
        image : Tensor of shape (H, W)
            Blurred image in [0, 1].
        stride : int, optional
            Step between the map's places in pixels; by default `output_stride`.
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
            estimator answers NaN or infinity.
        """
        check_choice(border, "border", BORDERS)
        inside, size = border == "valid", self.patch_size
        check_image(image, min_side=size if inside else self.min_side, ndim=2)
        stride = check_integer(self.output_stride if stride is None else stride, "stride")
        # A step beyond the image adds nothing but padding.
        stride = min(stride, max(1, max(image.shape) - 1))
        step = stride if self.output_stride == 1 else self.output_stride
        shape, offset = tuple(image.shape), 0
        if inside:
            offset = size // 2
        else:
            before = size // 2
            # Enough behind the far edges for a last window at or beyond the last pixel.
            below, right = (size - 1 - before + -(side - 1) % step for side in shape)
            image = pad(image, (before, below, before, right))
        layers = self.answer(image, step, progress).cpu()
        asked = tuple((side - size) // step + 1 for side in image.shape)
        if layers.ndim != 3 or len(layers) not in (1, 2) or tuple(layers.shape[1:]) != asked:
            raise ValueError(
                f"{type(self).__name__} answered with {tuple(layers.shape)} where one or two "
                f"layers of {asked} windows were asked."
            )
        if step != stride:
            for axis, side in zip((-2, -1), shape, strict=True):
                count = (side - size) // stride + 1 if inside else _reach(side, stride)
                layers = resample(layers, count, stride, step, axis)
        if not torch.stack(layers.aminmax()).isfinite().all():  # a mask would be a layer more
            raise ValueError("the estimator answers NaN or infinity; its weights are damaged.")
        return SigmaMap(
            layers[0], layers[1] if len(layers) > 1 else None, stride, offset, shape,
            self.convention,
        )  # fmt: skip


def _reach(side, stride):
    """Return how many places, `stride` pixels apart, lead from the first pixel past the last."""
    return -(-(side - 1) // stride) + 1
