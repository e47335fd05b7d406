// Smoothing a map n times in one step, among waves: the numbers of blurlib.maps.smooth.
// A map is {width, height, data}. At a free border the waves are cosines, at a pinned one sines.
const WEIGHTS = {
  mean3x3: [1, 1, 1, 1, 1, 1, 1, 1, 1].map((weight) => weight / 9),
  jacobi: [0, 1, 0, 1, 0, 1, 0, 1, 0].map((weight) => weight / 4),
  columns: [0, 1, 0, 0, 1, 0, 0, 1, 0].map((weight) => weight / 3),
};
const PINNED = { neumann: [false, false], dirichlet: [true, true], dirichlet_columns: [false, true] };

// The orthonormal waves of an axis, one a row, and their angular frequencies; a pinned axis leaves
// its first and last place out.
function axis(size, pinned) {
  const n = pinned ? size - 2 : size;
  const angles = Array.from({ length: n }, (_, k) => (pinned ? (Math.PI * (k + 1)) / (n + 1) : (Math.PI * k) / n));
  const waves = new Float64Array(n * n);
  angles.forEach((angle, k) => {
    const height = pinned ? Math.sqrt(2 / (n + 1)) : Math.sqrt((k ? 2 : 1) / n);
    for (let i = 0; i < n; i++) {
      waves[k * n + i] = height * (pinned ? Math.sin(angle * (i + 1)) : Math.cos(angle * (i + 0.5)));
    }
  });
  return { n, angles, waves };
}

// Multiply from both sides: forth to the waves' coefficients, back to the map.
function transform(values, rows, columns, back = false) {
  const [h, w] = [rows.n, columns.n];
  const half = new Float64Array(h * w);
  for (let r = 0; r < h; r++) {
    for (let k = 0; k < w; k++) {
      if (back) {
        const value = values[r * w + k];
        if (Math.abs(value) < 1e-13) continue; // after many steps nearly all waves have gone
        for (let c = 0; c < w; c++) half[r * w + c] += value * columns.waves[k * w + c];
      } else {
        let total = 0;
        for (let c = 0; c < w; c++) total += values[r * w + c] * columns.waves[k * w + c];
        half[r * w + k] = total;
      }
    }
  }
  const out = new Float64Array(h * w);
  for (let a = 0; a < h; a++) {
    for (let b = 0; b < h; b++) {
      const weight = back ? rows.waves[b * h + a] : rows.waves[a * h + b];
      for (let c = 0; c < w; c++) out[a * w + c] += weight * half[b * w + c];
    }
  }
  return out;
}

// One step everywhere, mirrored at all borders.
function average({ width, height, data }, weights) {
  const near = (i, size) => Math.min(size - 1, Math.max(0, i));
  return Float64Array.from(data, (_, at) => {
    const [r, c] = [Math.floor(at / width), at % width];
    return weights.reduce((total, weight, i) => {
      const [row, column] = [near(r + Math.floor(i / 3) - 1, height), near(c + (i % 3) - 1, width)];
      return total + weight * data[row * width + column];
    }, 0);
  });
}

// Prepare a way of smoothing maps of one size; with a pinned border `truth` keeps it.
export function smoother(truth, way, border) {
  const { width, height } = truth;
  const weights = WEIGHTS[way];
  const pinned = PINNED[border];
  const [rows, columns] = [axis(height, pinned[0]), axis(width, pinned[1])];
  const [top, left] = pinned.map(Number);
  const inner = (data) =>
    Float64Array.from({ length: rows.n * columns.n }, (_, i) =>
      data[(Math.floor(i / columns.n) + top) * width + (i % columns.n) + left]);
  const factor = Float64Array.from({ length: rows.n * columns.n }, (_, i) => {
    const [alpha, beta] = [rows.angles[Math.floor(i / columns.n)], columns.angles[i % columns.n]];
    return weights.reduce((total, weight, k) =>
      total + weight * Math.cos((Math.floor(k / 3) - 1) * alpha) * Math.cos(((k % 3) - 1) * beta), 0);
  });
  // What the border feeds to the inside; summed over all steps it is the map at rest.
  const edge = Float64Array.from(truth.data, (value, i) => {
    const [r, c] = [Math.floor(i / width), i % width];
    const inside = r >= top && r < height - top && c >= left && c < width - left;
    return inside ? 0 : value;
  });
  const fed = pinned.includes(true)
    ? transform(inner(average({ width, height, data: edge }, weights)), rows, columns) : factor.map(() => 0);
  const rest = fed.map((value, i) => (1 - factor[i] > 1e-14 ? value / (1 - factor[i]) : 0));
  const goal = transform(inner(truth.data), rows, columns);

  // What n steps make of a map: the map and, by `error`, its RMSE alone, for the waves are orthonormal.
  return (map) => {
    const start = transform(inner(map.data), rows, columns).map((value, i) => value - rest[i]);
    const after = (n) => start.map((value, i) => rest[i] + value * factor[i] ** n);
    const error = (n) => {
      let sum = 0; // a pinned border has no error
      for (let i = 0; i < start.length; i++) sum += (rest[i] + start[i] * factor[i] ** n - goal[i]) ** 2;
      return Math.sqrt(sum / truth.data.length);
    };
    const smoothed = (n) => {
      const values = transform(after(n), rows, columns, true);
      const data = Float64Array.from(truth.data);
      values.forEach((value, i) => (data[(Math.floor(i / columns.n) + top) * width + (i % columns.n) + left] = value));
      return { width, height, data };
    };
    return { error, smoothed };
  };
}
