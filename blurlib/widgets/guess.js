// Beat the network: guess the sigma of ten patches, beside the network and what anybody could do.
import { gaussianPsf, convolve } from "./parts/psf.js";
import { recorded } from "./parts/fourier.js";
import { square, rms } from "./parts/patches.js";
import { chart } from "./parts/chart.js";
import { lab, number, choice, facts } from "./parts/lab.js";
import { h, panel, readPicture, paint } from "./parts/ui.js";

const [LOW, HIGH] = [0.3, 3]; // px, of sigma
const ROUNDS = 10;
const ROUND_X = { low: 0.5, high: ROUNDS + 0.5, ticks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], label: "round" };
const SIGMA_Y = { low: 0, high: 4, ticks: [0, 1, 2, 3, 4], label: "sigma (px)" };
const pixels = (value) => `${value.toFixed(2)} px`;

// The button that adds the slider's value to the guesses.
const guessing = {
  make(change) {
    const root = h("button", { type: "button", className: "bw-button" }, "Guess");
    let next;
    root.addEventListener("click", () => requestAnimationFrame(() => change(next))); // after what the slider last said is shown
    const show = (guesses, sigma) => {
      next = [...guesses, sigma];
      root.disabled = guesses.length >= ROUNDS;
    };
    return { root, show };
  },
  accept(text) {
    const guesses = text === "" ? [] : text.split(",").map(Number);
    return guesses.length <= ROUNDS && guesses.every((one) => one >= LOW && one <= HIGH) ? guesses : undefined;
  },
};

export default lab({
  title: "Beat the network",
  name: "guess-lab",
  look: "the smaller the window and the stronger the noise, the less a patch tells, to you and to the network.",
  question: "with noise and a window of 16 px the network errs less than the bound of answers without bias: how can it?",
  controls: {
    noise: choice({ label: "Noise (grey levels)", options: [[0, "0"], [4, "4"]] }),
    window: choice({ label: "Window (px)", options: [[16, "16"], [24, "24"], [32, "32"]] }),
    sigma: number({ label: "Your sigma", unit: "px", min: LOW, max: HIGH, step: 0.05, digits: 2 }),
    guesses: guessing,
  },
  loads: ["games", "example"],
  async load(model) {
    const entries = Object.entries(model.get("games")).map(async ([name, game]) => [name, { ...game, sheet: await readPicture(game.patches) }]);
    return { model, games: Object.fromEntries(await Promise.all(entries)), example: await readPicture(model.get("example")) };
  },
  build() {
    const [patch, example] = [panel("The patch"), panel("Another texture, blurred by your sigma")];
    const rounds = chart({ caption: "Rounds", className: "bw-rounds", curves: [["yours", "you"], ["network", "network"], ["truth", "truth"]] });
    const numbers = facts(["Round", "Last truth", "Your RMSE", "The network's", "Bound without bias", "Always 1.65 px"]);
    return { patch, example, rounds, numbers, panels: [patch, example, rounds, numbers] };
  },
  draw({ values, data, ui, shown }) {
    const { noise, window: size, sigma } = values;
    const key = `${noise}-${size}`;
    // Another game begins anew, unless its guesses came with it.
    if (data.key !== key && data.guesses === values.guesses && values.guesses.length) {
      data.model.set("guesses", []);
      data.model.save_changes();
    }
    const guesses = data.model.get("guesses");
    Object.assign(data, { key, guesses });
    shown.guesses.show(guesses, sigma);

    const { sheet, truth, network, bound } = data.games[key];
    const played = guesses.length;
    const round = Math.min(played, ROUNDS - 1);
    const sharp = square(data.example, size, 0);
    paint(ui.patch.canvas, square(sheet, size, round * size), 8);
    paint(ui.example.canvas, recorded(convolve(sharp, gaussianPsf(sigma)), { contrast: 1, noise, rounding: "8 bits" }), 8);
    ui.patch.note.textContent = `${round + 1} of ${ROUNDS}`;

    ui.rounds.setAxes(ROUND_X, SIGMA_Y);
    const upTo = (list) => list.slice(0, played).map((value, i) => [i + 1, value]);
    Object.entries({ yours: guesses, network, truth }).forEach(([name, list]) => ui.rounds.curve(name, upTo(list)));
    const error = (list) => (played ? pixels(rms(list.slice(0, played).map((value, i) => value - truth[i]))) : "–");
    const results = [error(guesses), error(network), played ? pixels(rms(bound.slice(0, played))) : "–", error(truth.map(() => (LOW + HIGH) / 2))];
    const last = played ? pixels(truth[played - 1]) : "–";
    ui.numbers.show(played < ROUNDS ? `${round + 1} of ${ROUNDS}` : "finished", last, ...results);

    ui.patch.say(`patch ${round + 1} of ${ROUNDS}, ${size} by ${size} pixels, noise of ${noise} grey levels`);
    ui.example.say(`another texture blurred by ${pixels(sigma)}`);
    const so = `after ${played} of ${ROUNDS} rounds your RMSE is ${results[0]}, the network's ${results[1]}, the bound ${results[2]}`;
    ui.rounds.say(played ? `Rounds: ${so}.` : "Rounds: none played yet.");
    if (!played) return `round 1 of ${ROUNDS}: your sigma is ${pixels(sigma)}`;
    const verdict = `truth ${last}, you ${pixels(guesses[played - 1])}, network ${pixels(network[played - 1])}`;
    return `${verdict}; ${so}`;
  },
});
