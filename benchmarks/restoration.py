"""Score deblurring on the pictures set apart for development: to choose by, never to publish.

python -m benchmarks.restoration DATA              everything, twelve minutes on one core
python -m benchmarks.restoration DATA known ramp   what is named: known, ramp, seconds, megapixels

DATA holds the folders brodatz and photographs. The tests are those of the record `restoration`,
on 8 textures and 12 photographs.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
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
    """Time 512 x 512; the bar: 2 s."""
    row = torch.cat(list(scenes["photographs"].values())[:4], 1)
    grey = torch.cat([row] * 4)[:512, :512]
    for title, sigma in (("one sigma", 2.0), ("a map", blur.sin2d_field(grey.shape))):
        start, busy = time.perf_counter(), time.process_time()
        restore.deblur(grey, sigma)
        spent = time.perf_counter() - start, time.process_time() - busy
        print("512 x 512, {}: {:.1f} s, of processors {:.1f} s".format(title, *spent))


def megapixels(_):
    """Time `blurlib deblur` of 12 megapixels in colour, file to file; the bars: 60 s and 2 GB."""
    names = [f"photographs/kodak/kodim{number}.png" for number in ("03", "05", "12", "14")]
    photos = [data.load_image(Path(sys.argv[1]) / name, colour=True) for name in names]
    sharp = torch.cat([torch.cat(photos[:2], 2), torch.cat(photos[2:], 2)], 1)  # 1024 x 1536
    varying = blur.VaryingBlur(blur.sin2d_field(sharp.shape[-2:]))  # sigma 0.1 to 3, everywhere
    blurred = torch.stack([varying.forward(channel) for channel in sharp])
    blurred = torch.cat([blurred, blurred.flip(2), blurred], 2)
    blurred = torch.cat([blurred, blurred.flip(1), blurred], 1)[:, :3000, :4000]
    blurred = blur.add_noise(blurred, record.MAP_NOISE / 255, rng=torch.Generator().manual_seed(0))
    levels = (255 * blurred.clamp(0, 1)).round().byte().permute(1, 2, 0)
    with tempfile.TemporaryDirectory() as folder:
        before, after = (str(Path(folder) / name) for name in ("before.jpg", "after.jpg"))
        Image.fromarray(levels.numpy()).save(before, quality=95)
        command = [sys.executable, "-m", "blurlib.cli", "deblur", before, "--out", after]
        start = time.perf_counter()
        _, status, spent = os.wait4(subprocess.Popen(command).pid, 0)  # of this one child
        took, busy = time.perf_counter() - start, spent.ru_utime + spent.ru_stime
    held = spent.ru_maxrss * 1024 / 1e9  # Linux counts in KiB
    print(f"12 megapixels, status {status}: {took:.0f} s, of processors {busy:.0f} s, "
          f"at most {held:.2f} GB")  # fmt: skip


PARTS = {"known": known, "ramp": ramp, "seconds": seconds, "megapixels": megapixels}

if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    scenes = pictures(folder)
    print(f"{torch.get_num_threads()} threads")
    for name in names or PARTS:
        PARTS[name](scenes)
