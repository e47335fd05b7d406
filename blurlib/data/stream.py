"""Training patches without end: cut, blurred and rounded when they are asked for."""

import torch
from torch.nn import functional

from .._checks import check_generator, check_image, check_integer, check_number
from ..blur.convolve import gaussian_profiles
from ..blur.degrade import quantize
from ..blur.psf import THESIS_TRUNCATE, gaussian_reach
from .images import packaged_image
from .patches import PATCH_SIZE
from .procedural import FAMILIES, procedural_texture

#: Packaged photographs that may be trained on: neither test textures nor text.
TRAINING_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "ihc", "rocket")


class PatchStream:
    """Blurred patches of given images, each with the class of its blur.

    Every patch is cut from a random image at a random place, turned and mirrored at random,
    given a random contrast, blurred with the PSF of a random class, and rounded to 8 bits.

    Parameters
    ----------
    images : sequence of Tensors of shape (H, W)
        Sharp images in [0, 1], each larger than a patch and its blur's reach.
    sigmas : Tensor of shape (K,)
        Nominal sigma of each class, in pixels, at least 0.
    rng : torch.Generator
        Source of every draw.
    patch_size : int, optional
        Side of a patch in pixels.
    contrast : float, optional
        Smallest factor of the random contrast, in (0, 1]; 1 leaves it alone.
    truncate : float, optional
        Cut of the gaussian PSF in sigmas; the author's by default.

    Raises
    ------
    TypeError, ValueError
        If there is no image, or one is too small to cut from.

    References
    ----------
    .. [1] Chapter "A first sigma map", ``book/maps/first_sigma_map.ipynb``.

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
        self, images, sigmas, *, rng, patch_size=PATCH_SIZE, contrast=0.5, truncate=THESIS_TRUNCATE
    ):
        self.patch_size = check_integer(patch_size, "patch_size")
        self.rng = check_generator(rng, cpu=True)
        check_image(sigmas[None] if isinstance(sigmas, torch.Tensor) else sigmas, "sigmas")
        if sigmas.ndim != 1 or sigmas.min() < 0:
            raise ValueError("sigmas must be a row of numbers of at least 0, in pixels.")
        self.sigmas = sigmas.float()
        self.contrast = check_number(contrast, "contrast", low=1e-6, high=1)
        self.truncate = check_number(truncate, "truncate", low=0.5, high=20, unit="sigma")
        self.reach = int(gaussian_reach(self.sigmas.max(), truncate))
        self._cut_size = patch_size + 2 * self.reach
        self.images = list(images)
        if not self.images:
            raise ValueError("images is empty; pass at least one image to cut patches from.")
        for image in self.images:
            check_image(image, "each image", min_side=self._cut_size, ndim=2)
            if image.min() < 0 or image.max() > 1:
                raise ValueError("each image must lie in [0, 1]; divide it by its white level.")
        self.images = [image.float() for image in self.images]

    def _draw(self, high, size):
        return torch.randint(high, (size,), generator=self.rng).tolist()

    def _cut(self):
        """Return one random sharp cut, in one of the square's eight positions."""
        image = self.images[self._draw(len(self.images), 1)[0]]
        top = self._draw(image.shape[0] - self._cut_size + 1, 1)[0]
        left = self._draw(image.shape[1] - self._cut_size + 1, 1)[0]
        cut = image[top : top + self._cut_size, left : left + self._cut_size]
        turns, mirrored = self._draw(4, 1)[0], self._draw(2, 1)[0]
        cut = torch.rot90(cut, turns)
        return cut.flip(1) if mirrored else cut

    def batch(self, size):
        """Draw `size` patches.

        Parameters
        ----------
        size : int
            Number of patches.

        Returns
        -------
        patches : Tensor of shape (size, 1, patch_size, patch_size)
            Blurred, 8-bit levels in [0, 1].
        labels : Tensor of shape (size,)
            Index into `sigmas`, int64.
        """
        size = check_integer(size, "size")
        sharp = torch.stack([self._cut() for _ in range(size)])
        gain = self.contrast + (1 - self.contrast) * torch.rand(size, 1, 1, generator=self.rng)
        shift = (1 - gain) * torch.rand(size, 1, 1, generator=self.rng)  # stays in [0, 1]
        sharp = gain * sharp + shift
        labels = torch.randint(len(self.sigmas), (size,), generator=self.rng)
        return quantize(self._blur(sharp, self.sigmas[labels]))[:, None], labels

    def _blur(self, sharp, sigma):
        """Blur each cut with its own gaussian, one axis after the other, keeping what is whole."""
        half = torch.stack(gaussian_profiles(sigma, self.truncate), 1)  # (N, reach + 1)
        half = functional.pad(half, (0, self.reach + 1 - half.shape[1]))
        profile = torch.cat([half[:, 1:].flip(1), half], 1)  # (N, 2 reach + 1)
        across = torch.einsum("nhwk,nk->nhw", sharp.unfold(2, profile.shape[1], 1), profile)
        return torch.einsum("nhwk,nk->nhw", across.unfold(1, profile.shape[1], 1), profile)


def free_textures(*, rng, num_each=4, size=256):
    """Return sharp pictures that anyone may train on: procedural textures and photographs.

    Parameters
    ----------
    rng : torch.Generator
        Source of the procedural textures.
    num_each : int, optional
        Textures of each family.
    size : int, optional
        Side of the procedural textures in pixels.

    Returns
    -------
    images : list of Tensors of shape (H, W)
        scikit-image's test textures (brick, grass, gravel) and text are never among them.
    """
    textures = [
        procedural_texture(family, (size, size), rng=rng)
        for family in FAMILIES
        for _ in range(check_integer(num_each, "num_each"))
    ]
    # A photograph has a blur of its own; at half its size it is sharp to the pixel.
    photographs = [
        functional.avg_pool2d(packaged_image(name)[None, None], 2)[0, 0]
        for name in TRAINING_PHOTOGRAPHS
    ]
    return textures + photographs
