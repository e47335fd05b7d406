"""What a network on crops is fed: how often it sees which pictures, and with what blur."""

from dataclasses import dataclass

from .._checks import check_integer, check_number

#: Of the widest gaussian, sigma 6 px cut at 2 sigma, in pixels.
_REACH = 12


@dataclass(frozen=True)
class CropMix:
    """How the crops are mixed that a network learns from.

    Attributes
    ----------
    scans, smaller_scans, textures, photographs, fields, cloth, pages, old_print : float
        How often crops are cut from the Brodatz scans as they are, from the same at other sizes,
        from drawn textures, from free photographs, from gaussian random fields, from drawn cloth,
        from drawn pages, and from drawn scans of old print. Shares of their sum, each above 0.
        Images that a user gives instead of these are drawn alike.
    sizes : sequence of float
        Of the smaller scans: their sides over those of the scans.
    crop_size : int
        Side of a crop in pixels, a multiple of 8.
    ends, disks, usual_max, contrast, blends : float
        As `blurlib.data.CropStream` takes them.

    Raises
    ------
    TypeError, ValueError
        If one of them is out of range.
    """

    scans: float = 30
    smaller_scans: float = 22
    textures: float = 16
    photographs: float = 4
    fields: float = 5
    cloth: float = 5
    pages: float = 4
    old_print: float = 14
    sizes: tuple = (0.8, 0.6, 0.45, 0.33)
    crop_size: int = 112
    ends: float = 0.2
    disks: float = 0.1
    usual_max: float = 3.0
    contrast: float = 0.15
    blends: float = 0.15

    def __post_init__(self):
        if check_integer(self.crop_size, "crop_size") % 8:
            raise ValueError(f"crop_size must be a multiple of 8, got {self.crop_size}.")
        check_number(self.ends, "ends", low=0, high=0.49)
        check_number(self.disks, "disks", low=0, high=0.2)
        check_number(self.usual_max, "usual_max", low=0.1, high=6, unit="pixels")
        check_number(self.contrast, "contrast", low=1e-6, high=1)
        check_number(self.blends, "blends", low=0, high=1)
        for size in self.sizes:
            check_number(size, "each of sizes", low=0.05, high=1)
        for name, share in self.shares.items():
            check_number(share, name, low=1e-6)

    @property
    def shares(self):
        """How often crops come from each group of images."""
        names = "scans smaller_scans textures photographs fields cloth pages old_print"
        return {name: getattr(self, name) for name in names.split()}

    @property
    def smallest_side(self):
        """Side of the smallest picture that a crop and its blur fit into, in pixels."""
        return self.crop_size + 2 * _REACH

    def weights(self, groups):
        """Return how often each image is cut from.

        Parameters
        ----------
        groups : dict of lists of Tensors
            The images, by the names of the shares.

        Returns
        -------
        weights : list of float
            In the order of the groups and of the images in each.

        Raises
        ------
        ValueError
            If a group is empty: nothing was drawn for it, or all of it is smaller than a crop.
        """
        for name, group in groups.items():
            if not group:
                raise ValueError(
                    f"there is nothing to cut from in {name}: draw some (num_pages), or make the "
                    f"crops smaller (crop_size {self.crop_size} needs {self.smallest_side} pixels)."
                )
        return [self.shares[name] / len(group) for name, group in groups.items() for _ in group]
