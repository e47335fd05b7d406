// Two pictures over each other, with a native range input over both that draws the left one over the other.
import { h } from "./ui.js";

// `pictures` are two elements of one shape, or more of which one is seen at a time; `steps` is what the input
// counts to; change(share) gets where it was moved. show(share, text) moves it, and says where it stands.
export function wipe({ pictures, label, steps, change }) {
  const two = pictures.length === 2;
  const input = h("input", { type: "range", "aria-label": label });
  Object.assign(input, { min: 0, max: steps, step: 1 });
  input.addEventListener("input", () => change(input.value / steps));
  const root = h("div", { className: `bw-wipe ${two ? "bw-two" : "bw-many"}` }, ...pictures, h("i"), input);
  const show = (share, text) => {
    input.value = Math.round(share * steps);
    input.setAttribute("aria-valuetext", text);
    root.style.setProperty("--at", `${100 * share}%`);
    const seen = Math.round(share * (pictures.length - 1));
    if (!two) pictures.forEach((one, i) => (one.style.visibility = i === seen ? "" : "hidden"));
  };
  return { root, input, show };
}

// What stands over two pictures, and what is said of the handle between them.
export const ends = (...words) => h("div", { className: "bw-ends" }, ...words.map((one) => h("span", {}, one)));
export const parted = (titles, share) => `${titles[0]} on ${Math.round(100 * share)} % of the width, ${titles[1]} on the rest`;
