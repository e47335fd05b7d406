// What every widget is made of: elements, native controls, pictures on a canvas.

// h("p", {className: "note"}, "text", child): an element with properties, attributes and children.
export function h(tag, properties = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "text", "rect", "circle", "ellipse"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (!svg && name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// A labelled range input with its value and unit; `show(value, note)` moves it without an event.
// With a list of `values` the input counts along it, and shows the one nearest to what is set.
export function slider({ label, unit, min, max, step, digits, values, change }) {
  const input = h("input", { type: "range", "aria-label": label });
  Object.assign(input, values ? { min: 0, max: values.length - 1, step: 1 } : { min, max, step });
  const output = h("span", { className: "bw-value" }); // not <output>: the label would name it, not the input
  const root = h("label", { className: "bw-slider" }, h("span", { className: "bw-name" }, label), output, input);
  input.addEventListener("input", () => change(values ? values[Number(input.value)] : Number(input.value)));
  const nearest = (value) =>
    values.reduce((best, one, i) => (Math.abs(one - value) < Math.abs(values[best] - value) ? i : best), 0);
  const show = (value, note = "") => {
    const place = values ? nearest(value) : value;
    if (Number(input.value) !== place) input.value = place;
    const number = values ? value.toLocaleString("en") : value.toFixed(digits);
    const text = `${number}${unit === "°" || !unit ? "" : " "}${unit}${note}`;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  return { root, input, show };
}

// One of a few: native radio buttons that look like one bar. `options` are [value, text] pairs.
export function segmented({ label, options, change }) {
  const name = `bw-${Math.random().toString(36).slice(2)}`; // radios of one name exclude each other
  const inputs = options.map(([value]) => h("input", { type: "radio", name, value }));
  const labels = options.map(([, text], i) => h("label", {}, inputs[i], h("span", {}, text)));
  const bar = h("div", { className: "bw-segmented", role: "radiogroup", "aria-label": label }, ...labels);
  const root = h("div", { className: "bw-choice" }, h("span", { className: "bw-name" }, label), bar);
  inputs.forEach((input, i) => input.addEventListener("change", () => change(options[i][0])));
  const show = (value) => inputs.forEach((input, i) => (input.checked = options[i][0] === value));
  return { root, inputs, show };
}

// A canvas with a caption; `say` tells what it shows to those who cannot see it.
export function panel(caption, className = "") {
  const canvas = h("canvas", { role: "img", "aria-label": caption });
  const note = h("span", { className: "bw-note" });
  const root = h("figure", { className: `bw-panel ${className}` }, canvas, h("figcaption", {}, caption, " ", note));
  const say = (text) => canvas.setAttribute("aria-label", text);
  return { root, canvas, note, say };
}

// Run `work` at most once a frame, however often it is asked for.
export function oncePerFrame(work) {
  let frame = 0;
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      work();
    });
  };
  ask.cancel = () => cancelAnimationFrame(frame);
  return ask;
}

// Read a grey picture from a data URI: {width, height, data}, values in [0, 1].
export async function readPicture(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = h("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  return { width, height, data: Float64Array.from({ length: width * height }, (_, i) => pixels[4 * i] / 255) };
}

const GREY = Uint32Array.from({ length: 256 }, (_, level) => 0xff000000 + level * 0x010101);

const smalls = new WeakMap(); // for each canvas its picture before it is enlarged

// Paint values in [0, 1], grey or in a table of 256 colours; whole enlarged pixels, so that the
// browser's scaling adds no blur.
export function paint(canvas, { width, height, data }, enlarge = 4, colours = GREY) {
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[Math.round(255 * Math.min(1, Math.max(0, data[i])))];
  const small = smalls.get(canvas) ?? h("canvas");
  smalls.set(canvas, small);
  if (small.width !== width || small.height !== height) Object.assign(small, { width, height });
  small.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  if (canvas.width !== width * enlarge || canvas.height !== height * enlarge) {
    Object.assign(canvas, { width: width * enlarge, height: height * enlarge });
  }
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height); // what is NaN stays empty
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

const held = new WeakMap();

// Paint a picture that nothing is drawn over, unless the canvas holds it already.
export function paintOnce(canvas, picture) {
  if (held.get(canvas) !== picture) paint(canvas, picture);
  held.set(canvas, picture);
}
