"""The network that regresses, as an estimator: the coarsest scale first, each one by tiles."""

from dataclasses import dataclass

import torch

from ..learn import SigmaNet
from ..learn.scales import COARSE_STRIDE, handed_down, num_places, pyramid
from ..learn.sigma_net import WINDOW_STRIDE
from .estimator import Estimator, put_together, tiles

#: Pictures of more pixels are asked at every eighth pixel, unless the caller wants it finer.
_LARGE = 4_000_000

#: Grey levels that lie so far apart, of 255, are no picture's: what was blurred has sharp contours
#: there, and reads as sharp. The least deviation that is then stated, in pixels.
_FEW_LEVELS, _LEAST_DOUBT = 8, 2.0


@dataclass(frozen=True)
class RegressionEstimator(Estimator):
    """A network that regresses, as an estimator.

    Attributes
    ----------
    network : SigmaNet
        The trained network; it decides the device.
    """

    network: SigmaNet
    convention = "std"
    output_stride = WINDOW_STRIDE
    min_side = 16  # the reflection of a smaller image fills no window
    tile = 640

    def default_stride(self, shape):
        """Return 4, but for a large image 8: see `Estimator.default_stride`."""
        return COARSE_STRIDE if shape[0] * shape[1] > _LARGE else WINDOW_STRIDE

    def step_for(self, stride):
        """Return 4, or 8 where that is fine enough: see `Estimator.step_for`."""
        return WINDOW_STRIDE if stride < COARSE_STRIDE else COARSE_STRIDE

    @torch.no_grad()
    def answer(self, image, stride):
        """Answer with sigma, std and profile: see `Estimator.answer`."""
        asked = [(side - self.patch_size) // stride + 1 for side in image.shape]
        return self._by_tiles(image, 0, stride, asked, progress=False)

    def _by_tiles(self, image, first, step, asked, progress):
        """Return the answers for windows `step` apart, of which one starts at (first, first)."""
        pictures, coarser = pyramid(image[None, None]), None
        for number, picture in reversed(list(enumerate(pictures))):
            stride = COARSE_STRIDE if number else step
            coarser = self._scale(picture, coarser, stride, progress and not number)
        skipped = (first + self.patch_size // 2) // step
        rows, columns = (slice(skipped, skipped + count) for count in asked)
        found = torch.cat(self.network.decode([coarser]))[:, rows, columns].cpu()
        if _has_few_levels(image):
            found[1].clamp_(min=_LEAST_DOUBT)
        return found

    def _scale(self, picture, coarser, step, progress):
        """Return the answers of one scale, (1, 7 + carried, rows, columns)."""
        network = self.network
        shape = [num_places(side, step) for side in picture.shape[-2:]]
        if coarser is not None:
            coarser = handed_down(coarser, shape, step)
        halo = network.halo * COARSE_STRIDE // step
        parts = tiles(picture, -self.patch_size // 2, step, shape, self.patch_size, self.tile, halo)

        def answer(part, seen):
            told = None if coarser is None else coarser[..., *seen]
            return network.answer(network.features(part.to(network.mean), step), told, step)

        return put_together(parts, answer, shape, progress)


def _has_few_levels(image):
    """Return whether a picture was reduced to few grey levels, or has but two."""
    levels = image.histc(256, -0.5 / 255, 255.5 / 255).nonzero()[:, 0]  # needs no other memory
    return len(levels) > 1 and levels.diff().min().item() >= _FEW_LEVELS
