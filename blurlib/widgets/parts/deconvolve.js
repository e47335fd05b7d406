// Undoing a gaussian blur in a square picture, what lies beyond its border unknown: the numbers of
// blurlib.restore.tikhonov and richardson_lucy. Both look for a picture on a larger canvas, of which
// the blurred one shows the middle; light has come from as far beyond it as the blur reaches.
import { fft2 } from "./fourier.js";

export const SIDE = 128; // of the canvas, for waves a power of two
const WIDE = 160; // of the one without waves, whose sums run over the edge of what they need
const LEAST = 1e-3; // the darkest that Richardson and Lucy's ratio takes

// A gaussian's row of weights, by distance.
const profileOf = ({ size, row }) => row.slice((size - 1) / 2);

// Lay the picture in a canvas's middle, and its mirror image, edge included, around it.
function onCanvas({ width, data }, side) {
  const mirror = (i) => (i < 0 ? -1 - i : i >= width ? 2 * width - 1 - i : i);
  const at = Int16Array.from({ length: side }, (_, i) => mirror(i - (side - width) / 2));
  return Float64Array.from({ length: side * side }, (_, i) => data[at[Math.floor(i / side)] * width + at[i % side]]);
}

// 1 where the picture lies, 0 around it.
function insideOf(width, side) {
  const seen = (i) => i >= (side - width) / 2 && i < (side + width) / 2;
  return Float64Array.from({ length: side * side }, (_, i) => Number(seen(Math.floor(i / side)) && seen(i % side)));
}

function crop(canvas, width, side) {
  const rim = (side - width) / 2;
  const at = (i) => (Math.floor(i / width) + rim) * side + rim + (i % width);
  return { width, height: width, data: Float64Array.from({ length: width * width }, (_, i) => canvas[at(i)]) };
}

// The picture whose blur is like `blurred` and whose squared gradients, times `balance`, are few:
// Wiener's filter for pictures whose power falls as 1 / f^2, by conjugate gradients among waves.
export function wiener(blurred, psf, balance, steps = 8) {
  const { width } = blurred;
  const size = SIDE * SIDE;
  const inside = insideOf(width, SIDE);
  const [axis, slope] = axes(profileOf(psf));
  const otf = new Float64Array(size);
  const penalty = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    otf[i] = axis[row] * axis[column];
    penalty[i] = balance * (slope[row] + slope[column]);
  }

  // Waves are pairs of arrays, real and imaginary. `blurAndBack` blurs them, keeps what the picture's
  // middle shows, or what that lacks to `light`, and blurs it again; the penalty comes on top.
  const blurAndBack = ([re, im], light) => {
    const [a, b] = [new Float64Array(size), new Float64Array(size)];
    for (let i = 0; i < size; i++) {
      a[i] = re[i] * otf[i];
      b[i] = -im[i] * otf[i]; // conjugate: fft2 leads back
    }
    fft2(a, b, SIDE);
    for (let i = 0; i < size; i++) {
      a[i] = inside[i] && (light ? a[i] / size - light[i] : a[i] / size);
      b[i] = 0;
    }
    fft2(a, b, SIDE);
    for (let i = 0; i < size; i++) {
      a[i] = otf[i] * a[i] + penalty[i] * re[i];
      b[i] = otf[i] * b[i] + penalty[i] * im[i];
    }
    return [a, b];
  };
  const precondition = (waves) => {
    const out = waves.map((part) => part.slice());
    for (let i = 0; i < size; i++) {
      const weight = 1 / (otf[i] * otf[i] + penalty[i] + 1e-5);
      out[0][i] *= weight;
      out[1][i] *= weight;
    }
    return out;
  };
  const dot = ([a, b], [c, d]) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += a[i] * c[i] + b[i] * d[i];
    return sum;
  };
  const combine = (waves, by, other, factor) => {
    for (const p of [0, 1]) {
      const [one, two] = [waves[p], other[p]];
      for (let i = 0; i < size; i++) one[i] = factor * one[i] + by * two[i];
    }
  };

  const light = onCanvas(blurred, SIDE);
  const x = [light.slice(), new Float64Array(size)];
  fft2(...x, SIDE);
  const residual = blurAndBack(x, light);
  combine(residual, 0, residual, -1);
  let ahead = precondition(residual);
  const step = ahead.map((part) => part.slice());
  let left = dot(residual, ahead);
  for (let count = 0; count < steps && left > 0; count++) {
    const change = blurAndBack(step);
    const length = left / dot(step, change);
    combine(x, length, step, 1);
    combine(residual, -length, change, 1);
    ahead = precondition(residual);
    const before = left;
    left = dot(residual, ahead);
    combine(step, 1, ahead, left / before);
  }
  const [re, im] = [x[0].map((value) => value / size), x[1].map((value) => -value / size)];
  fft2(re, im, SIDE);
  return crop(re, width, SIDE);
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
  const squares = one.data.reduce((sum, value, i) => sum + (Math.min(1, Math.max(0, value)) - sharp.data[i]) ** 2, 0);
  return -10 * Math.log10(squares / sharp.data.length);
}
