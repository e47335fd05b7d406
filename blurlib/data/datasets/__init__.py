"""Datasets: patches of blurred pictures, built on disk once and checked whenever they are read."""

from ..._checks import public as _public
from .blurred import blur_levels, draw_sigmas, picture_patches
from .build import build_dataset
from .load import Dataset, Patches, load_dataset
from .shards import DatasetError
from .stored import StoredPatches

__all__ = _public(globals())
