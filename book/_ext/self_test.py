"""Sphinx extension: the page on which the labs' numbers are compared with the library's.

The library computes them here, while the book is built; ``blurlib/widgets/self_test.js`` computes
them again in the reader's browser, from the same inputs, and says how far apart they are.
"""

import base64
import html
import io
import json

import numpy as np
import torch
import torch.nn.functional as F
from docutils import nodes
from PIL import Image
from sphinx.util.docutils import SphinxDirective

from blurlib import blur, restore
from blurlib.data import as_image, packaged_image
from blurlib.learn import pretrained
from blurlib.maps import BOUNDARIES, NEIGHBOURHOODS, rms, rmse, smooth
from blurlib.widgets import GuessLab, PSFExplorer, WindowLab
from blurlib.widgets.draws import normal_draws
from blurlib.widgets.png import from_data_uri, to_data_uri

STEP = 7  # so many numbers after each other, one is compared
FREQUENCIES = [0.125, 0.25, 0.375, 0.5]
LENSES = [[0.5, 1.4, 0.05, 1e-4], [2.25, 5.6, 0.024, 1e-4], [5.0, 16, 0.004, 1e-5]]
DEPTHS = [0.2, 0.5, 1.0, 2.25, 3.0, 40.0]
SIGMAS = [0, 0.25, 1.3, 3.7]
NUMBERS = [1, 100, 12_000]


def case(wanted, step=STEP, **given):
    """Return what stands in the page: inputs, and every `step`-th number that must come out."""
    flat = torch.cat(
        [torch.as_tensor(one, dtype=torch.float64).flatten() for one in wanted]
    )
    return given | {
        "step": step,
        "wanted": [float(f"{x:.8g}") for x in flat[::step].tolist()],
    }


def cases():
    """Return the case of each lab, by the lab's name."""
    sharp = as_image(packaged_image("camera"))[100:132, 120:152]
    uri = to_data_uri(sharp)
    picture = from_data_uri(uri).double()  # of 8 bits, as the page reads it
    return {
        "Point spread function": case(
            psf_numbers(picture), picture=uri, frequencies=FREQUENCIES
        ),
        "Lens": lens(picture, uri),
        "Spectrum": spectrum(picture, uri),
        "Window": window(),
        "Smoothing": smoothing(picture),
        "Deblurring": deblurring(),
        "Beat the network": guess(),
        "Sigma lab": sigma_lab(),
    }


def psf_numbers(picture):
    exact = {"dtype": torch.float64}
    shake = PSFExplorer(shape="shake", extent=5, seed=3).psf.double()
    psfs = [
        blur.gaussian_psf(1.3, **exact),
        blur.gaussian_psf(2.2, truncate=2, **exact),
        blur.disk_psf(2.6, **exact),
        blur.motion_psf(7, 20, **exact),
        shake / shake.sum(),
    ]
    for psf in psfs:
        transfer = blur.otf(psf, (64, 64))
        transfer = transfer.abs() if psf is psfs[-1] else transfer.real
        yield psf
        yield blur.effective_sigma(psf)
        yield transfer[0, [round(64 * one) for one in FREQUENCIES]]
        yield blur.blur_uniform(picture, psf, padding_mode="reflect")


def lens(picture, uri):
    depths = torch.tensor(DEPTHS, dtype=torch.float64)
    levels = (
        torch.arange(picture.numel()).reshape(picture.shape) // 37 % len(SIGMAS)
    )
    field = torch.tensor(SIGMAS, dtype=torch.float64)[levels]
    spots, sigmas, nearer = [], [], []
    for focus, f_number, length, pitch in LENSES:
        spots.append(
            blur.coc_diameter(
                depths, focus_distance=focus, f_number=f_number, focal_length=length
            )
        )
        sigmas.append(blur.coc_diameter_to_sigma(spots[-1], pixel_pitch=pitch))
        nearer.append(focus / (1 + (1 - focus / depths).abs()))
    return case(
        [
            *spots,
            *sigmas,
            *nearer,
            blur.VaryingBlur(field, "disk").forward(picture),
        ],
        picture=uri,
        levels=levels.flatten().tolist(),
        sigmas=SIGMAS,
        lenses=LENSES,
        depths=DEPTHS,
    )


def spectrum(picture, uri, contrast=0.5, noise=3):
    powers = []
    for weights in (
        blur.hann_window(picture.shape, dtype=picture.dtype),
        torch.ones_like(picture),
    ):
        power = blur.windowed_power(picture, weights, half=False)
        powers.append(power / weights.square().sum())
    pale = picture.mean() + contrast * (picture - picture.mean())
    grain = normal_draws(0, picture.numel()).reshape(picture.shape)
    return case(
        [*powers, pale + noise / 255 * grain, blur.quantize(pale)],
        picture=uri,
        contrast=contrast,
        noise=noise,
    )


def window(size=8):
    lab = WindowLab(size=size, row=0, column=8)
    places = [8, 64, 128]
    answers = []
    for column in places:
        lab.column = column
        answers.append(lab.probabilities)
    return case(
        answers,
        step=1,
        picture=lab.fields[lab.field]["picture"],
        network=lab.networks[str(size)],
        size=size,
        places=places,
    )


def smoothing(picture):
    picture, truth = picture[:12, :19], picture[12:24, :19]
    ways = [(way, border) for way in NEIGHBOURHOODS for border in BOUNDARIES]
    wanted = []
    for way, border in ways:
        pinned = {} if border == "neumann" else {"dirichlet_values": truth}
        for n in NUMBERS:
            smoothed = smooth(picture, n, way, boundary=border, **pinned)
            wanted += [smoothed, rmse(smoothed, truth)]
    sent = [
        {"width": 19, "height": 12, "data": part.flatten().tolist()}
        for part in (picture, truth)
    ]
    return case(wanted, picture=sent[0], truth=sent[1], ways=ways, numbers=NUMBERS)


def deblurring(sigma=1.5, balance=1e-3, steps=5):
    uri = to_data_uri(packaged_image("camera")[100:196, 100:196])
    sharp = from_data_uri(uri).double()  # as large as the lab's pictures are
    soft = blur.blur_uniform(sharp, blur.gaussian_psf(sigma, dtype=sharp.dtype))
    sent = to_data_uri(soft)
    soft = from_data_uri(sent).double()
    psf = blur.gaussian_psf(sigma, dtype=sharp.dtype)
    psf = F.pad(psf, 4 * [(31 - len(psf)) // 2])
    answers = [
        restore.tikhonov(soft, psf, balance, num_iter=5),
        restore.richardson_lucy(soft, psf, num_iter=steps),
    ]
    wanted = []
    for answer in answers:
        wanted += [answer, -20 * np.log10(rms(answer.clamp(0, 1) - sharp))]
    return case(
        wanted,
        step=29,
        picture=sent,
        sharp=uri,
        sigma=sigma,
        balance=balance,
        steps=steps,
    )


def guess(size=24, place=48):
    guesses = [0.5, 1.2, 3.0]
    lab = GuessLab(noise=4, window=size, guesses=guesses)
    sheet = lab.games[f"4-{size}"]["patches"]
    patch = from_data_uri(sheet)[:, place : place + size]
    return case(
        [patch, lab.scores["yours"]],
        picture=sheet,
        size=size,
        place=place,
        guesses=guesses,
        truth=lab.game["truth"][:3],
    )


def sigma_lab():
    picture = packaged_image("camera")[100:196, 100:180]
    levels = (255 * picture).round().to(torch.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels.numpy()).save(buffer, "PNG")
    network, _ = pretrained("sigma-net-small")
    sigma, std, _ = network.estimate(levels[None, None] / 255)
    file = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return case([sigma, std], file=file)


def fragment():
    """Return the widget's place in the page, as HTML."""
    state = html.escape(json.dumps({"cases": cases()}))
    return (
        f'<div class="blurlib-widget" data-module="self_test" data-state="{state}">'
        '<p class="bw-poster">The test is a script, and scripts are off.</p></div>'
    )


class SelfTest(SphinxDirective):
    """The table that fills itself in the reader's browser."""

    def run(self):
        """Return it."""
        self.env.note_dependency(__file__)  # of the library `offline` knows
        return [nodes.raw("", fragment(), format="html")]


def setup(app):
    """Add the directive."""
    app.add_directive("self-test", SelfTest)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
