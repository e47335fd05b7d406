"""Pictures to blur: files, packaged images, procedural textures, and patches of them."""

from .free import TRAINING_PHOTOGRAPHS, free_textures
from .images import (
    PACKAGED,
    TEST_TEXTURES,
    ImageError,
    as_image,
    list_images,
    load_image,
    packaged_image,
    write_image,
)
from .patches import PATCH_SIZE, crop_to_multiple, extract_patches
from .procedural import FAMILIES, procedural_texture
from .stream import PatchStream

__all__ = [
    "FAMILIES",
    "PACKAGED",
    "PATCH_SIZE",
    "TEST_TEXTURES",
    "TRAINING_PHOTOGRAPHS",
    "ImageError",
    "PatchStream",
    "as_image",
    "crop_to_multiple",
    "extract_patches",
    "free_textures",
    "list_images",
    "load_image",
    "packaged_image",
    "procedural_texture",
    "write_image",
]
