"""Pictures to blur, from files, packages and rules; patches of them, and datasets."""

from .._checks import public as _public
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
    free_pages,
    free_photographs,
    gaussian_random_fields,
    synthetic_cloth,
    synthetic_prints,
    training_images,
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
    passed_over,
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

__all__ = _public(globals())
