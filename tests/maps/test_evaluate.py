"""The thesis' test, with estimators whose scores are known beforehand."""

import pytest
import torch

from blurlib import blur, data, maps


class Constant(maps.Estimator):
    """An estimator that says the same everywhere."""

    def answer(self, image, stride):
        rows, columns = ((side - 32) // stride + 1 for side in image.shape)
        return torch.full((1, rows, columns), 1.55)


def test_test_image_is_the_contracts(rng):
    sharp = torch.rand(100, 70, generator=rng)
    blurred, sigma_map = maps.make_test_image(sharp, "ramp")
    assert blurred.shape == sigma_map.shape == (96, 64)
    assert sigma_map[0, 0].item() == pytest.approx(0.1) and sigma_map[5, 63] == 3
    torch.testing.assert_close(blurred, blur.quantize(blurred))
    # Column 63 by hand: the author's 13 x 13 kernel of sigma 3 on the reflected image.
    psf = blur.thesis_psf(3.0)
    patch = blur.pad(sharp[:96, :64], (6, 6, 6, 6))[40:53, 63:76]
    assert blurred[40, 63].item() == pytest.approx((patch * psf).sum().item(), abs=0.51 / 255)


def test_constant_guess_has_the_rmse_of_a_uniform_law():
    score = maps.evaluate_image(Constant(), data.packaged_image("brick"), "ramp")
    step = 2.9 / 511  # the ramp's, per column; the scored windows are 481 columns
    columns = torch.arange(16, 497, dtype=torch.float64)
    error = 1.55 - (0.1 + step * columns)
    assert score["mse"] == pytest.approx(error.square().mean().item(), rel=1e-4)
    assert score["bias"] == pytest.approx(error.mean().item(), abs=1e-4)
    assert score["rmse"] == pytest.approx(score["mse"] ** 0.5)
    assert (score["height"], score["width"]) == (512, 512) and score["seconds"] >= 0


class Window(maps.Estimator):
    """An estimator that answers the column that its window stands around, whatever its size."""

    def __init__(self, patch_size):
        self.patch_size = patch_size

    def answer(self, image, stride):
        size = self.patch_size
        middle = image[:, size // 2 : image.shape[1] - size + size // 2 + 1]
        rows = (image.shape[0] - size) // stride + 1
        return middle[None, :rows, ::stride]


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("patch_size", [1, 2, 7, 16, 31, 32, 33, 64])
def test_every_estimator_is_scored_at_the_same_places(monkeypatch, patch_size, stride):
    """Where sigma is the brightness, an estimator that reads it there makes no mistake at all."""
    field = torch.rand(64, 96, generator=torch.Generator().manual_seed(0))
    field = field.mean(0).expand(64, 96)  # constant down the columns
    monkeypatch.setattr(
        "blurlib.maps.evaluate.make_test_image", lambda *_, **__: (field.clone(), field)
    )
    seen = []
    monkeypatch.setattr(
        "blurlib.maps.evaluate.mse", lambda one, two: seen.append((one, two)) or 0.0
    )
    maps.evaluate_image(Window(patch_size), field, "ramp", stride=stride)
    ((estimate, truth),) = seen
    assert truth.shape == ((64 - 32) // stride + 1, (96 - 32) // stride + 1)
    assert torch.equal(estimate, truth) and torch.equal(truth[0], field[16, 16:81:stride])


def test_scores_are_in_nominal_sigma_whatever_the_estimators_convention():
    class Width(Constant):
        convention = "std"

        def answer(self, image, stride):
            return blur.nominal_to_std(super().answer(image, stride))

    sharp = torch.full((64, 64), 0.5)
    nominal, width = (maps.evaluate_image(e(), sharp, "ramp")["rmse"] for e in (Constant, Width))
    assert width == pytest.approx(nominal, abs=1e-5)


def test_noise_and_jpeg_come_after_the_blur(rng):
    sharp = torch.full((64, 64), 0.5)
    noisy, _ = maps.make_test_image(sharp, "sin", noise=4.0, rng=rng)
    assert ((noisy - 0.5) * 255).std().item() == pytest.approx(4, rel=0.05)
    texture = data.packaged_image("grass")[:64, :64]
    clean, _ = maps.make_test_image(texture, "sin2d")
    packed, _ = maps.make_test_image(texture, "sin2d", jpeg_quality=50)
    torch.testing.assert_close(packed, blur.jpeg(clean, 50))


@pytest.mark.parametrize(("texture", "share"), [("grass", 0.2), ("gravel", 0.2), ("brick", 0.5)])
def test_default_estimator_sees_blur_on_unseen_textures(texture, share):
    estimator = maps.load_estimator()
    score = maps.evaluate_image(estimator, data.packaged_image(texture), "ramp", stride=8)
    constant = maps.evaluate_image(Constant(), data.packaged_image(texture), "ramp", stride=8)
    assert score["rmse"] < share * constant["rmse"]  # the photograph of bricks is itself soft


def test_unknown_estimators_list_the_known(tmp_path):
    with pytest.raises(ValueError, match="spectrum-30, thesis-10"):
        maps.load_estimator("best")
    damaged = tmp_path / "net.safetensors"
    damaged.write_bytes(b"junk")
    with pytest.raises(ValueError, match="damaged"):
        maps.load_estimator(str(damaged))


class FirstClass:
    """A network that answers the same class for every patch."""

    sigmas, mean = torch.tensor([1.0, 2.0]), torch.tensor(0.0)

    def decode(self, answers, readout):
        return maps.read_out(answers, self.sigmas, readout), None

    def __call__(self, patches):
        assert patches.dtype == torch.float32 and patches.max() <= 1
        return torch.tensor([[0.0, -torch.inf]]).expand(len(patches), 2)


def test_patches_are_scored_over_all_and_by_class():
    labels = torch.tensor([0, 1, 1, 1])
    side = data.Patches(
        torch.full((4, 1, 32, 32), 255, dtype=torch.uint8), FirstClass.sigmas[labels], labels,
        torch.zeros(4), torch.arange(4),
    )  # fmt: skip
    score = maps.evaluate_patches(FirstClass(), side, batch_size=3)
    assert score == {"rmse": 0.75**0.5, "bias": -0.75, "num_patches": 4}
    with pytest.raises(ValueError, match="no patch"):
        maps.evaluate_patches(FirstClass(), side.select(labels == 7))
