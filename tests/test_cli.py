"""The command line as its users meet it: files in, files and JSON out, clear complaints."""

import json
import os
import shlex
import subprocess
import sys
import time

import pytest
import torch

import blurlib
from blurlib import blur, cli, data, learn, maps


@pytest.fixture
def texture(tmp_path):
    """Return the path of a sharp texture, 70 x 101 pixels."""
    path = tmp_path / "grass.png"
    data.write_image(path, data.packaged_image("grass")[:70, :101])
    return path


def run(capsys, *arguments):
    """Run the command line in this process; return status, output, complaints."""
    status = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize(
    "command",
    [
        [], ["blur"], ["fetch"], ["dataset"], ["train"], ["map"], ["deblur"], ["refocus"],
        ["motion"], ["evaluate"],
    ],
)  # fmt: skip
def test_help_is_there(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert "usage: blurlib" in said
    if "--max-pixels" in said:  # typed there, so that no help waits for torch
        assert f"= {data.MAX_PIXELS})" in " ".join(said.split())


def test_defaults_that_are_typed_are_those_of_the_library():
    options = cli.build_parser().parse_args(["evaluate", "a.png", "--field", "ramp"])
    assert options.max_pixels == data.MAX_PIXELS
    assert options.estimator == maps.estimators.DEFAULT_ESTIMATOR


def test_the_program_is_installed(texture):
    program = os.path.join(os.path.dirname(sys.executable), "blurlib")
    done = subprocess.run(
        [program, "evaluate", texture, "--field", "ramp", "--estimator", "spectrum-30",
         "--stride", "8", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(done.stdout)
    (score,) = result["images"]
    assert set(score) >= {"path", "rmse", "mse", "bias", "seconds", "height", "width"}
    assert (score["height"], score["width"]) == (64, 96)
    assert result["mean_rmse"] == score["rmse"]


def test_import_is_quick_and_quiet():
    heavy = "{'torch', 'matplotlib', 'anywidget'}"
    code = f"import sys, blurlib; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_what_is_heavy_waits_until_it_is_asked_for():
    """Parts of scipy take together as long to import as half of torch, matplotlib a third."""
    code = """if True:
    import sys, torch, blurlib.maps
    from blurlib.data.text import rendered_text

    rendered_text((20, 20), rng=torch.Generator())
    heavy = {"scipy.stats", "scipy.optimize", "scipy.ndimage", "skimage.restoration", "matplotlib"}
    print(sorted(heavy & set(sys.modules)))
    blurlib.plotting.style()
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def gaussian(image, sigma):
    return blur.blur_uniform(image, blur.gaussian_psf(sigma))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--sigma", 1.5], lambda x: gaussian(x, 1.5)),
        (["--sigma", 2, "--truncate", 2], lambda x: blur.blur_uniform(x, blur.thesis_psf(2))),
        (["--disk", 3], lambda x: blur.blur_uniform(x, blur.disk_psf(3))),
        (["--motion", 10, 45], lambda x: blur.blur_uniform(x, blur.motion_psf(10, 45))),
        (
            ["--field", "sin2d"],
            lambda x: blur.blur_varying(x, blur.sin2d_field(x.shape), truncate=2),
        ),
        (["--sigma", 1, "--jpeg", 70], lambda x: blur.jpeg(gaussian(x, 1), 70)),
    ],
)
def test_blur_writes_what_the_library_computes(tmp_path, texture, capsys, options, expected):
    out = tmp_path / "blurred.png"
    assert run(capsys, "blur", texture, *options, "--out", out)[0] == 0
    expected = blur.quantize(expected(data.load_image(texture)))
    torch.testing.assert_close(data.load_image(out), expected, atol=1e-6, rtol=0)


def test_blur_repeats_its_chance_with_the_seed(tmp_path, texture, capsys):
    def draw(name, seed):
        out = tmp_path / name
        run(capsys, "blur", texture, "--shake", 5, "--noise", 3, "--seed", seed, "--out", out)
        return out.read_bytes()

    assert draw("a.png", 1) == draw("b.png", 1) != draw("c.png", 2)


def test_evaluate_agrees_with_the_library(texture, capsys):
    options = ["--field", "sin", "--stride", 4, "--noise", 2, "--jpeg", 80, "--seed", 3]
    status, out, _ = run(
        capsys, "evaluate", texture, *options, "--smooth", "columns", "--iterations", 5, "--json"
    )
    expected = maps.evaluate_image(
        maps.load_estimator(), data.load_image(texture), "sin", stride=4, smoothing="columns",
        num_iter=5, noise=2.0, jpeg_quality=80, rng=torch.Generator().manual_seed(3),
    )  # fmt: skip
    assert status == 0
    assert json.loads(out)["mean_rmse"] == pytest.approx(expected["rmse"], abs=1e-9)
    plain = json.loads(run(capsys, "evaluate", texture, *options, "--json")[1])
    assert plain["mean_rmse"] != pytest.approx(expected["rmse"], abs=1e-9)


def test_evaluate_names_bad_files_and_goes_on(tmp_path, texture, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    data.write_image(tmp_path / "small.png", torch.rand(20, 60))
    status, out, err = run(
        capsys, "evaluate", tmp_path, "--field", "ramp", "--stride", 16, "--json"
    )
    assert status == 1
    assert "broken.png" in err and "small.png" in err and "32 pixels" in err
    result = json.loads(out)
    assert [score["path"] for score in result["images"]] == [str(texture)]
    assert len(result["skipped"]) == 2
    status, out, err = run(capsys, "evaluate", tmp_path / "small.png", "--field", "ramp", "--json")
    assert status == 2 and "no image could be scored" in err
    assert json.loads(out)["images"] == [] and len(json.loads(out)["skipped"]) == 1


def test_train_then_evaluate_with_the_file(tmp_path, texture, capsys):
    out = tmp_path / "net.safetensors"
    sharp = tmp_path / "sharp"
    sharp.mkdir()
    data.write_image(sharp / "gravel.png", data.packaged_image("gravel"))
    status, text, _ = run(
        capsys, "train", "--out", out, "--images", sharp, "--steps", 30, "--classes", 10,
        "--batch", 64, "--lr", 3e-3, "--seed", 4, "--json",
    )  # fmt: skip
    assert status == 0
    record = json.loads(text)
    assert record["recipe"]["seed"] == 4 and record["data"]["num_images"] == 1
    status, text, _ = run(
        capsys, "evaluate", texture, "--field", "ramp", "--estimator", out, "--stride", 8, "--json"
    )
    assert status == 0 and json.loads(text)["mean_rmse"] < 0.7


def test_bad_images_are_left_out_of_a_training(tmp_path, capsys):
    sharp = tmp_path / "sharp"
    sharp.mkdir()
    data.write_image(sharp / "gravel.png", data.packaged_image("gravel"))
    data.write_image(sharp / "small.png", torch.rand(43, 60))
    (sharp / "broken.png").write_bytes(b"no picture")
    status, text, err = run(
        capsys, "train", "--out", tmp_path / "net.safetensors", "--images", sharp, "--steps", 2,
        "--json",
    )  # fmt: skip
    assert status == 1 and json.loads(text)["data"]["num_images"] == 1
    assert err.count("left out") == 2 and "broken.png" in err and "below 44" in err


def small_sigma_net(monkeypatch):
    """Make the network a toy: what is tested is what becomes of its deviation."""
    monkeypatch.setattr(learn.SmallSigmaNet.__init__, "__defaults__", ((8, 8), 4, (1,), 2))
    monkeypatch.setattr(learn.SmallSigmaNet, "standardised_on", 2)


def test_deviations_are_calibrated_on_every_fifth_of_ones_own_images(tmp_path, monkeypatch, capsys):
    small_sigma_net(monkeypatch)
    sharp = tmp_path / "sharp"
    sharp.mkdir()
    out = tmp_path / "net.safetensors"
    arguments = ["train", "--network", "sigma-small", "--out", out, "--images", sharp,
                 "--steps", 2, "--batch", 2, "--json"]  # fmt: skip
    for number, name in enumerate(("brick", "camera", "coins", "grass", "gravel", "moon")):
        data.write_image(sharp / f"{number}.png", data.packaged_image(name)[:192, :192])
    status, text, err = run(capsys, *arguments)
    record = json.loads(text)
    assert status == 0 and "put aside to calibrate on: 4.png" in err
    assert record["data"]["num_images"] == 5 and record["uncertainty"]["on"] == ["4.png"]
    network, _ = learn.load_network(out)
    assert network.std_scale.item() == pytest.approx(record["uncertainty"]["std_scale"])
    for number in (1, 2, 4):
        (sharp / f"{number}.png").unlink()
    status, text, err = run(capsys, *arguments)
    assert status == 0 and "is not calibrated" in err and "uncertainty" not in json.loads(text)


def test_recipes_are_changed_by_options(tmp_path, capsys, drawn_once, monkeypatch):
    asked = []

    def few(**options):  # to draw all of a recipe's textures takes ten times as long as the rest
        asked.append(options)
        return drawn_once

    monkeypatch.setattr("blurlib.data.free.training_images", few)
    out = tmp_path / "net.safetensors"
    status, text, _ = run(
        capsys, "train", "--out", out, "--recipe", "spectrum-30", "--textures", 1, "--steps", 2,
        "--json",
    )  # fmt: skip
    recipe = json.loads(text)["recipe"]
    assert status == 0 and recipe["textures_each"] == 1
    assert [options["num_each"] for options in asked] == [1]
    assert (recipe["num_classes"], recipe["config"]["num_steps"]) == (30, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["blur", "{texture}", "--sigma", "1", "--out", "{texture}"], "is the image itself"),
        (["blur", "{texture}", "--disk", "1", "--truncate", "3", "--out", "a.png"], "with --sigma"),
        (["train", "--out", "folder.safetensors"], "is a folder"),
        (["blur", "{texture}", "--sigma", "-1", "--out", "a.png"], "sigma must be"),
        (["blur", "{texture}", "--sigma", "1", "--out", "a.jpg"], "--out must end in .png"),
        (["blur", "{texture}", "--sigma", "1", "--out", "no/folder/a.png"], "no folder no"),
        (["train", "--out", "no/folder/a.safetensors"], "no folder no"),
        (["train", "--out", "a.safetensors", "--recipe", "x"], "one of spectrum-30"),
        (["train", "--out", "a.safetensors", "--images", "{small}"], "below 44"),
        (["evaluate", "nowhere", "--field", "ramp"], "no file or folder nowhere"),
    ],
)
def test_complaints_are_one_line(tmp_path, monkeypatch, texture, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    data.write_image("small.png", torch.rand(33, 33))
    (tmp_path / "folder.safetensors").mkdir()
    filled = [word.format(texture=texture, small="small.png") for word in arguments]
    before = sorted(tmp_path.rglob("*"))
    status, out, err = run(capsys, *filled)
    assert status == 2 and out == ""
    assert err.startswith("blurlib: error: ") and words in err and err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--jpeg", "0"], "an integer from 1 to 100"),
        (["--noise", "nan"], "grey levels from 0 to 255"),
        (["--stride", "0"], "at least 1"),
        (["--smooth", "blurry"], "mean3x3"),
        (["--field", "cos"], "ramp"),
    ],
)
def test_bad_options_are_refused_before_any_work(texture, capsys, options, words):
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", str(texture), "--field", "ramp", *options])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--field", "ramp", "--seed", "3"], "--seed has no effect"),
        (["evaluate", "--field", "ramp", "--readout", "mean"], "--readout has no effect"),
        (["evaluate", "--field", "ramp", "--noise", "1", "--seed", "3"], ""),
        (["blur", "--sigma", "1", "--seed", "3", "--out", "a.png"], "--seed has no effect"),
        (["blur", "--shake", "5", "--seed", "3", "--out", "a.png"], ""),
        (["dataset", "--materials", "m.csv", "--out", "set"], "--materials has no effect"),
        (["dataset", "--materials", "m.csv", "--protocol", "unseen", "--out", "set"], ""),
        (["dataset", "--materials", "none.csv", "--out", "set"], "--materials has no effect"),
        (
            ["evaluate", "--field", "ramp", "--smooth", "jacobi", "--iterations", "0"],
            "--smooth has no effect",
        ),
    ],
)
def test_options_that_change_nothing_say_so(
    tmp_path, monkeypatch, texture, capsys, arguments, words
):
    monkeypatch.chdir(tmp_path)
    data.write_image("brick.png", data.packaged_image("brick")[:99, :99])
    (tmp_path / "m.csv").write_text("name,material\ngrass.png,a\n")
    (tmp_path / "none.csv").write_text("name,material\n")
    given = [texture, "brick.png"] if arguments[0] == "dataset" else [texture]
    extra = ["--stride", 16] if arguments[0] == "evaluate" else []
    status, _, err = run(capsys, arguments[0], *given, *arguments[1:], *extra)
    assert status == 0 and words in err
    assert ("no effect" in err) == bool(words)


def test_a_training_says_which_options_change_nothing(tmp_path, capsys, few_textures):
    out = tmp_path / "net.safetensors"
    arguments = ["--data", tmp_path, "--textures", 1, "--steps", 1, "--batch", 2]
    status, _, err = run(capsys, "train", "--out", out, *arguments)
    assert status == 0 and "--data has no effect" in err


PROGRAM = [sys.executable, "-m", "blurlib.cli"]


@pytest.mark.skipif(os.name == "nt", reason="asks the shell for closed streams")
@pytest.mark.parametrize("closed", [1, 2])
def test_scores_need_no_open_stream(tmp_path, texture, programs, closed):
    command = ["evaluate", texture, "--field", "ramp", "--stride", "32"]
    done = programs.run(tmp_path, *command, streams={closed: None})
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert ("mean RMSE" in done.stdout) == (closed == 2)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
def test_output_that_nobody_takes_is_named_or_left(tmp_path, texture, programs):
    arguments = ["evaluate", str(texture), "--field", "ramp", "--stride", "32"]
    command = shlex.join([*PROGRAM, *arguments])
    done = programs.run(tmp_path, *arguments, streams={1: "/dev/full"})
    assert done.returncode == 2 and done.stderr.endswith(
        "blurlib: error: cannot write to standard output: No space left on device\n"
    )
    for word in ("--help", "--version"):
        full = f"{shlex.join([*PROGRAM, word])} > /dev/full"
        done = subprocess.run(["bash", "-c", full], capture_output=True, text=True)
        assert done.returncode == 2 and "cannot write to standard output" in done.stderr
    for program, status in ((command, "141"), (shlex.join([*PROGRAM, "map", "--help"]), "0")):
        gone = f"{{ sleep 0.5; {program}; echo $? >&2; }} | true"
        done = subprocess.run(["bash", "-c", gone], capture_output=True, text=True)
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr
        assert done.stderr.splitlines()[-1] == status


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
def test_a_log_is_named_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "folder.csv").mkdir()
    arguments = ["train", "--out", tmp_path / "n.safetensors", "--textures", 1, "--steps", 300,
                 "--batch", 2, "--log"]  # fmt: skip
    for log in ("/dev/full", tmp_path / "folder.csv", tmp_path / "nowhere" / "log.csv"):
        status, out, err = run(capsys, *arguments, log)
        assert status == 2 and out == "" and f"cannot write {log}" in err
    (tmp_path / "n.safetensors.unfinished").mkdir()
    status, _, err = run(capsys, *arguments[:-1])
    assert status == 2 and "unfinished is a folder" in err


def test_unwritable_folders_are_named(texture, capsys):
    # Not even root can make a file in /proc.
    status, _, err = run(capsys, "blur", texture, "--sigma", 1, "--out", "/proc/a.png")
    assert status == 2 and "/proc" in err and err.count("\n") == 1
    assert "can be written" in err


def test_dataset_writes_a_manifest_and_names_what_it_left_out(texture, tmp_path, capsys):
    out = tmp_path / "set"
    data.write_image(tmp_path / "brick.png", data.packaged_image("brick")[:99, :99])
    (tmp_path / "bad.png").write_bytes(b"none")
    status, text, err = run(capsys, "dataset", tmp_path, "--classes", 10, "--out", out)
    assert status == 1 and "left out bad.png" in err
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["sha256"] in text and manifest["config"]["num_classes"] == 10
    (tmp_path / "bad.png").unlink()
    status, text, _ = run(
        capsys, "dataset", texture, tmp_path / "brick.png", "--out", out,
        "--protocol", "unseen", "--seed", 3, "--continuous", "--json",
    )  # fmt: skip
    manifest = json.loads(text)
    assert status == 0 and manifest == data.load_dataset(out).manifest
    assert (
        manifest["config"] | {"protocol": "unseen", "seed": 3, "continuous": True}
        == (manifest["config"])
    )


def test_dataset_keeps_materials_together(texture, tmp_path, capsys):
    table = tmp_path / "materials.csv"
    table.write_text("name,material\ngrass.png,a\nbrick.png,a\n")
    data.write_image(tmp_path / "brick.png", data.packaged_image("brick")[:99, :99])
    status, _, err = run(
        capsys, "dataset", texture, tmp_path / "brick.png", "--out", tmp_path / "set",
        "--protocol", "unseen", "--materials", table,
    )  # fmt: skip
    assert status == 2 and "at least two materials" in err
    assert not (tmp_path / "set" / "manifest.json").exists()


def test_fetch_checks_a_folder_and_says_what_is_missing(tmp_path, capsys, monkeypatch):
    from blurlib.data.sources import fetch, published

    def no_network(folder, *rest, **options):
        raise fetch.FetchError("cannot download: no connection.")

    monkeypatch.setattr(published, "fetch_files", no_network)
    status, out, err = run(capsys, "fetch", "brodatz", "--folder", tmp_path)
    assert status == 2 and out == "" and "error: cannot download: no connection" in err
    assert "research use only" in err
    path = tmp_path / "D1.gif"
    data.write_image(path, torch.rand(40, 40))
    digest = fetch.hash_file(path, "sha1")
    monkeypatch.setitem(published.BRODATZ, "D1.gif", {"sha1": digest, "material": "wire"})
    status, out, err = run(capsys, "fetch", "brodatz", "--folder", tmp_path, "--json")
    result = json.loads(out)
    assert status == 1 and result["files"] == 1 and len(result["missing"]) == 110
    assert "missing: D2.gif, D3.gif" in err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "3000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
    ],
)
def test_threads_sleep_soon_unless_the_user_says_otherwise(given, expected):
    cli._let_threads_sleep(given)
    assert given == expected


def test_every_network_can_be_trained_by_name(tmp_path, capsys, few_textures):
    from blurlib.cli import train

    assert set(train.NETWORK_NAMES) == set(learn.NETWORKS)
    out = tmp_path / "gaussian.safetensors"
    arguments = ["--network", "gaussian", "--textures", "1", "--steps", "1", "--batch", "2"]
    status, *_ = run(capsys, "train", *arguments, "--out", out)
    assert status == 0 and type(learn.load_network(out)[0]) is learn.GaussianNetwork


def test_a_killed_training_goes_on_and_ends_the_same(tmp_path, capsys):
    picture = tmp_path / "grass.png"
    data.write_image(picture, data.packaged_image("grass"))
    arguments = ["train", "--network", "spectrum", "--images", picture,
                 "--steps", "200", "--batch", "8", "--json"]  # fmt: skip
    status, out, _ = run(capsys, *arguments, "--out", tmp_path / "whole.safetensors")
    assert status == 0
    whole = json.loads(out)["history"]["loss"]

    out = tmp_path / "killed.safetensors"
    program = (
        "import blurlib.learn.resume as r, functools, sys; from blurlib import cli; "
        "r.Checkpoint.__init__.__kwdefaults__['seconds'] = 0.0; sys.exit(cli.main(sys.argv[1:]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, *arguments, "--out", out])
    unfinished = out.with_name("killed.safetensors.unfinished")
    while not unfinished.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0 and not out.exists()
    status, text, err = run(capsys, *arguments, "--out", out)
    assert status == 0 and "going on from" in err and not unfinished.exists()
    assert json.loads(text)["history"]["loss"] == whole
    again = learn.load_network(out)[0].state_dict()
    for name, tensor in learn.load_network(tmp_path / "whole.safetensors")[0].state_dict().items():
        assert torch.equal(tensor, again[name])


def test_the_package_is_the_command_too():
    for module in ("blurlib", "blurlib.cli"):
        done = subprocess.run(
            [sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"blurlib {blurlib.__version__}\n"
