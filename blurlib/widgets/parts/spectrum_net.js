// spectrum-30 and its like on one patch: the numbers of blurlib.learn.SpectrumNetwork.
import { windowRow, windowedPower } from "./fourier.js";

const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer;

function half(bits) {
  const [power, digits] = [(bits >> 10) & 31, bits & 1023];
  return (bits & 0x8000 ? -1 : 1) * (power ? 2 ** (power - 15) * (1 + digits / 1024) : digits * 2 ** -24);
}

// The network as Python sends it: its layers one after the other, weights before offsets, as float16;
// `scale` holds mean and deviation of each feature as float32.
export function readNetwork({ size, widths, weights, scale }) {
  const all = Float64Array.from(new Uint16Array(bytes(weights)), half);
  const layers = [];
  let at = 0;
  for (let i = 1; i < widths.length; i++) {
    const [inputs, outputs] = [widths[i - 1], widths[i]];
    const weight = all.subarray(at, (at += inputs * outputs));
    layers.push({ inputs, weight, offset: all.subarray(at, (at += outputs)) });
  }
  const both = new Float32Array(bytes(scale));
  const row = windowRow(size, true);
  const square = row.reduce((sum, weight) => sum + weight ** 2, 0) ** 2;
  return { size, layers, square, mean: both.subarray(0, widths[0]), deviation: both.subarray(widths[0]) };
}

// What the network is given: the folded log power spectrum, each number less its mean, over its deviation.
export function features({ size: n, square, mean, deviation }, patch) {
  const power = windowedPower({ width: n, data: patch }, true);
  const across = n / 2 + 1;
  return Float64Array.from(mean, (middle, i) => {
    const [r, c] = [Math.floor(i / across), i % across];
    const folded = (power[r * n + c] + power[((n - r) % n) * n + c]) / 2;
    return (Math.log(square * (folded + 1 / 36 / 255 ** 2)) - middle) / deviation[i];
  });
}

// The probability of each class, from the features.
export function probabilities({ layers }, seen) {
  let values = seen;
  layers.forEach(({ inputs, weight, offset }, depth) => {
    values = Float64Array.from(offset, (start, k) => {
      let sum = start;
      for (let i = 0, from = k * inputs; i < inputs; i++) sum += weight[from + i] * values[i];
      return depth < layers.length - 1 ? Math.max(0, sum) : sum;
    });
  });
  const most = Math.max(...values);
  const shares = values.map((value) => Math.exp(value - most));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
