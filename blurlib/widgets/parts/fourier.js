// Power spectra of square pictures whose side is a power of two: the numbers of blurlib.blur.

// Transform all columns of n x n complex numbers in place: whole rows are added to each other, so
// that the innermost loop runs along the memory.
function columns(re, im, n) {
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    for (const part of [re, im]) {
      const kept = part.slice(i * n, (i + 1) * n);
      part.copyWithin(i * n, j * n, (j + 1) * n);
      part.set(kept, j * n);
    }
  }
  for (let length = 2; length <= n; length *= 2) {
    for (let k = 0; k < length / 2; k++) {
      const [c, s] = [Math.cos((2 * Math.PI * k) / length), -Math.sin((2 * Math.PI * k) / length)];
      for (let row = k; row < n; row += length) {
        const apart = (length / 2) * n;
        for (let a = row * n; a < (row + 1) * n; a++) {
          const b = a + apart;
          const x = re[b] * c - im[b] * s;
          const y = re[b] * s + im[b] * c;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  }
}

function transpose(data, n) {
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < r; c++) {
      const kept = data[r * n + c];
      data[r * n + c] = data[c * n + r];
      data[c * n + r] = kept;
    }
  }
}

// Transform n x n complex numbers in place, n a power of two.
export function fft2(re, im, n) {
  for (let axis = 0; axis < 2; axis++) {
    columns(re, im, n);
    transpose(re, n);
    transpose(im, n);
  }
}

// Hann's window along one axis, without the zeros at its ends; all ones for none.
const windowRow = (n, hann) =>
  Float64Array.from({ length: n }, (_, i) => (hann ? 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (n + 1)) : 1));

// Squared coefficients under a window, less the mean, as a pixel's power: white noise of variance v
// has v at every frequency.
export function windowedPower({ width: n, data }, hann) {
  const row = windowRow(n, hann);
  const weight = Float64Array.from(data, (_, i) => row[Math.floor(i / n)] * row[i % n]);
  const [total, square] = [1, 2].map((power) => weight.reduce((sum, w) => sum + w ** power, 0));
  const mean = data.reduce((sum, value, i) => sum + weight[i] * value, 0) / total;
  const re = Float64Array.from(data, (value, i) => (value - mean) * weight[i]);
  const im = new Float64Array(n * n);
  fft2(re, im, n);
  return re.map((value, i) => (value ** 2 + im[i] ** 2) / square);
}

// Means over rings of equal width up to 1/2 cycle per pixel: [frequency, power] pairs.
export function ringMeans(power, n, rings) {
  const sums = Array.from({ length: rings }, () => [0, 0, 0]);
  const frequency = (k) => Math.min(k, n - k) / n;
  power.forEach((value, i) => {
    const radius = Math.hypot(frequency(Math.floor(i / n)), frequency(i % n));
    const ring = Math.floor(2 * rings * radius);
    if (i === 0 || ring >= rings) return;
    sums[ring][0] += radius;
    sums[ring][1] += value;
    sums[ring][2] += 1;
  });
  return sums.map(([radius, value, count]) => [radius / count, value / count]);
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

// What becomes of a picture on its way to a file: less contrast, noise of so many grey levels, rounding.
export function recorded({ width, height, data }, { contrast, noise, rounding }) {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const seen = data.map((value, i) => mean + contrast * (value - mean) + (noise && (noise * normal(i)) / 255));
  const file = (value) => Math.round(255 * Math.min(1, Math.max(0, value))) / 255;
  return { width, height, data: rounding === "8 bits" ? seen.map(file) : seen };
}
