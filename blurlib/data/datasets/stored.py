"""Patches that lie ready in memory, in the form in which a stream gives them."""

import torch

from ..._checks import check_device, check_generator, check_integer
from ..stream import rows_of


class StoredPatches:
    """Ready patches as an endless stream: every patch once, in random order, and again.

    Parameters
    ----------
    patches : Tensor of shape (N, 1, P, P)
        uint8 grey levels, or floats in [0, 1].
    targets : Tensor of shape (N, ...)
        Class or sigma of each, or whatever the network's loss compares with.
    rng : torch.Generator
        Source of the order.
    device : str or torch.device, optional
        Where the batches shall lie.

    Raises
    ------
    TypeError, ValueError
        If there is no patch, or the numbers of patches and targets differ.

    Examples
    --------
    >>> stored = StoredPatches(
    ...     torch.zeros(10, 1, 32, 32, dtype=torch.uint8), torch.arange(10),
    ...     rng=torch.Generator().manual_seed(0),
    ... )
    >>> patches, labels = stored.batch(4)
    >>> patches.shape, patches.dtype
    (torch.Size([4, 1, 32, 32]), torch.float32)
    """

    def __init__(self, patches, targets, *, rng, device="cpu"):
        shape, found = tuple(patches.shape), tuple(targets.shape)
        if len(shape) != 4 or shape[1] != 1 or shape[0] == 0:
            raise ValueError(f"patches must have shape (N, 1, P, P), N at least 1, got {shape}.")
        if found[:1] != shape[:1]:
            raise ValueError(f"there must be one target a patch, got {found} for {shape[0]}.")
        self.rng = check_generator(rng, cpu=True)
        self.device = check_device(device)
        self._patches, self._targets = patches.to(self.device), targets.to(self.device)
        self._order = torch.empty(0, dtype=torch.int64)

    def batch(self, size, *, rank=0, world_size=1):
        """Give the next patches.

        Parameters
        ----------
        size : int
            How many.
        rank, world_size : int, optional
            Which of how many equal shares of them to give: see `PatchStream.batch`.

        Returns
        -------
        patches : Tensor of shape (size / world_size, 1, P, P)
            float32 in [0, 1].
        targets : Tensor of shape (size / world_size, ...)
            Of the type they were given in.
        """
        size = check_integer(size, "size")
        while len(self._order) < size:
            again = torch.randperm(len(self._patches), generator=self.rng)
            self._order = torch.cat([self._order, again])
        chosen = self._order[:size][rows_of(size, rank, world_size)].to(self.device)
        self._order = self._order[size:]
        patches = self._patches[chosen]
        patches = patches.float() / 255 if patches.dtype == torch.uint8 else patches.float()
        return patches, self._targets[chosen]

    def state_dict(self):
        """Return where it stands: its generator, and what is left of this round.

        Returns
        -------
        state : dict of Tensors
        """
        return {"rng": self.rng.get_state(), "order": self._order}

    def load_state_dict(self, state):
        """Go on where `state_dict` was taken.

        Parameters
        ----------
        state : dict of Tensors
        """
        self.rng.set_state(state["rng"])
        self._order = state["order"]
