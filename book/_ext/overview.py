"""Draw the README's pictures, in `book/_static`: undone, overview, and map as `blurlib map` writes it."""

import tempfile
from pathlib import Path

import matplotlib
from PIL import Image

from blurlib import blur, cli, data, maps, plotting, restore
from blurlib._files import replacing

matplotlib.use("Agg")
STATIC = Path(__file__).parents[1] / "_static"


def map_of_a_scene():
    """Let the command line map a scene with depth that is in focus in front."""
    blurred, _, _ = data.defocused_scene("foreground")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.png"
        data.write_image(path, blur.quantize(blurred))
        if cli.main(["map", str(path), "--out", folder + "/maps"]):
            raise SystemExit("`blurlib map` failed.")
        (picture,) = Path(folder, "maps").glob("*.png")
        with Image.open(picture) as made, replacing(STATIC / "map.png") as file:
            made.thumbnail((600, 600))
            made.quantize(128).save(file, format="png", optimize=True)


def undone():
    """Photograph a scene with depth, map its blur, take it away, and draw a part of all three."""
    photograph = blur.quantize(data.defocused_scene("foreground")[0])
    sigma_map = maps.estimate(photograph)
    deblurred = restore.deblur(photograph, sigma_map)
    sigma = sigma_map.to("std").full_size().sigma
    part = (slice(30, 250), slice(40, 400))
    figure, axes = plotting.panels(1, 3, aspect=220 / 360)
    plotting.show_image(axes[0], photograph[part], "photograph")
    plotting.show_sigma_map(
        axes[1], sigma[part], "sigma, 0 to 3 px", pixels=False, colour_bar=False
    )
    plotting.show_image(axes[2], deblurred[part], "deblurred")
    with replacing(STATIC / "undone.png") as file:
        figure.savefig(
            file, format="png", dpi=150, bbox_inches="tight", pad_inches=0.08
        )


def main():
    """Blur grass by a ramp, estimate its sigma map, draw what came out."""
    plotting.style()
    blurred, truth = maps.make_test_image(data.packaged_image("grass"), "ramp")
    found = maps.load_estimator().predict(blurred, stride=2, border="valid")
    target = found.at_windows(truth)
    figure = plotting.compare_maps(blurred, target, found.sigma)
    error = maps.rmse(found.sigma, target)
    figure.axes[2].set_title(f"estimate, RMSE {error:.2f} px")
    with replacing(STATIC / "overview.png") as file:
        figure.savefig(
            file, format="png", dpi=110, bbox_inches="tight", pad_inches=0.08
        )


if __name__ == "__main__":
    main()
    undone()
    map_of_a_scene()
