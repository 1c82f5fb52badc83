"use strict";
// Rows that are packed in the page: unpacked, and built as elements.  Only where there are any; `lists.js` uses them.
// Elements are built of text alone: nothing that a report says is ever parsed as HTML.
const packedRows = (() => {
const {find, el, hex, counted} = page;

// --- packed rows

const WRITTEN = {
  d: String,
  x: number => hex(number, 8),
  i: number => [24, 16, 8, 0].map(shift => number / 2 ** shift & 255).join("."),
  m: number => number.toString(16).padStart(12, "0").replace(/..(?!$)/g, "$&:"),
};
const WAYS = {
  a: value => value,
  b: value => hex(Number(value), 8),
  c: value => hex(Number(value) * 256, 8),
  d: value => hex(Math.floor(Number(value) / 256), 8),
  e: value => String(Number(value)),
  f: value => String(Math.floor(Number(value) / 256)),
  g: value => String(Number(value) % 0x1000000),
};
// Without a Blob and a Response, which would go through another process of the browser.
const inflated = async text => {
  const stream = new DecompressionStream("deflate-raw"), writer = stream.writable.getWriter();
  writer.write(Uint8Array.from(atob(text), c => c.charCodeAt(0)));
  writer.close();
  const parts = [];
  let size = 0;
  for (const reader = stream.readable.getReader();;) {
    const {done, value} = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};
// The inverse of packed_rows.py and columns.py: a list of rows, each a list of texts.
const unpack = async id => {
  const bytes = await inflated(find(id).textContent);
  const size = new DataView(bytes.buffer).getUint32(0, true);
  const [total, templates, order, groups] = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  let at = 4 + size;
  const column = (packed, count) => {
    if (typeof packed === "string") return Array(count).fill(packed);
    const [letter, width, rows] = packed;
    if (typeof width !== "number") return packed;
    const numbers = new Array(rows).fill(0);
    for (let place = 0; place < width; place++) for (let row = 0; row < rows; row++) numbers[row] += bytes[at++] * 2 ** (8 * place);
    const form = letter.toLowerCase();
    if (form !== letter) for (let row = 1; row < rows; row++) numbers[row] += numbers[row - 1];
    return numbers.map(WRITTEN[form]);
  };
  const places = column(order, total).map(Number);
  const counts = templates.map(() => 0);
  for (const place of places) counts[place]++;
  const columns = groups.map((group, place) => group.map(packed => column(packed, counts[place])));
  const pieces = templates.map(template => template.split(/\x01(\d+)([a-g])/));
  const next = templates.map(() => 0);
  return places.map(place => {
    const row = next[place]++, made = pieces[place].slice();
    for (let slot = 1; slot < made.length; slot += 3) {
      made[slot] = WAYS[made[slot + 1]](columns[place][made[slot]][row]);
      made[slot + 1] = "";
    }
    return made.join("").split("\x02");
  });
};

// --- how values look: as in shown.py, row_tables.py and cards.py

const LOOKS = {"draft-00": "old", "draft-00, if NVGRE": "old", "RFC 7637": "new", "both": "both", "unknown": "unknown", "plain GRE": "unknown"};
const SEVERITIES = {error: "error", warning: "warning", info: "note"};
const LINKED = /\b0x[0-9a-f]{8}\b|(?<![\w:.])(?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f:]*:[0-9a-f:.]*[0-9a-f:])/g;
let hosts = new Set();

const link = (classes, word, target) => {
  const made = el("a", classes, word);
  made.setAttribute("href", target);
  return made;
};
const hostLink = address => link("h", address, "#host-" + address);
const keyLink = key => link("k", key, "#key");
const sentence = raw => {
  const made = document.createDocumentFragment();
  let begin = 0;
  for (const match of raw.matchAll(LINKED)) {
    const word = match[0], isKey = word.startsWith("0x");
    if (!isKey && !hosts.has(word)) continue;
    made.append(raw.slice(begin, match.index), isKey ? keyLink(word) : hostLink(word));
    begin = match.index + word.length;
  }
  made.append(raw.slice(begin));
  return made;
};
const reasons = ([first, ...others]) => {
  const made = document.createDocumentFragment();
  made.append(sentence(first));
  if (others.length) made.append(el("details", "", el("summary", "", others.length + " more"),
    el("ul", "", ...others.map(other => el("li", "", sentence(other))))));
  return made;
};
const cell = (kind, value) => {
  const made = el("td", kind);
  if (!value) return made;
  if (kind === "count") made.append(counted(value));
  else if (kind === "reasons") made.append(reasons(value.split("\x03")));
  else if (kind === "host" && hosts.has(value)) made.append(hostLink(value));
  else if (kind === "layout") made.append(el("b", "l " + LOOKS[value], value));
  else if (kind === "key") made.append(keyLink(value));
  else made.append(kind === "prose" ? sentence(value) : value);
  return made;
};
const copied = command => command ? [el("code", "copy", command)] : [];
const card = ([severity, code, likely, message, step, check, filters, frames]) => {
  const isKnown = find(code) !== null;
  const head = el("h3", "", el("b", "s " + severity, SEVERITIES[severity]), " ",
    isKnown ? link("c", code, "#" + code) : el("b", "", code));
  if (likely === "1") head.append(el("em", "", " (likely)"));
  const made = el("article", severity, head, el("p", "", sentence(message)));
  const facts = el("dl");
  const fact = (term, ...parts) => facts.append(el("dt", "", term), el("dd", "", ...parts));
  if (step) fact("Next", sentence(step));
  if (check) fact("Check", ...copied(check));
  const parts = filters.split("\x03");
  for (let at = 0; at + 1 < parts.length; at += 2)
    fact(parts[at] ? "Wireshark, " + parts[at] : "Wireshark", ...copied(parts[at + 1]));
  if (frames) fact("Seen in", frames);
  if (facts.firstChild) made.append(facts);
  return made;
};

return {unpack, cell, card, know: known => { hosts = known; }};
})();
