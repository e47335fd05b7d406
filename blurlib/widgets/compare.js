// Pictures of one scene over each other: a slider wipes from one of two to the other, or goes through more of them.
import { h, oncePerFrame } from "./parts/ui.js";

const A_FRAME = 150; // ms
const ENLARGED = 2; // at most, so that few pixels do not fill the page

const many = (model) => model.get("pictures").length > 2;
const inWords = (model) => {
  const [titles, at] = [model.get("titles"), model.get("at")];
  if (many(model)) return titles[Math.round(at * (titles.length - 1))];
  return `${titles[0]} on ${Math.round(100 * at)} % of the width, ${titles[1]} on the rest`;
};

async function render({ model, el }) {
  const [titles, first, last] = [model.get("titles"), model.get("at"), model.get("pictures").length - 1];
  const move = (at) => {
    model.set("at", at);
    model.save_changes();
  };
  const images = model.get("pictures").map((src, i) => h("img", { src, alt: `${model.get("text")}: ${titles[i]}` }));
  await Promise.all(images.map((image) => image.decode()));
  const step = many(model) ? 1 / last : 0.01;
  const input = h("input", { type: "range", "aria-label": `${model.get("text")}: from ${titles[0]} to ${titles[last]}` });
  Object.assign(input, { min: 0, max: Math.round(1 / step), step: 1 });
  const line = h("i");
  const stage = h("div", { className: "bw-stage" }, ...images, line, input);
  const now = h("span");
  const ends = h("div", { className: "bw-ends" }, h("span", {}, titles[0]), now, h("span", {}, titles[last]));
  const play = h("button", { type: "button", className: "bw-button", hidden: !many(model) });
  const reset = h("button", { type: "button", className: "bw-reset", hidden: !many(model) }, "Reset");
  const root = h("div", { className: `bw bw-compare ${many(model) ? "bw-many" : "bw-two"}`, role: "group", "aria-label": model.get("text") },
    ends, stage, h("div", { className: "bw-buttons" }, play, reset));
  root.style.maxWidth = `calc(${ENLARGED * images[0].naturalWidth}px + 1.75rem)`; // with the margins in compare.css

  // Once there and back, from where it stands, and only when asked to.
  let [timer, way] = [0, 1];
  const playing = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(onward, A_FRAME) : 0;
    play.textContent = on ? "Pause" : "Play";
  };
  const onward = () => {
    const place = Math.round(model.get("at") * last);
    if (place === last) way = -1;
    if (place === 0 && way < 0) return playing(false);
    move((place + way) / last);
  };
  play.addEventListener("click", () => {
    if (Math.round(model.get("at") * last) === 0) way = 1;
    playing(!timer);
  });
  input.addEventListener("input", () => {
    playing(false);
    move(Number(input.value) / Number(input.max));
  });
  reset.addEventListener("click", () => {
    playing(false);
    move(first);
  });

  const show = () => {
    const [at, text] = [model.get("at"), inWords(model)];
    input.value = Math.round(at * input.max);
    input.setAttribute("aria-valuetext", text);
    stage.style.setProperty("--at", `${100 * at}%`);
    if (!many(model)) return;
    now.textContent = text;
    images.forEach((image, i) => (image.style.visibility = i === Math.round(at * last) ? "" : "hidden"));
  };
  const refresh = oncePerFrame(show);
  model.on("change:at", refresh);
  playing(false);
  show();
  el.append(root);
  return () => {
    playing(false);
    refresh.cancel();
    model.off("change:at", refresh);
  };
}

const accept = (trait, text) => (trait === "at" && text.trim() !== "" && text >= 0 && text <= 1 ? Number(text) : undefined);

export default { render, accept };
