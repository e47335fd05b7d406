// Undoing a gaussian blur in a square picture, what lies beyond its border unknown: the numbers of
// blurlib.restore.tikhonov and richardson_lucy. Both look for a picture on a larger canvas, of which
// the blurred one shows the middle; light has come from as far beyond it as the blur reaches.
import { waveRoom, toWaves, fromWaves } from "./fourier.js";

export const SIDE = 128; // of the canvas, for waves a power of two
const WIDE = 160; // of the one without waves, whose sums run over the edge of what they need
const LEAST = 1e-3; // the darkest that Richardson and Lucy's ratio takes

// A gaussian's row of weights, by distance.
const profileOf = ({ size, row }) => row.slice((size - 1) / 2);

// Far quicker than Float64Array.from.
function filled(count, value) {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = value(i);
  return out;
}

// Lay the picture in a canvas's middle, and its mirror image, edge included, around it.
function onCanvas({ width, data }, side) {
  const mirror = (i) => (i < 0 ? -1 - i : i >= width ? 2 * width - 1 - i : i);
  const at = Int16Array.from({ length: side }, (_, i) => mirror(i - (side - width) / 2));
  return filled(side * side, (i) => data[at[Math.floor(i / side)] * width + at[i % side]]);
}

// 1 where the picture lies, 0 around it.
function insideOf(width, side) {
  const seen = (i) => i >= (side - width) / 2 && i < (side + width) / 2;
  return filled(side * side, (i) => Number(seen(Math.floor(i / side)) && seen(i % side)));
}

function crop(canvas, width, side) {
  const rim = (side - width) / 2;
  const data = new Float64Array(width * width);
  for (let row = 0; row < width; row++) {
    const start = (row + rim) * side + rim;
    data.set(canvas.subarray(start, start + width), row * width);
  }
  return { width, height: width, data };
}

// The picture whose blur is like `blurred` and whose squared gradients, times `balance`, are few:
// Wiener's filter for pictures whose power falls as 1 / f^2, by conjugate gradients among waves.
export function wiener(blurred, psf, balance, steps = 5) {
  const { width } = blurred;
  const inside = insideOf(width, SIDE);
  const [axis, slope] = axes(profileOf(psf));
  const [otf, penalty] = waveRoom(SIDE); // the same along both axes
  const [size, wide] = [otf.length, SIDE / 2 + 1];
  for (let i = 0; i < size; i++) {
    const [row, column] = [Math.floor(i / wide), i % wide];
    otf[i] = axis[row] * axis[column];
    penalty[i] = balance * (slope[row] + slope[column]);
  }

  // `blurAndBack` blurs waves, keeps what the picture's middle shows, or what that lacks to `light`, and
  // blurs it again; the penalty comes on top.
  const [change, ahead] = [waveRoom(SIDE), waveRoom(SIDE)];
  const seen = new Float64Array(SIDE * SIDE);
  const blurAndBack = ([re, im], light) => {
    const [a, b] = change;
    for (let i = 0; i < size; i++) {
      a[i] = re[i] * otf[i];
      b[i] = im[i] * otf[i];
    }
    fromWaves(change, seen, SIDE);
    for (let i = 0; i < seen.length; i++) seen[i] = inside[i] && (light ? seen[i] - light[i] : seen[i]);
    toWaves(seen, change, SIDE);
    for (let i = 0; i < size; i++) {
      a[i] = otf[i] * a[i] + penalty[i] * re[i];
      b[i] = otf[i] * b[i] + penalty[i] * im[i];
    }
  };
  const precondition = ([re, im]) => {
    for (let i = 0; i < size; i++) {
      const weight = 1 / (otf[i] * otf[i] + penalty[i] + 1e-5);
      ahead[0][i] = weight * re[i];
      ahead[1][i] = weight * im[i];
    }
  };
  // A wave between the slowest and the fastest counts twice: for its conjugate, too.
  const dot = ([a, b], [c, d]) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (i % wide && (i + 1) % wide ? 2 : 1) * (a[i] * c[i] + b[i] * d[i]);
    return sum;
  };
  const combine = (waves, by, other, factor) => {
    for (const p of [0, 1]) {
      const [one, two] = [waves[p], other[p]];
      for (let i = 0; i < size; i++) one[i] = factor * one[i] + by * two[i];
    }
  };

  const light = onCanvas(blurred, SIDE);
  const x = waveRoom(SIDE);
  toWaves(light, x, SIDE);
  blurAndBack(x, light);
  const residual = change.map((part) => part.map((value) => -value));
  precondition(residual);
  const step = ahead.map((part) => part.slice());
  let left = dot(residual, ahead);
  for (let count = 0; count < steps && left > 0; count++) {
    blurAndBack(step);
    const length = left / dot(step, change);
    combine(x, length, step, 1);
    combine(residual, -length, change, 1);
    precondition(residual);
    const before = left;
    left = dot(residual, ahead);
    combine(step, 1, ahead, left / before);
  }
  fromWaves(x, seen, SIDE);
  return crop(seen, width, SIDE);
}

// Along one axis: the blur's transfer function, and that of the squared gradient.
function axes(profile) {
  const angles = Array.from({ length: SIDE }, (_, k) => (2 * Math.PI * k) / SIDE);
  const transfer = (angle) => profile.reduce((sum, weight, i) => sum + (i ? 2 : 1) * weight * Math.cos(angle * i), 0);
  return [angles.map(transfer), angles.map((angle) => 2 - 2 * Math.cos(angle))];
}

// Blur the canvas; wanted are [from, to) of its rows and columns. The same weights on both sides:
// this is its own transpose.
function spread(canvas, profile, from, to) {
  const [down, out] = [new Float64Array(WIDE * WIDE), new Float64Array(WIDE * WIDE)];
  const reach = profile.length - 1;
  for (let row = from; row < to; row++) {
    along(down, canvas, row * WIDE + from - reach, row * WIDE + to + reach, WIDE, profile);
  }
  for (let row = from; row < to; row++) along(out, down, row * WIDE + from, row * WIDE + to, 1, profile);
  return out;
}

function along(out, canvas, start, end, step, profile) {
  for (let i = start; i < end; i++) out[i] = profile[0] * canvas[i];
  for (let far = 1; far < profile.length; far++) {
    const [apart, weight] = [far * step, profile[far]];
    for (let i = start; i < end; i++) out[i] += weight * (canvas[i - apart] + canvas[i + apart]);
  }
}

// Richardson and Lucy: multiply by what the blur of (measured / expected) says. It never ends, and
// gives the picture after each such step.
export function* richardsonLucy(blurred, psf) {
  const { width } = blurred;
  const profile = profileOf(psf);
  const inside = insideOf(width, WIDE);
  const seen = [(WIDE - width) / 2, (WIDE + width) / 2];
  const lit = [seen[0] - profile.length + 1, seen[1] + profile.length - 1];
  const light = onCanvas({ width, data: blurred.data.map((value) => Math.max(value, LEAST)) }, WIDE);
  const caught = spread(inside, profile, ...lit);
  const x = light.slice();
  const ratio = new Float64Array(x.length);
  while (true) {
    const expected = spread(x, profile, ...seen);
    for (let i = 0; i < x.length; i++) ratio[i] = inside[i] && light[i] / Math.max(expected[i], LEAST);
    const back = spread(ratio, profile, ...lit);
    for (let i = 0; i < x.length; i++) if (caught[i] > 0.05) x[i] = Math.max((x[i] / caught[i]) * back[i], 1e-6);
    yield crop(x, width, WIDE);
  }
}

// Peak signal-to-noise ratio in decibels, of values within [0, 1].
export function psnr(one, sharp) {
  let squares = 0;
  for (let i = 0; i < sharp.data.length; i++) squares += (Math.min(1, Math.max(0, one.data[i])) - sharp.data[i]) ** 2;
  return -10 * Math.log10(squares / sharp.data.length);
}
