"""Draw the README's picture, `book/_static/overview.png`, from the package's own estimate."""

from pathlib import Path

import matplotlib

from blurlib import data, maps, plotting
from blurlib._files import replacing

matplotlib.use("Agg")


def main():
    """Blur grass by a ramp, estimate its sigma map, draw what came out."""
    plotting.style()
    blurred, truth = maps.make_test_image(data.packaged_image("grass"), "ramp")
    found = maps.load_estimator().predict(blurred, stride=2, border="valid")
    estimate, target = found.sigma, found.at_windows(truth)
    figure, axes = plotting.panels(2, 2)
    plotting.show_image(axes[0], blurred, "blurred by a ramp")
    plotting.show_sigma_map(
        axes[1], target, "true sigma", pixels=False, colour_bar=False
    )
    title = f"estimate, RMSE {maps.rmse(estimate, target):.2f} px"
    plotting.show_sigma_map(axes[2], estimate, title, pixels=False)
    plotting.show_error_map(
        axes[3], estimate - target, "error", limit=0.5, pixels=False
    )
    with replacing(Path(__file__).parents[1] / "_static" / "overview.png") as file:
        figure.savefig(
            file, format="png", dpi=110, bbox_inches="tight", pad_inches=0.08
        )


if __name__ == "__main__":
    main()
