"""What a record is made from is trained once, on what its recipe names."""

import pytest
import torch

from blurlib import data, learn, maps
from reproduce import comparison, robustness
from reproduce.experiment import Experiment


def pictures(name, number):
    return [data.Picture(f"{name}{k}", f"{name}{k}", None) for k in range(number)]


@pytest.fixture
def trained(monkeypatch, rng):
    """Return what each training was given; nothing is trained."""
    calls = []

    def train(recipe, path, **options):
        calls.append(options)
        scans = learn.split_scans(options["scans"])[1]
        record = {"recipe": recipe.as_dict(), "data": {"held_out": [one.name for one in scans]}}
        learn.save_network(path, learn.SmallSigmaNet(), record)

    monkeypatch.setattr(maps, "train_estimator", train)
    return calls


def test_a_mix_is_trained_with_photographs_and_calibrated_on_the_development_side(
    tmp_path, monkeypatch, trained
):
    taken = data.Collection((*pictures("kodak/", 9), *pictures("bsds-train/", 30)))
    asked = []
    monkeypatch.setattr(data, "photographs", lambda folder: asked.append(folder) or taken)
    scans = pictures("D", 12)
    found = Experiment(scans, folder="data", weights=tmp_path)
    found.network("sigma-net-small")
    found.network("sigma-net-small")
    (options,) = trained
    assert asked == ["data"] and options["photographs"] is taken
    assert options["held_out"] == learn.development_split(scans, taken)[1]
    assert not {one.name for one in options["held_out"]} & set(found.textures)


def test_other_recipes_need_no_photographs(tmp_path, monkeypatch, trained):
    monkeypatch.setattr(data, "photographs", None)
    found = Experiment(pictures("D", 12), weights=tmp_path)
    found.network("spectrum-30")
    (options,) = trained
    assert options["photographs"] is None and options["held_out"] == found.held_out


def test_what_has_a_grid_of_its_own_is_scored_at_all_of_its_places():
    """Between its places the map is interpolated, which makes JPEG's errors a tenth smaller."""
    image, truth = maps.make_test_image(data.packaged_image("grass")[:96, :128], "ramp")
    scans = [data.Picture("grass", "grass", lambda: image)]
    found = Experiment(scans)
    estimators = found.estimators(("sigma-net-small", "spectrum-30"), ())
    errors = found.errors(estimators, scans, lambda image, rng: (image, truth), "", stride=17)
    answer = estimators["sigma-net-small"].predict(image, stride=4, border="valid").to("nominal")
    own = errors["sigma-net-small"]["grass"]
    assert torch.equal(own.error, answer.sigma.double() - answer.at_windows(truth).double())
    assert errors["spectrum-30"]["grass"].error.shape == (4, 6)


@pytest.mark.parametrize("stride", [comparison.COMPARISON_STRIDE, robustness.ROBUSTNESS_STRIDE])
def test_windows_see_every_phase_of_jpegs_blocks(stride):
    places = torch.arange(0, data.PATCH_SIZE * 19 + 1, stride)  # as many as a scan has
    assert len((places % 8).unique()) == 8
