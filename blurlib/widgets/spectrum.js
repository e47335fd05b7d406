// The spectrum laboratory: what a blur takes from a texture's power spectrum, and the floor under it.
import { gaussianPsf, convolve } from "./parts/psf.js";
import { windowedPower, ringMeans, recorded } from "./parts/fourier.js";
import { chart, logAxis } from "./parts/chart.js";
import { lab, number, choice, facts } from "./parts/lab.js";
import { panel, readPicture, paint } from "./parts/ui.js";

const RINGS = 32;
const X = { low: 0, high: 0.5, ticks: [0, 0.1, 0.2, 0.3, 0.4, 0.5], label: "frequency (cycles per pixel)" };
const Y = logAxis(1e-4, 1e6, "power (grey levels²)", [[1e-4, "10⁻⁴"], [1e-2, "0.01"], [1, "1"], [100, "100"], [1e4, "10⁴"], [1e6, "10⁶"]]);

const curve = (picture, hann) =>
  ringMeans(windowedPower(picture, hann), picture.width, RINGS).map(([frequency, power]) => [frequency, 255 ** 2 * power]);

// Where what theory predicts falls to the floor, between two rings; null if it never does.
function meeting(predicted, floor) {
  const below = predicted.findIndex(([, power]) => power < floor);
  if (floor === 0 || below < 0) return null;
  if (below === 0) return predicted[0][0];
  const [[f0, p0], [f1, p1]] = [predicted[below - 1], predicted[below]];
  return f0 + ((f1 - f0) * Math.log(p0 / floor)) / Math.log(p0 / p1);
}

export default lab({
  title: "Spectrum laboratory",
  name: "spectrum-lab",
  look: "blur bends every spectrum down by the same parabola, until it meets the floor of noise and rounding.",
  question: "at a sigma of 1 px, how little contrast hides all of gravel's detail beyond 0.3 cycles per pixel?",
  controls: {
    texture: choice({ label: "Texture", options: [["brick", "Brick"], ["grass", "Grass"], ["gravel", "Gravel"]] }),
    sigma: number({ label: "Sigma", unit: "px", min: 0, max: 3, step: 0.05, digits: 2 }),
    contrast: number({ label: "Contrast", unit: "×", min: 0.05, max: 1, step: 0.05, digits: 2 }),
    noise: number({ label: "Noise", unit: "grey levels", min: 0, max: 8, step: 0.25, digits: 2 }),
    rounding: choice({ label: "Rounding", options: [["8 bits", "8 bits"], ["none", "None"]] }),
    window: choice({ label: "Window", options: [["hann", "Hann"], ["none", "None"]] }),
  },
  loads: ["textures"],
  async load(model) {
    const entries = Object.entries(model.get("textures")).map(async ([name, uri]) => [name, await readPicture(uri)]);
    return Object.fromEntries(await Promise.all(entries));
  },
  build() {
    const seen = panel("As recorded");
    const spectrum = chart({
      caption: "Power spectrum", className: "bw-spectrum", height: 230,
      curves: [["seen", "as recorded"], ["predicted", "sharp and parabola"], ["sharp", "sharp"], ["floor", "floor"]],
    });
    const numbers = facts(["Detail ends at", "Floor (grey levels²)", "Contrast left (std)"]);
    return { seen, spectrum, numbers, panels: [seen, spectrum, numbers] };
  },
  draw({ values, data, ui }) {
    const { texture, sigma, contrast, noise, rounding } = values;
    const hann = values.window === "hann";
    const sharp = data[texture];
    const seen = recorded(convolve(sharp, gaussianPsf(sigma)), values);
    const floor = (rounding === "8 bits" ? 1 / 12 : 0) + noise ** 2;
    const curves = { seen: curve(seen, hann), sharp: curve(sharp, hann).map(([f, power]) => [f, contrast ** 2 * power]) };
    const parabola = (frequency) => Math.exp(-4 * Math.PI ** 2 * sigma ** 2 * frequency ** 2);
    curves.predicted = curves.sharp.map(([f, power]) => [f, power * parabola(f)]);
    curves.floor = floor ? [[0, floor], [0.5, floor]] : [];
    const end = meeting(curves.predicted, floor);

    paint(ui.seen.canvas, seen);
    ui.spectrum.setAxes(X, Y);
    Object.entries(curves).forEach(([name, points]) => ui.spectrum.curve(name, points));
    const ends = end === null ? "nowhere" : `${end.toFixed(2)} cycles per pixel`;
    ui.spectrum.mark(...(end === null ? [] : [{ x: end, text: `ends at ${end.toFixed(2)}` }]));
    const mean = seen.data.reduce((sum, value) => sum + value, 0) / seen.data.length;
    const std = 255 * Math.sqrt(seen.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / seen.data.length);
    ui.numbers.show(end === null ? ends : `${end.toFixed(2)} cycles/px`, floor ? floor.toPrecision(2) : "none", `${std.toFixed(1)} levels`);
    const state = `${texture} at sigma ${sigma.toFixed(2)} pixels: its detail meets the floor ${end === null ? ends : `at ${ends}`}`;
    ui.seen.say(`${texture} as recorded, blurred by ${sigma.toFixed(2)} pixels`);
    ui.spectrum.say(`Power spectrum of ${state}.`);
    return state;
  },
});
