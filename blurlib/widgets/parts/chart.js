// A chart of lines in one drawing of 360 units across, which scales with the page.
import { h } from "./ui.js";

const LEFT = 46;
const RIGHT = 350;
const TOP = 12;

// An axis: {low, high, ticks, label}; ticks are numbers or [number, text]; `at` places a value
// (by default evenly from low to high) as a share of the axis.
const share = ({ low, high, at }, value) => (at ? at(value) : (value - low) / (high - low));

export const logAxis = (low, high, label, ticks) => ({
  low, high, label, ticks,
  at: (value) => Math.log(Math.max(value, low / 10) / low) / Math.log(high / low),
});

// `curves` lists [key, text] pairs; the first is drawn in the accent's colour, the others are told
// apart by their dashes as well.
export function chart({ caption, className, curves, height = 190 }) {
  const bottom = height - 46;
  const frame = h("g");
  const marks = h("g");
  const svg = h("svg", { viewBox: `0 0 360 ${height}`, role: "img" }, frame, marks);
  const paths = {};
  const keys = {};
  curves.forEach(([key, text], i) => {
    paths[key] = h("path", { class: `bw-curve bw-curve-${i}` });
    keys[key] = h("span", { className: `bw-key bw-key-${i}` }, h("i"), h("span", {}, text));
  });
  svg.append(...Object.values(paths).reverse()); // the first lies on top
  const note = h("span", { className: "bw-note" });
  const root = h("figure", { className: `bw-panel bw-chart ${className}` }, svg,
    h("figcaption", {}, caption, " ", note, ...Object.values(keys)));
  let X, Y, axes;

  // Draw the axes; again only if they are others.
  const setAxes = (x, y) => {
    if (axes?.x === x && axes?.y === y) return;
    axes = { x, y };
    X = (value) => LEFT + (RIGHT - LEFT) * share(x, value);
    Y = (value) => bottom - (bottom - TOP) * share(y, value);
    const label = (text, left, top, anchor = "middle") =>
      h("text", { x: left, y: top, "text-anchor": anchor }, text);
    const pair = (tick) => (Array.isArray(tick) ? tick : [tick, String(tick)]);
    frame.replaceChildren(
      ...y.ticks.map(pair).flatMap(([value, text]) => [
        h("line", { x1: LEFT, x2: RIGHT, y1: Y(value), y2: Y(value), class: value === 0 ? "bw-axis" : "bw-grid" }),
        label(text, LEFT - 6, Y(value) + 4, "end"),
      ]),
      ...x.ticks.map(pair).map(([value, text]) => label(text, X(value), bottom + 18)),
      label(x.label, (LEFT + RIGHT) / 2, bottom + 38),
      h("text", { transform: `translate(11 ${(TOP + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.label),
    );
  };

  // Draw one curve through points [x, y]; what lies below the drawing is drawn on its lower edge.
  const curve = (key, points) => {
    const inside = (value) => Math.min(bottom, Math.max(TOP - 8, value));
    const line = points.map(([x, y]) => `${X(x).toFixed(1)},${inside(Y(y)).toFixed(1)}`).join("L");
    paths[key].setAttribute("d", line && `M${line}`);
    keys[key].hidden = !line;
    return line;
  };
  // Mark values: a vertical line, or a dot where y is given: {x, y, text}.
  const mark = (...places) =>
    marks.replaceChildren(...places.flatMap(({ x, y, text = "" }) => [
      y === undefined
        ? h("line", { x1: X(x), x2: X(x), y1: TOP - 4, y2: bottom, class: "bw-mark" })
        : h("circle", { cx: X(x), cy: Math.min(bottom, Y(y)), r: 5, class: "bw-dot" }),
      h("text", { x: X(x) + (X(x) > 220 ? -5 : 5), y: TOP + 4, "text-anchor": X(x) > 220 ? "end" : "start", class: "bw-marked" }, text),
    ]));
  const say = (text) => svg.setAttribute("aria-label", text);
  return { root, note, setAxes, curve, mark, say, key: (name, text) => (keys[name].lastChild.textContent = text) };
}
