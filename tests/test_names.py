"""Names that were given up for the field's own: none of them comes back."""

import ast
import io
import json
import keyword
import re
import tokenize
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("blurlib", "benchmarks", "book", "tests")
    for ending in ("*.py", "*.ipynb")
    for path in (REPOSITORY / folder).rglob(ending)
    if "node_modules" not in path.parts and path != Path(__file__)
)
#: Old name -> what it is called now.
RENAMED = {
    "blends": "p_mix",
    "bound_power_law": "crlb_power_law",
    "bound_spectrum_known": "crlb_spectrum_known",
    "bound_texture_known": "crlb_texture_known",
    "calibrate_doubt": "fit_std_scale",
    "Case": "Experiment",
    "CLASSIFIERS": "NETWORKS",
    "CROP_SIZE": "CropConfig",
    "defocus_map": "blur.depth_field",
    "doubt": "std",
    "doubt_scale": "std_scale",
    "doubts": "std",
    "DOUBTS": "STATES_STD",
    "error_by_kept": "sparsification_curve",
    "fit_ramp": "fit_plane",
    "free_cloth": "synthetic_cloth",
    "free_fields": "gaussian_random_fields",
    "free_scans": "synthetic_prints",
    "free_textures": "training_images",
    "GaussianEstimator": "PatchEstimator",
    "HEADS": "NETWORKS",
    "is_first": "is_main_process",
    "judge": "loss",
    "LARGEST_SIGMA": "CropConfig",
    "look_on": "callback",
    "NetworkEstimator": "PatchEstimator",
    "num_deviations": "num_std",
    "METHODS": "MEASURES",
    "own_stride": "output_stride",
    "PACKAGED": "PACKAGED_IMAGES",
    "peers": "comparison",
    "pinned_to": "dirichlet_values",
    "predict_full_size": "Estimator.predict(...).full_size()",
    "predict_grid": "Estimator.predict",
    "predict_layers": "Estimator.predict",
    "predict_with_doubt": "Estimator.predict",
    "psf_of_spread": "psf_with_sigma",
    "REGRESSION": "SHIPPED",
    "ROUNDING": "QUANTIZATION_VARIANCE",
    "share_within": "coverage",
    "smallest_side": "min_side",
    "smooth_edges": "smooth_tv",
    "smooth_weighted": "smooth_tikhonov",
    "spread_grid": "SigmaMap.upsample",
    "usual_max": "sigma_common_max",
    "window_centres": "crop_to_windows",
    "with_doubt": "Estimator.predict",
}


def names_in(code):
    """Return the identifiers of a piece of code, and those alone: no words of texts or comments."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def names_in_prose(text):
    """Return the words that stand between backticks, but for roles as in {term}`word`."""
    pieces = re.findall(r"(\{[\w:]+\})?`([^`]+)`", re.sub(r"`{2,}.*", "", text))
    return {name for role, code in pieces if not role for name in re.findall(r"\w+", code)}


def names_of(path):
    """Yield the names in a module, or in each cell of a chapter."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield names_in(text)
        return
    for cell in json.loads(text)["cells"]:
        find = names_in if cell["cell_type"] == "code" else names_in_prose
        yield find("".join(cell["source"]))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_old_names_are_gone(path):
    found = set().union(*names_of(path)) & set(RENAMED)
    assert not found, {old: RENAMED[old] for old in found}


def test_the_list_holds_names_alone_and_old_ones_are_found():
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in RENAMED)
    assert names_in("maps.fit_ramp(x)  # judge\n'look_on'\n") & set(RENAMED) == {"fit_ramp"}
    prose = "```{note} doubt\n`judge(x)` {term}`doubt` doubt `y`"
    assert names_in_prose(prose) == {"judge", "x", "y"}


def test_a_constants_name_means_one_thing_in_the_package():
    homes = {}
    for path in (REPOSITORY / "blurlib").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            names = {leaf.id for t in targets for leaf in ast.walk(t) if isinstance(leaf, ast.Name)}
            for name in names:
                homes.setdefault(name, set()).add(path.name)
    twice = {name: files for name, files in homes.items() if name.isupper() and len(files) > 1}
    assert not twice
