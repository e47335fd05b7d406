"""Score deblurring on the pictures set apart for development: to choose by, never to publish.

python -m benchmarks.restoration DATA              everything, ten minutes on one core
python -m benchmarks.restoration DATA known ramp   only what is named: known, ramp, seconds

DATA holds the folders brodatz and photographs. The tests are those of the record `restoration`,
on 8 textures and 12 photographs.
"""

import sys
import time

import torch
from torch.nn import functional

from blurlib import blur, data, learn, restore
from reproduce import restoration as record

SIDE = record.SCENE_SIDE + 2 * record.BEYOND


def pictures(folder):
    """Return scans at two scales and photographs, a crop with its surroundings each."""
    found = {"textures": {}, "photographs": {}}
    for picture in learn.development_split(data.brodatz(folder), data.photographs(folder))[1]:
        group, _, name = picture.name.rpartition("/")
        whole = picture.load()
        halved = record.centre(functional.avg_pool2d(whole[None], 2)[0], SIDE)
        if not group:
            found["textures"] |= {f"{name} halved": halved, name: record.centre(whole, SIDE)}
        elif group == "kodak":
            found["photographs"][f"{name} halved"] = halved
        elif sum("bsds" in part for part in found["photographs"]) < 6:
            found["photographs"][f"bsds {name}"] = record.centre(whole, SIDE)
    return found


def show(title, score, scenes, **options):
    for group, found in scenes.items():
        scores = record.of_group(lambda *a, **k: score(*a, **k, **options), found.items())
        line = "  ".join(f"{name} {value:.2f}" for name, value in scores["mean"].items())
        print(f"{title}, {len(found)} {group}: {line}", flush=True)


def known(scenes):
    for sigma in record.KNOWN_SIGMAS:
        show(f"sigma {sigma}", record.known, scenes, sigma=sigma)


def ramp(scenes):
    for ends in record.RAMPS:
        show("ramp {} to {}".format(*ends), record.of_ramp, scenes, ends=ends)


def seconds(scenes):
    """Time 512 x 512, and 12 megapixels by one of their tiles; the bars: 2 and 60 s."""
    row = torch.cat(list(scenes["photographs"].values())[:4], 1)
    colour = torch.cat([row] * 4)[:1024, :1024].expand(3, -1, -1)
    field = blur.sin2d_field(colour.shape[-2:])
    tiles = 12e6 / 896**2  # of 1024 x 1024 with their halos
    for title, restored, times in (
        ("512 x 512, one sigma", lambda: restore.deblur(colour[0, :512, :512], 2.0), 1),
        ("512 x 512, a map", lambda: restore.deblur(colour[0, :512, :512], field[:512, :512]), 1),
        ("12 megapixels in colour, one sigma", lambda: restore.deblur(colour, 2.0), tiles),
        ("12 megapixels in colour, a map", lambda: restore.deblur(colour, field), tiles),
    ):
        start, busy = time.perf_counter(), time.process_time()
        restored()
        spent = time.perf_counter() - start, time.process_time() - busy
        print(f"{title}: {times * spent[0]:.1f} s, of processors {times * spent[1]:.1f} s")


PARTS = {"known": known, "ramp": ramp, "seconds": seconds}

if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    scenes = pictures(folder)
    print(f"{torch.get_num_threads()} threads")
    for name in names or PARTS:
        PARTS[name](scenes)
