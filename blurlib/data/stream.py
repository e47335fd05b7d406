"""Training patches without end: cut, blurred and rounded when they are asked for.

Everything happens for a whole batch at once, on the training device: a cut is a gather from one
row of numbers that holds all pictures, and blur is a matrix on either side of it.
"""

import torch
from torch.nn import functional

from .._checks import check_device, check_generator, check_image, check_integer, check_number
from ..blur.degrade import round_image
from ..blur.psf import THESIS_TRUNCATE, gaussian_profiles, gaussian_reach
from .patches import PATCH_SIZE


class PatchStream:
    r"""Blurred patches of given images, each with the class, or the sigma, of its blur.

    Every patch is cut from a random image at a random place, turned and mirrored at random,
    given a random contrast, blurred with the thesis' PSF of a random sigma, given noise if wanted,
    and rounded to 8 bits (unless told otherwise).

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1], each larger than a patch and its blur's reach.
    sigmas : sequence of K floats, or Tensor of shape (K,)
        Nominal sigma of each class, in pixels, at least 0.
    sigma_range : (float, float)
        Instead of classes: the lowest and the highest sigma of a uniform draw, in pixels.
    rng : torch.Generator
        Source of every draw, on the CPU: a seed gives the same patches on every device, but for
        noise and rounding.
    patch_size : int, optional
        Side of a patch in pixels.
    contrast : float, optional
        Smallest factor of the random contrast, in (0, 1]; 1 leaves it alone.
    noise : float, optional
        Largest standard deviation of white noise after the blur, in grey levels of 255; each
        patch draws its own between 0 and this.
    rounded : bool, optional
        Whether to round to 8 bits; without, patches are what no camera or file gives.
    weights : sequence of float, optional
        How often each image is cut from, in relation to the others; by default all equally.
    device : str or torch.device, optional
        Where the pictures lie and the patches are made.

    Raises
    ------
    TypeError, ValueError
        If there is no image, one is too small to cut from, an argument is out of range, or there
        are neither classes nor a range, or both.

    Notes
    -----
    A gaussian blurs rows and columns one after the other, so the blurred patch is
    :math:`A_\sigma F A_\sigma^T`: F is the cut with a margin, and row i of :math:`A_\sigma` holds
    the gaussian's profile around pixel i.

    References
    ----------
    .. [1] Chapter "Textures and datasets", ``book/data/textures_and_datasets.ipynb``.

    Examples
    --------
    >>> stream = PatchStream(
    ...     [torch.rand(64, 80)], torch.tensor([0.5, 1.0]), rng=torch.Generator().manual_seed(0)
    ... )
    >>> patches, labels = stream.batch(8)
    >>> patches.shape, labels.shape
    (torch.Size([8, 1, 32, 32]), torch.Size([8]))
    """

    def __init__(
        self, images, sigmas=None, *, sigma_range=None, rng, patch_size=PATCH_SIZE, contrast=0.5,
        noise=0.0, rounded=True, weights=None, device="cpu",
    ):  # fmt: skip
        self.rounded = rounded
        self.patch_size = check_integer(patch_size, "patch_size")
        self.rng = check_generator(rng, cpu=True)
        self.device = check_device(device)
        self.contrast = check_number(contrast, "contrast", low=1e-6, high=1)
        self.noise = check_number(noise, "noise", low=0, high=255, unit="grey levels")
        self.continuous, self.sigmas = sigmas is None, _check_sigmas(sigmas, sigma_range)
        self.reach = int(gaussian_reach(self.sigmas.max(), THESIS_TRUNCATE))
        self._cut_size = self.patch_size + 2 * self.reach
        self._keep(images)
        self._chances = None if weights is None else _check_weights(weights, self.num_images)
        if not self.continuous:
            self._matrices = self._blur_matrices(self.sigmas.to(self.device))
        self._generators = {"rng": rng}
        if self.noise:
            seed = torch.randint(2**62, (), generator=rng).item()
            self._generators["noise"] = torch.Generator(self.device).manual_seed(seed)

    def _keep(self, images):
        """Lay all images end to end in one row of numbers, and remember where each begins."""
        images = list(images)
        self.num_images = len(images)
        if not images:
            raise ValueError("images is empty; pass at least one image to cut patches from.")
        for image in images:
            check_image(image, "each image", min_side=self._cut_size, ndim=2)
            if image.min() < 0 or image.max() > 1:
                raise ValueError("each image must lie in [0, 1]; divide it by its white level.")
        sizes = torch.tensor([0] + [image.numel() for image in images])
        self._starts = sizes.cumsum(0)[:-1]
        self._shapes = torch.tensor([image.shape for image in images])
        self._pixels = torch.cat([image.flatten().float() for image in images]).to(self.device)
        # How far each pixel of a cut lies behind its corner in that row, for every width of a
        # picture and in the square's eight positions: four turns, and the same mirrored.
        axis = torch.arange(self._cut_size)
        widths, self._width_number = self._shapes[:, 1].unique(return_inverse=True)
        grids = axis[:, None] * widths[:, None, None] + axis  # (widths, cut, cut)
        turned = [torch.rot90(grids, k, (1, 2)) for k in range(4)]
        offsets = torch.stack([*turned, *(grid.flip(2) for grid in turned)], 1)
        self._offsets = offsets.flatten(0, 1).flatten(1).to(self.device)

    def batch(self, size, *, rank=0, world_size=1):
        """Draw `size` patches.

        Parameters
        ----------
        size : int
            Number of patches.
        rank, world_size : int, optional
            Which of how many equal shares of them to make: each of several processes that draw
            from one seed makes its own, and together they make the batch of one process.

        Returns
        -------
        patches : Tensor of shape (size / world_size, 1, patch_size, patch_size)
            Blurred, 8-bit levels in [0, 1].
        targets : Tensor of shape (size / world_size,)
            Index into `sigmas`, int64; for continuous sigma the sigma itself, float32.
        """
        size = check_integer(size, "size")
        mine = rows_of(size, rank, world_size)
        sharp = self._cut(torch.rand(4, size, generator=self.rng, dtype=torch.float64)[:, mine])
        gain, shift = torch.rand(2, size, 1, 1, generator=self.rng)[:, mine].to(self.device)
        gain = self.contrast + (1 - self.contrast) * gain
        sharp = gain * sharp + (1 - gain) * shift  # stays in [0, 1]
        if self.continuous:
            low, high = self.sigmas.tolist()
            targets = low + (high - low) * torch.rand(size, generator=self.rng)
        else:
            targets = torch.randint(len(self.sigmas), (size,), generator=self.rng)
        targets = targets[mine].to(self.device)
        matrices = self._blur_matrices(targets) if self.continuous else self._matrices[targets]
        patches = matrices @ sharp @ matrices.mT
        if self.noise:
            deviation = self.noise / 255 * torch.rand(size, 1, 1, generator=self.rng)[mine]
            white = self._white(size)[mine]
            patches = patches + deviation.to(self.device) * white
        return (round_image(patches) if self.rounded else patches)[:, None], targets

    def state_dict(self):
        """Return where its generators stand.

        Returns
        -------
        state : dict of Tensors
        """
        return {name: rng.get_state() for name, rng in self._generators.items()}

    def load_state_dict(self, state):
        """Go on where `state_dict` was taken.

        Parameters
        ----------
        state : dict of Tensors
        """
        for name, rng in self._generators.items():
            rng.set_state(state[name])

    def _cut(self, draws):
        """Gather sharp cuts from random numbers: picture, row, column and position of each."""
        if self._chances is None:
            number = (draws[0] * self.num_images).long()
        else:
            number = torch.searchsorted(self._chances, draws[0], right=True)
        room = self._shapes[number] - self._cut_size + 1
        top, left = (draws[1:3].T * room).long().unbind(1)
        corner = self._starts[number] + top * self._shapes[number, 1] + left
        row = 8 * self._width_number[number] + (draws[3] * 8).long()
        index = self._offsets.index_select(0, row.to(self.device))
        index += corner.to(self.device)[:, None]
        pixels = self._pixels.index_select(0, index.flatten())
        return pixels.view(-1, self._cut_size, self._cut_size)

    def _blur_matrices(self, sigma):
        """Return A for each sigma, (N, patch_size, cut): row i is the profile around pixel i."""
        half = torch.stack(gaussian_profiles(sigma, THESIS_TRUNCATE), 1)  # g[0], g[1], ...
        half = functional.pad(half, (0, self._cut_size - half.shape[1]))  # zero further away
        row = torch.arange(self.patch_size, device=sigma.device)[:, None] + self.reach
        column = torch.arange(self._cut_size, device=sigma.device)
        return half[:, (row - column).abs()]

    def _white(self, size):
        """Draw white noise for `size` patches."""
        shape, rng = (size, self.patch_size, self.patch_size), self._generators["noise"]
        return torch.randn(shape, generator=rng, device=self.device)


def rows_of(size, rank, world_size):
    """Return the slice of `size` rows that belongs to process `rank`; raise unless equal."""
    if size % world_size:
        raise ValueError(f"{world_size} processes cannot share out {size} patches evenly.")
    return slice(rank * size // world_size, (rank + 1) * size // world_size)


def _row(values, dtype):
    """Return a row of finite numbers; an empty one if `values` are none."""
    try:
        row = torch.as_tensor(values, dtype=dtype).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        return torch.empty(0)
    return row if row.ndim == 1 and row.isfinite().all() else torch.empty(0)


def _check_weights(weights, num_images):
    """Return up to where in [0, 1] a draw means each image, float64."""
    row = _row(weights, torch.float64)
    if len(row) != num_images or (row <= 0).any():
        raise ValueError(f"weights must be {num_images} positive numbers, got {weights!r:.60}.")
    return (row.cumsum(0) / row.sum())[:-1]


def _check_sigmas(sigmas, sigma_range):
    """Return the sigmas of the classes, or the two ends of the range, as a float32 row."""
    if (sigmas is None) == (sigma_range is None):
        raise ValueError("pass either sigmas, one for each class, or sigma_range, its two ends.")
    row = _row(sigma_range if sigmas is None else sigmas, torch.float32)
    if sigmas is None and (len(row) != 2 or not 0 <= row[0] <= row[1]):
        raise ValueError(f"sigma_range must be (lowest, highest) >= 0, got {sigma_range!r:.60}.")
    if not len(row) or (row < 0).any():
        raise ValueError(f"sigmas must be a row of numbers of at least 0, got {sigmas!r:.60}.")
    return row
