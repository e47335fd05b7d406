"""Pictures to blur, from files, packages and rules; patches of them, and datasets."""

from .crops import CropStream
from .dataset import (
    Dataset,
    DatasetError,
    Patches,
    build_dataset,
    load_dataset,
    read_manifest,
)
from .depth import DepthScene, defocus_map, defocused_scene, motorcycle_scene, scene_lens
from .fetch import FetchError
from .free import (
    TRAINING_PHOTOGRAPHS,
    free_cloth,
    free_fields,
    free_pages,
    free_photographs,
    free_scans,
    free_textures,
)
from .images import (
    MAX_PIXELS,
    PACKAGED,
    TEST_TEXTURES,
    ImageError,
    as_image,
    list_images,
    load_image,
    load_images,
    packaged_image,
    write_image,
)
from .patches import PATCH_SIZE, crop_to_multiple, extract_patches
from .procedural import FAMILIES, procedural_texture
from .protocols import (
    PROTOCOLS,
    SIGMA_MAX,
    DatasetConfig,
    class_sigmas,
    count_patches,
    picture_patches,
    split_materials,
)
from .sources import (
    SOURCES,
    Collection,
    Picture,
    Source,
    brodatz,
    open_folder,
    open_packaged,
    open_procedural,
    open_text,
    read_materials,
    sipi,
)
from .statistics import radial_spectrum, texture_statistics
from .stored import StoredPatches
from .stream import PatchStream
from .text import FONTS, rendered_text

__all__ = [
    "FAMILIES",
    "FONTS",
    "MAX_PIXELS",
    "PACKAGED",
    "PATCH_SIZE",
    "PROTOCOLS",
    "SIGMA_MAX",
    "SOURCES",
    "TEST_TEXTURES",
    "TRAINING_PHOTOGRAPHS",
    "Collection",
    "CropStream",
    "Dataset",
    "DatasetConfig",
    "DatasetError",
    "DepthScene",
    "FetchError",
    "ImageError",
    "PatchStream",
    "Patches",
    "Picture",
    "Source",
    "StoredPatches",
    "as_image",
    "brodatz",
    "build_dataset",
    "class_sigmas",
    "count_patches",
    "crop_to_multiple",
    "defocus_map",
    "defocused_scene",
    "extract_patches",
    "free_cloth",
    "free_fields",
    "free_pages",
    "free_photographs",
    "free_scans",
    "free_textures",
    "list_images",
    "load_dataset",
    "load_image",
    "load_images",
    "motorcycle_scene",
    "open_folder",
    "open_packaged",
    "open_procedural",
    "open_text",
    "packaged_image",
    "picture_patches",
    "procedural_texture",
    "radial_spectrum",
    "read_manifest",
    "read_materials",
    "rendered_text",
    "scene_lens",
    "sipi",
    "split_materials",
    "texture_statistics",
    "write_image",
]
