"""Sigma maps: the dense form against the sliding window, sizes, readouts, edges."""

import pytest
import torch

from blurlib import blur, data, learn, maps
from blurlib.maps import estimators


@pytest.fixture(scope="module")
def network():
    return learn.ThesisNetwork(30).initialise(torch.Generator().manual_seed(0)).eval()


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 6, 7, 16, 40])
def test_dense_is_the_sliding_window(network, stride):
    image = torch.rand(61, 47, generator=torch.Generator().manual_seed(1))
    dense = maps.predict_sigma_map(network, image, stride=stride, method="dense")
    sliding = maps.predict_sigma_map(network, image, stride=stride, method="sliding")
    assert dense.shape == ((61 - 32) // stride + 1, (47 - 32) // stride + 1)
    torch.testing.assert_close(dense, sliding, atol=1e-5, rtol=0)
    # And the sliding window is what it says: this network on this window.
    row, column = dense.shape[0] - 1, dense.shape[1] - 1
    top, left = row * stride, column * stride
    window = image[None, None, top : top + 32, left : left + 32]
    alone = maps.read_out(network(window), network.sigmas)[0]
    torch.testing.assert_close(sliding[row, column], alone.detach(), atol=1e-5, rtol=0)


def test_dense_probabilities_agree_too(network, rng):
    images = torch.rand(2, 1, 36, 35, generator=rng)
    with torch.no_grad():
        dense = maps.run_dense(network, images)
        sliding = maps.run_sliding(network, images, batch_size=3)
    assert dense.shape == sliding.shape == (2, 30, 5, 4)
    torch.testing.assert_close(dense, sliding, atol=1e-5, rtol=0)


@pytest.fixture(scope="module", params=["thesis-30", "spectrum-30"])
def estimator(request):
    return maps.load_estimator(request.param)


UNTILED = 10**6

#: Largest difference that tiles may make, in pixels.
TOLERANCE = 1e-5


@pytest.mark.parametrize("stride", [1, 2, 3, 8])
def test_tiles_do_not_show(estimator, monkeypatch, stride):
    # 39 x 23 windows at stride 1: with tiles of 2, 9 and 16 windows, most sides end in part of one.
    image = data.packaged_image("grass")[100:170, 50:104]
    monkeypatch.setattr(maps.PatchEstimator, "tile", UNTILED)
    whole = estimator.predict(image, stride=stride, border="valid").sigma
    for windows in (9, 16) if stride == 1 else (1, 2, 9, 16):
        monkeypatch.setattr(maps.PatchEstimator, "tile", windows * stride)
        tiled = estimator.predict(image, stride=stride, border="valid").sigma
        torch.testing.assert_close(tiled, whole, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("stride", "shape"), [(1, (225, 38)), (2, (42, 420)), (3, (230, 231)),
                                               (8, (239, 437))])  # fmt: skip
def test_the_tiles_that_are_used_do_not_show(estimator, monkeypatch, stride, shape):
    image = data.packaged_image("brick")[: shape[0], : shape[1]]
    tiled = estimator.predict(image, stride=stride).sigma
    tiles = []
    run = estimators.run_sliding if estimator.network.mean.ndim else estimators.run_dense

    def count(*arguments, **options):
        tiles.append(arguments)
        return run(*arguments, **options)

    monkeypatch.setattr(estimators, run.__name__, count)
    assert estimator.predict(image, stride=stride).sigma.equal(tiled)
    assert len(tiles) > 1
    monkeypatch.setattr(maps.PatchEstimator, "tile", UNTILED)
    tiles.clear()
    whole = estimator.predict(image, stride=stride).sigma
    assert len(tiles) == 1
    torch.testing.assert_close(tiled, whole, atol=TOLERANCE, rtol=0)


def test_readouts():
    probabilities = torch.tensor([[0.2, 0.5, 0.3]])
    sigmas = torch.tensor([1.0, 2.0, 3.0])
    assert maps.read_out(probabilities.log(), sigmas, "argmax").tolist() == [2.0]
    assert maps.read_out(probabilities.log(), sigmas, "mean").item() == pytest.approx(2.1)


def test_window_centres_are_the_contracts():
    field = torch.arange(40.0 * 50).reshape(40, 50)
    centres = maps.crop_to_windows(field)
    assert centres.shape == (9, 19)
    assert centres[0, 0] == field[16, 16] and centres[8, 18] == field[24, 34]
    assert torch.equal(maps.crop_to_windows(field, stride=5), centres[::5, ::5])


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("shape", [(34, 36), (45, 61)])
def test_full_size_map_has_the_images_size_and_its_values(network, stride, shape, rng):
    image = torch.rand(shape, generator=rng)
    full = maps.estimator_of(network).predict(image, stride=stride).full_size().sigma
    assert full.shape == shape and torch.isfinite(full).all()
    inner = maps.predict_sigma_map(network, image)
    # Where a window fits and the grid has a point, the full map is the map.
    rows, columns = range(16, shape[0] - 15), range(16, shape[1] - 15)
    checked = 0
    for row in rows:
        for column in columns:
            if row % stride == column % stride == 0:
                expected = inner[row - 16, column - 16]
                torch.testing.assert_close(full[row, column], expected, atol=1e-4, rtol=0)
                checked += 1
    assert checked >= 1


@pytest.mark.parametrize("size", [1, 6, 7, 16, 32])
@pytest.mark.parametrize("stride", [1, 3, 8])
def test_full_size_maps_know_the_estimators_window(size, stride, rng):
    """A network that answers the brightness of its window's middle gives the picture back."""

    class Middle(learn.DirectNetwork):
        def __init__(self):
            super().__init__(patch_size=size)

        def forward(self, patches):
            return patches[:, :, size // 2, size // 2]

    image = torch.rand(64, 80, generator=rng)
    estimator = maps.estimator_of(Middle())
    full = estimator.predict(image, stride=stride).full_size().sigma
    assert full.shape == image.shape
    torch.testing.assert_close(full[::stride, ::stride], image[::stride, ::stride])
    inside = estimator.predict(image, stride=stride, border="valid")
    torch.testing.assert_close(inside.sigma, inside.at_windows(image))
    first, rows, columns = inside.offset, *(stride * (n - 1) + 1 for n in inside.sigma.shape)
    seen = inside.full_size().sigma[first : first + rows, first : first + columns]
    torch.testing.assert_close(seen[::stride, ::stride], inside.sigma)


@pytest.mark.parametrize("stride", [1, 3, 4, 7])
@pytest.mark.parametrize("offset", [0, 5])
@pytest.mark.parametrize("shape", [(40, 61), (9, 12)])
def test_a_full_map_of_a_plane_is_the_plane(stride, offset, shape):
    """Bilinear interpolation is exact there; outside the places their nearest value stands."""
    plane = torch.arange(shape[0])[:, None] + 0.5 * torch.arange(shape[1])
    places = [torch.arange(offset, side, stride) for side in shape]
    sigma = plane[places[0]][:, places[1]]
    found = maps.SigmaMap(sigma, 2 * sigma, stride, offset, shape)
    assert torch.equal(found.at_windows(plane), sigma)
    full = found.full_size()
    assert (full.stride, full.offset, full.shape) == (1, 0, shape)
    clamped = [torch.arange(n).clamp(p[0], p[-1]) for n, p in zip(shape, places, strict=True)]
    expected = plane[clamped[0]][:, clamped[1]]
    torch.testing.assert_close(full.sigma, expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(full.std, 2 * expected, atol=1e-4, rtol=0)


def test_an_estimator_that_answers_for_other_windows_is_named():
    class Other(maps.Estimator):
        def answer(self, image, stride):
            return torch.ones(self.shape)

    class Coarse(Other):
        output_stride = 4

    for estimator, shape, asked in (
        (Other(), (1, 3, 3), r"\(6, 8\)"), (Coarse(), (1, 3, 3), r"\(11, 14\)"),
        (Coarse(), (11, 14), r"\(11, 14\)"), (Coarse(), (4, 11, 14), r"\(11, 14\)"),
    ):  # fmt: skip
        estimator.shape = shape
        with pytest.raises(ValueError, match=f"one to three layers of {asked} windows were asked"):
            estimator.predict(torch.rand(40, 50), stride=8)
    with pytest.raises(ValueError, match="border must be one of reflect, valid"):
        Other().predict(torch.rand(40, 50), border="mirror")


class Layers(maps.Estimator):
    """Answers with what the middle of each window holds, in as many layers as it is told."""

    patch_size, tile, convention = 8, 12, "std"

    def __init__(self, count, output_stride=1):
        self.count, self.output_stride = count, output_stride

    def answer(self, image, stride):
        middle = image[4 : image.shape[0] - 3 : stride, 4 : image.shape[1] - 3 : stride]
        return torch.stack([2 * middle, middle / 4, 1 - middle])[: self.count]


@pytest.mark.parametrize(("stride", "output_stride"), [(1, 1), (3, 1), (6, 4), (2, 4)])
def test_an_estimator_answers_with_up_to_three_layers(rng, stride, output_stride):
    """Every layer goes the same way: tiles, the grid, full size."""
    image = torch.rand(41, 30, generator=rng)
    for border in ("reflect", "valid"):
        given = {"stride": stride, "border": border}
        found = Layers(3, output_stride).predict(image, **given)
        torch.testing.assert_close(found.std, found.sigma / 8)
        torch.testing.assert_close(found.profile, 1 - found.sigma / 2)
        if output_stride == 1 and border == "valid":  # beyond the image the reflection is seen
            torch.testing.assert_close(found.profile, 1 - found.at_windows(image))
        full = found.full_size()
        assert full.profile.shape == image.shape and full.stride == 1 and full.offset == 0
        assert torch.equal(full.profile, found.upsample(found.profile))
        assert found.convention == full.convention == "std"
        two, one = (Layers(count, output_stride).predict(image, **given) for count in (2, 1))
        assert two.profile is None and two.full_size().profile is None and one.std is None
        assert torch.equal(two.sigma, found.sigma) and torch.equal(two.std, found.std)
    nominal = found.to("nominal")
    assert nominal.profile is found.profile and not torch.equal(nominal.sigma, found.sigma)
    with pytest.raises(ValueError, match=r"profile must lie in \[0, 1\]"):
        Layers(3).predict(3 * image)


def test_a_sure_profile_stays_one_however_it_is_interpolated(rng):
    """Rounding may carry it beyond 1, by less than what is refused."""
    for stride in (3, 7, 13):
        sigma = torch.rand(9, 8, generator=rng)
        found = maps.SigmaMap(sigma, None, stride, 5, (120, 110), profile=torch.ones(9, 8))
        smooth = found.map_layers(lambda layer: maps.smooth(layer, 50, "jacobi"))
        torch.testing.assert_close(smooth.full_size().profile, torch.ones(120, 110))


def test_a_map_is_converted_there_and_back():
    sigma = torch.tensor([[0.05, 1.2, 2.3, 2.8]], dtype=torch.float64)
    for std in (0.0, 0.01, 0.2):
        found = maps.SigmaMap(sigma, torch.full_like(sigma, std), 4, 16, (36, 48))
        width = found.to("std")
        assert width.convention == "std" and found.to("nominal") is found
        torch.testing.assert_close(width.sigma, blur.nominal_to_std(sigma))
        torch.testing.assert_close(width.to("nominal").sigma, sigma, atol=1e-6, rtol=0)
        assert width.std.isfinite().all() and (width.std >= 0).all()
        if std == 0.01:  # the slope of a smooth stretch
            step = torch.tensor([[1e-4]], dtype=torch.float64)
            slope = (blur.nominal_to_std(sigma + step) - blur.nominal_to_std(sigma)) / step
            torch.testing.assert_close(width.std[0, 1:], 0.01 * slope[0, 1:], rtol=0.05, atol=0)
            back = width.to("nominal").std
            torch.testing.assert_close(back[0, 1:], found.std[0, 1:], rtol=0.05, atol=0)
    with pytest.raises(ValueError, match="convention must be one of"):
        found.to("fwhm")


def test_what_is_no_network_of_ours_is_named():
    with pytest.raises(TypeError, match="PatchNetwork or a SigmaNet, got Linear"):
        maps.estimator_of(torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match="sigma must be a tensor, got NoneType"):
        maps.SigmaMap(None, None, 1, 0, (3, 3))
    with pytest.raises(TypeError, match="profile must be a tensor, got float"):
        maps.SigmaMap(torch.ones(3, 3), None, 1, 0, (3, 3), profile=0.5)


@pytest.mark.parametrize("size", [16, 64])
def test_an_image_must_be_as_large_as_a_window(size):
    class One(maps.Estimator):
        patch_size = size

        def answer(self, image, stride):
            return torch.ones(1, *((side - size) // stride + 1 for side in image.shape))

    assert One().predict(torch.rand(size, size)).full_size().sigma.shape == (size, size)
    with pytest.raises(ValueError, match=f"at least {size} pixels"):
        One().predict(torch.rand(size - 1, size))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"std": torch.ones(2, 2)}, "std must have the shape"),
        ({"profile": torch.ones(3, 3)}, "profile must have the shape"),
        ({"profile": torch.full((3, 4), 1.1)}, r"profile must lie in \[0, 1\], got 1.1 to 1.1"),
        ({"profile": torch.full((3, 4), -0.1)}, "profile must lie"),
        ({"profile": torch.full((3, 4), torch.nan)}, "profile must lie"),
        ({"sigma": torch.ones(4)}, "sigma must have the shape"),
        ({"convention": "fwhm"}, "convention must be one of nominal, std"),
        ({"stride": 0}, "stride must be"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(changed, words):
    right = {"sigma": torch.ones(3, 4), "std": None, "stride": 8, "offset": 0, "shape": (17, 25)}
    found = maps.SigmaMap(**right)
    with pytest.raises(ValueError, match="field must have the image's size"):
        found.at_windows(torch.ones(25, 17))
    with pytest.raises(ValueError, match=words):
        maps.SigmaMap(**{**right, **changed})


def test_a_network_that_states_its_deviation_is_an_estimator_that_does(rng):
    network = learn.GaussianNetwork(patch_size=16).initialise(rng).eval()
    image = torch.rand(40, 36, generator=rng)
    estimator = maps.estimator_of(network)
    found = estimator.predict(image, stride=4, border="valid")
    assert found.sigma.shape == found.std.shape == (7, 6)
    answer = network(image[None, None, 8:24, 4:20])
    torch.testing.assert_close(found.std[2, 1], network.decode(answer)[1][0].detach())
    assert estimator.predict(image, stride=4).full_size().std.shape == (40, 36)


def test_networks_of_spectra_slide(rng):
    network = learn.SpectrumNetwork(10).initialise(rng).eval()
    image = torch.rand(40, 36, generator=rng)
    assert maps.predict_sigma_map(network, image).shape == (9, 5)
    with pytest.raises(ValueError, match="no dense form"):
        maps.predict_sigma_map(network, image, method="dense")


@pytest.mark.cuda
def test_cuda_agrees_with_the_cpu(network, rng):
    image = torch.rand(50, 60, generator=rng)
    here = maps.estimator_of(network).predict(image).sigma
    there = maps.estimator_of(network.cuda()).predict(image).sigma
    network.cpu()
    torch.testing.assert_close(there, here, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda net: maps.predict_sigma_map(net, torch.zeros(31, 40)), "at least 32 pixels"),
        (lambda net: maps.predict_sigma_map(net, torch.zeros(1, 40, 40)), "shape \\(H, W\\)"),
        (lambda net: maps.predict_sigma_map(net, torch.zeros(40, 40), stride=0), "stride must be"),
        (lambda net: maps.predict_sigma_map(net, torch.zeros(40, 40), readout="x"), "readout must"),
        (lambda net: maps.predict_sigma_map(net, torch.zeros(40, 40), method="x"), "method must"),
        (lambda net: maps.crop_to_windows(torch.zeros(20, 40)), "at least 32 pixels"),
        (lambda net: maps.crop_to_windows(torch.zeros(40, 40), stride=0), "stride must be"),
        (lambda net: maps.run_sliding(net, torch.zeros(1, 3, 40, 40)), "\\(B, 1, H, W\\)"),
        (lambda net: maps.run_dense(net, torch.zeros(40, 40)), "\\(B, 1, H, W\\)"),
        (
            lambda net: maps.estimator_of(net).predict(torch.zeros(1, 40, 40)),
            "shape \\(H, W\\)",
        ),
        (
            lambda net: maps.estimator_of(net).predict(torch.zeros(20, 40)),
            "at least 32 pixels",
        ),
    ],
)
def test_bad_input_is_named(network, call, words):
    with pytest.raises(ValueError, match=words):
        call(network)


@pytest.mark.parametrize("odd", [torch.nn.Sigmoid(), torch.nn.Conv2d(4, 4, 3, padding=1)])
def test_other_layers_have_no_dense_form_and_slide(odd, rng):
    class Odd(learn.PixelNetwork):
        def __init__(self):
            super().__init__(3, patch_size=16)
            layers = [torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), odd]
            head = [torch.nn.Flatten(), torch.nn.Linear(4 * 14**2, 3), torch.nn.LogSoftmax(1)]
            self.layers = torch.nn.Sequential(*layers, *head)

    network = Odd().eval()
    image = torch.rand(24, 22, generator=rng)
    assert not maps.has_dense_form(network)
    found = maps.predict_sigma_map(network, image)
    sliding = maps.predict_sigma_map(network, image, method="sliding")
    torch.testing.assert_close(found, sliding, atol=1e-6, rtol=0)
    with pytest.raises(ValueError, match="no dense form"):
        maps.predict_sigma_map(network, image, method="dense")
    with pytest.raises(TypeError, match="Odd has no dense form"):
        maps.run_dense(network, image[None, None])


def test_a_network_of_other_features_has_no_dense_form():
    class Logarithms(learn.ThesisNetwork):
        def features(self, patches):
            return patches.log()

    class Centred(learn.ThesisNetwork):
        def forward(self, patches):
            return super().forward(patches - patches.mean((2, 3), keepdim=True))

    assert maps.has_dense_form(learn.ThesisNetwork())
    assert not maps.has_dense_form(Logarithms()) and not maps.has_dense_form(Centred())
