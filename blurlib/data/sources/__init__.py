"""Where pictures come from, what one may do with them, and how to open them."""

from ..._checks import public as _public
from .collection import Collection, Picture, open_packaged, open_procedural
from .fetch import FetchError
from .folder import open_folder, read_materials
from .published import (
    BRODATZ, PHOTOGRAPHS, SOURCES, Source, brodatz, data_folder, photographs,
    sharp_photographs)  # fmt: skip

__all__ = _public(globals())
