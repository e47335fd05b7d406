// A place on a picture, by tap or drag, or by the arrow keys.
const WAYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Make a panel's canvas such a picture: `place` holds {row, column, height, width} and follows, and
// move({row, column}) gets each new place. A key moves by `step` pixels, with shift ten times as far.
export function pick({ canvas, root }, { place, move, step }) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  root.classList.add("bw-pick");
  const within = (value, size) => Math.min(size - 1, Math.max(0, value));
  const go = (row, column) => {
    const to = { row: within(row, place.height), column: within(column, place.width) };
    Object.assign(place, to); // at once: the next key may come before the next frame
    move(to);
  };
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const [down, across] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    go(Math.floor(down * place.height), Math.floor(across * place.width));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && point(event));
  canvas.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const far = step * (event.shiftKey ? 10 : 1);
    go(place.row + far * way[0], place.column + far * way[1]);
  });
}

// Draw a ring around a place of a picture that was painted so many times enlarged.
export function ring(canvas, row, column, enlarge) {
  const context = canvas.getContext("2d");
  for (const [colour, width] of [["#000", 8], ["#fff", 4]]) {
    context.beginPath();
    context.arc((column + 0.5) * enlarge, (row + 0.5) * enlarge, 16, 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
}
