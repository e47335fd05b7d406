// The point spread function explorer: one PSF, its numbers, its OTF, and a picture blurred by it.
import { gaussianPsf, diskPsf, motionPsf, effectiveSigma, otfCut, convolve } from "./parts/psf.js";
import { h, slider, segmented, panel, oncePerFrame, readPicture, paint } from "./parts/ui.js";

const SHAPES = [["gaussian", "Gaussian"], ["disk", "Disk"], ["motion", "Motion"]];
const VIEWS = [11, 21, 41]; // px; the PSF is shown in the smallest view that holds it
const FREQUENCIES = Array.from({ length: 101 }, (_, i) => i / 200); // cycles per pixel, 0 to 0.5

function currentPsf(model) {
  const shape = model.get("shape");
  if (shape === "gaussian") return gaussianPsf(model.get("sigma"));
  if (shape === "disk") return diskPsf(2 * model.get("sigma"));
  return motionPsf(model.get("length"), model.get("angle"));
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

// The OTF's frame: axes, ticks and two empty curves. Units of the drawing: 360 x 190.
const X = (frequency) => 44 + 612 * frequency;
const Y = (value) => 122 - 110 * value;

function otfChart() {
  const label = (text, x, y, anchor = "middle") => h("text", { x, y, "text-anchor": anchor }, text);
  const grid = [-0.25, 0, 0.25, 0.5, 0.75, 1].map((v) =>
    h("line", { x1: X(0), x2: X(0.5), y1: Y(v), y2: Y(v), class: v === 0 ? "bw-axis" : "bw-grid" }),
  );
  const ticks = [0, 0.1, 0.2, 0.3, 0.4, 0.5].map((f) => label(String(f), X(f), 164));
  const values = [0, 0.5, 1].map((v) => label(String(v), 38, Y(v) + 4, "end"));
  const down = h("path", { class: "bw-curve bw-second" });
  const across = h("path", { class: "bw-curve" });
  const svg = h("svg", { viewBox: "0 0 360 190", role: "img" }, ...grid, ...ticks, ...values,
    label("frequency (cycles per pixel)", X(0.25), 184),
    h("text", { transform: `translate(12 ${Y(0.375)}) rotate(-90)`, "text-anchor": "middle" }, "OTF"), down, across);
  const key = h("span", { className: "bw-key" }, h("i"), h("span"));
  const secondKey = h("span", { className: "bw-key bw-second" }, h("i"), "along a column");
  const root = h("figure", { className: "bw-panel bw-otf" }, svg,
    h("figcaption", {}, "Optical transfer function ", key, secondKey));
  return { root, svg, across, down, keyText: key.lastChild, secondKey };
}

function drawOtf(chart, psf) {
  const curve = (axis) => {
    const values = otfCut(psf, FREQUENCIES, axis);
    const points = values.map((v, i) => `${X(FREQUENCIES[i]).toFixed(1)},${Y(v).toFixed(1)}`);
    return { values, path: `M${points.join("L")}` };
  };
  const [row, column] = [curve(0), curve(1)];
  const same = row.path === column.path; // to a tenth of a drawing unit
  chart.across.setAttribute("d", row.path);
  chart.down.setAttribute("d", same ? "" : column.path);
  chart.keyText.textContent = same ? "along rows and columns" : "along a row";
  chart.secondKey.hidden = same;
  const half = ({ values }) => {
    const first = values.findIndex((value) => value < 0.5);
    return first < 0 ? "stays above one half" : `falls below one half at ${FREQUENCIES[first]} cycles per pixel`;
  };
  const rest = same ? "" : `; along a column it ${half(column)}`;
  const text = `Optical transfer function, ${chart.keyText.textContent}: it ${half(row)}${rest}.`;
  chart.svg.setAttribute("aria-label", text);
}

// Name and value pairs; `show` takes the values in the same order.
function facts(names) {
  const cells = names.map(() => h("dd"));
  const root = h("dl", { className: "bw-facts" }, ...names.map((name, i) => h("div", {}, h("dt", {}, name), cells[i])));
  return { root, show: (...values) => values.forEach((value, i) => (cells[i].textContent = value)) };
}

function build(set) {
  const control = (name, label, unit, max, step, digits) =>
    slider({ label, unit, min: 0, max, step, digits, change: (value) => set(name, value) });
  const shape = segmented({ label: "Shape", options: SHAPES, change: (value) => set("shape", value) });
  const sigma = control("sigma", "Sigma", "px", 5, 0.05, 2);
  const length = control("length", "Length", "px", 30, 0.5, 1);
  const angle = control("angle", "Angle", "°", 180, 1, 0);
  const psf = panel("PSF", "bw-psf");
  const [sharp, blurred] = [panel("Sharp", "bw-sharp"), panel("Blurred", "bw-blurred")];
  const otf = otfChart();
  const numbers = facts(["Effective sigma", "Array", "Taps above 10⁻⁶", "Brightest tap"]);
  const controls = h("div", { className: "bw-controls" }, shape.root, sigma.root, length.root, angle.root);
  const panels = [psf, sharp, blurred, numbers, otf].map((part) => part.root);
  const root = h("div", { className: "bw psf-explorer", role: "group", "aria-label": "Point spread function explorer" },
    controls, h("div", { className: "bw-grid-panels" }, ...panels));
  return { root, shape, sigma, length, angle, psf, sharp, blurred, otf, numbers };
}

async function render({ model, el }) {
  const ui = build((name, value) => {
    model.set(name, value);
    model.save_changes();
  });
  let picture = await readPicture(model.get("picture"));

  const draw = () => {
    const [shape, sigma, length, angle] = ["shape", "sigma", "length", "angle"].map((name) => model.get(name));
    ui.shape.show(shape);
    ui.sigma.show(sigma, shape === "disk" ? `, radius ${(2 * sigma).toFixed(2)} px` : "");
    ui.length.show(length);
    ui.angle.show(angle);
    ui.sigma.root.hidden = shape === "motion";
    ui.length.root.hidden = ui.angle.root.hidden = shape !== "motion";

    const psf = currentPsf(model);
    const width = effectiveSigma(psf).toFixed(2);
    const taps = psf.data.filter((weight) => weight > 1e-6).length;
    drawPsf(ui.psf, psf);
    drawOtf(ui.otf, psf);
    paint(ui.sharp.canvas, picture);
    paint(ui.blurred.canvas, convolve(picture, psf));
    ui.numbers.show(`${width} px`, `${psf.size} × ${psf.size}`, taps, Math.max(...psf.data).toFixed(3));
    ui.psf.say(`${shape} point spread function, ${psf.size} by ${psf.size} pixels, effective sigma ${width} pixels`);
    ui.sharp.say("the sharp picture");
    ui.blurred.say(`the picture blurred by the ${shape} point spread function`);
  };

  const refresh = oncePerFrame(draw);
  const reload = async () => {
    picture = await readPicture(model.get("picture"));
    refresh();
  };
  const moving = ["shape", "sigma", "length", "angle"].map((name) => `change:${name}`);
  moving.forEach((event) => model.on(event, refresh));
  model.on("change:picture", reload);
  draw();
  el.append(ui.root);
  const resized = new ResizeObserver(refresh);
  resized.observe(ui.psf.root);
  return () => {
    resized.disconnect();
    refresh.cancel();
    moving.forEach((event) => model.off(event, refresh));
    model.off("change:picture", reload);
  };
}

export default { render };
