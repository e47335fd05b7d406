"""The appendix' projects, each done once: ``python book/_ext/projects.py [NAME ...]`` writes the numbers.

The page ``book/appendix/projects.md`` says of each project what a good result looks like. What it says
in numbers is measured here, on free pictures, and read from ``book/projects.json`` by the role
`{project}`. The functions are sketches of solutions: short, without figures. A test runs them again.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from docutils import nodes
from PIL import Image
from skimage.filters import unsharp_mask

import blurlib as bl

RESULTS = Path(__file__).parents[1] / "projects.json"
NOISE = 1.3 / 255


def psnr(found, truth):
    """Return how near a picture is to the truth, in dB."""
    error = (found.clamp(0, 1) - truth).square().mean()
    return -10 * error.log10().item()


def halved(image):
    """Return a picture of half the size."""
    return torch.nn.functional.avg_pool2d(image[None], 2)[0]


def run(*arguments):
    """Run a command as a reader does."""
    command = [sys.executable, "-m", "blurlib.cli", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def sort_by_sharpness():
    """Start: pictures of six scenes, blurred by known sigmas, are sorted by `blurlib map`."""
    scenes = ("brick", "chelsea", "coins", "gravel", "motorcycle", "rocket")
    sigmas = (0, 0.5, 1, 2, 4)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "in").mkdir()
        for scene in scenes:
            sharp = halved(bl.data.packaged_image(scene))[:160, :200]
            for sigma in sigmas:
                soft = (
                    bl.blur.blur_uniform(sharp, bl.blur.gaussian_psf(sigma))
                    if sigma
                    else sharp
                )
                levels = bl.data.to_levels(bl.blur.quantize(soft))
                Image.fromarray(levels.numpy()).save(
                    folder / "in" / f"{scene}-{sigma}.png"
                )
        run("map", folder / "in", "--out", folder / "out")
        with open(
            folder / "out" / "summary.csv", encoding="utf-8", newline=""
        ) as file:
            rows = list(csv.DictReader(file))
    found = {Path(row["file"]).stem: float(row["sharpest_tenth"]) for row in rows}
    truth = {name: float(name.rpartition("-")[2]) for name in found}
    pairs = [
        (a.rpartition("-")[0] == b.rpartition("-")[0], found[a] < found[b])
        for a in found
        for b in found
        if truth[a] < truth[b]
    ]
    own, others = (
        [right for same, right in pairs if same == kind] for kind in (True, False)
    )
    return {
        "pictures": len(found),
        "pairs_of_a_scene": 100 * sum(own) / len(own),
        "pairs_across": 100 * sum(others) / len(others),
    }


def measure_a_lens():
    """Blur: sigma against the distance of a textured board, for a lens that is known here."""
    lens = {"focus_distance": 1.0, "focal_length": 0.026, "f_number": 4.0}
    depths = torch.tensor([0.5, 0.6, 0.7, 0.8, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0])
    board = bl.data.packaged_image("gravel")
    spots = (
        bl.blur.coc_diameter(depths, **lens) / 12e-6
    )  # pixels as coarse as a halved picture's
    estimates = []
    for diameter in spots.tolist():
        soft = bl.blur.blur_uniform(board, bl.blur.disk_psf(diameter / 2))
        seen = bl.blur.quantize(soft)[128:384, 128:384]
        estimates.append(bl.maps.estimate(seen).to("std").sigma.median().item())
    found = torch.tensor(estimates)
    away = (1 / depths - 1 / lens["focus_distance"]).abs()
    slope = (found * away).sum() / away.square().sum()
    truth = spots[0] / 4 / away[0]  # sigma is half the radius
    return {
        "slope_off": 100 * abs(slope / truth - 1).item(),
        "residual": bl.maps.rms(found - slope * away),
        "largest": found.max().item(),
        "depths": len(depths),
    }


def spectra_of(patches):
    """Return log spectra along the rows of patches, and their squares, for a least-squares fit."""
    rows = 255 * (patches - patches.mean((2, 3), keepdim=True))
    waves = torch.fft.rfft(
        (rows * torch.hann_window(34, periodic=False)[1:-1])[:, 0].double()
    )
    logs = (waves.abs().square().mean(1) + 1e-6).log()
    return torch.cat([torch.ones(len(logs), 1), logs, logs**2], 1)


def build_a_lie():
    """Data: what was blurred more came from another camera, with more noise; a fit finds that out."""
    rng = torch.Generator().manual_seed(0)
    sigmas = [0.5 * k for k in range(1, 7)]

    def examples(names, lies):
        parts = []
        for name in names:
            sharp = bl.data.packaged_image(name)
            sharp = halved(sharp) if name not in bl.data.TEST_TEXTURES else sharp
            for sigma in sigmas:
                soft = bl.blur.blur_uniform(sharp, bl.blur.gaussian_psf(sigma))[
                    8:-8, 8:-8
                ]
                noise = 3 / 255 if lies and sigma > 1.6 else 0.5 / 255
                soft = bl.blur.quantize(
                    soft + noise * torch.randn(soft.shape, generator=rng)
                )
                patches = bl.data.extract_patches(soft)
                parts.append(
                    (
                        spectra_of(patches),
                        torch.full((len(patches),), sigma).double(),
                    )
                )
        return [torch.cat(part) for part in zip(*parts, strict=True)]

    learned = (
        "astronaut",
        "camera",
        "chelsea",
        "coffee",
        "coins",
        "motorcycle",
        "rocket",
    )
    errors = {}
    for taught in (True, False):
        x, y = examples(learned, taught)
        weights = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
        for asked in (True, False):
            x, y = examples(bl.data.TEST_TEXTURES, asked)
            errors[taught, asked] = bl.maps.rms(x @ weights - y)
    guess = (y - y.mean()).square().mean().sqrt().item()
    return {
        "lie_on_lie": errors[True, True],
        "lie_on_world": errors[True, False],
        "honest_on_world": errors[False, False],
        "guess": guess,
    }


def score(estimator, field="ramp", **options):
    """Return the errors of an estimator on the packaged test textures."""
    images = [
        bl.data.packaged_image(name)[:256, :256] for name in bl.data.TEST_TEXTURES
    ]
    return [
        bl.maps.evaluate_image(estimator, one, field, **options)["rmse"]
        for one in images
    ]


def train_a_network():
    """Learning: `blurlib train`, the same small network after few and more steps, two seeds each."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for steps in (50, 200, 800):
            for seed in (0, 1):
                file = Path(folder) / f"{steps}-{seed}.safetensors"
                command = f"train --network spectrum --classes 30 --textures 2 --steps {steps}"
                run(*command.split(), "--seed", seed, "--out", file)
                errors = score(bl.maps.load_estimator(str(file)), stride=8)
                found[steps, seed] = sum(errors) / len(errors)
    ready = score(bl.maps.load_estimator("spectrum-30"), stride=8)
    mean = {steps: (found[steps, 0] + found[steps, 1]) / 2 for steps, _ in found}
    apart = max(abs(found[steps, 0] - found[steps, 1]) for steps in mean)
    return {
        **{f"after_{steps}": value for steps, value in mean.items()},
        "packaged": sum(ready) / len(ready),
        "seeds_apart": apart,
    }


def score_a_map():
    """Maps: two networks and a classical method on two fields, and what the std is worth."""
    found = {}
    for name in ("sigma-net", "spectrum-30", "autocorrelation"):
        estimator = bl.maps.load_estimator(name)
        for field in ("ramp", "sin"):
            errors = score(estimator, field, stride=8)
            key = f"{name.replace('-', '_')}_{field}"
            found[key] = sum(errors) / len(errors)
    estimator, inside, errors = bl.maps.load_estimator("sigma-net"), [], []
    for name in bl.data.TEST_TEXTURES:
        full = bl.data.packaged_image(name)
        for sharp in (full[:256, :256], halved(full)[:256, :256]):
            blurred, truth = bl.maps.make_test_image(sharp, "ramp")
            answer = estimator.predict(blurred).to("nominal").full_size()
            off = (answer.sigma - truth)[16:-16, 16:-16]
            errors.append(bl.maps.rms(off))
            inside.append(
                (off.abs() <= answer.std[16:-16, 16:-16]).float().mean().item()
            )
    return found | {
        "full_size": sum(errors[::2]) / 3,
        "halved": sum(errors[1::2]) / 3,
        "within_std": 100 * sum(inside[::2]) / 3,
        "within_std_halved": 100 * sum(inside[1::2]) / 3,
    }


def deblur_a_photograph():
    """Undoing: a scene out of focus beside the same in focus; the classical way is unsharp masking."""
    rng = torch.Generator().manual_seed(0)
    sharp = halved(bl.data.packaged_image("motorcycle"))[30:190, 60:260]
    psf = bl.blur.disk_psf(3.0)
    soft = bl.blur.blur_uniform(sharp, psf)
    blurred = bl.blur.quantize(bl.blur.add_noise(soft, NOISE, rng=rng))
    sigma_map = bl.maps.estimate(blurred).to("std").full_size()
    deblurred, error, _ = bl.restore.deblur_with_error(blurred, sigma_map)
    masked = max(
        psnr(torch.as_tensor(unsharp_mask(blurred.numpy(), radius, amount)), sharp)
        for radius in (1, 2, 3)
        for amount in (0.5, 1, 2, 4)
    )
    before = psnr(blurred, sharp)
    return {
        "sigma": bl.blur.effective_sigma(psf),
        "sigma_found": sigma_map.sigma.median().item(),
        "gain": psnr(deblurred, sharp) - before,
        "expected": bl.restore.expected_gain(blurred, deblurred, error),
        "unsharp": masked - before,
    }


def reproduce_a_row():
    """Score: the scoreboard's row "ramp" on free textures, beside that of the record."""
    record = bl.record("sigma-net")["rows"]["ramp"]
    estimator, rng = (
        bl.maps.load_estimator("sigma-net"),
        torch.Generator().manual_seed(0),
    )
    drawn = [
        bl.data.procedural_texture(family, (192, 192), rng=rng)
        for family in list(bl.data.FAMILIES)[:12]
    ]
    errors = [
        bl.maps.evaluate_image(estimator, one, "ramp", stride=4)["rmse"]
        for one in drawn
    ]
    errors = torch.tensor(errors)
    unseen = score(estimator, stride=4)
    return {
        "record": record["mean_rmse"],
        "record_std": record["std_rmse"],
        "drawn": errors.mean().item(),
        "drawn_std": errors.std().item(),
        "unseen": sum(unseen) / len(unseen),
    }


# Of a chapter's code, in a process of its own: the most memory (MiB) and the seconds of processor.
_MEASURED = """
import resource, sys
import matplotlib, nbformat
from IPython.core.interactiveshell import InteractiveShell
matplotlib.use("agg")
shell = InteractiveShell.instance()
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        shell.run_cell(cell.source, silent=True).raise_error()
used = resource.getrusage(resource.RUSAGE_SELF)
print("USED", used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)
"""


def serve_a_class():
    """Instructors: memory and processor time of a few chapters, those that take most among them."""
    named = ("start/your_first_sigma_map", "blur/what_blur_is", "maps/from_patches_to_a_map",
             "maps/rivals_and_limits", "restore/deblurring")  # fmt: skip
    found = []
    for name in named:
        path = RESULTS.parent / f"{name}.ipynb"
        command = [sys.executable, "-c", _MEASURED, path.name]
        answer = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=path.parent
        )
        found.append([float(x) for x in answer.stdout.split("USED ")[-1].split()])
    memory, seconds = zip(*found, strict=True)
    return {
        "chapters": len(named),
        "most_memory": max(memory),
        "least_memory": min(memory),
        "most_seconds": max(seconds),
        "least_seconds": min(seconds),
    }


PROJECTS = {
    "start": sort_by_sharpness, "blur": measure_a_lens, "data": build_a_lie,
    "learn": train_a_network, "maps": score_a_map, "restore": deblur_a_photograph,
    "score": reproduce_a_row, "server": serve_a_class,
}  # fmt: skip


def project_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    """Say a number of a project: ``{project}`start.correlation:.2f```."""
    which, _, form = text.partition(":")
    project, _, key = which.partition(".")
    try:
        said = format(
            json.loads(RESULTS.read_text(encoding="utf-8"))[project][key], form
        )
    except (KeyError, ValueError) as fault:
        error = inliner.reporter.error(
            f"no number {text!r} in {RESULTS.name}: {fault}", line=lineno
        )
        return [inliner.problematic(rawtext, rawtext, error)], [error]
    return [nodes.Text(said)], []


def setup(app):
    """Add the role."""
    app.add_role("project", project_role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def main(names):
    """Do the projects that are named, or all, and write their numbers."""
    kept = (
        json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    )
    for name in names or PROJECTS:
        kept[name] = PROJECTS[name]()
        print(name, kept[name], flush=True)
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
