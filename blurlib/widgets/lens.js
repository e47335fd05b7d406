// The lens laboratory: a lens is focused and opened before a scene with depth.
import { spot, sigmaAt, twoDepths, gatherer, gather } from "./parts/lens.js";
import { rayDiagram } from "./parts/rays.js";
import { chart, logAxis } from "./parts/chart.js";
import { SIGMA_COLOURS, scale } from "./parts/colour.js";
import { lab, number, choice, unseen, facts } from "./parts/lab.js";
import { pick, ring } from "./parts/picker.js";
import { panel, readPicture, paint } from "./parts/ui.js";

const STOPS = [1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.5, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9, 10, 11, 13, 14, 16];
const LIMITS = [0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]; // px; where a scale may end
const ENLARGED = 3;
const DEPTH_X = logAxis(0.2, 10, "depth (m)", [[0.2, "0.2"], [0.5, "0.5"], [1, "1"], [2, "2"], [5, "5"], [10, "10"]]);
const DEPTHS = Array.from({ length: 301 }, (_, i) => 0.2 * 50 ** (i / 300)); // m
const SIGMA_Y = LIMITS.map((high) => ({ low: 0, high, ticks: [0, high / 2, high], label: "sigma (px)" }));

const AT_ONCE = 2e6; // reads of a pixel that delay no frame
const SLICE = 8; // ms

const metres = (depth) => `${depth.toFixed(depth < 10 ? 2 : depth < 100 ? 1 : 0)} m`;

// What the lens sees; where that takes long, first a rough picture, and the exact one a slice after the other.
function see(data, sigmas, show) {
  const way = gatherer(data.picture, data.levels, sigmas);
  if (way.work <= AT_ONCE) return gather(way);
  const rough = gather(way, Math.ceil(Math.sqrt(way.work / AT_ONCE)));
  const { width, height } = rough;
  const exact = { width, height, data: new Float64Array(width * height) };
  let done = 0;
  const go = () => {
    for (const end = performance.now() + SLICE; done < height && performance.now() < end; done++) {
      for (let c = 0; c < width; c++) exact.data[done * width + c] = way.at(done, c);
    }
    if (done < height) data.timer = setTimeout(go);
    else show(exact);
  };
  data.timer = setTimeout(go, 50);
  return rough;
}

export default lab({
  title: "Lens laboratory",
  name: "lens-lab",
  look: "one distance is sharp; any other spot belongs to two depths, one before and one behind what is in focus.",
  question: "where must you focus so that the front wheel and the shelves behind it are equally soft?",
  controls: {
    view: choice({ label: "Show", options: [["picture", "Picture"], ["sigma", "Sigma map"]] }),
    focus_distance: number({ label: "Focus distance", unit: "m", min: 0.2, max: 5, step: 0.05, digits: 2 }),
    f_number: number({ label: "f-number", values: STOPS }),
    focal_length: number({ label: "Focal length", unit: "mm", min: 4, max: 50, step: 1 }),
    row: unseen({ min: 0, max: 223 }),
    column: unseen({ min: 0, max: 287 }),
  },
  loads: ["scene"],
  async load(model) {
    const { picture, levels, inverse, focal_pixels } = model.get("scene");
    const read = await readPicture(levels);
    return {
      picture: await readPicture(picture), pixels: focal_pixels, depths: inverse.map((one) => 1 / one),
      levels: Uint8Array.from(read.data, (value) => Math.round(255 * value)),
    };
  },
  build(move) {
    const seen = panel("Through the lens", "bw-seen");
    const place = { row: 0, column: 0, height: 1, width: 1 };
    pick(seen, { place, move, step: 2 });
    const rays = rayDiagram({ caption: "Rays", keys: { here: "the pixel's point", other: "the other depth" } });
    const curve = chart({ caption: "Sigma at every depth", className: "bw-depths", curves: [["sigma", "this lens"], ["one", "the pixel's sigma"]] });
    const numbers = facts(["Sigma of the pixel", "Its spot", "Depths with this sigma", "True depth", "Opening", "Sensor's width"]);
    return { place, seen, rays, curve, numbers, panels: [seen, rays, curve, numbers] };
  },
  draw({ values, data, ui, shown }) {
    const { view, row, column } = values;
    const { picture, levels, depths } = data;
    const lens = { focus: values.focus_distance, number: values.f_number, length: values.focal_length / 1000 };
    lens.pitch = lens.length / data.pixels;
    shown.f_number.show(lens.number);
    const sigmas = depths.map((depth) => sigmaAt(lens, depth));
    const top = SIGMA_Y.find(({ high }) => high >= 1.05 * Math.max(...sigmas)) ?? SIGMA_Y.at(-1);
    Object.assign(ui.place, { row, column, height: picture.height, width: picture.width });

    const key = Object.values(lens).join();
    if (data.key !== key || view === "sigma") {
      clearTimeout(data.timer);
      Object.assign(data, { key, blurred: null });
    }
    if (view === "sigma") {
      const { width, height } = picture;
      paint(ui.seen.canvas, { width, height, data: Float64Array.from(levels, (level) => sigmas[level] / top.high) }, ENLARGED, SIGMA_COLOURS);
      ring(ui.seen.canvas, row, column, ENLARGED);
      ui.seen.note.replaceChildren(scale(SIGMA_COLOURS, 0, top.high, "px"));
    } else {
      const show = (blurred) => {
        paint(ui.seen.canvas, (data.blurred = blurred), ENLARGED);
        ring(ui.seen.canvas, ui.place.row, ui.place.column, ENLARGED);
      };
      show(data.blurred ?? see(data, sigmas, show));
      ui.seen.note.textContent = "tap, or move the ring with the arrow keys";
    }

    const level = levels[row * picture.width + column];
    const [depth, sigma] = [depths[level], sigmas[level]];
    const both = twoDepths(lens, depth);
    const other = Math.abs(both[0] - depth) < Math.abs(both[1] - depth) ? both[1] : both[0];
    const share = (spot(lens, depth) * lens.number) / lens.length;
    const points = [{ depth, share, words: metres(depth) }];
    if (sigma > 0 && other < Infinity) points.push({ depth: other, share: -share, words: metres(other) });
    ui.rays.draw(lens, points);

    ui.curve.setAxes(DEPTH_X, top);
    const line = DEPTHS.map((one) => [one, sigmaAt(lens, one)]).filter(([, one]) => one <= top.high);
    ui.curve.curve("sigma", line);
    ui.curve.curve("one", [[0.2, sigma], [10, sigma]]);
    const places = both.filter((one) => one >= 0.2 && one <= 10).map((x) => ({ x, y: sigma }));
    ui.curve.mark(...places);

    const pair = both[1] === Infinity ? `${metres(both[0])} only` : `${metres(both[0])} or ${metres(both[1])}`;
    const diameter = Math.abs(spot(lens, depth));
    ui.numbers.show(`${sigma.toFixed(2)} px`, `${(diameter / lens.pitch).toFixed(1)} px, ${(1e6 * diameter).toFixed(0)} µm`, pair,
      metres(depth), `${(1000 * lens.length / lens.number).toFixed(1)} mm`, `${(1000 * picture.width * lens.pitch).toFixed(1)} mm`);
    const state = `row ${row}, column ${column}: sigma ${sigma.toFixed(2)} pixels, so ${pair} away; it is ${metres(depth)}`;
    const set = `${values.focal_length} mm at f/${lens.number}, in focus at ${lens.focus.toFixed(2)} m`;
    ui.seen.say(`${view === "sigma" ? "The sigma map" : "The motorcycle"} through ${set}; arrow keys move the ring, with shift ten times as far. Now at ${state}.`);
    ui.rays.say(`The point at ${metres(depth)} ${share > 0 ? "is behind what is in focus: its light meets before the sensor" : share < 0 ? "is before what is in focus: its light would meet behind the sensor" : "is in focus"}. Its spot is ${(diameter / lens.pitch).toFixed(1)} pixels wide${points[1] ? `; a point at ${metres(other)} makes the same` : ""}.`);
    ui.curve.say(`Sigma against depth: 0 at ${lens.focus.toFixed(2)} m; the pixel's ${sigma.toFixed(2)} pixels belong to ${pair}.`);
    return `${set}; ${state}`;
  },
});
