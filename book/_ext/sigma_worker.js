// The Sigma lab's worker: a picture in, sigma and its standard deviation out, at every 4th or 8th pixel; with
// these again, a preview of the picture without its blur.
// It does what blurlib.maps.RegressionEstimator does with `sigma-net-small`: the coarsest halving of the
// picture first, each scale band by band. A band's places and `halo` rows of places around it are mended
// together; what each place alone says is computed once and kept while a band still needs it.
// `ort` (onnxruntime-web) stands before this text in the same script.
const PATCH = 32; // px; side of the largest window
const LEAST_SIDE = 32; // px; a picture is halved as long as this is left
const LARGE = 4e6; // px; larger pictures are asked at every 8th pixel
const AT_ONCE = 1500; // places whose spectra are computed at once
const IN_A_BAND = 12_000; // places that are mended at once, if the picture is not too wide
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
  ort.env.wasm.wasmBinary = undefined; // it has been compiled
}

const share = LUMA.map((weight) => Float64Array.from({ length: 256 }, (_, level) => weight * (level / 255)));

// Rows of an opaque picture: a function that gives the levels of some of them, as RGBA.
function reader(bitmap, most) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, Math.min(most, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (top, rows) => {
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    return context.getImageData(0, 0, width, rows);
  };
}

// The grey of such rows, float32 in [0, 1], from place `at` of `data` on.
function toGrey({ data: levels }, data, at = 0) {
  for (let i = 0; i < levels.length; i += 4, at++) {
    if (levels[i + 3] < 255) throw new Error("it is partly transparent; put it on a background first.");
    data[at] = share[0][levels[i]] + share[1][levels[i + 1]] + share[2][levels[i + 2]];
  }
  return data;
}

// The grey of a whole picture, a strip at a time; of a large one in 16 bits, which hold less than half as much.
function greyOf(bitmap) {
  const { width, height } = bitmap;
  const scale = width * height > LARGE ? 2 ** 16 - 1 : 1;
  const data = new (scale === 1 ? Float32Array : Uint16Array)(width * height);
  const strip = Math.max(1, Math.floor(2 ** 18 / width));
  const read = reader(bitmap, strip);
  for (let top = 0; top < height; top += strip) {
    const grey = toGrey(read(top, Math.min(strip, height - top)), new Float32Array(width * Math.min(strip, height - top)));
    data.set(scale === 1 ? grey : grey.map((value) => Math.round(scale * value)), top * width);
  }
  bitmap.close();
  return { width, height, data, scale };
}

// Means of 2 x 2 pixels; the last pixels stand in for those beyond an odd side.
function halve({ width, height, data, scale = 1 }) {
  const [wide, high] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const out = new Float32Array(wide * high);
  for (let r = 0; r < high; r++) {
    const [above, below] = [2 * r * width, Math.min(2 * r + 1, height - 1) * width];
    for (let c = 0; c < wide; c++) {
      const [left, right] = [2 * c, Math.min(2 * c + 1, width - 1)];
      out[r * wide + c] = (data[above + left] + data[above + right] + data[below + left] + data[below + right]) / 4 / scale;
    }
  }
  return { width: wide, height: high, data: out };
}

// The part of a picture that begins at (top, left), which may lie outside: mirrored about its last pixels.
// `data` may begin at a row other than the picture's first.
function framed({ width, height, data, first = 0, scale = 1 }, top, left, rows, columns) {
  const mirror = (i, n) => {
    const period = Math.max(1, 2 * n - 2);
    const place = ((i % period) + period) % period;
    return Math.min(place, period - place);
  };
  const from = Int32Array.from({ length: columns }, (_, c) => mirror(left + c, width));
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const line = (mirror(top + r, height) - first) * width;
    for (let c = 0; c < columns; c++) out[r * columns + c] = data[line + from[c]] / scale;
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

// A preview without the blur: Wiener's filter for some sigmas, tile by tile, blended by what the map says is
// to be undone. `ort`, and parts/fourier.js, stand before this text.
const TILE = 256; // px; a side
const RIM = 32; // px of a tile on every side that are not kept
const SIGMAS = [0, 0.4, 0.8, 1.2, 1.6, 2, 2.5, 3, 4, 5, 6]; // px
const CAUTION = 5; // see blurlib.restore.deblur
const NO_EVIDENCE = 0.5; // px of std, see blurlib.maps.uncertainty.no_texture
const LOOKED_AT = 250_000; // pixels
const LEAST_NOISE = 1 / 255;

// The noise, by the median of second differences along both axes, and the squares of gradients beside it.
function statistics({ width, height, rowsOf }) {
  const every = Math.max(1, Math.floor((width * height) / LOOKED_AT));
  const sizes = new Float64Array(Math.ceil((height - 2) / every) * (width - 2));
  let [count, squares] = [0, 0];
  for (let row = 1; row < height - 1; row += every) {
    const seen = rowsOf(row - 1, 3);
    for (let c = 1; c < width - 1; c++) {
      const [a, b, d] = [c, c + width, c + 2 * width];
      const corners = seen[a - 1] + seen[a + 1] + seen[d - 1] + seen[d + 1];
      sizes[count++] = Math.abs(corners - 2 * (seen[a] + seen[d] + seen[b - 1] + seen[b + 1]) + 4 * seen[b]);
      squares += (seen[b + 1] - seen[b]) ** 2 + (seen[d] - seen[b]) ** 2;
    }
  }
  const middle = sizes.subarray(0, count).sort()[count >> 1];
  const noise = Math.max(LEAST_NOISE, middle / 0.6745 / 6);
  return { noise, balance: noise ** 2 / Math.max(squares / count - 4 * noise ** 2, noise ** 2) };
}

// What each wave of a tile is multiplied by, for each sigma but 0, for which it is 1.
function filters(balance) {
  const wide = TILE / 2 + 1;
  return SIGMAS.map((sigma) => Float64Array.from({ length: TILE * wide }, (_, i) => {
    const [row, column] = [Math.min(Math.floor(i / wide), TILE - Math.floor(i / wide)), i % wide].map((k) => (2 * Math.PI * k) / TILE);
    const otf = Math.exp(-0.5 * sigma ** 2 * (row ** 2 + column ** 2));
    return sigma ? otf / (otf ** 2 + balance * (4 - 2 * Math.cos(row) - 2 * Math.cos(column))) : 1;
  }));
}

// The sigma to be undone at each place: less where the map is unsure, none where it has no evidence.
const careful = ({ sigma, std }) =>
  Float64Array.from(sigma, (one, i) => (std[i] > Math.max(NO_EVIDENCE, (NO_EVIDENCE / 2) * one) ? 0 : Math.sqrt(Math.max(0, one ** 2 - CAUTION * std[i] ** 2))));

const starts = (side, step) => Array.from({ length: Math.ceil(side / step) }, (_, k) => Math.max(0, Math.min(k * step, side - step)));

function deblur(source, found, progress) {
  const { width, height, rowsOf, put } = source;
  const { noise, balance } = statistics(source);
  const factors = filters(balance);
  const places = { rows: found.rows, columns: found.columns, data: careful(found) };
  const step = TILE - 2 * RIM;
  const [high, wide] = [Math.min(step, height), Math.min(step, width)];
  const [waves, changed, light] = [waveRoom(TILE), waveRoom(TILE), new Float64Array(TILE * TILE)];
  const [tops, lefts] = [starts(height, step), starts(width, step)];
  tops.forEach((top, band) => {
    const [first, last] = [Math.max(0, top - RIM), Math.min(height, top + high + RIM)];
    const seen = { width, height, first, data: rowsOf(first, last - first) };
    const out = new Float32Array(width * high);
    lefts.forEach((left, number) => {
      const tile = framed(seen, top - RIM, left - RIM, TILE, TILE);
      const sigma = toldAt(places, top, left, high, wide, found.stride);
      const weight = sigma.map((one) => placeOf(one)); // the number of a filter, and how far to the next
      const [low, most] = [Math.floor(weight.reduce((a, b) => Math.min(a, b))), Math.ceil(weight.reduce((a, b) => Math.max(a, b)))];
      const add = (k, of) => {
        for (let r = 0, i = 0; r < high; r++) {
          for (let c = 0; c < wide; c++, i++) {
            const part = 1 - Math.abs(weight[i] - k);
            if (part > 0) out[r * width + left + c] += part * of[(r + RIM) * TILE + c + RIM];
          }
        }
      };
      for (let r = 0; r < high; r++) out.fill(0, r * width + left, r * width + left + wide); // tiles may overlap
      if (most) toWaves(tile, waves, TILE);
      for (let k = low; k <= most; k++) {
        if (k) {
          for (const p of [0, 1]) for (let i = 0; i < changed[p].length; i++) changed[p][i] = factors[k][i] * waves[p][i];
          fromWaves(changed, light, TILE);
        }
        add(k, k ? light : tile);
      }
      progress((band + (number + 1) / lefts.length) / tops.length);
    });
    put(top, out);
  });
  return noise;
}

// Which number between SIGMAS a sigma is.
function placeOf(sigma) {
  const above = SIGMAS.findIndex((one) => one >= sigma);
  if (above <= 0) return above ? SIGMAS.length - 1 : 0;
  return above - (SIGMAS[above] - sigma) / (SIGMAS[above] - SIGMAS[above - 1]);
}

// The grid at each pixel of a part of the picture, interpolated.
function toldAt({ rows, columns, data }, top, left, high, wide, stride) {
  const out = new Float64Array(high * wide);
  for (let r = 0, i = 0; r < high; r++) {
    const down = (top + r) / stride;
    const upper = Math.min(Math.floor(down), rows - 1);
    const [a, b, part] = [upper * columns, Math.min(upper + 1, rows - 1) * columns, down - upper];
    for (let c = 0; c < wide; c++, i++) {
      const along = (left + c) / stride;
      const near = Math.min(Math.floor(along), columns - 1);
      const [far, rest] = [Math.min(near + 1, columns - 1), along - near];
      out[i] = (1 - part) * ((1 - rest) * data[a + near] + rest * data[a + far]) + part * ((1 - rest) * data[b + near] + rest * data[b + far]);
    }
  }
  return out;
}

// The preview of grey numbers, as numbers; of a picture in its colours, as a PNG file and, `shown` wide and high, as
// a bitmap.
async function preview({ picture, bitmap, shown, ...found }, progress) {
  const { width, height } = picture ?? bitmap;
  if (picture) {
    const data = new Float32Array(width * height);
    const rowsOf = (top, rows) => picture.data.subarray(top * width, (top + rows) * width);
    const noise = deblur({ width, height, rowsOf, put: (top, part) => data.set(part, top * width) }, found, progress);
    return { noise, data };
  }
  const read = reader(bitmap, TILE);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const rowsOf = (top, rows) => toGrey(read(top, rows), new Float32Array(rows * width));
  const put = (top, part) => {
    const levels = read(top, part.length / width);
    const grey = toGrey(levels, new Float32Array(part.length));
    for (let i = 0; i < part.length; i++) {
      for (let k = 4 * i; k < 4 * i + 3; k++) levels.data[k] += 255 * (part[i] - grey[i]);
    }
    context.putImageData(levels, 0, top);
  };
  const noise = deblur({ width, height, rowsOf, put }, found, progress);
  bitmap.close();
  const small = new OffscreenCanvas(...shown);
  const scaled = small.getContext("2d");
  scaled.imageSmoothingQuality = "high";
  scaled.drawImage(canvas, 0, 0, ...shown);
  return { noise, small: small.transferToImageBitmap(), file: await canvas.convertToBlob({ type: "image/png" }) };
}

self.onmessage = async ({ data: { kind, ...given } }) => {
  try {
    if (kind === "start") {
      await start(given);
      return postMessage({ kind: "ready" });
    }
    const progress = (share) => postMessage({ kind: "progress", share });
    if (kind === "deblur") {
      const made = await preview(given, progress);
      return postMessage({ kind: "deblurred", ...made }, made.small ? [made.small] : []);
    }
    const picture = given.bitmap ? greyOf(given.bitmap) : given.picture;
    const found = await map(picture, { ...given, progress });
    postMessage({ kind: "map", ...found }, [found.sigma.buffer, found.std.buffer]);
  } catch (error) {
    postMessage({ kind: "error", text: String(error?.message ?? error) });
  }
};
