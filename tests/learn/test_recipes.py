"""Recipes say what a run is made of, and nothing else decides it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blurlib import data, learn
from reproduce import catalogue

pytestmark = pytest.mark.usefixtures("few_textures")
DATA = os.environ.get("BLURLIB_DATA", "nowhere")
SMALL = learn.Recipe("spectrum", num_classes=10, textures_each=1)


def test_fixed_patches_come_again(rng):
    _, stream, facts = learn.prepare_recipe(replace(SMALL, num_fixed=6))
    first, again = (stream.batch(6)[0].flatten(1) for _ in range(2))
    assert facts["num_patches"] == 6
    assert torch.equal(first[first[:, 0].argsort()], again[again[:, 0].argsort()])
    _, fresh, _ = learn.prepare_recipe(SMALL)
    assert not torch.equal(fresh.batch(6)[0], fresh.batch(6)[0])


def test_a_run_is_the_same_run_on_another_processor(monkeypatch):
    """Its drawn textures differ in their last bits there; other files are another run."""
    identities = []

    def stop(identity):
        identities.append(identity)
        raise InterruptedError

    def run(**options):
        with pytest.raises(InterruptedError):
            learn.run_recipe(SMALL, checkpoint=stop, **options)

    run()
    draw = data.free.training_images
    monkeypatch.setattr(
        data.free, "training_images", lambda **options: [0.999 * x for x in draw(**options)]
    )
    run()
    assert identities[0] == identities[1]
    files = [data.packaged_image(name)[:90, :90] for name in ("coins", "camera")]
    run(images=files)
    run(images=files[::-1])
    assert identities[2] != identities[3]


def test_pages_are_trained_on_if_the_recipe_says_so():
    facts = [learn.prepare_recipe(replace(SMALL, num_pages=n))[2] for n in (0, 2)]
    assert facts[1]["num_images"] == facts[0]["num_images"] + 2
    assert facts[1]["sha256"] != facts[0]["sha256"]


def test_what_is_published_is_fixed_rounded_and_32_pixels():
    for change in ({"num_pages": 1}, {"num_fixed": 1}, {"rounded": False}, {"patch_size": 16}):
        with pytest.raises(ValueError, match="as published are fixed"):
            learn.Recipe(source="as-published", **change)


def test_no_material_is_on_both_sides():
    pictures = [
        data.Picture(f"D{k}", f"material {k // 3}", "nowhere", lambda: torch.zeros(2, 2))
        for k in range(12)
    ]
    training, held_out = learn.split_scans(pictures)
    assert sorted(p.name for p in training + held_out) == sorted(p.name for p in pictures)
    assert not {p.material for p in training} & {p.material for p in held_out}
    assert held_out and learn.split_scans(pictures)[1] == held_out


def _fakes(names, per_material=1):
    return [data.Picture(n, f"{n[:2]} {k // per_material}", None) for k, n in enumerate(names)]


def test_what_is_developed_on_is_neither_trained_on_nor_held_out():
    scans = _fakes([f"D{k}.gif" for k in range(40)], per_material=2)
    taken = _fakes(data.PHOTOGRAPHS)
    photographs = data.Collection(tuple(taken))
    training, development = learn.development_split(scans, photographs)
    names = [picture.name for picture in development]
    count = {kind: sum(n.startswith(kind) for n in names) for kind in ("D", "kodak/", "bsds-")}
    assert count == {"D": 6, "kodak/": 6, "bsds-": 20}
    kept = {p.name for p in data.sharp_photographs(photographs)}
    kept |= {scan.name for scan in learn.split_scans(scans)[0]}
    assert sorted(p.name for p in training + development) == sorted(kept)
    assert not {p.material for p in training} & {p.material for p in development}
    assert learn.development_split(scans, photographs) == (training, development)
    assert learn.development_split(scans, photographs, seed=1)[1] != development
    few = data.Collection(tuple(taken[:6]))
    with pytest.raises(ValueError, match="kodak: 6 of 6 are to be set apart"):
        learn.development_split(scans, few)


@pytest.mark.skipif(
    not all(Path(DATA, name).is_dir() for name in ("brodatz", "photographs")),
    reason="BLURLIB_DATA names no folder with brodatz and photographs",
)
def test_the_real_development_side_stays_the_same():
    scans, photographs = data.brodatz(), data.photographs()
    if len(scans) != 40 or photographs.missing:
        pytest.skip("the split hangs on which pictures are there")
    training, development = learn.development_split(scans, photographs)
    names = [picture.name for picture in development]
    assert names[:4] == ["D13.gif", "D93.gif", "D104.gif", "D106.gif"]
    assert [name[11:13] for name in names[4:10]] == ["03", "05", "12", "14", "20", "22"]
    assert len(training) == 176 and len(development) == 30


def test_the_frozen_recipes_differ_in_what_their_names_say():
    recipes = catalogue.RECIPES
    for size in catalogue.PATCH_SIZES:
        assert recipes[f"pixels-{size}px"].patch_size == size
    for thousands in (75, 150, 300, 2700):
        config = recipes[f"thesis-30-{thousands}k"].config
        assert config.num_steps * config.batch_size == thousands * 1000
    assert recipes["thesis-60-as-published"].source == "as-published"
    for name, recipe in learn.SHIPPED.items():
        assert recipe.config.num_steps * recipe.config.batch_size <= 1_100_000, name
