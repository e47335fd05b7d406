// What every laboratory has: controls that show their values, a sentence that says what to look
// for, a question, "reset", and its state told to those who cannot see it.
import { h, slider, segmented, oncePerFrame } from "./ui.js";

const TOLD_AFTER = 600; // ms without a change, so that a moving slider is not read aloud at each step

// A number by a slider. `values` lists those the slider stops at, where they are not equally far apart.
export function number({ label, unit = "", min, max, step, digits = 0, values }) {
  return {
    make: (change) => slider({ label, unit, min, max, step, digits, values, change }),
    accept(text) {
      const value = text.trim() === "" ? NaN : Number(text);
      const [low, high] = values ? [values[0], values.at(-1)] : [min, max];
      return value >= low && value <= high && (!values || Number.isInteger(value)) ? value : undefined;
    },
  };
}

// One of a few: `options` are [value, text] pairs.
export function choice({ label, options }) {
  return {
    make: (change) => segmented({ label, options, change }),
    accept: (text) => options.map(([value]) => value).find((value) => String(value) === text),
  };
}

// A whole number that a button moves on, from `max` back to 0.
export function counter({ label, max }) {
  return {
    make(change) {
      const [text, root] = [h("span"), h("button", { type: "button", className: "bw-button" }, label, " ")];
      let now;
      root.append(text);
      root.addEventListener("click", () => change(now < max ? now + 1 : 0));
      return { root, show: (value) => ((now = value), (text.textContent = `(${value})`)) };
    },
    accept: number({ values: [0, max] }).accept,
  };
}

// A widget's module. `controls` holds a number or choice for each trait that a reader moves.
// load(model) awaits what is drawn of (again whenever one of the traits `loads` changes);
// build() makes the panels, a list of {root}, as `panels`, and whatever else draw needs;
// draw({values, data, ui, shown, again}) paints, and returns the sentence that tells the state; again()
// asks for it once more in the next frame, for what takes longer than one.
export function lab({ title, name, look, question, controls, loads = [], load = async () => null, build, draw }) {
  const traits = Object.keys(controls);

  async function render({ model, el }) {
    const set = (trait, value) => model.set(trait, value);
    const change = (trait) => (value) => {
      set(trait, value);
      model.save_changes();
    };
    const valuesNow = () => Object.fromEntries(traits.map((trait) => [trait, model.get(trait)]));
    const initial = valuesNow();
    let data = await load(model);
    const ui = build();
    const shown = Object.fromEntries(traits.map((trait) => [trait, controls[trait].make(change(trait))]));
    const reset = h("button", { type: "button", className: "bw-reset" }, "Reset");
    reset.addEventListener("click", () => {
      traits.forEach((trait) => set(trait, initial[trait]));
      model.save_changes();
    });
    const told = h("p", { className: "bw-hidden", role: "status" });
    const root = h("div", { className: `bw ${name}`, role: "group", "aria-label": title },
      h("p", { className: "bw-look" }, h("strong", {}, "Look: "), look),
      h("div", { className: "bw-controls" }, ...traits.map((trait) => shown[trait].root), reset),
      h("div", { className: "bw-grid-panels" }, ...ui.panels.map((part) => part.root)),
      h("p", { className: "bw-question" }, h("strong", {}, "Question: "), question), told);

    let timer = 0;
    const show = () => {
      const values = valuesNow();
      traits.forEach((trait) => shown[trait].show(values[trait]));
      return draw({ values, data, ui, shown, root, again: refresh });
    };
    const refresh = oncePerFrame(() => {
      const text = show();
      clearTimeout(timer);
      timer = setTimeout(() => told.textContent !== text && (told.textContent = text), TOLD_AFTER);
    });
    const reload = async () => {
      data = await load(model);
      refresh();
    };
    const listeners = [...traits.map((trait) => [trait, refresh]), ...loads.map((trait) => [trait, reload])];
    listeners.forEach(([trait, call]) => model.on(`change:${trait}`, call));
    show();
    el.append(root);
    const again = oncePerFrame(show); // what hangs on the width, and nothing to be told
    const resized = new ResizeObserver(again);
    resized.observe(root);
    return () => {
      resized.disconnect();
      again.cancel();
      refresh.cancel();
      clearTimeout(timer);
      listeners.forEach(([trait, call]) => model.off(`change:${trait}`, call));
    };
  }

  // What a text in the page's address means for a trait; undefined if it is none of its values.
  const accept = (trait, text) => (traits.includes(trait) ? controls[trait].accept(text) : undefined);
  return { render, accept };
}

// Name and value pairs; `show` takes the values in the same order.
export function facts(names) {
  const cells = names.map(() => h("dd"));
  const rows = names.map((name, i) => h("div", {}, h("dt", {}, name), cells[i]));
  const root = h("dl", { className: "bw-facts" }, ...rows);
  return { root, show: (...values) => values.forEach((value, i) => (cells[i].textContent = value)) };
}
