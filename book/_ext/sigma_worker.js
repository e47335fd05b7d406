// The Sigma lab's worker: a picture in, sigma and its standard deviation out, at every 4th or 8th pixel.
// It does what blurlib.maps.RegressionEstimator does with `sigma-net-small`: the coarsest halving of the
// picture first, each scale band by band. A band's places and `halo` rows of places around it are mended
// together; what each place alone says is computed once and kept while a band still needs it.
// `ort` (onnxruntime-web) stands before this text in the same script.
const PATCH = 32; // px; side of the largest window
const LEAST_SIDE = 32; // px; a picture is halved as long as this is left
const LARGE = 4e6; // px; larger pictures are asked at every 8th pixel
const AT_ONCE = 2000; // places whose spectra are computed at once
const IN_A_BAND = 36_000; // places that are mended at once, if the picture is not too wide
const LUMA = [0.2125, 0.7154, 0.0721]; // as blurlib.data.as_image

let network = null;
const sessions = {};

function bytes(base64) {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < out.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

async function start({ wasm, loader, models, network: facts }) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = bytes(wasm).buffer;
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([loader], { type: "text/javascript" })) };
  network = facts;
  for (const [name, model] of Object.entries(models)) {
    // Shapes differ from run to run: memory planned for one would be kept beside that of the next.
    sessions[name] = await ort.InferenceSession.create(bytes(model), { executionProviders: ["wasm"], enableMemPattern: false });
  }
}

// The grey of an opaque picture, float32 in [0, 1], a strip at a time.
function greyOf(bitmap) {
  const { width, height } = bitmap;
  const data = new Float32Array(width * height);
  const strip = Math.max(1, Math.floor(2 ** 18 / width));
  const canvas = new OffscreenCanvas(width, Math.min(strip, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const share = LUMA.map((weight) => Float64Array.from({ length: 256 }, (_, level) => weight * (level / 255)));
  for (let top = 0; top < height; top += strip) {
    const rows = Math.min(strip, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const levels = context.getImageData(0, 0, width, rows).data;
    for (let i = 0, at = top * width; i < levels.length; i += 4, at++) {
      if (levels[i + 3] < 255) throw new Error("it is partly transparent; put it on a background first.");
      data[at] = share[0][levels[i]] + share[1][levels[i + 1]] + share[2][levels[i + 2]];
    }
  }
  bitmap.close();
  return { width, height, data };
}

// Means of 2 x 2 pixels; the last pixels stand in for those beyond an odd side.
function halve({ width, height, data }) {
  const [wide, high] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const out = new Float32Array(wide * high);
  for (let r = 0; r < high; r++) {
    const [above, below] = [2 * r * width, Math.min(2 * r + 1, height - 1) * width];
    for (let c = 0; c < wide; c++) {
      const [left, right] = [2 * c, Math.min(2 * c + 1, width - 1)];
      out[r * wide + c] = (data[above + left] + data[above + right] + data[below + left] + data[below + right]) / 4;
    }
  }
  return { width: wide, height: high, data: out };
}

// The part of a picture that begins at (top, left), which may lie outside: mirrored about its last pixels.
function framed({ width, height, data }, top, left, rows, columns) {
  const mirror = (i, n) => {
    const period = Math.max(1, 2 * n - 2);
    const place = ((i % period) + period) % period;
    return Math.min(place, period - place);
  };
  const from = Int32Array.from({ length: columns }, (_, c) => mirror(left + c, width));
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const line = mirror(top + r, height) * width;
    for (let c = 0; c < columns; c++) out[r * columns + c] = data[line + from[c]];
  }
  return out;
}

// What a scale's answer says in the next finer one's pixels, in place: see blurlib.learn's handed_down.
function handDown({ rows, columns, data }) {
  const size = rows * columns;
  for (let i = 0; i < size; i++) {
    const sigma = Math.max(0, data[i]);
    const finer = Math.sqrt(Math.max(1e-4, 4 * sigma * sigma - 0.25));
    data[i] = finer;
    data[size + i] += 2 * Math.log(Math.min(4, Math.max(2, (4 * sigma) / finer)));
  }
}

// The coarser scale's grid at some rows of the finer one's places, interpolated.
function told(grid, layers, first, rows, columns, ratio) {
  const at = (count, start, last) =>
    Array.from({ length: count }, (_, i) => {
      const place = (start + i) * ratio;
      const before = Math.min(Math.floor(place), last);
      return [before, Math.min(before + 1, last), Math.min(1, place - before)];
    });
  const down = at(rows, first, grid.rows - 1);
  const across = at(columns, 0, grid.columns - 1);
  const out = new Float32Array(layers * rows * columns);
  for (let layer = 0, i = 0; layer < layers; layer++) {
    const base = layer * grid.rows * grid.columns;
    for (const [above, below, part] of down) {
      const [upper, lower] = [base + above * grid.columns, base + below * grid.columns];
      for (const [left, right, share] of across) {
        const one = grid.data[upper + left] * (1 - part) + grid.data[lower + left] * part;
        const other = grid.data[upper + right] * (1 - part) + grid.data[lower + right] * part;
        out[i++] = one * (1 - share) + other * share;
      }
    }
  }
  return out;
}

const numPlaces = (side, stride) => Math.ceil((side - 1) / stride) + 1;

async function run(name, feeds) {
  const output = Object.values(await sessions[name].run(feeds))[0];
  const data = output.data;
  output.dispose();
  return data;
}

// The answers of one scale: {rows, columns, data}, layer by layer sigma, log variance, profile, what is carried.
async function answerScale(picture, coarser, stride, inABand, step) {
  const [rows, columns] = [numPlaces(picture.height, stride), numPlaces(picture.width, stride)];
  const layers = 3 + network.carried;
  const halo = (network.halo * 8) / stride;
  const band = Math.max(8, Math.floor(inABand / columns) - 2 * halo);
  const whole = { rows, columns, data: new Float32Array(layers * rows * columns) };
  let [seen, width, from, to] = [new Float32Array(0), 0, 0, 0]; // what places alone say, rows from..to
  for (let start = 0; start < rows; start += band) {
    const end = Math.min(rows, start + band);
    const [low, high] = [Math.max(0, start - halo), Math.min(rows, end + halo)];
    const kept = seen.subarray((low - from) * columns * width);
    const found = [];
    const atOnce = Math.max(1, Math.floor(AT_ONCE / columns));
    for (let row = to; row < high; row += atOnce) {
      const count = Math.min(atOnce, high - row);
      const sides = [(count - 1) * stride + PATCH, (columns - 1) * stride + PATCH];
      const part = framed(picture, row * stride - PATCH / 2, -PATCH / 2, ...sides);
      found.push(await run(`look${stride}`, { image: new ort.Tensor("float32", part, [1, 1, ...sides]) }));
      width = found[0].length / (Math.min(atOnce, high - to) * columns);
      step(count * columns);
    }
    const all = new Float32Array((high - low) * columns * width);
    all.set(kept);
    let at = kept.length;
    for (const piece of found) {
      all.set(piece, at);
      at += piece.length;
    }
    [seen, from, to] = [all, low, high];
    const count = high - low;
    const sides = [count, columns];
    const given = coarser ? told(coarser, layers, low, count, columns, stride / 16) : new Float32Array(layers * count * columns);
    const answer = await run(`mend${stride}`, {
      seen: new ort.Tensor("float32", seen, [1, ...sides, width]),
      coarser: new ort.Tensor("float32", given, [1, layers, ...sides]),
      known: new ort.Tensor("float32", Float32Array.of(coarser ? 1 : 0), [1]),
    });
    for (let layer = 0; layer < layers; layer++) {
      const inner = (layer * count + start - low) * columns;
      whole.data.set(answer.subarray(inner, inner + (end - start) * columns), (layer * rows + start) * columns);
    }
  }
  return whole;
}

async function map(picture, { inABand = IN_A_BAND, progress = () => {} } = {}) {
  const pictures = [picture];
  while (Math.min(pictures.at(-1).width, pictures.at(-1).height) >= 2 * LEAST_SIDE) pictures.push(halve(pictures.at(-1)));
  const stride = picture.width * picture.height > LARGE ? 8 : 4;
  const steps = pictures.map((_, number) => (number ? 8 : stride));
  const places = pictures.map(({ width, height }, i) => numPlaces(width, steps[i]) * numPlaces(height, steps[i]));
  const total = places.reduce((sum, count) => sum + count);
  let [done, grid] = [0, null];
  const step = (count) => progress((done += count) / total);
  for (let number = pictures.length - 1; number >= 0; number--) {
    if (grid) handDown(grid);
    grid = await answerScale(pictures[number], grid, steps[number], inABand, step);
    pictures.pop();
  }
  const size = grid.rows * grid.columns;
  const sigma = grid.data.slice(0, size).map((value) => Math.max(0, value));
  const std = grid.data.slice(size, 2 * size).map((value) => network.stdScale * Math.exp(value / 2));
  return { sigma, std, rows: grid.rows, columns: grid.columns, stride };
}

self.onmessage = async ({ data: { kind, ...given } }) => {
  try {
    if (kind === "start") {
      await start(given);
      return postMessage({ kind: "ready" });
    }
    const picture = given.bitmap ? greyOf(given.bitmap) : given.picture;
    const found = await map(picture, { ...given, progress: (share) => postMessage({ kind: "progress", share }) });
    postMessage({ kind: "map", ...found }, [found.sigma.buffer, found.std.buffer]);
  } catch (error) {
    postMessage({ kind: "error", text: String(error?.message ?? error) });
  }
};
