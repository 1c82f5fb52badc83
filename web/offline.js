"use strict";
// Keeps the page and what it needs after the first visit, so that it opens without a network. It never sees a capture: the
// page makes no request with one.
const CACHE = "nvgre-doctor {{version}}";
const FILES = ["./", "{{file}}"];

addEventListener("install", event => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map(file => new Request(file, {cache: file === "./" ? "reload" : "default"})));
})()));

addEventListener("activate", event => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("nvgre-doctor ") && name !== CACHE) await caches.delete(name);
  }
})()));

addEventListener("fetch", event => {
  const {method, mode, url} = event.request;
  if (method !== "GET" || new URL(url).origin !== location.origin) return;
  const wanted = mode === "navigate" && /\/(index\.html)?$/.test(new URL(url).pathname) ? "./" : event.request;
  event.respondWith(caches.open(CACHE).then(cache => cache.match(wanted)).then(kept => kept ?? fetch(event.request)));
});
