// The point spread function explorer: one PSF, its numbers, its OTF, and a picture blurred by it.
import { gaussianPsf, diskPsf, motionPsf, shakePsf, effectiveSigma, otfCut, convolve, changedPixels } from "./parts/psf.js";
import { chart } from "./parts/chart.js";
import { lab, number, choice, counter, facts } from "./parts/lab.js";
import { panel, readPicture, paint, paintOnce } from "./parts/ui.js";

const VIEWS = [11, 21, 41]; // px; the PSF is shown in the smallest view that holds it
const FREQUENCIES = Array.from({ length: 101 }, (_, i) => i / 200); // cycles per pixel, 0 to 0.5
const OTF_X = { low: 0, high: 0.5, ticks: [0, 0.1, 0.2, 0.3, 0.4, 0.5], label: "frequency (cycles per pixel)" };
const OTF_Y = { low: -0.25, high: 1, ticks: [0, 0.5, 1], label: "OTF" };
const GREY_Y = { low: 0, high: 255, ticks: [0, 64, 128, 192, 255], label: "grey level" };

function currentPsf({ shape, sigma, length, angle, truncate, extent, seed }) {
  if (shape === "gaussian") return gaussianPsf(sigma, truncate);
  if (shape === "disk") return diskPsf(2 * sigma);
  return shape === "motion" ? motionPsf(length, angle) : shakePsf(extent, seed);
}

// Draw the PSF enlarged: black is no light, white its brightest pixel.
function drawPsf(view, psf) {
  const across = VIEWS.find((size) => size >= psf.size);
  const margin = (across - psf.size) / 2;
  const peak = Math.max(...psf.data);
  const data = new Float64Array(across * across);
  psf.data.forEach((weight, i) => {
    const row = Math.floor(i / psf.size) + margin;
    data[row * across + (i % psf.size) + margin] = weight / peak;
  });
  // Whole pixels of the screen for each of the PSF: scaled lines would come out unevenly bright.
  const scale = window.devicePixelRatio || 1;
  const cell = Math.max(1, Math.floor(((view.root.clientWidth || 256) - 2) * scale / across));
  paint(view.canvas, { width: across, height: across, data }, cell);
  view.canvas.style.width = `${across * cell / scale + 2}px`; // with its border
  const context = view.canvas.getContext("2d");
  context.fillStyle = "rgb(128 128 128 / 0.45)";
  for (let i = 1; i < across && cell > 4; i++) {
    context.fillRect(i * cell, 0, 1, across * cell);
    context.fillRect(0, i * cell, across * cell, 1);
  }
  view.note.textContent = `${across} × ${across} px shown`;
}

function drawOtf(view, psf) {
  view.setAxes(OTF_X, OTF_Y);
  const [row, column] = [0, 1].map((axis) => otfCut(psf, FREQUENCIES, axis));
  const points = (values) => values.map((value, i) => [FREQUENCIES[i], value]);
  const across = view.curve("across", points(row));
  const same = view.curve("down", points(column)) === across; // to a tenth of a drawing unit
  if (same) view.curve("down", []);
  const along = same ? "along rows and columns" : "along a row";
  view.key("across", along);
  const half = (values) => {
    const first = values.findIndex((value) => value < 0.5);
    return first < 0 ? "stays above one half" : `falls below one half at ${FREQUENCIES[first]} cycles per pixel`;
  };
  const rest = same ? "" : `; along a column it ${half(column)}`;
  view.note.textContent = psf.uneven ? "(modulus) " : "";
  view.say(`Optical transfer function${psf.uneven ? "'s modulus" : ""}, ${along}: it ${half(row)}${rest}.`);
}

const middleRow = ({ width, height, data }) => {
  const start = Math.floor(height / 2) * width;
  return Array.from(data.subarray(start, start + width), (value, column) => [column, 255 * value]);
};

function drawProfile(view, sharp, blurred) {
  const last = sharp.width - 1;
  view.axis ??= { low: 0, high: last, ticks: [0, Math.round(last / 2), last], label: "column of the middle row (px)" };
  view.setAxes(view.axis, GREY_Y);
  view.curve("sharp", middleRow(sharp));
  view.curve("blurred", middleRow(blurred));
  const span = (line) => Math.round(Math.max(...line.map(([, y]) => y)) - Math.min(...line.map(([, y]) => y)));
  view.say(`Grey levels along the middle row: they span ${span(middleRow(sharp))} levels sharp, ${span(middleRow(blurred))} blurred.`);
}

const lengths = (label, max, step, digits) => number({ label, unit: "px", min: 0, max, step, digits });

export default lab({
  title: "Point spread function explorer",
  name: "psf-explorer",
  look: "the wider the point spread function, the narrower its transfer function, and the flatter the profile.",
  question: "from which sigma on does a gaussian change a single pixel of an 8-bit picture?",
  controls: {
    shape: choice({ label: "Shape", options: [["gaussian", "Gaussian"], ["disk", "Disk"], ["motion", "Motion"], ["shake", "Camera shake"]] }),
    sigma: lengths("Sigma", 5, 0.05, 2),
    truncate: choice({ label: "Cut at", options: [[2, "2 sigma"], [4, "4 sigma"]] }),
    length: lengths("Length", 30, 0.5, 1),
    angle: number({ label: "Angle", unit: "°", min: 0, max: 180, step: 1 }),
    extent: lengths("Extent", 15, 0.5, 1),
    seed: counter({ label: "Redraw", max: 999 }),
  },
  loads: ["picture"],
  load: (model) => readPicture(model.get("picture")),
  build() {
    const psf = panel("PSF", "bw-psf");
    const [sharp, blurred] = [panel("Sharp", "bw-sharp"), panel("Blurred", "bw-blurred")];
    const otf = chart({ caption: "Optical transfer function", className: "bw-otf", curves: [["across", ""], ["down", "along a column"]] });
    const profile = chart({ caption: "Profile", className: "bw-profile", curves: [["blurred", "blurred"], ["sharp", "sharp"]] });
    const numbers = facts(["Effective sigma", "Array", "Pixels lit (above 10⁻⁶)", "Brightest pixel", "8-bit pixels changed"]);
    return { psf, sharp, blurred, otf, profile, numbers, panels: [psf, sharp, blurred, numbers, otf, profile] };
  },
  draw({ values, data: picture, ui, shown }) {
    const { shape, sigma } = values;
    shown.sigma.show(sigma, shape === "disk" ? `, radius ${(2 * sigma).toFixed(2)} px` : "");
    shown.sigma.root.hidden = shape === "motion" || shape === "shake";
    shown.truncate.root.hidden = shape !== "gaussian";
    shown.length.root.hidden = shown.angle.root.hidden = shape !== "motion";
    shown.extent.root.hidden = shown.seed.root.hidden = shape !== "shake";

    const psf = currentPsf(values);
    const blurred = convolve(picture, psf);
    const width = effectiveSigma(psf).toFixed(2);
    const lit = psf.data.filter((weight) => weight > 1e-6).length;
    const changed = `${changedPixels(picture, blurred).toFixed(1)} %`;
    drawPsf(ui.psf, psf);
    drawOtf(ui.otf, psf);
    drawProfile(ui.profile, picture, blurred);
    paintOnce(ui.sharp.canvas, picture);
    paint(ui.blurred.canvas, blurred);
    ui.numbers.show(`${width} px`, `${psf.size} × ${psf.size}`, lit, Math.max(...psf.data).toFixed(3), changed);
    const size = `${psf.size} by ${psf.size} pixels, effective sigma ${width} pixels`;
    const name = shape === "shake" ? `camera shake ${values.seed}` : shape;
    ui.psf.say(`${name} point spread function, ${size}`);
    ui.sharp.say("the sharp picture");
    ui.blurred.say(`the picture blurred by the ${name} point spread function`);
    return `${name} point spread function, ${size}; ${changed} of the 8-bit pixels changed`;
  },
});
