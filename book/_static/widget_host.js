// Start the widgets of this page, without a kernel.
//
// blurlib_widgets.js, loaded before, holds each widget's ES module as text: a page opened from a
// file may not import from another file, but it may import text by way of a Blob.
// Each <div class="blurlib-widget" data-module data-state> becomes a live widget; until then, and
// when something fails, its poster stands there.
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

  async function start(place) {
    try {
      const { default: widget } = await load(place.dataset.module);
      const el = document.createElement("div");
      await widget.render({ model: localModel(JSON.parse(place.dataset.state)), el });
      place.replaceChildren(el);
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
