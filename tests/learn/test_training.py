"""The training loop learns, repeats, and stops when it must."""

import pytest
import torch

from blurlib import data, learn


def quick(seed=0, **changes):
    config = learn.TrainConfig(**{"num_steps": 60, "batch_size": 64, "lr": 3e-3, **changes})
    recipe = learn.Recipe("spectrum", num_classes=10, textures_each=1, seed=seed, config=config)
    return learn.run_recipe(recipe)


def test_training_learns_blur_in_seconds():
    network, record = quick()
    assert not network.training
    history = record["history"]
    assert history["rmse"][-1] < 0.5  # a constant guess has 0.86
    assert record["recipe"]["config"]["num_steps"] == len(history["loss"]) == 60


def test_training_repeats_exactly():
    first, second = (quick(num_steps=5)[0] for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_one_batch_is_learned_by_heart(rng):
    network = learn.ThesisNetwork(4).initialise(rng)
    fixed = data.PatchStream([torch.rand(64, 64, generator=rng)], network.sigmas, rng=rng).batch(8)

    class Repeated:
        def batch(self, size, *, rank=0, world_size=1):
            return fixed

    history = learn.train(network, Repeated(), learn.TrainConfig(num_steps=60, lr=1e-3))
    assert history["loss"][-1] < 0.1 < history["loss"][0]


def test_the_packaged_weights_are_what_their_recipe_gives():
    # The first steps of the whole run: textures, stream, network and schedule must all be those
    # that the weights were trained with.
    _, record = learn.pretrained("spectrum-30")
    recipe = learn.SHIPPED["spectrum-30"]
    made_by = dict(record["recipe"])
    config = learn.TrainConfig(**made_by.pop("config"))
    assert learn.Recipe(**made_by, config=config) == recipe
    run = learn.TrainingRun(*learn.prepare_recipe(recipe)[:2], recipe.config)
    count = record["history"]["steps_a_point"]
    steps = [run.advance() for _ in range(count)]
    for name in ("loss", "rmse"):
        mean = sum(step[name] for step in steps) / count
        assert mean == pytest.approx(record["history"][name][0], abs=0.002)


@pytest.mark.parametrize("warmup", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("num_steps", [1, 2, 10])
def test_any_number_of_steps_and_warmup_has_a_schedule(rng, num_steps, warmup):
    network = learn.SpectrumNetwork(4).initialise(rng)
    stream = data.PatchStream([torch.rand(64, 64, generator=rng)], network.sigmas, rng=rng)
    config = learn.TrainConfig(num_steps=num_steps, batch_size=4, warmup=warmup)
    assert len(learn.train(network, stream, config)["loss"]) == num_steps


def test_a_loss_that_explodes_is_said(rng):
    network = learn.SpectrumNetwork().initialise(rng)
    stream = data.PatchStream([torch.rand(64, 64, generator=rng)], network.sigmas, rng=rng)
    with torch.no_grad():
        network.layers[0].weight.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match="lower lr"):
        learn.train(network, stream, learn.TrainConfig(num_steps=3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: learn.TrainConfig(num_steps=0), "num_steps must be"),
        (lambda: learn.TrainConfig(lr=float("nan")), "lr must be"),
        (lambda: learn.Recipe(network="resnet"), "thesis, spectrum"),
        (lambda: learn.run_recipe(learn.Recipe(), images=[]), "images is empty"),
    ],
)
def test_bad_recipes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.skipif(torch.cuda.is_available(), reason="speaks of machines without CUDA")
def test_a_missing_gpu_is_named():
    with pytest.raises(ValueError, match="0 CUDA GPUs; pass 'cpu'"):
        learn.run_recipe(learn.Recipe(), images=[torch.rand(64, 64)], device="cuda")


@pytest.mark.cuda
def test_training_runs_on_cuda(rng):
    recipe = learn.Recipe("thesis", textures_each=1, config=learn.TrainConfig(num_steps=3))
    network, record = learn.run_recipe(recipe, device="cuda")
    assert next(network.parameters()).is_cuda and record["device"].startswith("cuda")


def test_history_is_thinned_by_means():
    thin = learn.thin_history({"loss": [1.0, 3.0, 5.0]}, num_points=2)
    assert thin == {"steps_a_point": 2, "loss": [2.0, 5.0]}


def test_a_recipe_that_needs_the_scans_says_so():
    with pytest.raises(ValueError, match="name the folder"):
        learn.prepare_recipe(learn.SHIPPED["thesis-30-as-published"])


@pytest.mark.parametrize("source", ["unseen", "as-published"])
def test_scans_are_trained_on_as_the_source_says(source):
    materials = ["a", "a", "b", "c", "d", "e"]
    names = ["brick", "grass", "gravel", "coins", "camera", "moon"]
    scans = [
        data.Picture(name, material, lambda name=name: data.packaged_image(name)[:130, :130])
        for name, material in zip(names, materials, strict=True)
    ]
    recipe = learn.Recipe("spectrum", 10, textures_each=1, source=source)
    network, stream, facts = learn.prepare_recipe(recipe, scans=scans)
    assert facts["source"] == learn.recipes.TRAINED_ON[source] and len(facts["sha256"]) == 64
    if source == "unseen":
        held_out = set(facts["held_out"])
        assert held_out and len({"brick", "grass"} & held_out) in (0, 2)
        free = len(data.FAMILIES) + len(data.TRAINING_PHOTOGRAPHS)
        assert stream.num_images == facts["num_images"] == 2 * (6 - len(held_out)) + free
    else:
        kept, test = data.count_patches((130, 130), data.DatasetConfig(10))
        assert facts["num_patches"] == 6 * 10 * (kept - test)
    assert stream.batch(8)[0].shape == (8, 1, 32, 32)


def test_author_adagrad_and_half_precision_train(rng):
    network = learn.SpectrumNetwork(4).initialise(rng)
    stream = data.PatchStream([torch.rand(64, 64, generator=rng)], network.sigmas, rng=rng)
    for changes in ({"optimizer": "adagrad", "schedule": "constant"}, {"precision": "bfloat16"}):
        config = learn.TrainConfig(num_steps=3, batch_size=8, **changes)
        assert len(learn.train(network, stream, config)["accuracy"]) == 3


def test_the_log_has_a_line_a_step(tmp_path, rng):
    network = learn.SpectrumNetwork(4).initialise(rng)
    stream = data.PatchStream([torch.rand(64, 64, generator=rng)], network.sigmas, rng=rng)
    config = learn.TrainConfig(num_steps=5, batch_size=8)
    history = learn.train(network, stream, config, callback=learn.RunLog(tmp_path / "log.csv"))
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert header == "step,loss,rmse,accuracy,seconds" and len(rows) == 5
    step, loss, *_ = rows[-1].split(",")
    assert step == "5" and float(loss) == pytest.approx(history["loss"][-1], rel=1e-5)
