// The window laboratory: a window on a blurred texture, what the network answers, and the map it paints.
import { readNetwork, features, probabilities } from "./parts/spectrum_net.js";
import { chart } from "./parts/chart.js";
import { SIGMA_COLOURS, scale } from "./parts/colour.js";
import { lab, choice, unseen, facts } from "./parts/lab.js";
import { pick } from "./parts/picker.js";
import { panel, readPicture, paint } from "./parts/ui.js";

const STRIDE = 4; // px
const MOST = 3; // px, the largest sigma of the scale
const ENLARGED = 4;
const LASTS = 2500; // ms that play takes, if the computer is quick enough
const TIME = 12; // ms of a frame
const SIGMA_X = { low: 0, high: 3.1, ticks: [0, 1, 2, 3], label: "sigma (px)" };
const SHARE_Y = [0.25, 0.5, 1].map((high) => ({ low: 0, high, ticks: [0, high / 2, high], label: "probability" }));
const SIGMAS = Array.from({ length: 30 }, (_, k) => (k + 1) / 10);

const pixels = (sigma) => `${sigma.toFixed(2)} px`;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The places of windows of one size, and how each axis goes from a pixel to the nearest.
function windows({ width, height }, size) {
  const [rows, columns] = [height, width].map((side) => Math.floor((side - size) / STRIDE) + 1);
  const nearest = (start, count) => Math.min(count - 1, Math.max(0, Math.round(start / STRIDE)));
  return { rows, columns, nearest: (row, column) => nearest(row, rows) * columns + nearest(column, columns) };
}

function look(picture, network, row, column) {
  const { size } = network;
  const patch = new Float64Array(size * size);
  for (let r = 0; r < size; r++) {
    const start = (row + r) * picture.width + column;
    patch.set(picture.data.subarray(start, start + size), r * size);
  }
  const seen = features(network, patch);
  const shares = probabilities(network, seen);
  const mean = shares.reduce((sum, share, k) => sum + share * SIGMAS[k], 0);
  return { patch, seen, shares, mean, likeliest: shares.indexOf(Math.max(...shares)) };
}

function outline(canvas, row, column, size) {
  const context = canvas.getContext("2d");
  for (const [strokeStyle, lineWidth] of [["#000", 8], ["#fff", 4]]) {
    Object.assign(context, { strokeStyle, lineWidth });
    context.strokeRect(...[column, row, size, size].map((one) => one * ENLARGED));
  }
}

export default lab({
  title: "Window laboratory",
  name: "window-lab",
  look: "one window, one answer: the map is painted answer by answer, and small windows answer with more doubt.",
  question: "at the step, whose answer does a window give that sees both blurs, and with which size is that strip narrowest?",
  controls: {
    field: choice({ label: "Field", options: [["ramp", "Ramp"], ["step", "Step"]] }),
    size: choice({ label: "Window", options: [[8, "8 px"], [16, "16 px"], [32, "32 px"]] }),
    paint: choice({ label: "Paint", options: [["by hand", "By hand"], ["play", "Play"]] }),
    row: unseen({ min: 0, max: 120 }),
    column: unseen({ min: 0, max: 184 }),
  },
  loads: ["fields", "networks"],
  async load(model) {
    const fields = Object.entries(model.get("fields")).map(async ([name, { picture, truth }]) => [name, { picture: await readPicture(picture), truth }]);
    const networks = Object.entries(model.get("networks")).map(([size, network]) => [size, readNetwork(network)]);
    return { fields: Object.fromEntries(await Promise.all(fields)), networks: Object.fromEntries(networks), answers: new Map() };
  },
  build(move) {
    const seen = panel("The picture", "bw-seen");
    const place = { row: 0, column: 0, height: 1, width: 1, size: 32 };
    // The picker's place is the middle of the window.
    const start = ({ row, column }) => {
      const [top, left] = [[row, place.height], [column, place.width]].map(([middle, side]) =>
        Math.min(side - place.size, Math.max(0, STRIDE * Math.round((middle - place.size / 2) / STRIDE))));
      Object.assign(place, { row: top + place.size / 2, column: left + place.size / 2 });
      move({ row: top, column: left });
    };
    pick(seen, { place, move: start, step: STRIDE });
    seen.note.textContent = "drag the window, or move it with the arrow keys";
    const map = panel("The map so far", "bw-map");
    map.note.append(scale(SIGMA_COLOURS, 0, MOST, "px"));
    const [patch, spectrum] = [panel("The patch", "bw-patch"), panel("Its spectrum, as the network gets it", "bw-features")];
    const answer = chart({ caption: "The answer", className: "bw-answer", curves: [["shares", "thirty probabilities"], ["truth", "true sigma"]] });
    const numbers = facts(["Mean", "Arg-max", "True sigma in its middle", "True sigmas in the window", "Windows painted", "RMSE of the map so far"]);
    return { place, seen, map, patch, spectrum, answer, numbers, panels: [seen, map, patch, spectrum, answer, numbers] };
  },
  forget({ data }) {
    data.key = null;
  },
  draw({ values, data, ui, again }) {
    const { field, size } = values;
    const playing = values.paint === "play";
    const { picture, truth } = data.fields[field];
    const network = data.networks[size];
    const { width, height } = picture;
    const { rows, columns, nearest } = windows(picture, size);
    const key = [field, size, values.paint].join();
    if (data.key !== key) Object.assign(data, { key, next: 0, map: new Float64Array(rows * columns).fill(NaN), began: undefined });

    const own = nearest(values.row, values.column);
    const at = (i) => [STRIDE * Math.floor(i / columns), STRIDE * (i % columns)];
    const ask = (i) => {
      const found = look(picture, network, ...at(i));
      data.map[i] = found.mean;
      return found;
    };
    let [shown, found] = [own, ask(own)];
    if (playing && data.next < data.map.length) {
      const now = performance.now();
      data.began ??= now;
      const goal = still() ? data.map.length : Math.min(data.map.length, 1 + (data.map.length * (now - data.began)) / LASTS);
      do ask(data.next++);
      while (data.next < goal && performance.now() < now + TIME);
      if (data.next < data.map.length) {
        shown = data.next - 1;
        found = ask(shown);
        again();
      }
    }
    const hidden = playing && still() && data.next < data.map.length; // the whole at once, where motion is not wanted
    if (hidden) [shown, found] = [own, ask(own)];

    const [row, column] = at(shown);
    const [ownRow, ownColumn] = at(own);
    Object.assign(ui.place, { row: ownRow + size / 2, column: ownColumn + size / 2, height, width, size });
    paint(ui.seen.canvas, picture, ENLARGED);
    outline(ui.seen.canvas, row, column, size);
    paint(ui.patch.canvas, { width: size, height: size, data: found.patch }, 256 / size);
    const across = size / 2 + 1;
    paint(ui.spectrum.canvas, { width: across, height: across, data: found.seen.map((value) => 0.5 + value / 6) }, Math.ceil(256 / across));

    // The map: a window speaks for the pixels around its middle.
    const cells = new Float64Array(width * height).fill(NaN);
    const errors = [];
    data.map.forEach((sigma, i) => {
      if (Number.isNaN(sigma) || hidden) return;
      const [top, left] = at(i).map((start) => start + size / 2);
      errors.push(sigma - truth[left]);
      for (let r = top - STRIDE / 2; r < top + STRIDE / 2; r++) cells.fill(sigma / MOST, r * width + left - STRIDE / 2, r * width + left + STRIDE / 2);
    });
    paint(ui.map.canvas, { width, height, data: cells }, ENLARGED, SIGMA_COLOURS);

    const inside = truth.slice(column, column + size);
    const middle = truth[column + size / 2];
    const top = SHARE_Y.find(({ high }) => high >= Math.max(...found.shares));
    ui.answer.setAxes(SIGMA_X, top);
    ui.answer.curve("shares", [...found.shares].flatMap((one, k) => [[k / 10 + 0.05, one], [k / 10 + 0.15, one]]));
    ui.answer.curve("truth", [[middle, 0], [middle, top.high]]);
    const likeliest = SIGMAS[found.likeliest];
    ui.answer.mark({ x: found.mean, text: `mean ${found.mean.toFixed(2)}` }, { x: likeliest, y: found.shares[found.likeliest] });
    const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    const [low, high] = [Math.min(...inside), Math.max(...inside)];
    ui.numbers.show(pixels(found.mean), `${likeliest.toFixed(1)} px`, pixels(middle), `${low.toFixed(2)} to ${high.toFixed(2)} px`,
      `${errors.length.toLocaleString("en")} of ${data.map.length.toLocaleString("en")}`, errors.length ? pixels(rmse) : "none yet");

    const where = `window of ${size} pixels at row ${row}, column ${column}`;
    const says = `mean ${found.mean.toFixed(2)}, arg-max ${likeliest.toFixed(1)}, truth ${middle.toFixed(2)} pixels`;
    ui.seen.say(`A texture blurred by a ${field}; arrow keys move the window, with shift ten times as far. Now a ${where}: ${says}.`);
    ui.map.say(`The map: ${errors.length} of ${data.map.length} windows are painted${errors.length ? `, RMSE ${rmse.toFixed(2)} pixels` : ""}.`);
    ui.patch.say(`the patch under the ${where}`);
    ui.spectrum.say(`the patch's log power spectrum, each number less its mean over the training patches: frequency 0 is at the top left`);
    ui.answer.say(`Thirty probabilities, sigma 0.1 to 3.0 pixels: ${says}.`);
    return `${where}: ${says}; ${errors.length} of ${data.map.length} windows painted, RMSE ${rmse.toFixed(2)} pixels`;
  },
});
