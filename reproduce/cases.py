"""Pictures as people have them, blurred by other programs than ours, and what a map says of each.

``python -m reproduce.cases [NAME or WEIGHTS]`` prints what the estimator finds, what it states, the
truth and a verdict for every case; `test_photographs` holds the packaged one to it, and the record
``kinds`` counts.

Nothing here is blurred by `blurlib`: gaussians are scipy's, Pillow's and OpenCV's, disks are drawn
by supersampling. The truth is the standard deviation of the point spread function as sampled.
"""

import io
import math
import sys
import time
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage
from skimage import restoration

from blurlib import data
from blurlib.maps import load_estimator
from blurlib.maps.uncertainty import no_texture

#: Step of the maps, and the rim of a picture that is not judged, in pixels.
STRIDE, RIM = 8, 16

#: What counts as right: a share of the truth, or so many pixels where the blur is tiny.
SHARE, TINY_ERROR, TINY = 0.15, 0.1, 0.6


@dataclass(frozen=True, eq=False)
class Photograph:
    """A blurred picture and its truth.

    Attributes
    ----------
    image : ndarray of shape (H, W)
        What `blurlib.data.as_image` takes: floats in [0, 1], or 8 or 16-bit levels.
    truth : float or None
        Standard deviation of the point spread function, in pixels; None where nothing shows it.
    where : ndarray of shape (H, W) or None
        Boolean: the pixels that are asked; by default all but the rim.
    """

    image: np.ndarray
    truth: float | None
    where: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """Medians of what a map finds and states at a case's pixels, beside the truth, in pixels."""

    found: float
    stated: float
    truth: float | None

    @property
    def says_evidence(self):
        """Whether it claims to know anything."""
        return not no_texture(*torch.tensor([[self.found], [self.stated]])).item()

    @property
    def is_right(self):
        """Whether it is near the truth, or says that it may be so far off."""
        if self.truth is None:
            return not self.says_evidence
        within = max(SHARE * self.truth, self.stated, TINY_ERROR if self.truth < TINY else 0)
        return abs(self.found - self.truth) <= within


def answer(estimator, case):
    """Ask an estimator about a case."""
    found = estimator.predict(data.as_image(case.image), stride=STRIDE).to("std").full_size()
    where = case.where
    if where is None:
        where = np.zeros(case.image.shape, bool)
        where[RIM:-RIM, RIM:-RIM] = True
    sigma, std = (values.numpy()[where] for values in (found.sigma, found.std))
    return Answer(float(np.median(sigma)), float(np.median(std)), case.truth)


# Sharp pictures.


@cache
def texture(name):
    """Return one of scikit-image's test textures, 512 x 512: no estimator learned from it."""
    return data.packaged_image(name).numpy().astype(float)


@cache
def halved(name):
    """Return it at half its size, sharp to the pixel and never rounded."""
    return shrunk(texture(name), 2)


@cache
def drawn(family, size=256):
    """Return a texture drawn by rule."""
    rng = torch.Generator().manual_seed(11)
    return data.procedural_texture(family, (size, size), rng=rng).numpy().astype(float)


@cache
def colours():
    """Return a street scene in colour, (H, W, 3), at most 1."""
    return np.asarray(Image.open(data.images.packaged_path("motorcycle")).convert("RGB")) / 255


def shrunk(image, factor):
    """Return the means of blocks of pixels."""
    height, width = (side // factor for side in image.shape)
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return blocks.mean((1, 3))


def middle(image, side=256):
    """Return the middle of a picture."""
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def canvas(paint, side=256):
    """Return what `paint` draws in black on white at four times the size, anti-aliased."""
    sheet = Image.new("L", (4 * side, 4 * side), 255)
    paint(ImageDraw.Draw(sheet), 4 * side)
    return shrunk(np.asarray(sheet) / 255, 4)


def paint_text(draw, side):
    """Write lines of words."""
    words = "The blur of a lens is told by its edges, and by what they no longer hold. " * 3
    for number, top in enumerate(range(20, side, 72)):
        font = ImageFont.load_default(40 + 4 * (number % 4))
        draw.text((20, top), words[7 * number :], fill=0, font=font)


def paint_lines(draw, side):
    """Draw a fan of lines and some circles."""
    for number in range(28):
        angle = math.pi * number / 28
        across, down = side * math.cos(angle), side * math.sin(angle)
        ends = (side / 2 - across, side / 2 - down, side / 2 + across, side / 2 + down)
        draw.line(ends, fill=0, width=5 + number % 9)
    for radius in range(90, side, 90):
        box = (side / 2 - radius, side / 2 - radius, side / 2 + radius, side / 2 + radius)
        draw.ellipse(box, outline=0, width=7)


# Blurs, and what cameras and programs do after them.


def blur(image, sigma):
    """Blur by scipy's gaussian, cut at four sigma."""
    return ndimage.gaussian_filter(image, sigma)


@cache
def std_of(sigma):
    """Return the standard deviation of that gaussian as sampled: 0.464 for 0.5."""
    line = np.zeros(2 * math.ceil(5 * sigma) + 3)
    line[len(line) // 2] = 1
    places = np.arange(len(line)) - len(line) // 2
    return math.sqrt(ndimage.gaussian_filter1d(line, sigma) @ places**2)


@cache
def disk(std):
    """Return a disk of about this standard deviation along an axis: 16 x 16 points a pixel."""
    radius = 2 * math.sqrt(std**2 - 1 / 12)  # a pixel's own width adds a twelfth
    reach = math.ceil(radius + 0.5)
    places = (np.arange(16 * (2 * reach + 1)) + 0.5) / 16 - reach - 0.5
    fine = (places[:, None] ** 2 + places**2 <= radius**2).astype(float)
    return shrunk(fine, 16) / shrunk(fine, 16).sum()


def spread(psf):
    """Return the root of half the trace of a PSF's second-moment matrix, in pixels."""
    rows, columns = np.indices(psf.shape) - np.array(psf.shape)[:, None, None] // 2
    return math.sqrt((psf * (rows**2 + columns**2)).sum() / psf.sum() / 2)


def defocus(image, std):
    """Blur by that disk."""
    reach = len(disk(std)) // 2
    padded = np.fft.rfft2(np.pad(image, reach, "symmetric"))
    sides = [side + 2 * reach for side in image.shape]
    found = np.fft.irfft2(padded * np.fft.rfft2(disk(std), sides), sides)
    return found[2 * reach :, 2 * reach :].clip(0, 1)


def rounded(image):
    """Round to the grey levels of a file of 8 bits."""
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def noise(shape, seed=0):
    """Return white noise of unit variance."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double().numpy()


def through_pillow(image, do):
    """Return what Pillow makes of the 8-bit picture."""
    return np.asarray(do(Image.fromarray(rounded(image))))


def as_jpeg(image, quality):
    """Write as JPEG and read again."""
    file = io.BytesIO()
    Image.fromarray(rounded(image)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


# The kinds. Each returns a case.


def gaussian(name, sigma, side=256):
    return Photograph(rounded(middle(blur(texture(name), sigma), side)), std_of(sigma))


def defocused(name, std, side=256):
    return Photograph(rounded(middle(defocus(texture(name), std), side)), spread(disk(std)))


def doubled():
    return Photograph(rounded(2 * blur(texture("gravel"), 2)), 2)


def lights_clipped(name, share):
    image = middle(blur(texture(name), 2))
    return Photograph(rounded(image / np.quantile(image, 1 - share)), 2)


def shadows_clipped(name, share):
    image = middle(blur(texture(name), 2))
    low = np.quantile(image, share)
    return Photograph(rounded((image - low) / (1 - low)), 2)


def points(sigma, noise_levels=0):
    stars = np.zeros((256, 256))
    stars[16::32, 16::32] = 1
    where = np.zeros(stars.shape, bool)
    where[48:-16:32, 48:-16:32] = True
    light = blur(stars, sigma)
    image = 0.05 + 0.8 * light / light.max() + noise_levels / 255 * noise(stars.shape)
    return Photograph(rounded(image), std_of(sigma), where)


def white_noise(sigma):
    found = blur(noise((256, 256), seed=sigma), sigma)
    return Photograph(rounded(0.5 + 0.15 * found / found.std()), std_of(sigma))


def grey_ramp():
    return Photograph(np.tile(np.linspace(0, 1, 256), (256, 1)), None)


def dull_sky():
    rows, columns = np.mgrid[:256, :256] / 255
    return Photograph(rounded(0.45 + 0.2 * rows + 0.1 * columns**2), None)


def half_a_pixel(sharp, sigma=0.5):
    return Photograph(rounded(blur(sharp(), sigma)), std_of(sigma))


def unrounded(name):
    return Photograph(blur(halved(name), 1), std_of(1))


def in_16_bits(name, bits):
    white = 2**bits - 1
    levels = np.round(blur(halved(name), 1) * white)
    return Photograph((levels * 2 ** (16 - bits)).astype(np.uint16), std_of(1))


def demosaiced(sigma):
    """Blur a colour picture, keep one colour a pixel (RGGB), and interpolate the others."""
    scene = colours()[100:356, 200:456]
    light = np.stack([blur(scene[..., colour], sigma) for colour in range(3)], -1)
    light = np.clip(light + noise(light.shape) / 255, 0, 1)
    colour_of = np.array([[0, 1], [1, 2]])
    pattern = np.tile(colour_of, (128, 128))
    tent = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    found = []
    for colour in range(3):
        mine = pattern == colour
        weight = ndimage.convolve(mine.astype(float), tent)
        found.append(ndimage.convolve(np.where(mine, light[..., colour], 0), tent) / weight)
    return Photograph(rounded(np.stack(found, -1)), std_of(sigma), rim_dropped((256, 256)))


def rim_dropped(shape, rim=RIM):
    where = np.zeros(shape, bool)
    where[rim : shape[0] - rim, rim : shape[1] - rim] = True
    return where


def pillow_sharpened(name, sigma):
    sharpen = ImageFilter.UnsharpMask(1, 100, 0)
    image = through_pillow(middle(blur(texture(name), sigma)), lambda one: one.filter(sharpen))
    return Photograph(image, std_of(sigma))


def strongly_sharpened(name, sigma):
    image = middle(blur(texture(name), sigma))
    return Photograph(rounded(image + 0.8 * (image - blur(image, 2))), std_of(sigma))


def linear_light(sigma):
    scene = middle(colours(), 256) ** 2.2
    light = np.stack([blur(scene[..., colour], sigma) for colour in range(3)], -1)
    return Photograph(rounded(light ** (1 / 2.2)), std_of(sigma), rim_dropped((256, 256)))


def gamma_changed(name, gamma):
    return Photograph(rounded(middle(blur(texture(name), 1.5)) ** gamma), std_of(1.5))


def denoised(name, by):
    image = middle(blur(texture(name), 2))
    noisy = rounded(image + 4 / 255 * noise(image.shape)) / 255
    return Photograph(rounded(by(noisy)), std_of(2))


def jpeg(name, sigma, quality):
    return Photograph(as_jpeg(middle(blur(texture(name), sigma)), quality), std_of(sigma))


def resized(name, sigma, factor):
    side = round(256 / factor)
    image = middle(blur(texture(name), sigma), side)
    how = Image.Resampling.BICUBIC
    return Photograph(
        through_pillow(image, lambda one: one.resize((256, 256), how)), factor * std_of(sigma)
    )


def letterboxed(of_bars):
    image = np.zeros((288, 256))
    image[64:-64] = middle(blur(texture("gravel"), 2))[48:-48]
    where = np.zeros(image.shape, bool)
    if of_bars:
        where[:40] = where[-40:] = True
    else:
        where[64:-64, RIM:-RIM] = True
    return Photograph(rounded(image), None if of_bars else std_of(2), where)


def rounded_corners():
    """A picture with a soft oval alpha channel, flattened on white as browsers show it."""
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    radius = np.hypot(rows, columns)
    alpha = np.clip((0.9 - radius) * 64, 0, 1)
    image = middle(blur(texture("grass"), 2))
    return Photograph(rounded(alpha * image + 1 - alpha), std_of(2), radius < 0.8)


def halftone(sigma):
    """Print a picture as dots whose size is its darkness, and photograph the print."""
    fine = ndimage.zoom(middle(blur(texture("brick"), 3), 256), 4, order=1)
    rows, columns = np.mgrid[: len(fine), : len(fine)] * (2 * np.pi / 24)
    screen = (2 + np.cos(rows + columns) + np.cos(rows - columns)) / 4
    print_out = shrunk((fine > screen).astype(float), 4)
    return Photograph(rounded(blur(print_out, sigma)), std_of(sigma))


def stripes(period, sigma):
    rows, columns = np.mgrid[:1024, :1024] / 4
    angle = math.radians(20)
    phase = (columns * math.cos(angle) + rows * math.sin(angle)) / period
    sharp = 0.2 + 0.6 * shrunk((phase % 1 < 0.5).astype(float), 4)
    return Photograph(rounded(blur(sharp, sigma)), std_of(sigma))


def checkerboard(side, sigma):
    rows, columns = np.mgrid[:256, :256] // side
    return Photograph(rounded(blur(0.2 + 0.6 * ((rows + columns) % 2), sigma)), std_of(sigma))


def layers(near, far, asked):
    """Set one texture before another, each with its blur; what is near spills over what is far."""
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    edge = 0.25 * np.sin(7 * rows) + 0.05 * np.sin(41 * rows)
    mask = (columns < edge).astype(float)
    reach = np.abs(ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(1 - mask))
    cover = blur(mask, near)
    front = blur(mask * middle(texture("brick")), near)
    image = front + (1 - cover) * middle(blur(texture("gravel"), far))
    inside = (mask > 0) == (asked == "near")
    where = rim_dropped(mask.shape) & inside & (reach > 3 * near)
    return Photograph(rounded(image), std_of(near if asked == "near" else far), where)


def blurred_by_pillow(name, sigma):
    # Three boxes of fractional width, whose variances add up to sigma's square.
    do = ImageFilter.GaussianBlur(sigma)
    return Photograph(middle(through_pillow(texture(name), lambda one: one.filter(do))), sigma)


def blurred_by_opencv(name, sigma):
    import cv2

    profile = cv2.getGaussianKernel(2 * round(4 * sigma) + 1, sigma)[:, 0]
    places = np.arange(len(profile)) - len(profile) // 2
    image = cv2.GaussianBlur(rounded(texture(name)), (len(profile), len(profile)), sigma)
    return Photograph(middle(image), math.sqrt(profile @ places**2))


def blurred_by_torchvision(name, sigma):
    from torchvision.transforms import functional

    side = 2 * round(4 * sigma) + 1
    line = torch.zeros(1, 4 * side + 1, 4 * side + 1)
    line[0, :, 2 * side] = 1
    profile = functional.gaussian_blur(line, side, sigma)[0, 2 * side].double().numpy()
    places = np.arange(len(profile)) - 2 * side
    image = functional.gaussian_blur(torch.from_numpy(texture(name))[None].float(), side, sigma)
    return Photograph(rounded(middle(image[0].numpy())), math.sqrt(profile @ places**2))


#: What makes each case, by its name.
CASES = {
    "clipped, gravel doubled": doubled,
    **{
        f"clipped, {share:.0%} of {name}": partial(lights_clipped, name, share)
        for name, share in (
            ("brick", 0.02), ("gravel", 0.05), ("grass", 0.1), ("brick", 0.25), ("gravel", 0.25),
        )
    },
    "clipped, shadows 5% of gravel": partial(shadows_clipped, "gravel", 0.05),
    **{
        f"points, {sigma} px" + (", noise" if level else ""): partial(points, sigma, level)
        for level in (0, 1) for sigma in (1, 2, 4)
    },
    **{f"white noise, {sigma} px": partial(white_noise, sigma) for sigma in (1, 2, 3, 4)},
    "no evidence, ramp of grey": grey_ramp,
    "no evidence, dull sky": dull_sky,
    "no evidence, bars of a letterbox": partial(letterboxed, True),
    "half a pixel, dead leaves": partial(half_a_pixel, partial(drawn, "dead_leaves")),
    "half a pixel, cells": partial(half_a_pixel, partial(drawn, "cells"), 0.5251),
    "half a pixel, gravel halved": partial(half_a_pixel, partial(halved, "gravel")),
    "half a pixel, text": partial(half_a_pixel, partial(canvas, paint_text)),
    "half a pixel, line art": partial(half_a_pixel, partial(canvas, paint_lines)),
    **{
        f"stuck at 3, {sigma} px, {name}": partial(gaussian, name, sigma)
        for name, sigma in (("gravel", 3.25), ("grass", 3.5), ("gravel", 3.75), ("brick", 4))
    },
    **{
        f"wide, gaussian {std} px, {name}": partial(gaussian, name, std, 512)
        for std, name in ((8, "gravel"), (12, "brick"), (16, "grass"), (24, "gravel"))
    },
    **{
        f"wide, disk {std} px, {name}": partial(defocused, name, std, 512)
        for std, name in ((8, "grass"), (12, "gravel"), (16, "gravel"), (24, "grass"))
    },
    "disk, 1.5 px, gravel": partial(defocused, "gravel", 1.5),
    "disk, 3 px, brick": partial(defocused, "brick", 3),
    "bits, float": partial(unrounded, "brick"),
    "bits, 16": partial(in_16_bits, "gravel", 16),
    "bits, 12 in 16": partial(in_16_bits, "brick", 12),
    "mosaic, 1.5 px": partial(demosaiced, 1.5),
    "sharpened, Pillow": partial(pillow_sharpened, "gravel", 1.5),
    "sharpened, radius 2": partial(strongly_sharpened, "grass", 2),
    "linear light": partial(linear_light, 2),
    "gamma 0.45 after": partial(gamma_changed, "grass", 0.45),
    "denoised, median": partial(denoised, "gravel", partial(ndimage.median_filter, size=3)),
    "denoised, non-local means": partial(
        denoised, "grass", partial(restoration.denoise_nl_means, h=0.02, fast_mode=True)
    ),
    **{
        f"jpeg {quality}, {name}": partial(jpeg, name, sigma, quality)
        for quality, name, sigma in ((30, "brick", 1.5), (60, "gravel", 2), (95, "grass", 1))
    },
    "resized by 0.5": partial(resized, "gravel", 3, 0.5),
    "resized by 2": partial(resized, "grass", 1.25, 2),
    "letterbox": partial(letterboxed, False),
    "alpha, oval": rounded_corners,
    "halftone": partial(halftone, 1.25),
    "periodic, stripes": partial(stripes, 14, 1.5),
    "periodic, checkerboard": partial(checkerboard, 12, 2),
    "layers, blurred near": partial(layers, 4, 1, "near"),
    "layers, sharp behind": partial(layers, 4, 1, "far"),
    "layers, sharp near": partial(layers, 1, 4, "near"),
    "layers, blurred behind": partial(layers, 1, 4, "far"),
    "program, Pillow 1 px": partial(blurred_by_pillow, "grass", 1),
    "program, Pillow 5 px": partial(blurred_by_pillow, "gravel", 5),
}  # fmt: skip
if find_spec("cv2"):
    CASES["program, OpenCV 2.5 px"] = partial(blurred_by_opencv, "brick", 2.5)
if find_spec("torchvision"):
    CASES["program, torchvision 2 px"] = partial(blurred_by_torchvision, "gravel", 2)


def main(name="sigma-net"):
    """Print the table of an estimator, which is named as for `blurlib map`."""
    estimator, start, right = load_estimator(name), time.perf_counter(), 0
    print(f"{'case':40}  found  stated   truth  verdict")
    for title, make in CASES.items():
        said = answer(estimator, make())
        right += said.is_right
        truth = "none" if said.truth is None else f"{said.truth:.2f}"
        verdict = "right" if said.is_right else "WRONG"
        verdict += "" if said.says_evidence else ", says no evidence"
        print(f"{title:40} {said.found:6.2f}  {said.stated:6.2f}  {truth:>6}  {verdict}")
    print(f"{right} of {len(CASES)} right, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
