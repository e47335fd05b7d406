// The thin lens, and a picture seen through it: the numbers of blurlib.blur. Lengths are metres.
import { reflected } from "./psf.js";

// Diameter of the spot that a point at a depth makes on the sensor: negative before what is in focus.
export const spot = ({ focus, length, number }, depth) =>
  ((length ** 2 / number) * (1 - focus / depth)) / (focus - length);

// A disk's sigma is a quarter of its diameter.
export const sigmaAt = (lens, depth) => Math.abs(spot(lens, depth)) / (4 * lens.pitch);

// The depths that have the sigma of one: the nearer and the farther; Infinity where there is no farther.
export function twoDepths({ focus }, depth) {
  const away = Math.abs(1 - focus / depth);
  return [focus / (1 + away), away < 1 ? focus / (1 - away) : Infinity];
}

// A disk as rows that count fully, [row, how far to each side], and the pixels that its rim crosses:
// each counts as a straight edge would cut it.
function disk(sigma, width) {
  const radius = 2 * sigma + 0.5;
  const reach = Math.floor(radius);
  const [rows, offsets, weights] = [[], [], []];
  let total = 0;
  for (let row = -reach; row <= reach; row++) {
    const inside = Math.abs(row) <= radius - 1 ? Math.floor(Math.sqrt((radius - 1) ** 2 - row ** 2)) : -1;
    if (inside >= 0) {
      rows.push(row * (width + 1), inside);
      total += 2 * inside + 1;
    }
    for (let column = inside + 1; Math.hypot(row, column) < radius; column++) {
      const weight = Math.min(1, radius - Math.hypot(row, column));
      for (const side of column ? [column, -column] : [0]) {
        offsets.push(row * width + side);
        weights.push(weight);
        total += weight;
      }
    }
  }
  return { rows: Int32Array.from(rows), offsets: Int32Array.from(offsets), weights: Float64Array.from(weights), total };
}

// Each pixel gathers light with the disk of its own sigma, sigmas[levels[i]]; the border reflects.
// `at(row, column)` computes one; `work` says how much there is to do for all, in reads of a pixel.
export function gatherer(picture, levels, sigmas) {
  const { width, height } = picture;
  const reach = Math.floor(2 * Math.max(...sigmas) + 0.5);
  const { width: wide, data } = reflected(picture, reach);
  const disks = sigmas.map((sigma) => disk(sigma, wide));
  const sums = new Float64Array((wide + 1) * (height + 2 * reach)); // of the pixels left of each, row by row
  for (let i = 0, to = 0; i < data.length; to++) {
    for (const end = i + wide; i < end; i++, to++) sums[to + 1] = sums[to] + data[i];
  }
  const at = (row, column) => {
    const { rows, offsets, weights, total } = disks[levels[row * width + column]];
    const here = (row + reach) * wide + column + reach;
    const left = here + row + reach;
    let light = 0;
    for (let k = 0; k < rows.length; k += 2) {
      const middle = left + rows[k];
      light += sums[middle + rows[k + 1] + 1] - sums[middle - rows[k + 1]];
    }
    for (let k = 0; k < offsets.length; k++) light += weights[k] * data[here + offsets[k]];
    return light / total;
  };
  const work = levels.reduce((sum, level) => sum + disks[level].rows.length + disks[level].offsets.length, 0);
  return { at, work, width, height };
}

// Compute every `step`-th pixel, and lay straight lines between them; all of them for 1.
export function gather({ at, width, height }, step = 1) {
  const line = (row) => {
    const out = new Float64Array(width);
    let before = 0;
    for (let c = 0; c < width; c += step) {
      out[c] = at(row, c);
      for (let k = before + 1; k < c; k++) out[k] = out[before] + ((k - before) / (c - before)) * (out[c] - out[before]);
      before = c;
    }
    return out.fill(out[before], before);
  };
  const data = new Float64Array(width * height);
  let above = null;
  for (let r = 0; r < height; r += step) {
    const here = line(r);
    for (let k = r; k < Math.min(height, r + step); k++) data.set(here, k * width); // below the last there is no other
    for (let k = r - step + 1; above && k < r; k++) {
      for (let c = 0; c < width; c++) data[k * width + c] = here[c] + ((r - k) / step) * (above[c] - here[c]);
    }
    above = here;
  }
  return { width, height, data };
}
