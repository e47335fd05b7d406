// A lens, what is before it, and where the light meets behind it. Distances before the lens are drawn
// on a logarithmic axis, the opening to scale; what happens at the sensor is enlarged.
import { h } from "./ui.js";

const [LENS, AXIS, LEFT, RIGHT, BOTTOM] = [206, 84, 10, 352, 160];
const [NEAREST, FARTHEST] = [0.1, 8]; // m
const TICKS = [0.2, 0.5, 1, 2, 5]; // m
const WIDEST = 0.05 / 1.4; // m, the largest opening
const SOFT = 0.04; // a spot of this share of the opening is drawn as half of it

const X = (depth) => LENS - 10 - ((LENS - 10 - LEFT) * Math.log(Math.max(depth, NEAREST) / NEAREST)) / Math.log(FARTHEST / NEAREST);
const text = (x, y, words, anchor = "middle", name = "") => h("text", { x, y, "text-anchor": anchor, class: name }, words);
const line = (x1, y1, x2, y2, name) => h("line", { x1, y1, x2, y2, class: name });

export function rayDiagram({ caption, keys }) {
  const svg = h("svg", { viewBox: "0 0 360 196", role: "img" });
  const key = ([name, words], i) => h("span", { className: `bw-key bw-key-${i}` }, h("i"), h("span", {}, words));
  const root = h("figure", { className: "bw-panel bw-chart bw-rays" }, svg, h("figcaption", {}, caption, " ", ...Object.entries(keys).map(key)));
  const ticks = TICKS.flatMap((depth) => [line(X(depth), BOTTOM, X(depth), BOTTOM + 4, "bw-axis"), text(X(depth), BOTTOM + 16, String(depth))]);

  // `lens` as in lens.js; points: {depth, share, words}: how large the
  // spot is, as a share of the opening, and what to write there.
  function draw(lens, points) {
    const opening = Math.max(1, (56 * (lens.length / lens.number)) / WIDEST);
    const sensor = LENS + (34 + 1000 * lens.length) * (lens.focus / (lens.focus - lens.length));
    const half = 6 + 800 * lens.length;
    const cones = points.map(({ depth, share, words }, i) => {
      const spot = share / (Math.abs(share) + SOFT); // plus: the light meets before the sensor
      const far = depth > FARTHEST;
      const meets = LENS + (sensor - LENS) / (1 + spot);
      const rays = [opening, -opening].map((edge) => {
        const start = far ? [LEFT, AXIS - edge] : [X(depth), AXIS];
        const after = Math.min(RIGHT, Math.max(meets, sensor));
        const height = edge * (1 - (after - LENS) / (meets - LENS));
        return {
          seen: `M${start}L${LENS},${AXIS - edge}L${sensor},${AXIS + edge * spot}`,
          beyond: after > sensor ? `M${sensor},${AXIS + edge * spot}L${after},${AXIS - height}` : "",
        };
      });
      const path = (d, name) => h("path", { d, class: name });
      const away = far ? Math.max(opening - 10, 16) : 18;
      const place = far ? [LEFT, "start"] : [Math.max(LEFT + 16, Math.min(X(depth), LENS - 34)), "middle"];
      const label = text(place[0], AXIS + (i ? away + 6 : 4 - away), words, place[1], "bw-marked");
      const dot = far ? [] : [h("circle", { cx: X(depth), cy: AXIS, r: 4, class: `bw-point bw-point-${i}` })];
      return [path(rays.map((ray) => ray.beyond).join(""), `bw-curve bw-curve-${i} bw-beyond`),
        path(rays.map((ray) => ray.seen).join(""), `bw-curve bw-curve-${i}`), ...dot, label];
    });
    const spread = points.length ? Math.abs(points[0].share) / (Math.abs(points[0].share) + SOFT) : 0;
    svg.replaceChildren(
      line(LEFT, AXIS, RIGHT, AXIS, "bw-grid"), line(LEFT, BOTTOM, LENS, BOTTOM, "bw-axis"), ...ticks,
      text((LEFT + LENS) / 2, BOTTOM + 32, "distance from the lens (m)"),
      line(X(lens.focus), AXIS - 62, X(lens.focus), BOTTOM, "bw-mark"), text(X(lens.focus), AXIS - 68, "in focus"),
      h("ellipse", { cx: LENS, cy: AXIS, rx: 7, ry: 62, class: "bw-glass" }),
      ...[-1, 1].map((side) => line(LENS, AXIS + side * opening, LENS, AXIS + side * 64, "bw-stop")),
      ...cones.reverse().flat(),
      line(sensor, AXIS - half, sensor, AXIS + half, "bw-sensor"),
      line(sensor, AXIS - Math.max(1, opening * spread), sensor, AXIS + Math.max(1, opening * spread), "bw-spot"),
      text(sensor, AXIS - half - 8, "sensor"),
    );
  }
  return { root, draw, say: (words) => svg.setAttribute("aria-label", words) };
}
