"use strict";
// What every page can do that its HTML cannot: copy, light and dark, print, follow links.
// Strings have double quotes and regular expressions no spaces: so the page is made without the spaces of this file.
// Elements are built of text alone: nothing that a report says is ever parsed as HTML.
const page = (() => {
const find = id => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const el = (name, classes, ...children) => {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (name === "button") made.type = name;
  made.append(...children);
  return made;
};
const hex = (value, digits) => "0x" + value.toString(16).padStart(digits, "0");
// toLocaleString would take seconds for the counts of all rows.
const counted = number => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
document.documentElement.classList.add("js");

// --- copy

const addCopyButtons = within => all("code.copy", within).forEach(code => {
  const button = el("button", "", "Copy");
  button.setAttribute("aria-label", "Copy " + code.textContent);
  code.after(button);
});
addCopyButtons(document);
document.addEventListener("click", async event => {
  const button = event.target.closest(".copy + button");
  if (!button) return;
  const code = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
});

// --- light and dark, print

const darkRule = [...document.styleSheets[0].cssRules].find(rule => rule.conditionText?.includes("prefers-color-scheme"));
find("theme").addEventListener("click", () => {
  const isDark = matchMedia(darkRule.media.mediaText).matches;
  darkRule.media.mediaText = isDark ? "not all" : "screen";
});
let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open])");
  closed.forEach(details => { details.open = true; });
});
addEventListener("afterprint", () => closed.forEach(details => { details.open = false; }));

// --- links to a host, to an explanation, to a key

const go = async name => {
  if (!name) return;
  if (!find(name)) await shared.seek(name);
  const target = find(name);
  if (!target) return;
  const details = target.closest("details");
  if (details) details.open = true;
  all("tr.found").forEach(row => row.classList.remove("found"));
  if (target.matches("tr")) target.classList.add("found");
  target.scrollIntoView();
};
const goToHash = () => go(location.hash.slice(1));
addEventListener("hashchange", goToHash);
addEventListener("DOMContentLoaded", goToHash);
// In a frame that is shut off from the page around it, "#map" would lead out of the report.
if (parent !== window) document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  go(link.getAttribute("href").slice(1));
});

// `seek` brings out what is packed: lists.js sets it.
const shared = {find, all, el, hex, counted, addCopyButtons, seek: () => {}};
return shared;
})();
