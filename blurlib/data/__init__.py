"""Pictures to blur, from files, packages and rules; patches of them, and datasets."""

from .._checks import public as _public
from .alike import WRITABLE, write_alike
from .crops import CropConfig, CropStream
from .datasets.build import build_dataset
from .datasets.load import Dataset, Patches, StoredPatches, load_dataset, places_also_trained_on
from .datasets.shards import DatasetError, blur_levels, draw_sigmas, picture_patches
from .depth import DepthScene, defocused_scene, layered_scene, motorcycle_scene, scene_lens
from .files import list_images, passed_over
from .free import TRAINING_PHOTOGRAPHS, free_pages, free_photographs, gaussian_random_fields
from .free import synthetic_cloth, synthetic_prints, training_images
from .images import MAX_PIXELS, PACKAGED_IMAGES, TEST_TEXTURES, ImageError, as_image, load_image
from .images import packaged_image, to_grey, to_levels, write_image
from .patches import PATCH_SIZE, crop_to_multiple, extract_patches
from .procedural import FAMILIES, procedural_texture
from .protocols import SIGMA_MAX, DatasetConfig, class_sigmas, count_patches, split_materials
from .sources.collection import Collection, Picture, open_packaged, open_procedural
from .sources.fetch import FetchError
from .sources.folder import open_folder, read_materials
from .sources.published import BRODATZ, PHOTOGRAPHS, SOURCES, Source, brodatz, data_folder
from .sources.published import photographs, sharp_photographs
from .statistics import gradient_energy, radial_spectrum, texture_statistics
from .stream import PatchStream
from .text import FONTS, rendered_text

__all__ = _public(globals())
