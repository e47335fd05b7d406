// Start the widgets of this page, without a kernel.
//
// blurlib_widgets.js, loaded before, holds each widget's ES module as text: a page opened from a
// file may not import from another file, but it may import text by way of a Blob.
// Each <div class="blurlib-widget" data-module data-state> becomes a live widget; until then, and
// when something fails, its poster stands there.
// The page's address holds what was moved, "#lab-MODULE?sigma=2&shape=disk": such a link, from
// elsewhere or from the page itself, sets the widget and shows it.
(() => {
  const sources = window.blurlibWidgets ?? {};
  const modules = {};

  function load(name) {
    if (!Object.hasOwn(sources, name)) throw new Error(`the page has no module named "${name}"`);
    modules[name] ??= import(URL.createObjectURL(new Blob([sources[name]], { type: "text/javascript" })));
    return modules[name];
  }

  // What anywidget gives a module as its model, with nobody at the other end.
  function localModel(state) {
    const listeners = {};
    return {
      get: (name) => state[name],
      set(name, value) {
        if (Object.is(state[name], value)) return;
        state[name] = value;
        for (const event of [`change:${name}`, "change"]) [...(listeners[event] ?? [])].forEach((call) => call());
      },
      on: (event, call) => (listeners[event] ??= new Set()).add(call),
      off: (event, call) => listeners[event]?.delete(call),
      save_changes() {},
      send() {},
    };
  }

  // Set the widget as the address says, now and whenever it changes, and write there what is moved.
  function followAddress(place, widget, model, state, first) {
    const prefix = `#${place.id}?`;
    let timer = 0;
    const read = () => {
      if (!location.hash.startsWith(prefix)) return;
      const wanted = new URLSearchParams(location.hash.slice(prefix.length));
      for (const name of Object.keys(first)) {
        const value = wanted.has(name) ? widget.accept(name, wanted.get(name)) : first[name];
        if (value !== undefined) model.set(name, value);
      }
      for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
      place.scrollIntoView();
    };
    const write = () => {
      const moved = Object.entries(first).filter(([name, value]) => state[name] !== value);
      const text = new URLSearchParams(moved.map(([name]) => [name, state[name]]));
      if (moved.length || location.hash.startsWith(prefix)) history.replaceState(null, "", prefix + text);
    };
    read();
    model.on("change", () => {
      clearTimeout(timer);
      timer = setTimeout(write, 300); // browsers refuse an address that changes at every frame
    });
    addEventListener("hashchange", read);
  }

  async function start(place, number, places) {
    const { module } = place.dataset;
    const before = [...places].slice(0, number).filter((other) => other.dataset.module === module).length;
    place.id = `lab-${module}${before ? `-${before + 1}` : ""}`;
    try {
      const { default: widget } = await load(module);
      const el = document.createElement("div");
      const state = JSON.parse(place.dataset.state);
      const model = localModel(state);
      await widget.render({ model, el });
      place.replaceChildren(el);
      const moves = Object.entries(state).filter(([name, value]) => widget.accept?.(name, String(value)) !== undefined);
      followAddress(place, widget, model, state, Object.fromEntries(moves));
    } catch (error) {
      const note = document.createElement("p");
      note.className = "bw-error";
      note.role = "alert";
      note.textContent = `This interactive figure could not start: ${error.message}`;
      place.append(note);
    }
  }

  document.querySelectorAll(".blurlib-widget").forEach(start);
})();
