// The self-test: what the labs compute, computed again here and compared with the library's numbers,
// which book/_ext/self_test.py wrote into the page.
import { gaussianPsf, diskPsf, motionPsf, shakePsf, effectiveSigma, otfCut, convolve } from "./parts/psf.js";
import { spot, sigmaAt, twoDepths, gatherer, gather } from "./parts/lens.js";
import { windowedPower, recorded } from "./parts/fourier.js";
import { readNetwork, features, probabilities } from "./parts/spectrum_net.js";
import { smoother } from "./parts/waves.js";
import { wiener, richardsonLucy, psnr } from "./parts/deconvolve.js";
import { square, rms } from "./parts/patches.js";
import { pageEngine } from "./parts/sigma_engines.js";
import { h, readPicture } from "./parts/ui.js";

const EQUAL = 1e-4;

// What each lab computes: from the case in the page to lists of numbers, in the library's order.
const LABS = {
  "Point spread function": ({ picture, frequencies }) =>
    [gaussianPsf(1.3), gaussianPsf(2.2, 2), diskPsf(2.6), motionPsf(7, 20), shakePsf(5, 3)].flatMap((psf) =>
      [psf.data, [effectiveSigma(psf)], otfCut(psf, frequencies), convolve(picture, psf).data]),
  Lens({ picture, levels, sigmas, lenses, depths }) {
    const some = lenses.map(([focus, number, length, pitch]) => ({ focus, number, length, pitch }));
    const each = (call) => some.flatMap((lens) => depths.map((depth) => call(lens, depth)));
    return [each(spot).map(Math.abs), each(sigmaAt), each((lens, depth) => twoDepths(lens, depth)[0]), gather(gatherer(picture, levels, sigmas)).data];
  },
  Spectrum: ({ picture, contrast, noise }) =>
    [windowedPower(picture, true), windowedPower(picture, false), recorded(picture, { contrast, noise, rounding: "none" }).data, recorded(picture, { contrast, noise: 0, rounding: "8 bits" }).data],
  Window({ picture, network, size, places }) {
    const own = readNetwork(network);
    return places.map((place) => probabilities(own, features(own, square(picture, size, place).data)));
  },
  Smoothing: ({ picture, truth, ways, numbers }) =>
    ways.flatMap(([way, border]) => {
      const { smoothed, error } = smoother(truth, way, border)(picture);
      return numbers.flatMap((n) => [smoothed(n).data, [error(n)]]);
    }),
  Deblurring({ picture, sharp, sigma, balance, steps }) {
    const psf = gaussianPsf(sigma);
    const answers = [wiener(picture, psf, balance)];
    const lucy = richardsonLucy(picture, psf);
    for (let step = 1; step <= steps; step++) answers[1] = lucy.next().value;
    return answers.flatMap((answer) => [answer.data, [psnr(answer, sharp)]]);
  },
  "Beat the network": ({ picture, size, place, guesses, truth }) =>
    [square(picture, size, place).data, [rms(guesses.map((guess, i) => guess - truth[i]))]],
  async "Sigma lab"({ file }) {
    const blob = await (await fetch(file)).blob();
    const { sigma, std } = await pageEngine().map(await createImageBitmap(blob), blob, () => {});
    return [sigma, std];
  },
};
const LAST = "Sigma lab";

// The largest difference between numbers and every `step`-th of them; NaN where they do not match.
function compare(lists, { step, wanted }) {
  const got = lists.flatMap((list) => [...list]).filter((_, i) => i % step === 0);
  if (got.length !== wanted.length) return NaN;
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
}

async function render({ model, el }) {
  const cases = model.get("cases");
  const rows = Object.fromEntries(Object.keys(LABS).map((name) => {
    const cells = [h("td", {}, `${cases[name].wanted.length}`), h("td", {}, "not yet run")];
    return [name, { root: h("tr", {}, h("th", { scope: "row" }, name), ...cells), show: (text) => (cells[1].textContent = text) }];
  }));
  const head = h("tr", {}, ...["Lab", "Numbers", "Largest difference"].map((text) => h("th", { scope: "col" }, text)));
  const verdict = h("p", { className: "bw-verdict", role: "status" }, "Computing …");
  const network = h("button", { type: "button", className: "bw-button" }, "Test the network of the Sigma lab (20 MB that came with this book)");
  const root = h("div", { className: "bw self-test", role: "group", "aria-label": "Self-test" }, verdict,
    h("table", {}, h("thead", {}, head), h("tbody", {}, ...Object.values(rows).map((row) => row.root))), network);
  const found = {};

  async function run(name) {
    rows[name].show("computing …");
    await new Promise((next) => setTimeout(next)); // the page stays awake
    try {
      const { picture, sharp, ...rest } = cases[name];
      const read = async (one) => (typeof one === "string" ? readPicture(one) : one);
      found[name] = compare(await LABS[name]({ ...rest, picture: await read(picture), sharp: await read(sharp) }), rest);
      rows[name].show(Number.isNaN(found[name]) ? "not comparable" : found[name].toExponential(1));
    } catch (error) {
      found[name] = NaN;
      rows[name].show(`failed: ${error.message}`);
    }
  }
  function judge() {
    const odd = Object.keys(found).filter((name) => !(found[name] <= EQUAL));
    const most = Math.max(...Object.values(found)).toExponential(1);
    verdict.textContent = odd.length
      ? `Not equal to the library to 1e-4: ${odd.join(", ")}.`
      : `All equal to the library to 1e-4${found[LAST] === undefined ? "; the Sigma lab is not yet tested" : ""}. The largest difference is ${most}.`;
  }

  const missing = pageEngine()?.missing ?? "There is no network in this page.";
  if (missing) [network.disabled, network.textContent] = [true, missing];
  network.addEventListener("click", async () => {
    network.disabled = true;
    await run(LAST);
    judge();
  });
  el.append(root);
  (async () => {
    for (const name of Object.keys(LABS)) if (name !== LAST) await run(name);
    judge();
  })();
}

export default { render };
