"""What is trained on, what chooses, and what only tests: whole materials on one side each."""

import torch

from ..data import DatasetConfig, sharp_photographs, split_materials

#: How many materials are set apart for development: of scans several show one, of photographs each
#: is its own.
DEVELOPMENT = {"scans": 3, "kodak": 6, "bsds-train": 20}


def split_scans(scans, seed=0):
    """Hold whole materials out, as the protocol for unseen textures does.

    Parameters
    ----------
    scans : sequence of Picture
        For instance `blurlib.data.brodatz`.
    seed : int, optional
        Of the split.

    Returns
    -------
    training, held_out : lists of Picture
        No material is in both.
    """
    rng = torch.Generator().manual_seed(seed)
    materials = [scan.material for scan in scans]
    test = split_materials(materials, DatasetConfig().test_share, rng=rng)
    sides = [], []
    for scan, is_test in zip(scans, test, strict=True):
        sides[is_test].append(scan)
    return sides


def development_split(scans, photographs, *, seed=0):
    """Set pictures apart to choose and to calibrate on, so that the held-out scans stay unseen.

    Parameters
    ----------
    scans : sequence of Picture
        The Brodatz scans. Those that `split_scans` holds out are on neither side of this split.
    photographs : Collection
        From `blurlib.data.photographs`; those out of focus (`blurlib.data.sharp_photographs`) are
        on neither side either.
    seed : int, optional
        Of the draw of what is set apart.

    Returns
    -------
    training, development : lists of Picture
        For development all scans of 3 materials, 6 photographs of Kodak and 20 of Berkeley.

    Raises
    ------
    ValueError
        If there would be nothing left to train on.

    Examples
    --------
    >>> from blurlib.data import Collection, Picture
    >>> def pictures(name, number):
    ...     return [Picture(f"{name}{k}", f"{name}{k}", load=None) for k in range(number)]
    >>> photographs = Collection((*pictures("kodak/", 10), *pictures("bsds-train/", 30)))
    >>> training, development = development_split(pictures("D", 10), photographs)
    >>> len(training), len(development)  # and three scans are held out
    (18, 29)
    """
    rng = torch.Generator().manual_seed(seed)
    sharp, groups = sharp_photographs(photographs), {"scans": split_scans(scans)[0]}
    for folder in ("kodak", "bsds-train"):
        groups[folder] = [photo for photo in sharp if photo.name.startswith(f"{folder}/")]
    sides = [], []
    for name, group in groups.items():
        materials = sorted({picture.material for picture in group})
        if len(materials) <= DEVELOPMENT[name]:
            apart = f"{DEVELOPMENT[name]} of {len(materials)} are to be set apart"
            raise ValueError(f"{name}: {apart}, and others must be left to train on; pass more.")
        order = torch.randperm(len(materials), generator=rng).tolist()
        apart = {materials[k] for k in order[: DEVELOPMENT[name]]}
        for picture in group:
            sides[picture.material in apart].append(picture)
    return sides
