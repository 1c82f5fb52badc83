// Python in this worker: it is started with what the page has loaded, and then answers one question after the other.
// `loadPyodide`, `_createPyodideModule` and `aboutPyodide` are in the same file, before this: see build.py.

"use strict";
let pyodide, asking, session;
const mounted = new Set();
const reader = new FileReaderSync();
const {port1: nobody, port2: end} = new MessageChannel();
end.close();

// Pyodide asks for two files; it gets them from here, and everything else is refused.
const serve = files => {
  globalThis.fetch = async url => {
    const name = new URL(url).pathname.slice(1);
    if (!(name in files)) throw new TypeError(`there is no ${name} here`);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/zip";
    return new Response(files[name], {headers: {"content-type": type}});
  };
};

const start = async ({wasm, stdlib, program}) => {
  serve({"pyodide.asm.wasm": wasm, "python_stdlib.zip": stdlib});
  pyodide = await loadPyodide({
    createPyodideModule: _createPyodideModule,
    indexURL: "https://nowhere.invalid/",
    packageBaseUrl: "https://nowhere.invalid/",
    lockFileContents: {info: aboutPyodide, packages: {}},
    env: {HOME: "/home", TZ: "UTC"},
  });
  pyodide.FS.filesystems.WORKERFS.stream_ops.read = readInPlace;
  pyodide.FS.writeFile("/program.zip", program);
  pyodide.FS.mkdirTree("/captures");
  pyodide.FS.mkdirTree("/inventory");
  pyodide.FS.chdir("/captures");
  pyodide.runPython("import sys; sys.path.insert(0, '/program.zip')");
  asking = pyodide.pyimport("nvgre_doctor.browser.asking");
  session = asking.Session();
};

// As WORKERFS reads, but the bytes are given away when they were copied. A browser looks for what nobody needs when it likes,
// and while Python runs that is seldom: of 1 GB, some hundred MB would wait for it.
const readInPlace = ({node}, target, offset, length, position) => {
  if (position >= node.size) return 0;
  const piece = reader.readAsArrayBuffer(node.contents.slice(position, position + length));
  const {byteLength} = piece;
  target.set(new Uint8Array(piece), offset);
  nobody.postMessage(null, [piece]);
  return byteLength;
};

// Files are read where they lie: nothing is copied.
const mount = (files, place) => {
  const {FS} = pyodide;
  if (mounted.has(place)) FS.unmount(place);
  FS.mount(FS.filesystems.WORKERFS, {blobs: files.map(({name, file}) => ({name, data: file}))}, place);
  mounted.add(place);
};

const answers = {
  diagnose({files, each, vsids, complete, inventory}, tell) {
    mount(files, "/captures");
    mount(inventory ? [{name: inventory.name, file: inventory}] : [], "/inventory");
    const names = [...new Set(files.map(({name}) => name.split("/", 1)[0]))];
    const more = {each, vsids, vsid_complete: complete, inventory: inventory ? `/inventory/${inventory.name}` : undefined};
    const summary = JSON.parse(session.diagnose.callKwargs(names, tell, more));
    return {...summary, html: session.report("html")};
  },
  report: ({format}) => session.report(format),
  annotated({capture}, tell) {
    const made = session.annotated(capture, tell);
    const bytes = made.toJs();
    made.destroy();
    return bytes;
  },
  key: ({text}) => asking.key_card(text),
};

onmessage = async ({data}) => {
  const {id, ask, start: given} = data;
  const tell = (done, total) => postMessage({id, done, total: total ?? null});
  try {
    if (given) {
      await start(given);
      postMessage({ready: true});
    } else postMessage({id, answer: answers[ask](data, tell)});
  } catch (error) {
    // What the user can mend is a sentence; all else is a fault, and this Python is not asked again.
    const ours = error.name === "PythonError" && asking ? asking.last_trouble() : undefined;
    postMessage({id, trouble: ours ?? String(error.message || error), isFault: !ours});
  }
};
