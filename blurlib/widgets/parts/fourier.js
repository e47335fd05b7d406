// Power spectra of square pictures whose side is a power of two: the numbers of blurlib.blur.

const turns = {}; // cosines and sines for sides that were asked for before

// Transform all columns of n rows of `width` complex numbers in place: whole rows are added to each
// other, so that the innermost loop runs along the memory.
function columns(re, im, n, width) {
  const [cosines, sines] = (turns[n] ??= [Math.cos, Math.sin].map((wave) =>
    Float64Array.from({ length: n / 2 }, (_, k) => wave((2 * Math.PI * k) / n))));
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    for (let a = i * width, b = j * width; a < (i + 1) * width; a++, b++) {
      const [x, y] = [re[a], im[a]];
      re[a] = re[b];
      im[a] = im[b];
      re[b] = x;
      im[b] = y;
    }
  }
  for (let length = 2; length <= n; length *= 2) {
    const apart = (length / 2) * width;
    for (let k = 0; k < length / 2; k++) {
      const [c, s] = [cosines[(k * n) / length], sines[(k * n) / length]];
      for (let row = k; row < n; row += length) {
        for (let a = row * width, b = a + apart; a < (row + 1) * width; a++, b++) {
          const x = re[b] * c + im[b] * s;
          const y = im[b] * c - re[b] * s;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  }
}

const across = (n) => n / 2 + 1;

// Room for the waves of a real n x n picture: real and imaginary parts of one half of them, a row for each
// frequency along the picture's rows, from 0 to 1/2 along its columns. The other half is their conjugate.
export const waveRoom = (n) => [0, 1].map(() => new Float64Array(n * across(n)));

const rooms = {}; // what a transform needs on its way

// The waves of a real n x n picture, into `waves`: two columns are transformed as one of complex numbers.
export function toWaves(data, waves, n) {
  const [re, im] = (rooms[n] ??= [0, 1].map(() => new Float64Array((n * n) / 2)));
  const [half, wide] = [n / 2, across(n)];
  for (let r = 0, at = 0; r < n; r++) {
    for (let c = r * n; c < r * n + half; c++, at++) {
      re[at] = data[c];
      im[at] = data[c + half];
    }
  }
  columns(re, im, n, half);
  const [out, turned] = waves;
  for (let k = 0; k <= half; k++) {
    const [here, there] = [k * half, ((n - k) % n) * half];
    for (let c = 0; c < half; c++) {
      const [a, b, x, y] = [re[here + c], im[here + c], re[there + c], im[there + c]];
      const [left, right] = [c * wide + k, (c + half) * wide + k];
      out[left] = (a + x) / 2;
      turned[left] = (b - y) / 2;
      out[right] = (b + y) / 2;
      turned[right] = (x - a) / 2;
    }
  }
  columns(out, turned, n, wide);
}

// The real picture of such waves, into `data`; the waves are lost.
export function fromWaves(waves, data, n) {
  const [re, im] = (rooms[n] ??= [0, 1].map(() => new Float64Array((n * n) / 2)));
  const [half, wide] = [n / 2, across(n)];
  const [given, turned] = waves;
  columns(turned, given, n, wide); // parts exchanged: it leads back
  for (let k = 0; k < n; k++) {
    const [from, sign] = k <= half ? [k, 1] : [n - k, -1];
    for (let c = 0, at = k * half; c < half; c++, at++) {
      const [left, right] = [c * wide + from, (c + half) * wide + from];
      re[at] = given[left] - sign * turned[right];
      im[at] = sign * turned[left] + given[right];
    }
  }
  columns(im, re, n, half);
  const size = n * n;
  for (let r = 0, at = 0; r < n; r++) {
    for (let c = r * n; c < r * n + half; c++, at++) {
      data[c] = re[at] / size;
      data[c + half] = im[at] / size;
    }
  }
}

// Hann's window along one axis, without the zeros at its ends; all ones for none.
export const windowRow = (n, hann) =>
  Float64Array.from({ length: n }, (_, i) => (hann ? 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (n + 1)) : 1));

// Squared coefficients under a window, less the mean, as a pixel's power: white noise of variance v
// has v at every frequency.
export function windowedPower({ width: n, data }, hann) {
  const row = windowRow(n, hann);
  let [total, square, sum] = [0, 0, 0];
  for (let i = 0; i < n * n; i++) {
    const weight = row[Math.floor(i / n)] * row[i % n];
    total += weight;
    square += weight * weight;
    sum += weight * data[i];
  }
  const mean = sum / total;
  const seen = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) seen[i] = (data[i] - mean) * row[Math.floor(i / n)] * row[i % n];
  const waves = waveRoom(n);
  toWaves(seen, waves, n);
  const [re, im] = waves;
  const power = new Float64Array(n * n);
  for (let c = 0; c < n; c++) {
    for (let r = 0, at = c * across(n); r < across(n); r++, at++) {
      power[r * n + c] = (re[at] * re[at] + im[at] * im[at]) / square;
      if (r) power[(n - r) * n + ((n - c) % n)] = power[r * n + c];
    }
  }
  return power;
}

const rings = {}; // radius and ring of each frequency, for sides that were asked for before

// Means over rings of equal width up to 1/2 cycle per pixel: [frequency, power] pairs.
export function ringMeans(power, n, count) {
  const frequency = (k) => Math.min(k, n - k) / n;
  const radius = (rings[n] ??= Float64Array.from({ length: n * n }, (_, i) => Math.hypot(frequency(Math.floor(i / n)), frequency(i % n))));
  const [radii, powers, counts] = [0, 1, 2].map(() => new Float64Array(count));
  for (let i = 1; i < n * n; i++) {
    const ring = Math.floor(2 * count * radius[i]);
    if (ring >= count) continue;
    radii[ring] += radius[i];
    powers[ring] += power[i];
    counts[ring] += 1;
  }
  return Array.from(counts, (number, ring) => [radii[ring] / number, powers[ring] / number]);
}

// The i-th of a list of numbers that look like draws of a normal distribution; always the same list.
export function normal(i) {
  const uniform = (k) => {
    let x = Math.imul(k + 1, 0x9e3779b1);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (((x ^ (x >>> 16)) >>> 0) + 0.5) / 2 ** 32;
  };
  return Math.sqrt(-2 * Math.log(uniform(2 * i))) * Math.cos(2 * Math.PI * uniform(2 * i + 1));
}

let draws = new Float64Array(0); // the first of them

// What becomes of a picture on its way to a file: less contrast, noise of so many grey levels, rounding.
export function recorded({ width, height, data }, { contrast, noise, rounding }) {
  const [size, round] = [data.length, rounding === "8 bits"];
  if (noise && draws.length < size) draws = Float64Array.from({ length: size }, (_, i) => normal(i));
  let mean = 0;
  for (let i = 0; i < size; i++) mean += data[i] / size;
  const seen = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    seen[i] = mean + contrast * (data[i] - mean) + (noise && (noise * draws[i]) / 255);
    if (round) seen[i] = Math.round(255 * Math.min(1, Math.max(0, seen[i]))) / 255;
  }
  return { width, height, data: seen };
}
