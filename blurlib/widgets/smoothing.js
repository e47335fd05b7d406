// The smoothing laboratory: a network's map, averaged n times; what that does to it and to its error.
import { smoother } from "./parts/waves.js";
import { chart, logAxis } from "./parts/chart.js";
import { ERROR_COLOURS, SIGMA_COLOURS, scale } from "./parts/colour.js";
import { lab, number, choice, facts } from "./parts/lab.js";
import { panel, readPicture, paint } from "./parts/ui.js";

const MOST = 3; // px, the largest sigma of the scale
const WORST = 0.5; // px, the largest error of the scale
const GOAL = 1.1621e-4; // px, the slides' third row
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 800,
  1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 12000, 15000, 20000];
const COUNT_X = {
  low: 0, high: 20000, label: "iterations",
  at: (n) => Math.log1p(n / 3) / Math.log1p(20000 / 3),
  ticks: [[0, "0"], [10, "10"], [100, "100"], [1000, "1,000"], [10000, "10,000"]],
};
const LINEAR_Y = { low: 0, high: 0.8, ticks: [0, 0.2, 0.4, 0.6, 0.8], label: "RMSE (px)" };
const LOG_Y = logAxis(1e-5, 1, "RMSE (px)", [[1e-5, "10⁻⁵"], [1e-4, "10⁻⁴"], [1e-3, "10⁻³"], [1e-2, "0.01"], [0.1, "0.1"], [1, "1"]]);

// A map travels as a grey picture in steps of 0.1 px, its truth as the one row that it repeats.
async function readMap({ map, truth }) {
  const { width, height, data } = await readPicture(map);
  const level = (value) => Math.round(255 * value) / 10;
  return {
    map: { width, height, data: data.map(level) },
    truth: { width, height, data: Float64Array.from(data, (_, i) => truth[i % width]) },
  };
}

function pixels(error) {
  if (error >= 0.01 || error < 1e-12) return `${error.toFixed(3)} px`;
  const [digits, power] = error.toExponential(2).split("e-");
  return `${digits} · 10⁻${[...power].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")} px`;
}

// Smoothing once is quick; its curve and its waves are kept until another way is chosen.
function prepared(data, { field, neighbourhood, border }) {
  const key = [field, neighbourhood, border].join();
  if (data.key !== key) {
    const { map, truth } = data.fields[field];
    const way = smoother(truth, neighbourhood, border);
    const [real, perfect] = [way(map), way(truth)];
    const curves = { map: STEPS.map((n) => [n, real.error(n)]), truth: STEPS.map((n) => [n, perfect.error(n)]) };
    const square = map.data.reduce((sum, sigma, i) => sum + (sigma - truth.data[i]) ** 2, 0);
    Object.assign(data, { key, real, curves, map, truth, raw: Math.sqrt(square / map.data.length) });
  }
  return data;
}

export default lab({
  title: "Smoothing laboratory",
  name: "smoothing-lab",
  look: "a few iterations remove specks; many bend the truth itself, unless its border is given away.",
  question: "which ways bring the ramp to an error of 10⁻⁴ px, and what did they have to be told?",
  controls: {
    field: choice({ label: "Field", options: [["ramp", "Ramp"], ["sin", "Sin"]] }),
    neighbourhood: choice({ label: "Mean of", options: [["columns", "Column"], ["mean3x3", "3 × 3"], ["jacobi", "Jacobi"]] }),
    border: choice({ label: "Border", options: [["neumann", "Free"], ["dirichlet_columns", "Two sides"], ["dirichlet", "All sides at the truth"]] }),
    iterations: number({ label: "Iterations", values: STEPS }),
  },
  loads: ["maps"],
  async load(model) {
    const entries = Object.entries(model.get("maps")).map(async ([field, one]) => [field, await readMap(one)]);
    return { fields: Object.fromEntries(await Promise.all(entries)) };
  },
  build() {
    const [before, after, wrong] = [panel("The network's map"), panel("Smoothed"), panel("Error: smoothed less truth")];
    [before, after].forEach((view) => view.note.append(scale(SIGMA_COLOURS, 0, MOST, "px")));
    wrong.note.append(scale(ERROR_COLOURS, `−${WORST}`, WORST, "px"));
    const error = chart({ caption: "Error", className: "bw-error-curve", curves: [["map", "of the map"], ["truth", "of a perfect map, smoothed as well"]] });
    const numbers = facts(["RMSE of the network's map", "RMSE after smoothing", "Best of this way"]);
    return { before, after, wrong, error, numbers, panels: [before, after, wrong, error, numbers] };
  },
  draw({ values, data, ui, root }) {
    const { iterations, border } = values;
    const { real, raw, curves, map, truth } = prepared(data, values);
    const smoothed = real.smoothed(iterations);
    const error = real.error(iterations);
    root.classList.toggle("bw-flat", map.width > 2 * map.height);
    const of = ({ width, height, data: sigma }, value) => ({ width, height, data: sigma.map(value) });
    paint(ui.before.canvas, of(map, (sigma) => sigma / MOST), 4, SIGMA_COLOURS);
    paint(ui.after.canvas, of(smoothed, (sigma) => sigma / MOST), 4, SIGMA_COLOURS);
    paint(ui.wrong.canvas, of(smoothed, (sigma, i) => 0.5 + (sigma - truth.data[i]) / (2 * WORST)), 4, ERROR_COLOURS);

    ui.error.setAxes(COUNT_X, border === "neumann" ? LINEAR_Y : LOG_Y);
    Object.entries(curves).forEach(([name, points]) => ui.error.curve(name, points));
    ui.error.mark({ x: iterations, y: error, text: pixels(error) });
    const [bestAt, best] = curves.map.reduce((one, other) => (other[1] < one[1] ? other : one));
    ui.numbers.show(pixels(raw), pixels(error), `${pixels(best)} after ${bestAt.toLocaleString("en")}`);

    const times = `${iterations.toLocaleString("en")} iterations`;
    const state = `${values.field} map after ${times}: RMSE ${pixels(error)}, ${pixels(raw)} before`;
    ui.before.say(`the network's map of the ${values.field}`);
    ui.after.say(`the map after ${times}`);
    ui.wrong.say(`the error after ${times}: RMSE ${pixels(error)}`);
    const reached = curves.map.find(([, one]) => one <= GOAL);
    ui.error.say(`Error against iterations: from ${pixels(curves.map[0][1])} to ${pixels(best)} at ${bestAt}, and ${pixels(curves.map.at(-1)[1])} at 20,000.`);
    return `${state}${reached ? `; the slides' third row is reached by ${reached[0].toLocaleString("en")} iterations` : ""}`;
  },
});
