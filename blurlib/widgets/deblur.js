// The deblurring laboratory: a blurred region, a guess of its sigma, and what deconvolution makes of both.
import { gaussianPsf, convolve } from "./parts/psf.js";
import { recorded } from "./parts/fourier.js";
import { wiener, richardsonLucy, psnr } from "./parts/deconvolve.js";
import { chart } from "./parts/chart.js";
import { lab, number, choice, facts } from "./parts/lab.js";
import { panel, readPicture, paintOnce } from "./parts/ui.js";

const MARGIN = 12; // px around the region, from where light comes in
const BUDGET = 8; // ms of each frame for Richardson and Lucy; the rest is done in the next one
const STEPS = [1, 2, 3, 5, 8, 12, 20, 30, 50, 80];
const GREY_Y = { low: 0, high: 255, ticks: [0, 64, 128, 192, 255], label: "grey level" };

function region({ width, data }) {
  const side = width - 2 * MARGIN;
  const out = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    const start = (row + MARGIN) * width + MARGIN;
    out.set(data.subarray(start, start + side), row * side);
  }
  return { width: side, height: side, data: out };
}

// What is seen, and the answers to it, one after the other; kept until something else is asked.
function prepared(data, { scene, sigma, noise, method, believed, regularisation }) {
  const seen = [scene, sigma, noise].join();
  if (data.seen !== seen) {
    const soft = region(convolve(data.scenes[scene], gaussianPsf(sigma)));
    const blurred = recorded(soft, { contrast: 1, noise, rounding: "8 bits" });
    Object.assign(data, { seen, blurred, sharp: region(data.scenes[scene]) });
  }
  const key = [seen, method, believed, method === "wiener" && regularisation].join();
  if (data.key !== key) {
    const psf = gaussianPsf(believed);
    const answers = method === "wiener" ? [wiener(data.blurred, psf, 10 ** regularisation)].values() : richardsonLucy(data.blurred, psf);
    Object.assign(data, { key, answers, kept: [] });
  }
  return data;
}

const middleRow = ({ width, data }) =>
  Array.from(data.subarray((width * width) / 2, (width * width) / 2 + width), (value, column) => [column, 255 * value]);

const decibels = (value) => `${value.toFixed(1)} dB`;
const sigmas = (label, max) => number({ label, unit: "px", min: 0, max, step: 0.05, digits: 2 });

export default lab({
  title: "Deblurring laboratory",
  name: "deblur-lab",
  look: "told too large a sigma, both methods draw rings along every edge; told too small a one, they only leave blur.",
  question: "how much too large may the believed sigma be before the deblurred picture is worse than the blurred one?",
  controls: {
    scene: choice({ label: "Region", options: [["camera", "Camera"], ["coins", "Coins"], ["page", "Page"]] }),
    method: choice({ label: "Method", options: [["wiener", "Wiener"], ["richardson-lucy", "Richardson-Lucy"]] }),
    sigma: sigmas("True sigma", 3),
    believed: sigmas("Believed sigma", 3.75),
    noise: number({ label: "Noise", unit: "grey levels", min: 0, max: 8, step: 0.25, digits: 2 }),
    regularisation: number({ label: "Regularisation, log₁₀ b", min: -6, max: 0, step: 0.25, digits: 2 }),
    steps: number({ label: "Steps", values: STEPS }),
  },
  loads: ["scenes"],
  async load(model) {
    const entries = Object.entries(model.get("scenes")).map(async ([name, uri]) => [name, await readPicture(uri)]);
    return { scenes: Object.fromEntries(await Promise.all(entries)) };
  },
  build() {
    const [blurred, found, sharp] = [panel("Blurred"), panel("Deblurred"), panel("Sharp")];
    const profile = chart({ caption: "Profile", className: "bw-profile", curves: [["found", "deblurred"], ["blurred", "blurred"], ["sharp", "sharp"]] });
    const numbers = facts(["PSNR, blurred", "PSNR, deblurred", "Gain", "Beyond black or white"]);
    return { blurred, found, sharp, profile, numbers, panels: [blurred, found, sharp, profile, numbers] };
  },
  draw({ values, data, ui, shown, again }) {
    const { method, sigma, believed } = values;
    const linear = method === "wiener";
    shown.regularisation.root.hidden = !linear;
    shown.steps.root.hidden = linear;
    shown.regularisation.show(values.regularisation, ` (b = ${(10 ** values.regularisation).toPrecision(1)})`);

    const { blurred, sharp, answers, kept } = prepared(data, values);
    const wanted = linear ? 1 : values.steps;
    const until = performance.now() + BUDGET;
    while (kept.length < wanted && performance.now() < until) kept.push(answers.next().value);
    const done = Math.min(wanted, kept.length);
    if (done < wanted) again();

    const found = kept[done - 1];
    Object.entries({ blurred, found, sharp }).forEach(([name, picture]) => paintOnce(ui[name].canvas, picture));
    const last = sharp.width - 1;
    ui.profile.axis ??= { low: 0, high: last, ticks: [0, Math.round(last / 2), last], label: "column of the middle row (px)" };
    ui.profile.setAxes(ui.profile.axis, GREY_Y);
    Object.entries({ found, blurred, sharp }).forEach(([name, picture]) => ui.profile.curve(name, middleRow(picture)));

    const [before, after] = [psnr(blurred, sharp), psnr(found, sharp)];
    const beyond = (100 * found.data.filter((value) => value < 0 || value > 1).length) / found.data.length;
    const gain = `${after < before ? "−" : "+"}${decibels(Math.abs(after - before))}`;
    ui.numbers.show(decibels(before), decibels(after), gain, `${beyond.toFixed(1)} % of the pixels`);
    const by = linear ? "Wiener's filter" : `${done} steps of Richardson-Lucy`;
    ui.found.note.textContent = linear ? "" : `after ${done} ${done === 1 ? "step" : "steps"}`;
    ui.blurred.say(`the region blurred by ${sigma.toFixed(2)} pixels, PSNR ${decibels(before)}`);
    ui.found.say(`the region deblurred by ${by} with sigma ${believed.toFixed(2)} pixels, PSNR ${decibels(after)}`);
    ui.sharp.say("the region as it was");
    const span = (picture) => middleRow(picture).map(([, y]) => y).reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [255, 0]);
    const range = (picture) => span(picture).map(Math.round).join(" to ");
    ui.profile.say(`Grey levels along the middle row: ${range(sharp)} sharp, ${range(blurred)} blurred, ${range(found)} deblurred.`);
    return `${by} with sigma ${believed.toFixed(2)} for a blur of ${sigma.toFixed(2)} pixels: PSNR ${decibels(after)}, ${decibels(before)} before`;
  },
});
