// Where the Sigma lab's maps are made: in a worker of this page, or in the kernel.
// An engine has `map(bitmap, file, progress)`, which gives {sigma, std, rows, columns, stride}, `cancel()`,
// `startText`, and `missing`: why it cannot work here. That of the page has `deblur(bitmap, map, shown,
// progress)`, too, which gives {file, small, noise}, `small` as wide and high as `shown`.

const LARGE = 4e6; // pixels; beside the preview of a larger picture the network is not kept

// The book's pages carry a script with onnxruntime-web and the network, which is loaded when it is needed, and
// let go when it has started: its text takes more memory than what runs.
export function pageEngine() {
  const beside = document.querySelector('script[src*="blurlib_widgets.js"]')?.src;
  if (!beside) return null;
  // `network` is the worker that has started, or starts; `making` is {worker, fail, kind} of what is being made.
  let [network, making, own, turn] = [null, null, "", 0];

  const loadParts = () =>
    new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: new URL("sigma_lab_runtime.js", beside).href });
      script.onload = () => {
        done(window.blurlibSigmaLab);
        delete window.blurlibSigmaLab;
        script.remove();
      };
      script.onerror = () => failed(new Error("the network, sigma_lab_runtime.js, is missing beside this book's other scripts."));
      document.head.append(script);
    });

  function work(...texts) {
    const address = URL.createObjectURL(new Blob(texts, { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    return worker;
  }

  // One message to a worker, and its answer.
  const ask = (worker, message, progress = () => {}) =>
    new Promise((done, failed) => {
      if (message.kind !== "start") making = { worker, fail: failed, kind: message.kind };
      worker.onerror = (event) => failed(new Error(event.message || "the worker does not start."));
      worker.onmessage = ({ data }) => {
        if (data.kind === "progress") progress(data.share);
        else if (data.kind === "error") failed(new Error(data.text));
        else done(data);
      };
      worker.postMessage(message, message.bitmap ? [message.bitmap] : []);
    });

  async function start() {
    const { ort, worker: text, ...parts } = await loadParts();
    own = text;
    const worker = work(ort, "\n", own);
    await ask(worker, { kind: "start", ...parts });
    return worker;
  }

  const made = (mine) => () => mine === turn && (making = null);
  const stop = async () => {
    const started = network;
    network = null;
    (await started)?.terminate();
  };

  return {
    startText: "Starting the network (once; 20 MB that came with this book) …",
    missing:
      typeof WebAssembly === "object" && typeof Worker === "function"
        ? ""
        : "This browser has no WebAssembly, or has it turned off, so the network cannot run in this page. `blurlib map PICTURE` does the same on the command line.",
    async map(bitmap, file, progress) {
      const mine = ++turn;
      network ??= start();
      const worker = await network.catch((error) => {
        network = null;
        throw error;
      });
      if (mine !== turn) throw new Error("it was cancelled.");
      progress(0);
      return ask(worker, { kind: "map", bitmap }, progress).finally(made(mine));
    },
    // In a worker of its own, which needs no network.
    async deblur(bitmap, { sigma, std, rows, columns, stride }, shown, progress) {
      const mine = ++turn;
      if (bitmap.width * bitmap.height > LARGE) await stop();
      const worker = work(own);
      progress(0);
      return ask(worker, { kind: "deblur", bitmap, shown, sigma, std, rows, columns, stride }, progress).finally(() => {
        worker.terminate();
        made(mine)();
      });
    },
    // What is being made ends at once, with its worker; the network that waits, or starts, is kept.
    cancel() {
      turn++;
      if (!making) return;
      const { worker, fail, kind } = making;
      worker.terminate();
      if (kind === "map") network = null;
      making = null;
      fail(new Error("it was cancelled."));
    },
  };
}

// The kernel gets the file and answers with the numbers.
export function kernelEngine(model) {
  let [number, listen] = [0, null];
  const stop = () => listen && model.off("msg:custom", listen);
  return {
    startText: "Asking the kernel …",
    missing: "",
    map(bitmap, file) {
      bitmap.close();
      const mine = ++number;
      return new Promise((done, failed) => {
        stop();
        listen = (content, buffers) => {
          if (content.number !== mine) return;
          stop();
          if (content.error) return failed(new Error(content.error));
          const [sigma, std] = buffers.map((part) => new Float32Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength)));
          done({ ...content, sigma, std });
        };
        model.on("msg:custom", listen);
        file.arrayBuffer().then((bytes) => model.send({ number: mine }, undefined, [bytes]), failed);
      });
    },
    cancel() {
      number++;
      stop();
    },
  };
}
