"""Large pictures in pieces, so that the memory is bounded."""

import itertools

import torch

#: Restored at a time are tiles of so many pixels a side, faded into each other over the halo. A
#: wider one, of 64 pixels, changes nothing: tiles differ in the power law that each fits.
_BLOCK, _HALO = 896, 32


def in_tiles(image, layers, restore, reach):
    """Restore tile by tile, of which each fades into its neighbours, over what a PSF reaches."""
    halo = max(_HALO, reach)
    if max(image.shape[-2:]) <= _BLOCK + 2 * halo:
        return restore(image, layers)
    whole, tiles = None, [_tiles(side, halo) for side in image.shape[-2:]]
    for (rows, down), (columns, across) in itertools.product(*tiles):
        part = restore(image[..., rows, columns], layers[..., rows, columns])
        if whole is None:
            whole = part.new_zeros(*part.shape[:-2], *image.shape[-2:])
        whole[..., rows, columns] += (down[:, None] * across).to(part) * part
    return whole


def _tiles(side, halo):
    """Return the tiles along one axis, and their weights, which sum to 1 at each pixel."""
    starts = range(0, side, _BLOCK)
    spans = [slice(max(0, start - halo), start + _BLOCK + halo) for start in starts]
    shares, total = [], torch.zeros(side)
    for span in spans:
        places, away = torch.arange(side)[span], torch.tensor(2 * halo)
        if span.start > 0:  # they fade out where the picture goes on
            away = torch.minimum(away, places - span.start + 1)
        if span.stop < side:
            away = torch.minimum(away, span.stop - places)
        shares.append(away.expand(places.shape) / (2 * halo))
        total[span] += shares[-1]
    return [(span, share / total[span]) for span, share in zip(spans, shares, strict=True)]
