"""A second course begins with packaged weights, keeps what it must, and tells where it may not."""

from dataclasses import replace

import pytest
import torch

from blurlib import data, learn

RECIPE = replace(learn.RECIPES["sigma-net"], textures_each=1, num_pages=2)
ONE_STEP = learn.TrainConfig(num_steps=1, batch_size=1, lr=1e-5)


@pytest.fixture
def scans(rng):
    """Return four pictures; the one that is put aside has a name that the start put aside, too."""

    def read():
        return torch.rand(400, 400, generator=rng)

    pictures = [data.Picture(f"D{k + 100}", f"material {k}", read) for k in range(4)]
    (aside,) = learn.split_scans(pictures)[1]
    return [replace(p, name="D2.gif") if p == aside else p for p in pictures]


def test_it_begins_with_the_packaged_weights_and_keeps_their_standardisation(rng):
    base, _ = learn.pretrained("sigma-net-base")
    network, record = learn.run_recipe(
        replace(RECIPE, config=ONE_STEP), images=[torch.rand(200, 186, generator=rng)]
    )
    assert record["recipe"]["fine_tuning"]["start"] == "sigma-net-base"
    assert record["data"]["num_images"] == 1
    assert torch.equal(network.mean, base.mean) and torch.equal(network.std, base.std)
    assert network.doubt_scale == 1 != base.doubt_scale
    moved = [
        (p - q).abs().max() for p, q in zip(network.parameters(), base.parameters(), strict=True)
    ]
    assert 0 < max(moved) < 1e-4


def test_it_goes_as_far_as_it_says(rng):
    images = [torch.rand(200, 200, generator=rng)]
    base, _ = learn.pretrained("sigma-net-base")
    ends = []
    for kept in (1.0, 0.25):
        course = replace(RECIPE.fine_tuning, kept=kept)
        recipe = replace(RECIPE, config=replace(ONE_STEP, lr=1e-2), fine_tuning=course)
        ends.append(learn.run_recipe(recipe, images=images)[0])
    for start, whole, part in zip(*(n.parameters() for n in (base, *ends)), strict=True):
        torch.testing.assert_close(part - start, 0.25 * (whole - start), atol=1e-6, rtol=1e-3)
    with pytest.raises(ValueError, match="kept"):
        replace(RECIPE.fine_tuning, kept=0)


def test_it_cuts_from_each_group_as_often_as_it_says(scans):
    _, stream, facts = learn.prepare_recipe(RECIPE, scans=scans)
    assert facts["aside"] == ["D2.gif"]
    chances = torch.cat([stream._cuts._chances, torch.ones(1)]).diff(prepend=torch.zeros(1))
    parts = chances.split([3, 2 * 3, len(chances) - 9 - 4, 2, 2])
    shares = RECIPE.fine_tuning.shares.values()
    assert sum(shares) == 100
    assert [part.sum().item() for part in parts] == pytest.approx([s / 100 for s in shares])
    assert stream.disks == RECIPE.fine_tuning.disks and stream.ends == RECIPE.fine_tuning.ends


def test_scans_that_the_start_may_have_seen_are_not_put_aside(scans):
    strange = [replace(p, name="D99.gif") if p.name == "D2.gif" else p for p in scans]
    with pytest.raises(ValueError, match="may have learned from D99.gif"):
        learn.prepare_recipe(RECIPE, scans=strange)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, rng):
    images = [torch.rand(200, 200, generator=rng)]

    def begin():
        network, stream, _ = learn.prepare_recipe(RECIPE, images=images)
        config = replace(ONE_STEP, num_steps=2)
        return learn.TrainingRun(network, stream, config, standardise=False)

    whole, first, second = begin(), begin(), begin()
    whole.advance()
    first.advance()
    checkpoint = learn.Checkpoint(tmp_path / "run", {"recipe": RECIPE.as_dict()})
    checkpoint.save(first)
    checkpoint.restore(second)
    for run in (whole, second):
        run.advance()
    assert all(map(torch.equal, second.network.parameters(), whole.network.parameters()))


def test_it_is_for_networks_on_crops_of_scans_and_of_one_kind():
    course = learn.FineTuning("sigma-net-base")
    for recipe in (learn.Recipe(), replace(learn.RECIPES["sigma-net-base"], source="free")):
        with pytest.raises(ValueError, match="fine tuning is for"):
            replace(recipe, fine_tuning=course)
    with pytest.raises(ValueError, match="'sigma-small' cannot begin with .* 'sigma-net-base'"):
        replace(RECIPE, network="sigma-small").new_network(torch.Generator())
    with pytest.raises(ValueError, match="one of sigma-net"):
        learn.FineTuning("nowhere").starting_network("sigma")
    with pytest.raises(ValueError, match="old_print"):
        learn.FineTuning("sigma-net-base", old_print=0)
    assert "fine_tuning" not in learn.Recipe().as_dict()
