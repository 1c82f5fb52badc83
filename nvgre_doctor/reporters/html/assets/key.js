"use strict";
// The bits of any key: the rules of wire/layouts.py, and the sentences of keycard.py, which the page holds.
(() => {
const {find, all, el, hex} = page;
const CONTROL = 0xffffff;
const isUsable = id => id >= 0x1000 && id < CONTROL;
const remark = id => id === CONTROL ? ", NVE to NVE" : isUsable(id) ? "" : ", reserved";
const parseKey = raw => {
  const word = raw.trim();
  const bytes = /^([0-9a-f]{2})([:\x20-])([0-9a-f]{2})\2([0-9a-f]{2})\2([0-9a-f]{2})$/i.exec(word);
  if (/^0x[0-9a-f]{1,8}$/i.test(word)) return parseInt(word, 16);
  if (bytes) return parseInt(bytes[1] + bytes[3] + bytes[4] + bytes[5], 16);
  if (/^[0-9]+$/.test(word) && !/^0[0-9]{7}$/.test(word)) return Number(word) <= 0xffffffff ? Number(word) : null;
  return /^[0-9a-f]{1,8}$/i.test(word) ? parseInt(word, 16) : null;
};
const readKey = key => {
  const vsid = Math.floor(key / 256), flow = key % 256, tni = key % 0x1000000, octet = Math.floor(key / 0x1000000);
  const isControl = vsid === CONTROL || key === CONTROL;
  const old = octet === 0 && isUsable(tni), current = isUsable(vsid);
  const reading = isControl ? "control" : old && current ? "either" : old ? "draft-00 only" : current ? "RFC 7637 only" : "neither";
  return {vsid, flow, tni, octet, isControl, old, current, reading};
};
const saidOf = (key, templates) => {
  const {vsid, flow, tni, octet, isControl, old, current, reading} = readKey(key);
  const values = {number: key, vsid, flow_id: flow, tni, octet: hex(octet, 2), vsid_as_old: hex(vsid, 8),
    tni_as_current: hex(tni * 256, 8), tni_as_current_last: hex(tni * 256 + 255, 8)};
  const names = [reading, ...(old && !isControl ? ["if-old"] : []), ...(current && !isControl ? ["if-current"] : [])];
  return names.map(name => templates[name].replace(/\{(\w+)\}/g, (_, word) => values[word]));
};
const showKey = key => {
  const {vsid, flow, tni, octet, old, current} = readKey(key);
  const [numbers, values, currentRow, oldRow] = all("tr", find("key-bits"));
  values.cells[0].textContent = hex(key, 8);
  for (let bit = 31; bit >= 0; bit--) {
    const value = Math.floor(key / 2 ** bit) % 2, box = values.cells[32 - bit];
    box.textContent = value;
    box.className = value ? "one" : "";
  }
  const fill = (row, ...words) => words.forEach((word, at) => { row.cells[at + 1].textContent = word; });
  fill(currentRow, "VSID " + vsid + remark(vsid), "FlowID " + flow, current ? "Possible" : "Not possible");
  fill(oldRow, hex(octet, 2) + (octet ? ", must be 0" : ""), "TNI " + tni + remark(tni), old ? "Possible" : "Not possible");
  find("key-said").replaceChildren(...saidOf(key, JSON.parse(find("key-words").textContent)).map(said => el("li", "", said)));
};
const keyInput = find("key-input");
keyInput.addEventListener("input", () => {
  const key = parseKey(keyInput.value);
  keyInput.setAttribute("aria-invalid", key === null);
  find("key-note").textContent = key === null ? "no GRE key: write 0x00001389, 5001 or 00:00:13:89" : "";
  if (key !== null) showKey(key);
});
document.addEventListener("click", event => {
  const chosen = event.target.closest("a.k");
  if (!chosen) return;
  keyInput.value = chosen.textContent;
  keyInput.dispatchEvent(new Event("input"));
});
})();
