// Where the Sigma lab's maps are made: in a worker of this page, or in the kernel.
// An engine has `map(bitmap, file, progress)`, which gives {sigma, std, rows, columns, stride}, `cancel()`,
// `startText`, and `missing`: why it cannot work here. That of the page has `deblur(bitmap, map, progress)`,
// too, which gives {file, noise}.

// The book's pages carry a script with onnxruntime-web and the network, which is loaded when it is needed.
export function pageEngine() {
  const beside = document.querySelector('script[src*="blurlib_widgets.js"]')?.src;
  if (!beside) return null;
  let [worker, ready, fail, turn] = [null, null, null, 0]; // fail: of the map that is being made

  const loadParts = () =>
    new Promise((done, failed) => {
      if (window.blurlibSigmaLab) return done(window.blurlibSigmaLab);
      const script = Object.assign(document.createElement("script"), { src: new URL("sigma_lab_runtime.js", beside).href });
      script.onload = () => done(window.blurlibSigmaLab);
      script.onerror = () => failed(new Error("the network, sigma_lab_runtime.js, is missing beside this book's other scripts."));
      document.head.append(script);
    });

  // One message to the worker, and its answer.
  const ask = (message, transfer = [], progress = () => {}) =>
    new Promise((done, failed) => {
      if (message.kind !== "start") fail = failed;
      worker.onerror = (event) => failed(new Error(event.message || "the worker does not start."));
      worker.onmessage = ({ data }) => {
        if (data.kind === "progress") progress(data.share);
        else if (data.kind === "error") failed(new Error(data.text));
        else done(data);
      };
      worker.postMessage(message, transfer);
    });

  async function start() {
    const { ort, worker: own, ...parts } = await loadParts();
    const address = URL.createObjectURL(new Blob([ort, "\n", own], { type: "text/javascript" }));
    worker = new Worker(address);
    URL.revokeObjectURL(address);
    await ask({ kind: "start", ...parts });
  }

  async function make(message, progress) {
    const mine = ++turn;
    ready ??= start();
    await ready.catch((error) => {
      ready = null;
      throw error;
    });
    if (mine !== turn) throw new Error("it was cancelled.");
    progress(0);
    return ask(message, [message.bitmap], progress).finally(() => mine === turn && (fail = null));
  }

  return {
    startText: "Starting the network (once; 20 MB that came with this book) …",
    missing:
      typeof WebAssembly === "object" && typeof Worker === "function"
        ? ""
        : "This browser has no WebAssembly, or has it turned off, so the network cannot run in this page. `blurlib map PICTURE` does the same on the command line.",
    map: (bitmap, file, progress) => make({ kind: "map", bitmap }, progress),
    deblur: (bitmap, { sigma, std, rows, columns, stride }, progress) => make({ kind: "deblur", bitmap, sigma, std, rows, columns, stride }, progress),
    // What is being made ends at once, with its worker; a worker that waits, or starts, is kept.
    cancel() {
      turn++;
      if (!fail) return;
      worker.terminate();
      fail(new Error("it was cancelled."));
      [worker, ready, fail] = [null, null, null];
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
