// Python in a worker: questions and answers. One at a time is in hand; Cancel ends the worker, and another one starts.
// The worker is made of a blob: so it inherits the policy of this page, whatever the server says.

const python = (() => {
  let worker, parts, isReady, number = 0;
  const waiting = new Map();

  const start = () => new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([parts["worker.js"]], {type: "text/javascript"}));
    worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = ({data}) => {
      const asked = waiting.get(data.id);
      if (data.ready) resolve();
      else if (!asked) reject(new Error(data.trouble));
      else if ("done" in data) asked.tell?.(data.done, data.total);
      else {
        waiting.delete(data.id);
        if ("answer" in data) return asked.resolve(data.answer);
        asked.reject(Object.assign(new Error(data.trouble), {isFault: data.isFault}));
        if (data.isFault) restart();
      }
    };
    worker.onerror = event => {
      const error = new Error(event.message || "the worker cannot be started");
      reject(error);
      giveUp(error);
    };
    worker.postMessage({start: {
      wasm: parts["pyodide.asm.wasm"], stdlib: parts["python_stdlib.zip"], program: parts["program.zip"],
    }});
  });

  const giveUp = error => {
    for (const {reject} of waiting.values()) reject(error);
    waiting.clear();
  };

  const restart = () => {
    worker.terminate();
    isReady = start();
  };

  return {
    begin(loaded) {
      parts = loaded;
      isReady = start();
    },
    ready: () => isReady,
    ask: (question, tell) => new Promise((resolve, reject) => {
      const id = ++number;
      waiting.set(id, {resolve, reject, tell});
      loaded.then(() => isReady).then(() => {
        if (waiting.has(id)) worker.postMessage({id, ...question});  // else it was cancelled meanwhile
      }).catch(reject);
    }),
    cancel() {
      giveUp(Object.assign(new Error("cancelled"), {isCancelled: true}));
      restart();
    },
  };
})();
