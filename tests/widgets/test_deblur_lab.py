"""The deblurring laboratory's numbers are those of blurlib.restore and of scikit-image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.metrics import peak_signal_noise_ratio
from traitlets import TraitError

from blurlib.blur import gaussian_psf
from blurlib.restore import richardson_lucy, tikhonov
from blurlib.widgets import DeblurLab

RUN = """async ([data, sharp, sigmas, balances, steps]) => {
  const { wiener, richardsonLucy, psnr } = await import("/parts/deconvolve.js");
  const { gaussianPsf } = await import("/parts/psf.js");
  const of = (values) => ({ width: 96, height: 96, data: Float64Array.from(values) });
  const blurred = of(data);
  return sigmas.map((sigma) => {
    const psf = gaussianPsf(sigma);
    const answers = balances.map((balance) => wiener(blurred, psf, balance));
    const lucy = richardsonLucy(blurred, psf);
    for (let step = 1; step <= Math.max(...steps); step++) {
      const { value } = lucy.next();
      if (steps.includes(step)) answers.push(value);
    }
    return answers.map((answer) => [[...answer.data], psnr(answer, of(sharp))]);
  });
}"""
SIGMAS, BALANCES, STEPS = [0, 0.3, 1.5, 2.45, 3.75], [1e-5, 1e-3, 0.5], [1, 5, 20]


@pytest.fixture(scope="module")
def javascript(modules):
    lab = DeblurLab(noise=2)
    blurred, sharp = lab.blurred.double(), lab.sharp.double()
    sent = [blurred.flatten().tolist(), sharp.flatten().tolist(), SIGMAS, BALANCES, STEPS]
    return blurred, sharp, modules.evaluate(RUN, sent)


@pytest.mark.parametrize("at", range(len(SIGMAS)), ids=map(str, SIGMAS))
def test_javascript_equals_python(javascript, at):
    blurred, sharp, results = javascript
    psf = gaussian_psf(SIGMAS[at], dtype=torch.float64)
    psf = F.pad(psf, 4 * [(31 - len(psf)) // 2])
    wanted = [tikhonov(blurred, psf, balance, num_iter=8) for balance in BALANCES]
    wanted += [richardson_lucy(blurred, psf, num_iter=count) for count in STEPS]
    for (got, decibels), answer in zip(results[at], wanted, strict=True):
        np.testing.assert_allclose(np.reshape(got, (96, 96)), answer, rtol=0, atol=1e-5)
        seen = answer.clamp(0, 1).numpy()
        assert decibels == pytest.approx(peak_signal_noise_ratio(sharp.numpy(), seen), abs=1e-3)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_shows_what_the_kernel_computes(write_page, open_page, served, scheme):
    path = write_page(DeblurLab().to_html())
    page = open_page(path.as_uri() if scheme == "file" else served)
    page.wait_for_selector(".deblur-lab")

    def check(**traits):
        lab = DeblurLab(**traits)
        before, after = lab.psnr
        shown = page.locator(".bw-facts dd")
        shown.nth(1).get_by_text(f"{after:.1f} dB", exact=True).wait_for()
        assert shown.nth(0).inner_text() == f"{before:.1f} dB"
        beyond = 100 * ((lab.deblurred < 0) | (lab.deblurred > 1)).double().mean().item()
        assert float(shown.nth(3).inner_text().split()[0]) == pytest.approx(beyond, abs=0.06)

    check()
    page.get_by_role("slider", name="Believed sigma").fill("1.2")
    page.get_by_text("Page", exact=True).click()
    check(scene="page", believed=1.2)
    page.evaluate("location.hash = '#lab-deblur?regularisation=-1.5&scene=coins&sigma=2'")
    check(scene="coins", sigma=2, regularisation=-1.5)
    page.get_by_text("Richardson-Lucy", exact=True).click()
    page.get_by_role("slider", name="Steps").press("End")  # computed frame by frame
    page.get_by_text("after 80 steps").wait_for()
    check(scene="coins", sigma=2, method="richardson-lucy", steps=80)


def test_too_large_a_sigma_rings_and_the_right_one_gains():
    right, large = DeblurLab(believed=1.5), DeblurLab(believed=2.5)
    assert right.psnr[1] > right.psnr[0] + 2 and large.psnr[1] < large.psnr[0]
    text = large.poster()[1]
    assert f"sigma of 2.5 px ({large.psnr[1]:.1f} dB)" in text
    for name, value in (("sigma", 3.1), ("believed", 4), ("regularisation", 1), ("steps", 0)):
        with pytest.raises(TraitError, match=name):
            setattr(large, name, value)
