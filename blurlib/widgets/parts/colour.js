// Colours that people with any colour vision can order, as blurlib.plotting has them, and their scale.
import { h } from "./ui.js";

const VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725";
const BLUE_RED = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f";

// 256 levels between the stops, as pixels of a canvas (little-endian: alpha, blue, green, red).
function table(stops) {
  const colours = stops.split(" ").map((stop) => [0, 2, 4].map((i) => parseInt(stop.slice(i, i + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (colours.length - 1);
    const low = Math.min(Math.floor(place), colours.length - 2);
    const [red, green, blue] = colours[low].map((from, i) => Math.round(from + (place - low) * (colours[low + 1][i] - from)));
    return 0xff000000 + (blue << 16) + (green << 8) + red;
  });
}

export const SIGMA_COLOURS = table(VIRIDIS);
export const ERROR_COLOURS = table(BLUE_RED);

// A bar of the colours with the values at its ends: a figure's scale.
export function scale(stops, low, high, unit) {
  const colours = (stops === ERROR_COLOURS ? BLUE_RED : VIRIDIS).split(" ").map((stop) => `#${stop}`);
  const bar = h("i", { className: "bw-scale-bar", style: `background: linear-gradient(to right, ${colours.join(", ")})` });
  return h("span", { className: "bw-scale" }, String(low), bar, `${high} ${unit}`);
}
