// Patches that lie side by side in one picture, and how well they were guessed.

export function square({ width, data }, size, from) {
  const at = (i) => Math.floor(i / size) * width + from + (i % size);
  return { width: size, height: size, data: Float64Array.from({ length: size * size }, (_, i) => data[at(i)]) };
}

export const rms = (values) => Math.sqrt(values.reduce((total, value) => total + value ** 2, 0) / values.length);
