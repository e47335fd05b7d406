// Pictures of one scene over each other: a slider wipes from one of two to the other, or goes through more of them.
import { h, oncePerFrame } from "./parts/ui.js";
import { wipe, ends, parted } from "./parts/wipe.js";

const A_FRAME = 150; // ms
const ENLARGED = 2; // at most, so that few pixels do not fill the page

const many = (model) => model.get("pictures").length > 2;
const inWords = (model) => {
  const [titles, at] = [model.get("titles"), model.get("at")];
  if (many(model)) return titles[Math.round(at * (titles.length - 1))];
  return parted(titles, at);
};

async function render({ model, el }) {
  const [titles, first, last] = [model.get("titles"), model.get("at"), model.get("pictures").length - 1];
  const move = (at) => {
    model.set("at", at);
    model.save_changes();
  };
  const images = model.get("pictures").map((src, i) => h("img", { src, alt: `${model.get("text")}: ${titles[i]}` }));
  await Promise.all(images.map((image) => image.decode()));
  const stage = wipe({
    pictures: images, steps: many(model) ? last : 100,
    label: `${model.get("text")}: from ${titles[0]} to ${titles[last]}`,
    change(at) {
      playing(false);
      move(at);
    },
  });
  const words = ends(titles[0], "", titles[last]);
  const play = h("button", { type: "button", className: "bw-button", hidden: !many(model) });
  const reset = h("button", { type: "button", className: "bw-reset", hidden: !many(model) }, "Reset");
  const root = h("div", { className: `bw bw-compare ${many(model) ? "bw-many" : "bw-two"}`, role: "group", "aria-label": model.get("text") },
    words, stage.root, h("div", { className: "bw-buttons" }, play, reset));
  root.style.maxWidth = `calc(${ENLARGED * images[0].naturalWidth}px + 1.75rem)`; // with the margins in base.css

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
  reset.addEventListener("click", () => {
    playing(false);
    move(first);
  });

  const show = () => {
    const text = inWords(model);
    stage.show(model.get("at"), text);
    if (many(model)) words.children[1].textContent = text;
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
