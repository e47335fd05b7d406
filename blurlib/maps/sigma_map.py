"""What every estimator returns: sigma at the places of a grid, how sure, and where they are."""

from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from .._checks import check_choice, check_image, check_integer, check_same
from ..blur import nominal_to_std, std_to_nominal
from .edges import follow_edges

#: What a sigma may mean: "nominal" is the label of the thesis' classes, whose kernels are cut at
#: two sigma; "std" the standard deviation along an axis of the point spread function itself.
CONVENTIONS = ("nominal", "std")

#: What a map may hold, in the order in which an estimator answers with it.
LAYERS = ("sigma", "std", "profile")

#: So far interpolation and smoothing may carry a probability of 1 beyond it.
_ROUNDING = 1e-5

#: Larger pictures guide no map: it would take more memory than to find it.
MOST_GUIDED = 4_000_000


@dataclass(frozen=True, eq=False)
class SigmaMap:
    """Sigma at every `stride`-th pixel of an image.

    Entry (r, c) speaks for pixel (offset + r stride, offset + c stride). Where the last entries lie
    outside the image, they are there to interpolate with.

    Attributes
    ----------
    sigma : Tensor of shape (rows, columns)
        In pixels, on the CPU.
    std : Tensor of shape (rows, columns) or None
        The standard deviation that the estimator states, in pixels; None if it states none.
    stride, offset : int
        Step between the entries and place of the first one, in pixels, downward and across.
    shape : (int, int)
        Height and width of the image.
    convention : {"nominal", "std"}
        What sigma means.
    profile : Tensor of shape (rows, columns) or None
        How probable it is that the point spread function is nearer a disk (1) than a gaussian (0);
        None if the estimator does not say.

    Raises
    ------
    TypeError, ValueError
        If a tensor or the convention is none, shapes do not agree, or `profile` leaves [0, 1].

    References
    ----------
    .. [1] Chapter "From patches to a map", ``book/maps/from_patches_to_a_map.ipynb``.

    Examples
    --------
    >>> found = SigmaMap(torch.tensor([[1.0, 2.0]]), None, 4, 16, (36, 40))
    >>> found.at_windows(torch.arange(40.0).repeat(36, 1))
    tensor([[16., 20.]])
    >>> found.full_size().sigma[0, 15:21]
    tensor([1.0000, 1.0000, 1.2500, 1.5000, 1.7500, 2.0000])
    """

    sigma: torch.Tensor
    std: torch.Tensor | None
    stride: int
    offset: int
    shape: tuple
    convention: str = "nominal"
    profile: torch.Tensor | None = None

    def __post_init__(self):
        check_choice(self.convention, "convention", CONVENTIONS)
        check_integer(self.stride, "stride")
        check_integer(self.offset, "offset", low=0)
        for name in LAYERS:
            values = getattr(self, name)
            if name != "sigma" and values is None:
                continue
            if not isinstance(values, torch.Tensor):
                raise TypeError(f"{name} must be a tensor, got {type(values).__name__}.")
            if values.ndim != 2 or values.shape != self.sigma.shape:
                shapes = f"{tuple(values.shape)} beside {tuple(self.sigma.shape)}"
                raise ValueError(f"{name} must have the shape (rows, columns); got {shapes}.")
        if self.profile is not None:
            low, high = (value.item() for value in self.profile.aminmax())
            if not -_ROUNDING <= low <= high <= 1 + _ROUNDING:  # NaN fails it too
                raise ValueError(f"profile must lie in [0, 1], got {low:g} to {high:g}.")

    def to(self, convention):
        """Return the map in another convention.

        Parameters
        ----------
        convention : {"nominal", "std"}
            What sigma shall mean.

        Returns
        -------
        converted : SigmaMap
            `std` is converted as half the way that sigma would go from one deviation below to one
            above: where kernels jump, nominal sigma is known better than their width. `profile`
            stays as it is.

        Raises
        ------
        ValueError
            If there is no such convention, or a sigma is negative or not finite.

        Examples
        --------
        >>> found = SigmaMap(torch.tensor([[1.0, 3.0]]), None, 4, 16, (36, 40))
        >>> found.to("std").sigma
        tensor([[0.9614, 2.7348]])
        """
        if check_choice(convention, "convention", CONVENTIONS) == self.convention:
            return self
        convert = nominal_to_std if convention == "std" else std_to_nominal
        std = self.std
        if std is not None:
            low = (self.sigma - std).clamp_min(0)
            width = (self.sigma + std - low).clamp_min(torch.finfo(std.dtype).tiny)
            std = (convert(self.sigma + std) - convert(low)) * std / width
        return replace(self, sigma=convert(self.sigma), std=std, convention=convention)

    def at_windows(self, field):
        """Return what a field has at the map's places.

        Parameters
        ----------
        field : Tensor of shape (..., H, W)
            A value for each pixel of the image, such as the true sigma.

        Returns
        -------
        values : Tensor of shape (..., rows, columns)
            For entries outside the image those of the nearest pixel.

        Raises
        ------
        ValueError
            If the field has another size than the image.
        """
        check_image(field, "field", min_side=1)
        check_same(field.shape[-2:], self.shape, "field must have the image's size")
        for axis, side in zip((-2, -1), self.shape, strict=True):
            places = self.offset + self.stride * torch.arange(self.sigma.shape[axis])
            field = field.index_select(axis, places.clamp(max=side - 1).to(field.device))
        return field

    def full_size(self, guide=None):
        """Return the map with a value for each pixel of the image.

        Parameters
        ----------
        guide : Tensor of shape (H, W), optional
            The image. Sigma then follows its edges: see `follow_edges`; but not where no std is
            stated, stride is 1 already, or the image has more than 4 megapixels.

        Returns
        -------
        full : SigmaMap
            Of stride 1 and offset 0. What lies between the places is interpolated bilinearly;
            what lies outside takes the value of the nearest place.

        Raises
        ------
        TypeError, ValueError
            If the guide is none, or of another size than the image.
        """
        full = self.map_layers(self.upsample, stride=1, offset=0)
        guided = guide is not None and guide.numel() <= MOST_GUIDED
        if not guided or self.std is None or self.stride == 1:
            return full
        return replace(full, sigma=follow_edges(full.sigma, full.std, guide))

    def map_layers(self, change, **changes):
        """Return the map with each layer that it has changed alike.

        Parameters
        ----------
        change : callable
            Takes a layer, a tensor of shape (rows, columns), and returns the new one.
        **changes
            Other attributes that change with the layers, such as `stride`.

        Returns
        -------
        changed : SigmaMap

        Raises
        ------
        TypeError, ValueError
            As the class: if what `change` returns are no layers of one map.

        Examples
        --------
        >>> found = SigmaMap(torch.tensor([[1.0, 3.0]]), None, 4, 16, (36, 40))
        >>> found.map_layers(lambda layer: layer.flip(1)).sigma
        tensor([[3., 1.]])
        """
        layers = {name: getattr(self, name) for name in LAYERS}
        new = {name: change(layer) for name, layer in layers.items() if layer is not None}
        return replace(self, **new, **changes)

    def upsample(self, values):
        """Do what `full_size` does for one layer alone: of a large image each is large.

        Parameters
        ----------
        values : Tensor of shape (rows, columns)
            A value for each place of the map.

        Returns
        -------
        full : Tensor of shape (H, W)
        """
        if self.stride > 1:
            size = [(count - 1) * self.stride + 1 for count in values.shape]
            between = {"size": size, "mode": "bilinear", "align_corners": True}
            values = functional.interpolate(values[None, None], **between)[0, 0]
        values = values[: self.shape[0] - self.offset, : self.shape[1] - self.offset]
        below, right = (self.shape[k] - self.offset - values.shape[k] for k in (0, 1))
        if self.offset == below == right == 0:
            return values
        frame = (self.offset, right, self.offset, below)
        return functional.pad(values[None], frame, mode="replicate")[0]


def crop_to_windows(field, *, patch_size=32, stride=1):
    """Return the part of a field that the windows inside an image speak for.

    Parameters
    ----------
    field : Tensor of shape (..., H, W)
        A value at each pixel, such as the true sigma.
    patch_size, stride : int, optional
        Of the map.

    Returns
    -------
    centres : Tensor of shape (..., rows, columns)
        A view: pixel (r + patch_size / 2, c + patch_size / 2) for each window's start (r, c).

    Raises
    ------
    ValueError
        If the field is smaller than a window.

    Examples
    --------
    >>> crop_to_windows(torch.zeros(40, 50), stride=4).shape
    torch.Size([3, 5])
    """
    check_image(field, "field", min_side=check_integer(patch_size, "patch_size"))
    stride = check_integer(stride, "stride")
    first = patch_size // 2
    last = [side - patch_size + first + 1 for side in field.shape[-2:]]
    return field[..., first : last[0] : stride, first : last[1] : stride]
