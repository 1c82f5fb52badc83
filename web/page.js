// What happens when something is clicked or dropped.

const FORMATS = [
  ["html", "Report as one page (HTML)", "report.html", "text/html"],
  ["json", "JSON", "report.json", "application/json"],
  ["sarif", "SARIF, for code hosting", "report.sarif", "application/json"],
  ["junit", "JUnit XML, for CI", "report.xml", "application/xml"],
];
const MB = 1e6;
const count = bytes => (bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0);

// --- what is going on

const say = text => { find("state").textContent = text; };
const progress = (done, total) => {
  const bar = find("bar");
  bar.hidden = false;
  if (total) [bar.max, bar.value] = [total, done];
  else bar.removeAttribute("value");
};
const calm = text => {
  find("bar").hidden = find("cancel").hidden = true;
  say(text);
};
const complain = (place, text) => {
  find(place).hidden = !text;
  find(place).textContent = text;
};

// --- two views: the question, and the answer

const showQuestion = () => {
  document.title = "nvgre-doctor";
  document.body.classList.remove("answered");
  document.querySelector("iframe")?.remove();
  find("ask").hidden = false;
  find("answer").hidden = find("done").hidden = true;
  calm("Starting Python");  // as after Cancel
  python.ready().then(() => find("ask").inert || find("ask").hidden || calm("Ready"));
};

// The report is hostile text that was made harmless; it is shut in all the same: without the origin of this page, without
// requests, forms, windows and downloads. It runs its own scripts, whose hashes stand in the policy of this page.
const showAnswer = ({title, html, copies}) => {
  const frame = document.createElement("iframe");
  frame.title = "Report";
  frame.setAttribute("sandbox", "allow-scripts");
  frame.allow = "clipboard-write";
  frame.srcdoc = html;
  document.title = `${title} - nvgre-doctor`;
  document.body.classList.add("answered");
  find("ask").hidden = true;
  find("answer").hidden = find("done").hidden = false;
  find("answer").append(frame);
  closeMenu();
  offer(copies);
  calm(title);
  find("again").focus();
};

// --- questions

// `given` may be a promise: of what is in a folder, or of the sample, which comes with Python.
const diagnose = async given => {
  complain("trouble", "");
  find("ask").inert = true;
  find("cancel").hidden = false;
  find("cancel").focus();
  try {
    const files = await given;
    if (!files.length) return showQuestion();
    const size = files.reduce((sum, {file}) => sum + file.size, 0);
    say(`Reading ${files.length === 1 ? "1 file" : `${files.length} files`}, ${count(size)} MB`);
    progress(0, null);
    showAnswer(await python.ask({
      ask: "diagnose", files,
      each: find("each").checked, vsids: find("vsids").value, complete: find("complete").checked,
      inventory: find("inventory").files[0],
    }, progress));
    history.pushState("answer", "");
  } catch (error) {
    showQuestion();
    if (!error.isCancelled) complain("trouble", error.isFault ? `The program stopped: ${error.message}` : error.message);
  } finally {
    find("ask").inert = false;
  }
};

const save = (content, name, type) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

const button = (text, does) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", does);
  const item = document.createElement("li");
  item.append(made);
  return item;
};

const download = async (question, name, type) => {
  closeMenu();
  const title = find("state").textContent;
  say(`Making ${name}`);
  progress(0, null);
  try {
    save(await python.ask(question, progress), name, type);
    calm(title);
  } catch (error) {
    calm(`${name} could not be made: ${error.message}`);
  }
};

const offer = copies => find("offers").replaceChildren(
  ...FORMATS.map(([format, text, name, type]) => button(text, () => download({ask: "report", format}, name, type))),
  ...copies.map(({capture, name, whole}) => button(
    `${name} with comments for Wireshark${whole ? "" : " (large: only the frames of findings)"}`,
    () => download({ask: "annotated", capture}, `${name.replace(/^.*\//, "").replace(/\.\w+$/, "")}-annotated.pcapng`,
      "application/octet-stream"))),
);

// --- what can be clicked and dropped

for (const [id, input] of [["choose", "files"], ["choose-folder", "folder"]]) {
  find(id).addEventListener("click", () => find(input).click());
  find(input).addEventListener("change", () => {
    const chosen = captures.ofInput(find(input));
    find(input).value = "";  // so that the same can be chosen again
    diagnose(chosen);
  });
}
let sample;
find("sample").addEventListener("click", () => diagnose(loaded.then(() => [sample])));
find("cancel").addEventListener("click", () => python.cancel());
find("again").addEventListener("click", () => {
  showQuestion();
  if (history.state === "answer") history.back();
});
addEventListener("popstate", () => history.state !== "answer" && showQuestion());
// A click anywhere else closes the menu, also one into the report.
const closeMenu = () => { find("downloads").open = false; };
addEventListener("blur", closeMenu);
document.addEventListener("click", event => event.target.closest("#downloads") || closeMenu());
addEventListener("keydown", event => event.key === "Escape" && closeMenu());
addEventListener("dragover", event => {
  event.preventDefault();
  find("drop").classList.add("over");
});
addEventListener("dragleave", event => event.relatedTarget || find("drop").classList.remove("over"));
addEventListener("drop", event => {
  event.preventDefault();
  find("drop").classList.remove("over");
  if (!find("ask").inert && !find("ask").hidden) diagnose(captures.ofDrop(event.dataTransfer));
});
find("key-form").addEventListener("submit", async event => {
  event.preventDefault();
  const text = find("key-text").value;
  if (!text.trim()) return;
  complain("key-trouble", "");
  find("key-card").hidden = true;
  try {
    find("key-card").textContent = await python.ask({ask: "key", text});
    find("key-card").hidden = false;
  } catch (error) {
    complain("key-trouble", error.message);
  }
});

// --- the beginning

const begin = async () => {
  say(`Getting Python ready: ${count(manifest.packed)} MB, once`);
  progress(0, null);
  const parts = await load((done, total) => {
    say(`Getting Python ready: ${count(done)} of ${count(total)} MB, once`);
    progress(done, total);
  });
  closeTheDoor();
  sample = {name: manifest.sample, file: new File([parts.sample], manifest.sample)};
  say("Starting Python");
  progress(0, null);
  python.begin(parts);
};
const loaded = new Promise(resolve => { addEventListener("DOMContentLoaded", () => resolve(begin())); });
loaded.then(() => python.ready()).then(
  () => {
    if (!find("ask").inert) calm("Ready");
    if (manifest.worker) navigator.serviceWorker?.register(manifest.worker).catch(() => {});  // for the next visit
  },
  error => {
    calm("");
    complain("trouble", `Python cannot be started in this browser: ${error.message}`);
  },
);
