// Point spread functions and blur: the same numbers as blurlib.blur, in plain JavaScript.
// A PSF is {size, data}: size * size weights, row by row, that sum to 1.
// A gaussian also carries `row`, its one-dimensional factor. Lengths are pixels, angles degrees.

import { normal } from "./fourier.js";

const sum = (values) => values.reduce((total, value) => total + value, 0);

function normalised(size, weights) {
  const total = sum(weights);
  return { size, data: weights.map((weight) => weight / total) };
}

export function gaussianPsf(sigma, truncate = 4) {
  const radius = Math.ceil(truncate * sigma * (1 - 1e-6)); // 2 * 1.5 must not be rounded up past 3
  const size = 2 * radius + 1;
  const bell = (x) => (sigma > 0 ? Math.exp(-0.5 * (x / sigma) ** 2) : 1);
  const row = normalised(size, Float64Array.from({ length: size }, (_, i) => bell(i - radius))).data;
  const data = Float64Array.from({ length: size * size }, (_, i) => row[Math.floor(i / size)] * row[i % size]);
  return { size, data, row };
}

// Area that a centred disk shares with the rectangle from the origin to (x, y), signed like x * y.
function cornerArea(x, y, radius) {
  const a = Math.min(Math.abs(x), radius);
  const b = Math.min(Math.abs(y), radius);
  let area = a * b;
  if (a * a + b * b > radius * radius) {
    const turn = Math.sqrt(radius * radius - b * b); // beyond it the circle lies below the edge y = b
    const under = (u) =>
      0.5 * (u * Math.sqrt(radius * radius - u * u) + radius * radius * Math.asin(u / radius));
    area = b * turn + under(a) - under(turn);
  }
  return Math.sign(x) * Math.sign(y) * area;
}

export function diskPsf(radius) {
  const reach = Math.max(0, Math.ceil(radius - 0.5));
  const size = 2 * reach + 1;
  if (reach === 0) return { size, data: Float64Array.of(1) };
  const corner = (x, y) => cornerArea(x, y, radius);
  const weights = Float64Array.from({ length: size * size }, (_, i) => {
    const x = (i % size) - reach;
    const y = Math.floor(i / size) - reach;
    const [left, right, top, bottom] = [x - 0.5, x + 0.5, y - 0.5, y + 0.5];
    const area = corner(right, bottom) - corner(left, bottom) - corner(right, top) + corner(left, top);
    return Math.max(0, area); // a pixel outside the disk can miss zero by rounding
  });
  return normalised(size, weights);
}

export function motionPsf(length, angle) {
  const reach = Math.ceil(length / 2);
  const size = 2 * reach + 1;
  const weights = new Float64Array(size * size);
  const steps = Math.max(1, Math.ceil(32 * length));
  const turn = (angle * Math.PI) / 180;
  for (let step = 0; step < steps; step++) {
    const t = length * ((step + 0.5) / steps - 0.5);
    deposit(weights, size, reach - t * Math.sin(turn), reach + t * Math.cos(turn));
  }
  return normalised(size, weights);
}

// A hand's velocity is a random walk with damping; another seed draws another path, whose largest
// distance from its mean is `extent`.
export function shakePsf(extent, seed) {
  const count = 512;
  const axes = [0, 1].map((axis) => {
    let [speed, place] = [0, 0];
    const path = Array.from({ length: count }, (_, t) => {
      speed = (1 - 8 / count) * speed + normal(2 * (count * seed + t) + axis);
      return (place += speed);
    });
    const mean = sum(path) / count;
    return path.map((value) => value - mean);
  });
  const [rows, columns] = axes;
  const scale = extent / Math.max(...rows.map((row, t) => Math.hypot(row, columns[t])));
  const reach = Math.ceil(extent);
  const size = 2 * reach + 1;
  const weights = new Float64Array(size * size);
  rows.forEach((row, t) => deposit(weights, size, reach + scale * row, reach + scale * columns[t]));
  return { ...normalised(size, weights), uneven: true };
}

// Share one unit of light between the four pixels around a point (bilinear weights).
function deposit(weights, size, row, column) {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  for (const [r, c] of [[top, left], [top, left + 1], [top + 1, left], [top + 1, left + 1]]) {
    const share = (1 - Math.abs(row - r)) * (1 - Math.abs(column - c));
    if (r >= 0 && r < size && c >= 0 && c < size) weights[r * size + c] += share;
  }
}

// Sum a PSF over its rows (axis 0) or over its columns (axis 1).
function marginal({ size, data }, axis) {
  const total = new Float64Array(size);
  data.forEach((weight, i) => (total[axis === 0 ? i % size : Math.floor(i / size)] += weight));
  return total;
}

export function effectiveSigma(psf) {
  const variance = [0, 1].map((axis) => {
    const weights = marginal(psf, axis);
    const mean = sum(weights.map((weight, i) => weight * i));
    return sum(weights.map((weight, i) => weight * (i - mean) ** 2));
  });
  return Math.sqrt((variance[0] + variance[1]) / 2);
}

// The OTF at frequencies (cycles per pixel) along the columns' axis (0) or the rows' axis (1). It is
// real, for these PSFs equal their own half turn; of an uneven one, this is the OTF's modulus.
export function otfCut(psf, frequencies, axis = 0) {
  const weights = marginal(psf, axis);
  const centre = (psf.size - 1) / 2;
  const part = (wave, frequency) => sum(weights.map((weight, i) => weight * wave(2 * Math.PI * frequency * (i - centre))));
  return frequencies.map((frequency) => {
    const real = part(Math.cos, frequency);
    return psf.uneven ? Math.hypot(real, part(Math.sin, frequency)) : real;
  });
}

// Lay a border of `reach` pixels around a picture, mirrored about its outermost pixels.
function reflected({ width, height, data }, reach) {
  const mirror = (i, n) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
  const wide = width + 2 * reach;
  const out = new Float64Array(wide * (height + 2 * reach));
  for (let r = 0; r < height + 2 * reach; r++) {
    const from = mirror(r - reach, height) * width;
    for (let c = 0; c < wide; c++) out[r * wide + c] = data[from + mirror(c - reach, width)];
  }
  return { width: wide, data: out };
}

// Convolve {width, height, data} with a PSF smaller than it; the border reflects.
export function convolve(picture, psf) {
  const { width, height } = picture;
  const reach = (psf.size - 1) / 2;
  const padded = reflected(picture, reach);
  const add = (out, rows, from, step, offset, weight) => {
    for (let r = 0; r < rows; r++) {
      const start = r * step + offset;
      for (let c = 0; c < width; c++) out[r * width + c] += weight * from[start + c];
    }
  };
  const data = new Float64Array(width * height);
  if (psf.row) {
    const rows = height + 2 * reach;
    const across = new Float64Array(width * rows);
    psf.row.forEach((weight, i) => add(across, rows, padded.data, padded.width, 2 * reach - i, weight));
    psf.row.forEach((weight, i) => add(data, height, across, width, (2 * reach - i) * width, weight));
    return { width, height, data };
  }
  psf.data.forEach((weight, i) => {
    if (weight === 0) return;
    const row = 2 * reach - Math.floor(i / psf.size);
    const column = 2 * reach - (i % psf.size);
    add(data, height, padded.data, padded.width, row * padded.width + column, weight);
  });
  return { width, height, data };
}

// Share of the pixels that a file of 8 bits would store differently, in percent.
export function changedPixels(sharp, blurred) {
  const level = (value) => Math.round(255 * Math.min(1, Math.max(0, value)));
  return (100 * sharp.data.filter((value, i) => level(value) !== level(blurred.data[i])).length) / sharp.data.length;
}
