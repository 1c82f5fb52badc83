"use strict";
// Filter, sort and more rows: for pages on which a list is longer than a glance.
(() => {
const {find, all, el, counted, addCopyButtons} = page;
const STEP = 100, FEW = 8;
// --- lists: rows of a table or cards of a group; the first ones are there, the others packed

// Digits are padded, so that texts with numbers compare as people count.
const comparable = words => words.replace(/\d+/g, digits => digits.padStart(10, "0"));

class List {
  constructor(place) {
    this.place = place;
    this.isTable = place.dataset.list === "rows";
    this.into = place.querySelector(this.isTable ? "tbody" : ".cards") ?? place;
    this.kinds = all("thead th", place).map(th => th.className);
    this.items = [...this.into.children].map(node => ({node}));
    this.packedId = place.id + "-rows";
    this.isPacked = find(this.packedId) !== null;
    this.total = this.items.length;
    this.limit = this.items.length;
    this.words = [];
    this.severity = "";
    this.button = el("button", "tools", "Show more");
    this.button.addEventListener("click", () => { this.limit += STEP; this.show(); });
    this.into.after(this.button);
    if (this.isTable) this.into.closest(".scroll").after(this.button);
    this.button.hidden = !this.isPacked;
  }
  async load() {
    if (!this.loading) this.loading = (async () => {
      if (!this.isPacked) return;
      for (const values of await packedRows.unpack(this.packedId)) this.items.push({values});
      find(this.packedId).remove();
      this.isPacked = false;
      if (this !== hostsList) await hostsList.load();
      packedRows.know(new Set(hostsList.items.map(item => item.values ? item.values[0] : item.node.id.slice(5))));
    })();
    await this.loading;
  }
  text(item) {
    return item.text ??= (item.values ? this.written(item.values) : item.node.textContent).toLowerCase();
  }
  written(values) {
    return values.map((value, at) => this.kinds[at] === "count" && value ? counted(value) : value).join(" ");
  }
  value(item, at) {
    const words = item.values ? item.values[at] : item.node.children[at].textContent;
    return this.kinds[at] === "count" ? Number(words.replaceAll(",", "")) : comparable(words);
  }
  node(item) {
    if (!item.node) {
      item.node = this.isTable
        ? el("tr", "", ...item.values.map((value, at) => packedRows.cell(this.kinds[at], value)))
        : packedRows.card(item.values);
      if (this.kinds[0] === "id") item.node.id = "host-" + item.values[0];
      if (!this.isTable) addCopyButtons(item.node);
    }
    return item.node;
  }
  isWanted(item) {
    if (this.severity && (item.values ? item.values[0] : item.node.className) !== this.severity) return false;
    const text = this.words.length ? this.text(item) : "";
    return this.words.every(word => text.includes(word));
  }
  async filter(words, severity = "") {
    if (words.length || severity) await this.load();
    this.words = words;
    this.severity = severity;
    this.limit = Math.max(STEP, this.total);
    return this.show();
  }
  async sort(at, isDescending) {
    await this.load();
    const keyed = this.items.map(item => [this.value(item, at), item]);
    const sign = isDescending ? -1 : 1;
    keyed.sort(([a], [b]) => a < b ? -sign : a > b ? sign : 0);
    this.items = keyed.map(([, item]) => item);
    this.show();
  }
  async show() {
    if (this.limit > this.items.length) await this.load();
    const wanted = this.words.length || this.severity ? this.items.filter(item => this.isWanted(item)) : this.items;
    this.into.replaceChildren(...wanted.slice(0, this.limit).map(item => this.node(item)));
    this.button.hidden = wanted.length <= this.limit && !this.isPacked;
    return wanted.length;
  }
}

const lists = all("[data-list]").map(place => new List(place));
const hostsList = lists.find(list => list.place.id === "hosts");

const filterTools = (of, label, severities) => {
  const input = el("input");
  input.type = "search";
  const said = el("output");
  said.setAttribute("aria-live", "polite");
  const tools = el("p", "tools", el("label", "", label + " ", input));
  const severity = el("select");
  if (severities) {
    for (const [value, word] of [["", "all"], ["error", "errors"], ["warning", "warnings"], ["info", "notes"]]) severity.append(new Option(word, value));
    tools.append(el("label", "", "Severity ", severity));
  }
  tools.append(said);
  const apply = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, total = 0;
    for (const list of of) {
      const found = await list.filter(words, severity.value);
      shown += found;
      total += list.items.length;
      if (list.place.matches("details")) {
        list.place.hidden = found === 0;
        if (words.length || severity.value) list.place.open = true;
      }
    }
    said.textContent = words.length || severity.value ? counted(shown) + " of " + counted(total) : "";
  };
  input.addEventListener("input", apply);
  severity.addEventListener("change", apply);
  return {tools, input, apply};
};

const filters = new Map();
for (const list of lists.filter(list => list.isTable)) {
  const made = filterTools([list], "Filter", false);
  filters.set(list, made);
  if (list.total < FEW) continue;
  list.place.querySelector("h2").after(made.tools);
  all("thead th", list.place).forEach((th, at) => {
    const button = el("button", "", ...th.childNodes);
    th.append(button);
    button.addEventListener("click", async () => {
      const isDescending = th.getAttribute("aria-sort") === "ascending";
      all("thead th", list.place).forEach(other => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      list.sort(at, isDescending);
    });
  });
}
const cards = lists.filter(list => !list.isTable);
if (cards.length > 1 || cards.some(list => list.total >= FEW)) {
  const made = filterTools(cards, "Filter findings", true);
  find("findings").querySelector("h2").after(made.tools);
}

page.seek = async name => {
  if (!name.startsWith("host-") || !hostsList) return;
  const {input, apply} = filters.get(hostsList);
  input.value = name.slice(5);
  await apply();
};
})();
