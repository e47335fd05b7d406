"""Fine tuning: a second course for a network that has learned before, on other pictures."""

from dataclasses import dataclass

import torch

from .._checks import check_number
from .checkpoints import pretrained
from .registry import NETWORKS


@dataclass(frozen=True)
class FineTuning:
    """From where a network on crops starts, and what it is fed.

    Attributes
    ----------
    start : str
        The packaged network whose weights it begins with; a folder of weights is not looked into.
    scans, smaller_scans, textures, pages, old_print : float
        How often crops are cut from the Brodatz scans as they are, from the same at other sizes,
        from free textures and photographs, from drawn pages, and from drawn scans of old print (as
        many of these are drawn as of pages). Shares of their sum, each above 0.
    ends, disks : float
        Shares, as `blurlib.data.CropStream` takes them.
    usual_max : float
        Largest sigma of most crops, in pixels.
    kept : float
        How far the weights go from where they began to where the training took them: at 1 all the
        way, at 0.5 half of it.

    Notes
    -----
    Weights between the two ends of a fine tuning are often better than either: they keep what was
    learned before, and much of what is new [1]_.

    References
    ----------
    .. [1] M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022; key
       ``wortsman2022``.
    """

    start: str
    scans: float = 40
    smaller_scans: float = 20
    textures: float = 20
    pages: float = 5
    old_print: float = 15
    ends: float = 0.2
    disks: float = 0.1
    usual_max: float = 3.0
    kept: float = 0.75

    def __post_init__(self):
        for name, share in self.shares.items():
            check_number(share, name, low=1e-6)
        check_number(self.kept, "kept", low=1e-6, high=1)

    @property
    def shares(self):
        """How often crops come from each group of images."""
        names = ("scans", "smaller_scans", "textures", "pages", "old_print")
        return {name: getattr(self, name) for name in names}

    def starting_network(self, network):
        """Load the network to begin with.

        Parameters
        ----------
        network : str
            Which of `blurlib.learn.NETWORKS` it has to be.

        Returns
        -------
        network : SigmaNet
            Its doubt is not calibrated any more.

        Raises
        ------
        ValueError
            If there is no such packaged network, or it is of another kind.
        CheckpointError
            If its file is damaged.
        """
        begun, _ = pretrained(self.start)
        if type(begun) is not NETWORKS[network]:
            raise ValueError(
                f"a network {network!r} cannot begin with the weights of {self.start!r}, a "
                f"{type(begun).__name__}; name a packaged one of its own kind."
            )
        with torch.no_grad():
            begun.doubt_scale.fill_(1.0)
        return begun

    def refuse_a_leak(self, aside):
        """Raise if the network to begin with may have learned from scans that are put aside.

        Parameters
        ----------
        aside : sequence of str
            Names of the scans that are to be tested on.

        Raises
        ------
        ValueError
            If they were not all put aside in its training as well.
        """
        _, record = pretrained(self.start)
        seen = sorted({*aside} - {*record["data"]["aside"]})
        if seen:
            raise ValueError(
                f"{self.start} may have learned from {', '.join(seen)}, which would be put aside "
                "for testing; fine-tune with the scans that it was trained on."
            )

    @torch.no_grad()
    def go_back(self, network):
        """Take a trained network's weights part of the way back to where they began, in place.

        Parameters
        ----------
        network : SigmaNet
            After its training.
        """
        begun = dict(pretrained(self.start)[0].named_parameters())
        for name, parameter in network.named_parameters():
            parameter.copy_(begun[name].to(parameter).lerp(parameter, self.kept))

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
        """
        return [self.shares[name] / len(group) for name, group in groups.items() for _ in group]
