"""Pictures to blur, from files, packages and rules; patches of them, and datasets."""

from .._checks import public as _public
from .alike import WRITABLE, write_alike
from .crops import CropConfig, CropStream
from .datasets import *  # noqa: F403  what it offers, all of it
from .depth import DepthScene, defocused_scene, layered_scene, motorcycle_scene, scene_lens
from .files import list_images, passed_over
from .free import (
    TRAINING_PHOTOGRAPHS, free_pages, free_photographs, gaussian_random_fields,
    synthetic_cloth, synthetic_prints, training_images)  # fmt: skip
from .images import (
    MAX_PIXELS, PACKAGED_IMAGES, TEST_TEXTURES, ImageError, as_image, load_image,
    packaged_image, to_grey, to_levels, write_image)  # fmt: skip
from .patches import PATCH_SIZE, crop_to_multiple, extract_patches
from .procedural import FAMILIES, procedural_texture
from .protocols import SIGMA_MAX, DatasetConfig, class_sigmas, count_patches, split_materials
from .sources import *  # noqa: F403
from .statistics import gradient_energy, radial_spectrum, texture_statistics
from .stream import PatchStream
from .text import FONTS, rendered_text

__all__ = _public(globals())
