// What a reader would see on the page, as plain data. Run inside the page by visits.py.
() => {
  const main = document.querySelector("main") || document.body;
  const shown = (el) => el.checkVisibility() && getComputedStyle(el).visibility === "visible";
  const start = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const SKIP = "script, style, template, pre, code, mjx-container, svg, .visually-hidden";

  // Texts outside code and rendered formulas.
  const texts = [];
  const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && !parent.closest(SKIP)) texts.push(walker.currentNode.data);
  }

  // WCAG contrast of every visible text, code included, against the paint behind it.
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => [0, 1, 2].map((k) => top[3] * top[k] + (1 - top[3]) * under[k]).concat(1);
  const behind = (el) => {
    const layers = [];
    for (let up = el; up; up = up.parentElement) {
      layers.push(parse(getComputedStyle(up).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((c) => {
      c /= 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const weak = [];
  for (const el of main.querySelectorAll("*")) {
    const own = [...el.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!own.length || !shown(el) || el.closest("script, style, svg, mjx-container, .headerlink, [disabled]")) continue;
    const style = getComputedStyle(el);
    const ground = behind(el);
    const ratio = contrast(over(parse(style.color), ground), ground);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) weak.push([ratio, start(own[0].data), `${el.tagName}.${el.className}`]);
  }

  // What scrolls sideways shows a shade at its edge, which stays while the rest moves.
  const unsigned = [...main.querySelectorAll("*")]
    .filter((el) => el.scrollWidth > el.clientWidth + 1 && el.clientWidth && shown(el) && !el.closest(".bd-sidebar-secondary"))
    .filter((el) => /auto|scroll/.test(getComputedStyle(el).overflowX) && !/local.*scroll/.test(getComputedStyle(el).backgroundAttachment))
    .map((el) => `${el.tagName}.${el.className} ${start(el.textContent)}`);

  // A numbered equation, or what a cell printed, is read without scrolling.
  const scrolled = [...main.querySelectorAll("div.math[id] mjx-container, .cell_output pre")]
    .filter((el) => shown(el) && el.scrollWidth > el.clientWidth + 1)
    .map((el) => el.closest("[id^=equation]")?.id || start(el.textContent));

  const root = document.documentElement;
  const widest = [...document.body.querySelectorAll("*")]
    .filter((el) => shown(el) && el.getBoundingClientRect().right > root.clientWidth + 1)
    .map((el) => `${el.tagName}.${el.className}`);
  const images = [...document.images];
  const math = [...document.querySelectorAll(".math")];
  return {
    theme: root.dataset.theme,
    windowWidth: root.clientWidth,
    pageWidth: Math.max(root.scrollWidth, document.body.scrollWidth),
    widest: widest.slice(0, 4).join(" > "),
    text: texts.join(" "),
    unrenderedMath: math.filter((el) => !el.querySelector("mjx-container")).map((el) => start(el.textContent)),
    mathErrors: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map((el) => start(el.textContent)),
    noAlt: images.filter((el) => !el.alt.trim()).map((el) => el.src.slice(-60)),
    brokenImages: images.filter((el) => !el.complete || !el.naturalWidth).map((el) => el.src.slice(-60)),
    weak: weak.slice(0, 12),
    unsigned: unsigned.slice(0, 4),
    scrolled,
  };
};
