// Open pages in a browser, do what is asked on standard input, and say as JSON what happened: a line for each line.  To start
// a browser takes longer than most that is asked of it; each line gets a context of its own, which knows nothing of the others.
//
// node drive.mjs chromium|firefox PROGRAM DOWNLOADS
// [{"url", "width", "height", "dark", "javascript", "before": SCRIPT, "steps": [...]}]
//     -> {"told": [{"results": [one for each step], "requests", "messages"}]} or {"error": TEXT}
// A step is {"run": EXPRESSION}, {"axe": true|"colors"}, {"shot": PNG}, {"whole": PNG}, {"press": KEY}, {"type": TEXT},
// {"click": SELECTOR}, {"give": {SELECTOR: [FILE]}}, {"until": EXPRESSION}, {"inside": EXPRESSION} in the frame of the page,
// {"peak": EXPRESSION} as until, and how many MB a tab held at most meanwhile, {"get": URL} by this process, {"reload": true}, {"media": {FEATURE: VALUE}} (Chromium), {"medium": "print"}, {"pdf": FILE} (Chromium).
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");
const [name, program, downloads] = process.argv.slice(2);
const isFirefox = name === "firefox";
const browser = await puppeteer.launch({
  browser: isFirefox ? "firefox" : "chrome",
  executablePath: program,
  headless: true,
  args: isFirefox ? [] : ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  extraPrefsFirefox: { "browser.download.folderList": 2, "browser.download.dir": downloads },
});

const EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const COLORS = { type: "rule", values: ["color-contrast", "link-in-text-block"] };
const check = async (page, what) => {
  await page.evaluate(axe);
  return page.evaluate(async runOnly => {
    const { violations } = await globalThis.axe.run(document, { runOnly });
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 5).map(n => `${n.html} ${n.failureSummary}`) }));
  }, what);
};

// MB of the largest process of the browser that shows pages: what is its own, and its share of the rest (Linux).
const parentOf = id => Number(readFileSync(`/proc/${id}/stat`, "latin1").replace(/^.*\) /, "").split(" ")[1]);
const isOurs = id => id === browser.process().pid || (id > 1 && isOurs(parentOf(id)));
const memory = () => {
  let most = 0;
  for (const id of readdirSync("/proc").filter(name => /^\d+$/.test(name)).map(Number)) {
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, "latin1");
      if (!/--type=renderer|-contentproc/.test(command) || !isOurs(id)) continue;
      const [, kb] = /^Pss: +(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "latin1"));
      most = Math.max(most, kb / 1024);
    } catch (error) {
      if (!["ENOENT", "ESRCH"].includes(error.code)) throw error;  // it has ended
    }
  }
  return most;
};

const does = {
  run: (page, expression) => page.evaluate(expression),
  axe: (page, what) => check(page, what === "colors" ? COLORS : EVERYTHING),
  shot: async (page, path) => { await page.screenshot({ path, fullPage: false }); },
  whole: async (page, path) => { await page.screenshot({ path, fullPage: true }); },
  press: (page, key) => page.keyboard.press(key),
  type: (page, text) => page.keyboard.type(text),
  click: (page, selector) => page.click(selector),
  give: async (page, files) => {
    for (const [selector, paths] of Object.entries(files)) await (await page.$(selector)).uploadFile(...paths);
  },
  until: async (page, expression) => {
    const begin = performance.now();
    while (!await page.evaluate(expression)) {
      if (performance.now() - begin > 90_000) throw new Error(`never: ${expression}; ${await page.evaluate("document.body.innerText")}`);
      await new Promise(done => setTimeout(done, 20));
    }
    return performance.now() - begin;
  },
  peak: async (page, expression) => {
    let most = 0;
    const timer = setInterval(() => { most = Math.max(most, memory()); }, 100);
    try {
      await does.until(page, expression);
    } finally {
      clearInterval(timer);
    }
    return Math.round(most);
  },
  inside: async (page, expression) => {
    const frame = await (await page.waitForSelector("iframe")).contentFrame();
    return frame.evaluate(expression);
  },
  get: async (page, url) => (await fetch(url)).status,
  reload: async page => { await page.reload({ waitUntil: "load" }); },
  media: async (page, features) => {
    const session = await page.createCDPSession();
    await session.send("Emulation.setEmulatedMedia", { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
  },
  pdf: async (page, path) => { await page.pdf({ path }); },
  medium: (page, medium) => page.emulateMediaType(medium),
};

const session = isFirefox ? null : await browser.target().createCDPSession();
const allowDownloads = ({ id }) => session?.send(
  "Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads, browserContextId: id });

const visit = async (context, { url, width = 1280, height = 900, dark = false, javascript = true, before, steps }) => {
  const page = await context.newPage();
  if (before) await page.evaluateOnNewDocument(before);
  const requests = [], messages = [], results = [];
  page.on("request", request => requests.push(request.url()));
  page.on("console", message => messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", error => messages.push(`error: ${error.message}`));
  page.on("dialog", dialog => { messages.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.setViewport({ width, height });
  if (!isFirefox) {
    await page.setJavaScriptEnabled(javascript);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  }
  await page.goto(url, { waitUntil: "load" });
  for (const step of steps) {
    const [[name, value]] = Object.entries(step);
    results.push((await does[name](page, value)) ?? null);
  }
  await page.close();
  return { results, requests, messages };
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const context = await browser.createBrowserContext();
    let answer;
    try {
      await allowDownloads(context);
      const told = [];
      for (const page of JSON.parse(line)) told.push(await visit(context, page));
      answer = { told };
    } catch (error) {
      answer = { error: error.stack };
    } finally {
      await context.close();
    }
    console.log(JSON.stringify(answer));
  }
} finally {
  await browser.close();
}
