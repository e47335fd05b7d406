"""Print what the package costs: seconds, and ratios of two ways within one run.

python benchmarks/run.py            everything, about two minutes on two cores
python benchmarks/run.py blur       only what is named; an unknown name lists them

Machines are shared and noisy: the median of several runs is printed with the fastest one, and
ratios are the numbers to keep.
"""

import functools
import platform
import statistics
import sys
import time
from unittest import mock

import torch

from blurlib import __version__, blur, data, learn, maps


def clock(function, repeat=9):
    """Return (median, fastest) seconds of several calls, after one that warms up."""
    function()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), min(seconds)


def line(name, median, fastest, note=""):
    print(f"{name:44s} {median:9.4f} s  (fastest {fastest:.4f} s)  {note}")


def bench_blur():
    """Exact varying blur at 512 x 512; the bars: 0.1 s along one axis, 0.25 s for any field."""
    rng = torch.Generator().manual_seed(0)
    sharp = data.packaged_image("camera")
    fields = {
        "ramp (varies along one axis)": blur.ramp_field(sharp.shape),
        "sin2d (any field)": blur.sin2d_field(sharp.shape),
        "white noise (any field)": 0.1 + 2.9 * torch.rand(sharp.shape, generator=rng),
    }
    for truncate in (2.0, 4.0):
        for name, field in fields.items():
            seconds = clock(lambda f=field, t=truncate: blur.blur_varying(sharp, f, truncate=t))
            line(f"blur {name}, cut at {truncate:.0f} sigma", *seconds)


def bench_dense():
    """Build the map of a 256 x 256 image, dense against sliding; the bar: 25 times less."""
    network = learn.ThesisNetwork(30).initialise(torch.Generator().manual_seed(0)).eval()
    image = data.packaged_image("brick")[:256, :256]

    def estimate(method):
        return maps.predict_sigma_map(network, image, method=method)

    dense = clock(lambda: estimate("dense"), repeat=3)
    start = time.perf_counter()
    sliding = estimate("sliding")
    seconds = time.perf_counter() - start
    difference = (sliding - estimate("dense")).abs().max().item()
    line("map 256 x 256, dense", *dense)
    line("map 256 x 256, sliding", seconds, seconds)
    print(f"  dense takes {seconds / dense[0]:.1f} times less; largest difference {difference:.1e}")


def bench_tiling():
    """Map images of 256 to 1024 pixels a side: the time a pixel, and what the tiles change."""
    texture = data.packaged_image("brick").repeat(2, 2)
    for name in ("spectrum-30", "thesis-30"):
        estimator = maps.load_estimator(name)

        def full_size(image, estimator=estimator):
            return estimator.predict(image, stride=8).full_size().sigma

        for side in (256, 512, 1024):
            image = texture[:side, :side]
            seconds = clock(lambda image=image: full_size(image), repeat=1)
            note = f"{seconds[0] / side**2 * 1e6:.2f} us a pixel"
            line(f"map {side} x {side}, {name}, stride 8", *seconds, note)
        image = texture[:600, :600]
        with mock.patch.object(type(estimator), "tile", None):
            untiled = full_size(image)
        difference = (full_size(image) - untiled).abs().max().item()
        print(f"  {name}, 600 x 600: largest difference of tiled and untiled {difference:.1e}")


def bench_smoothing():
    """Average neighbours of a 225 x 225 map 12,000 times, in steps and at once."""
    sigma_map = torch.rand(225, 225, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    start = time.perf_counter()
    iterated = maps.smooth_iterated(sigma_map, 12_000, "columns")
    seconds = time.perf_counter() - start
    at_once = clock(lambda: maps.smooth(sigma_map, 12_000, "columns"))
    difference = (iterated - maps.smooth(sigma_map, 12_000, "columns")).abs().max().item()
    line("smooth 225 x 225, 12,000 steps", seconds, seconds)
    line("smooth 225 x 225, one DCT step", *at_once)
    print(f"  one step takes {seconds / at_once[0]:.0f} times less; difference {difference:.1e}")


def bench_evaluate():
    """Estimate the map of a 512 x 512 image with each packaged network."""
    blurred, _ = maps.make_test_image(data.packaged_image("brick"), "ramp")
    for name in maps.estimator_names():
        estimator = maps.load_estimator(name)
        for stride in (8, 1):
            ask = functools.partial(estimator.predict, blurred, stride=stride, border="valid")
            seconds = clock(ask, repeat=1)
            line(f"map 512 x 512, {name}, stride {stride}", *seconds)


def bench_sigma_net():
    """Map 512 x 512 pixels at full resolution; the bar: 0.2 s. Filter banks against FFTs."""
    image = data.packaged_image("camera")
    alone = torch.rand(1500, 1500)
    flops = 2 * 1500**3 / clock(lambda: alone @ alone)[0] / 1e9
    for name in ("sigma-net", "sigma-net-small"):
        estimator = maps.load_estimator(name)
        seconds = clock(lambda e=estimator: e.predict(image).full_size(), repeat=5)
        line(f"{name}, 512 x 512 map and doubt", *seconds, f"at {flops:.0f} GFLOP/s of one product")
    padded = blur.pad(image, (16, 16, 16, 16))[None, None]
    banks = clock(lambda: learn.folded_log_power(padded, 32, 4, 0), repeat=5)
    fft = clock(lambda: _log_power_by_fft(padded, 32, 4), repeat=5)
    gap = (learn.folded_log_power(padded, 32, 4, 0) - _log_power_by_fft(padded, 32, 4)).abs().max()
    line("its spectra as filter banks", *banks, f"{fft[0] / banks[0]:.1f} times less than FFTs")
    line("its spectra as FFTs", *fft, f"largest difference of the logarithms {gap:.1e}")


def _log_power_by_fft(images, size, stride):
    """Return what `folded_log_power` does, one Fourier transform a window."""
    window = blur.hann_window((size, size))
    windows = images[:, 0].unfold(1, size, stride).unfold(2, size, stride)
    power = blur.fold_power(blur.windowed_power(windows, window))
    floor = window.square().sum() / 12 / 255**2 / 3
    return torch.log(power + floor).flatten(3).permute(0, 3, 1, 2)


def bench_stream():
    """Patches a second of training from the stream, and from tensors in memory; the bar: 0.9."""
    rng = torch.Generator().manual_seed(0)
    images = data.training_images(rng=rng, num_each=1)
    for name, batch_size, num_steps in (("thesis", 50, 20), ("spectrum", 128, 200)):
        config = learn.TrainConfig(num_steps=num_steps, batch_size=batch_size)
        rates = {"stream": [], "memory": []}
        for repeat in range(6):  # in turns, so that a busy neighbour slows both
            network = learn.NETWORKS[name](30).initialise(rng)
            source = data.PatchStream(images, network.sigmas, rng=rng)
            kind = ("stream", "memory")[repeat % 2]
            if kind == "memory":
                source = data.StoredPatches(*source.batch(8192), rng=rng)
            seconds = learn.train(network, source, config)["seconds"]
            # The first steps warm up; the standardisation before them is not training.
            rates[kind].append(batch_size * (num_steps - 5) / (seconds[-1] - seconds[4]))
        best = {kind: max(found) for kind, found in rates.items()}
        print(
            f"train {name:9s} from the stream {best['stream']:8.0f} patches/s, from memory "
            f"{best['memory']:8.0f}: ratio {best['stream'] / best['memory']:.2f}"
        )


BENCHMARKS = {
    "blur": bench_blur,
    "sigma-net": bench_sigma_net,
    "stream": bench_stream,
    "dense": bench_dense,
    "tiling": bench_tiling,
    "smoothing": bench_smoothing,
    "evaluate": bench_evaluate,
}

if __name__ == "__main__":
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(
        f"blurlib {__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"{platform.machine()}"
    )
    for name in names:
        BENCHMARKS[name]()
