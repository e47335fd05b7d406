// The Sigma lab: the small network on the reader's own photograph, in this page or in the kernel.
import { h } from "./parts/ui.js";
import { number, choice } from "./parts/lab.js";
import { wipe, ends, parted } from "./parts/wipe.js";
import { pageEngine, kernelEngine } from "./parts/sigma_engines.js";

const LARGEST = 32e6; // pixels
const LEAST = 32; // px; a side
const SHOWN = 1400; // px; a larger picture is shown smaller
const LIMITS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]; // px; where a scale of colours may end
const NO_EVIDENCE = 0.5; // px of std, see blurlib.maps.uncertainty.no_texture
const HIDDEN = [212, 212, 212];
const KINDS = "JPEG, PNG, WebP, GIF and BMP";
// matplotlib's viridis and Oranges, as in the chapters.
const LAYERS = {
  sigma: { name: "Sigma", stops: "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725" },
  std: { name: "Uncertainty", stops: "fff5eb fee6ce fdd0a2 fdae6b fd8d3c f16913 d94801 a63603 7f2704" },
};

const rgb = (text) => [0, 2, 4].map((i) => parseInt(text.slice(i, i + 2), 16));
const table = ({ stops }) => {
  const colours = stops.split(" ").map(rgb);
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (colours.length - 1);
    const before = Math.min(Math.floor(place), colours.length - 2);
    return colours[before].map((level, k) => level + (place - before) * (colours[before + 1][k] - level));
  });
};

const controls = {
  layer: choice({ label: "Layer", options: Object.entries(LAYERS).map(([key, { name }]) => [key, name]) }),
  opacity: number({ label: "Opacity of the map", min: 0, max: 1, step: 0.05, digits: 2 }),
};

const unsure = (sigma, std) => std > Math.max(NO_EVIDENCE, (NO_EVIDENCE / 2) * sigma);
const quantile = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];
const inWords = (number) => number.toLocaleString("en", { maximumFractionDigits: 1 });

// Whether a file holds several pictures one after the other.
async function isAnimated(file) {
  const bytes = new Uint8Array(await file.slice(0, 2 ** 20).arrayBuffer());
  const text = new TextDecoder("latin1").decode(bytes);
  if (text.startsWith("GIF8")) return (text.match(/\x21\xf9\x04[^]{4}\x00[\x2c\x21]/g) ?? []).length > 1;
  if (text.slice(4, 12) === "ftypavis") return true;
  if (text.startsWith("RIFF")) return text.slice(0, 200).includes("ANIM");
  return text.slice(1, 4) === "PNG" && text.slice(0, text.indexOf("IDAT")).includes("acTL");
}

// Decode a picture file, or say what is wrong with it.
async function readFile(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((done, fail) => Object.assign(image, { onload: done, onerror: fail }));
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height > LARGEST) {
      throw new Error(`it has ${inWords((width * height) / 1e6)} megapixels; the lab takes at most ${LARGEST / 1e6}. Crop it: scaled down, it would be sharper than it is.`);
    }
    if (Math.min(width, height) < LEAST) throw new Error(`it has ${width} × ${height} pixels; each side needs at least ${LEAST}.`);
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
    return { bitmap, width: bitmap.width, height: bitmap.height };
  } catch (error) {
    if (error instanceof Error && !(error instanceof DOMException)) throw error;
    throw new Error(`it is no picture that this browser can read; ${KINDS} are.`);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

// Two layers as numpy's file: (2, rows, columns), float32.
function npy({ sigma, std, rows, columns }) {
  const facts = `{'descr': '<f4', 'fortran_order': False, 'shape': (2, ${rows}, ${columns}), }`;
  const header = `${facts.padEnd(128 - 10 - 1)}\n`;
  return new Blob([Uint8Array.of(0x93, ...[..."NUMPY"].map((c) => c.charCodeAt(0)), 1, 0, 118, 0), header, sigma, std]);
}

function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function build(model, act) {
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const button = (text, click, properties = {}) => {
    const one = h("button", { type: "button", className: "bw-button", ...properties }, text);
    one.addEventListener("click", click);
    return one;
  };
  const input = h("input", { type: "file", accept: "image/*", className: "bw-file" });
  input.addEventListener("change", () => {
    if (input.files[0]) act.open(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  const choose = h("label", { className: "bw-button bw-choose" }, input, "Choose a photograph");
  const free = Object.keys(model.get("pictures")).map((name) => button(name, () => act.free(name)));
  const source = h("div", { className: "bw-controls" }, choose,
    h("div", { className: "bw-free", role: "group", "aria-label": "Free pictures" }, h("span", { className: "bw-name" }, "or a free one:"), ...free));

  const status = h("span", { role: "status" }, "No picture yet.");
  const bar = h("progress", { max: 1, hidden: true, "aria-label": "How much of the map is done" });
  const cancel = button("Cancel", act.cancel, { hidden: true });
  const error = h("p", { className: "bw-error", role: "alert", hidden: true });

  const canvas = h("canvas", { tabIndex: 0, role: "application", hidden: true });
  const cross = h("div", { className: "bw-cross", hidden: true });
  const hint = h("p", { className: "bw-drop" }, "Drop a photograph here");
  const stage = h("div", { className: "bw-stage" }, canvas, cross, hint);
  const readout = h("p", { className: "bw-readout" });
  const spoken = h("p", { className: "bw-hidden", "aria-live": "polite" });

  const [layer, opacity] = ["layer", "opacity"].map((trait) => controls[trait].make((value) => set(trait, value)));
  const reset = button("Reset", act.reset, { className: "bw-reset" });
  const scale = h("span", { className: "bw-colours" }, h("span", {}, "0"), h("i"), h("span"));
  const hidden = h("span", { className: "bw-grey" }, h("i"), "no evidence");
  const view = h("div", { className: "bw-controls" }, layer.root, opacity.root, reset, h("div", { className: "bw-legend" }, scale, hidden));

  const places = [button("Go to the sharpest place", () => act.go("sharpest")), button("Go to the softest place", () => act.go("softest"))];
  const files = [button("Save the picture (PNG)", act.savePng), button("Save the numbers (.npy)", act.saveNpy)];
  const chart = h("svg", { viewBox: "0 0 360 130", role: "img" });
  const histogram = h("figure", { className: "bw-panel bw-histogram" }, chart, h("figcaption", {}, "How often each value stands in the map"));
  const pair = [0, 1].map((i) => h("canvas", { role: "img", "aria-label": i ? "The preview, deblurred" : "The photograph" }));
  const titles = ["photograph", "preview"];
  const slider = wipe({ pictures: pair, label: "From the photograph to the preview", steps: 100, change: (share) => over.show(share) });
  const over = { show: (share) => slider.show(share, parted(titles, share)) };
  over.show(0.5);
  const preview = h("div", { className: "bw-preview", hidden: true }, ends(titles[0], "", titles[1]), slider.root, h("p", { className: "bw-note" }));
  const make = [button("Deblur (a rough preview)", act.deblur), button("Save the preview (PNG)", act.savePreview, { hidden: true })];
  const results = h("div", { className: "bw-results", hidden: true }, view, h("div", { className: "bw-buttons" }, ...places), histogram, h("div", { className: "bw-buttons" }, ...files),
    h("div", { className: "bw-buttons" }, ...make), preview);
  const root = h("div", { className: "bw sigma-lab", role: "group", "aria-label": "Sigma lab" },
    h("p", { className: "bw-look" }, h("strong", {}, "Look: "), "is the darkest place of the map the thing that you focused on? Your picture stays in this page."),
    source, h("div", { className: "bw-state" }, status, bar, cancel), error, stage, readout, spoken, results,
    h("p", { className: "bw-question" }, h("strong", {}, "Question: "), "where does the map say “no evidence”, and what is there in the picture?"));
  return { root, input, status, bar, cancel, error, canvas, cross, hint, stage, readout, spoken, layer, opacity, scale, hidden, chart, results, make, preview, pair };
}

// Where the values of a layer's colours end, and what its numbers are, sorted.
function describe({ sigma, std }, layer) {
  const sure = layer === "std" ? std : sigma.filter((value, i) => !unsure(value, std[i]));
  const values = (sure.length ? sure : sigma).slice().sort();
  const limit = LIMITS.find((one) => one >= quantile(values, 0.99)) ?? LIMITS.at(-1);
  return { values, limit, share: 1 - sure.length / sigma.length };
}

// A layer in its colours, a pixel for each place, and its facts.
function paint(found, layer) {
  const { std, rows, columns } = found;
  const facts = describe(found, layer);
  const colours = table(LAYERS[layer]);
  const pixels = new ImageData(columns, rows);
  found[layer].forEach((value, i) => {
    const hide = layer === "sigma" && unsure(value, std[i]);
    pixels.data.set(hide ? HIDDEN : colours[Math.min(255, Math.round((255 * value) / facts.limit))], 4 * i);
    pixels.data[4 * i + 3] = 255;
  });
  const tile = h("canvas", { width: columns, height: rows });
  tile.getContext("2d").putImageData(pixels, 0, 0);
  return { facts, tile };
}

function drawHistogram(chart, { values, limit }, name) {
  const bins = new Array(40).fill(0);
  values.forEach((value) => bins[Math.min(bins.length - 1, Math.floor((value / limit) * bins.length))]++);
  const most = Math.max(...bins);
  const text = (words, x, y, anchor) => h("text", { x, y, "text-anchor": anchor }, words);
  const bars = bins.map((count, i) => h("rect", { x: 10 + 8.5 * i, y: 98 - (90 * count) / most, width: 7.5, height: (90 * count) / most, class: "bw-bar" }));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => text(`${part * limit}${part === 1 ? "+" : ""}`, 10 + 340 * part, 112, "middle"));
  chart.replaceChildren(h("line", { x1: 10, x2: 350, y1: 98.5, y2: 98.5, class: "bw-axis" }), ...bars, ...ticks, text(`${name.toLowerCase()} (px)`, 180, 127, "middle"));
  const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => quantile(values, share).toFixed(2));
  chart.setAttribute("aria-label", `Histogram of ${name.toLowerCase()}: half of the values are below ${middle} pixels, a tenth below ${low}, a tenth above ${high}.`);
}

async function render({ model, el }) {
  const engine = pageEngine() ?? kernelEngine(model);
  let [shown, found, cursor, name, turn, speaking] = [null, null, null, "", 0, 0];
  const first = Object.keys(controls).map((trait) => [trait, model.get(trait)]);
  const ui = build(model, { open, free, cancel, go, reset, deblur, savePreview: () => save(found.file, `${name}_preview.png`), savePng: () => ui.canvas.toBlob((blob) => save(blob, `${name}_${model.get("layer")}.png`)), saveNpy: () => save(npy(found), `${name}_sigma_std.npy`) });

  function say(text) {
    ui.status.textContent = text;
  }
  function busy(on) {
    ui.cancel.hidden = ui.bar.hidden = !on;
    ui.bar.removeAttribute("value");
    ui.root.setAttribute("aria-busy", on);
  }
  function complain(text) {
    ui.error.hidden = !text;
    ui.error.textContent = text;
  }

  async function free(which) {
    const file = await (await fetch(model.get("pictures")[which])).blob();
    open(new File([file], which, { type: file.type }));
  }

  async function open(file) {
    const mine = ++turn;
    engine.cancel();
    complain("");
    busy(true);
    say(`Reading ${file.name} …`);
    try {
      const [animated, picture] = await Promise.all([isAnimated(file), readFile(file)]);
      if (mine !== turn) return picture.bitmap.close();
      const { bitmap, width, height } = picture;
      const part = Math.min(1, SHOWN / Math.max(width, height));
      const small = await createImageBitmap(bitmap, { resizeWidth: Math.round(width * part), resizeHeight: Math.round(height * part), resizeQuality: "high" });
      if (mine !== turn) return bitmap.close();
      shown?.small.close();
      [shown, found, cursor, name] = [{ small, width, height, file }, null, null, file.name.replace(/\.\w+$/, "")];
      draw();
      say(engine.startText);
      const begun = performance.now();
      const progress = (share) => {
        if (mine !== turn) return;
        if (ui.bar.value === 0 || !ui.bar.hasAttribute("value")) say("Mapping …");
        ui.bar.value = share;
      };
      const answer = await engine.map(bitmap, file, progress);
      if (mine !== turn) return;
      found = answer;
      busy(false);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      const { values, share } = describe(found, "sigma");
      say(`${animated ? "An animation: this is its first picture. " : ""}${name}, ${width} × ${height} px, mapped in ${seconds} s: median sigma ${quantile(values, 0.5).toFixed(2)} px; no evidence in ${Math.round(100 * share)} %.`);
      cursor = [height >> 1, width >> 1];
      draw();
    } catch (error) {
      if (mine !== turn) return;
      busy(false);
      say(shown && !found ? "There is no map." : "");
      complain(`${file.name} cannot be mapped: ${error.message}`);
    }
  }

  // Without the blur, as far as the map says and the noise allows; the picture is read once more.
  async function deblur() {
    const [mine, { small, file }, map] = [++turn, shown, found];
    engine.cancel();
    complain("");
    busy(true);
    ui.make[0].disabled = true;
    say("Deblurring …");
    try {
      const progress = (part) => mine === turn && (ui.bar.value = part);
      const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
      if (mine !== turn) return bitmap.close();
      const { file: made, small: after, noise } = await engine.deblur(bitmap, map, [small.width, small.height], progress);
      if (mine !== turn) return after.close();
      map.file = made;
      [small, after].forEach((picture, i) => {
        Object.assign(ui.pair[i], { width: small.width, height: small.height });
        ui.pair[i].getContext("2d").drawImage(picture, 0, 0);
      });
      after.close();
      busy(false);
      const levels = (255 * noise).toFixed(1);
      ui.preview.lastChild.replaceChildren(`A rough preview: Wiener's filter for noise of ${levels} grey levels, and only where the map is sure. `, h("code", {}, "blurlib deblur"), " does better.");
      say("The preview is below; draw the handle over it.");
      draw();
    } catch (error) {
      if (mine !== turn) return;
      busy(false);
      say("There is no preview.");
      complain(`${file.name} cannot be deblurred: ${error.message}`);
    } finally {
      ui.make[0].disabled = false;
    }
  }

  function cancel() {
    turn++;
    engine.cancel();
    busy(false);
    say("Cancelled.");
  }

  function reset() {
    first.forEach(([trait, value]) => model.set(trait, value));
    model.save_changes();
  }

  function at(layer, row, column) {
    const { rows, columns, stride } = found;
    const [r, c] = [row / stride, column / stride];
    const [top, left] = [Math.floor(r), Math.floor(c)];
    const value = (i, j) => found[layer][Math.min(i, rows - 1) * columns + Math.min(j, columns - 1)];
    const mix = (one, other, share) => one + share * (other - one);
    return mix(mix(value(top, left), value(top, left + 1), c - left), mix(value(top + 1, left), value(top + 1, left + 1), c - left), r - top);
  }

  function tell([row, column]) {
    const [sigma, std] = ["sigma", "std"].map((layer) => at(layer, row, column));
    const numbers = `sigma ${sigma.toFixed(2)} px, give or take ${std.toFixed(2)}`;
    const text = `Row ${row}, column ${column}: ${unsure(sigma, std) ? `no evidence (${numbers})` : numbers}`;
    ui.readout.textContent = text;
    return text;
  }

  function move(place, aloud = true) {
    cursor = [Math.min(shown.height - 1, Math.max(0, place[0])), Math.min(shown.width - 1, Math.max(0, place[1]))];
    ui.cross.hidden = false;
    ui.cross.style.left = `${(100 * (cursor[1] + 0.5)) / shown.width}%`;
    ui.cross.style.top = `${(100 * (cursor[0] + 0.5)) / shown.height}%`;
    const text = tell(cursor);
    clearTimeout(speaking);
    if (aloud) speaking = setTimeout(() => (ui.spoken.textContent = text), 250);
  }

  function go(which) {
    const { sigma, std, columns, stride } = found;
    let best = -1;
    for (let i = 0; i < sigma.length; i++) {
      if (unsure(sigma[i], std[i])) continue;
      if (best < 0 || (which === "sharpest" ? sigma[i] < sigma[best] : sigma[i] > sigma[best])) best = i;
    }
    if (best < 0) return say("There is no evidence anywhere in this picture.");
    move([stride * Math.floor(best / columns), stride * (best % columns)]);
  }

  function draw() {
    const layer = model.get("layer");
    const opacity = model.get("opacity");
    ui.layer.show(layer);
    ui.opacity.show(opacity);
    ui.canvas.hidden = !shown;
    ui.hint.hidden = Boolean(shown);
    ui.results.hidden = ui.readout.hidden = !found;
    ui.cross.hidden = !found;
    ui.make[0].hidden = !engine.deblur;
    ui.make[1].hidden = ui.preview.hidden = !found?.file;
    if (!shown) return;
    const { small, width, height } = shown;
    if (ui.canvas.width !== small.width || ui.canvas.height !== small.height) Object.assign(ui.canvas, { width: small.width, height: small.height });
    const context = ui.canvas.getContext("2d");
    context.drawImage(small, 0, 0);
    ui.canvas.setAttribute("aria-label", `${name}, ${width} by ${height} pixels, ${found ? `under its map of ${LAYERS[layer].name.toLowerCase()}; arrow keys move the cursor, with shift ten times as far` : "without a map"}.`);
    if (!found) return;
    const { rows, columns, stride } = found;
    const { facts, tile } = ((found.painted ??= {})[layer] ??= paint(found, layer));
    // Number i of the grid speaks for pixel i * stride; a drawn pixel's middle is half a pixel in.
    const part = small.width / width;
    const start = part * (0.5 - stride / 2);
    context.save();
    context.globalAlpha = opacity;
    context.drawImage(tile, start, start, part * stride * columns, part * stride * rows);
    context.restore();
    ui.scale.children[1].style.background = `linear-gradient(to right, #${LAYERS[layer].stops.split(" ").join(", #")})`;
    ui.scale.lastChild.textContent = `${facts.limit} px or more`;
    ui.hidden.hidden = layer !== "sigma";
    drawHistogram(ui.chart, facts, LAYERS[layer].name);
    move(cursor, false);
  }

  const place = (event) => {
    const box = ui.canvas.getBoundingClientRect();
    return [Math.floor(((event.clientY - box.top) / box.height) * shown.height), Math.floor(((event.clientX - box.left) / box.width) * shown.width)];
  };
  const inside = ([row, column]) => row >= 0 && column >= 0 && row < shown.height && column < shown.width;
  ui.canvas.addEventListener("pointermove", (event) => found && inside(place(event)) && tell(place(event)));
  ui.canvas.addEventListener("pointerleave", () => found && tell(cursor));
  ui.canvas.addEventListener("pointerdown", (event) => found && move(place(event), false));
  ui.canvas.addEventListener("keydown", (event) => {
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!found || !way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const far = found.stride * (event.shiftKey ? 10 : 1);
    move([cursor[0] + far * way[0], cursor[1] + far * way[1]]);
  });
  const over = (on) => (event) => {
    event.preventDefault();
    ui.stage.classList.toggle("bw-over", on);
  };
  ui.stage.addEventListener("dragover", over(true));
  ui.stage.addEventListener("dragleave", over(false));
  ui.stage.addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) open(file);
    else complain("What was dropped is no file: save the picture first, then drop or choose the file.");
  });

  const moving = ["change:layer", "change:opacity"];
  moving.forEach((event) => model.on(event, draw));
  if (engine.missing) {
    complain(engine.missing);
    ui.root.querySelectorAll("button, input").forEach((one) => (one.disabled = true));
  }
  draw();
  el.append(ui.root);
  return () => {
    turn++;
    engine.cancel();
    moving.forEach((event) => model.off(event, draw));
  };
}

export default { render, accept: (trait, text) => controls[trait]?.accept(text) };
