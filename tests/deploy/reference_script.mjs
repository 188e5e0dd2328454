// The script of /docs in jsdom, on pages that a real gateway renders: `node reference_script.mjs
// <node_modules>` with the gateway's address in TENURE and an API key in KEY.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { CookieJar, JSDOM, VirtualConsole } = createRequire(`${process.argv[2]}/`)("jsdom");
const { TENURE, KEY } = process.env;
const TASKS = `${TENURE}/docs/reference/tasks`;

// What a tab keeps: jsdom has none that lasts from page to page.
class Kept {
  constructor() {
    this.local = {};
    this.session = {};
    this.cookies = new CookieJar();
    this.requests = [];
    this.copied = [];
  }
}

function all(storage) {
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at));
  return Object.fromEntries(names.map((name) => [name, storage.getItem(name)]));
}

// A page whose scripts have run. What goes wrong in one, or leaves this machine, fails the test.
async function opened(address, kept = new Kept(), { dark = false } = {}) {
  const faults = [];
  const virtualConsole = new VirtualConsole();
  virtualConsole.on("jsdomError", (error) => faults.push(error));
  virtualConsole.on("error", (error) => faults.push(error));
  const dom = await JSDOM.fromURL(address, {
    runScripts: "dangerously",
    resources: "usable",
    pretendToBeVisual: true,
    cookieJar: kept.cookies,
    virtualConsole,
    beforeParse(window) {
      for (const [name, value] of Object.entries(kept.local)) window.localStorage.setItem(name, value);
      for (const [name, value] of Object.entries(kept.session)) window.sessionStorage.setItem(name, value);
      window.matchMedia = (query) => ({ matches: dark && query.includes("dark") });
      window.Element.prototype.scrollIntoView = () => {};
      window.Headers = Headers;
      window.fetch = (target, options) => {
        const url = new URL(target, window.location.href);
        assert.equal(url.origin, TENURE);
        kept.requests.push({ url, ...options });
        return fetch(url, options);
      };
      Object.defineProperty(window.navigator, "clipboard", {
        value: { writeText: async (text) => kept.copied.push(text) },
      });
    },
  });
  const { window } = dom;
  const { document } = window;
  await new Promise((done) => window.addEventListener("load", done));
  assert.ok(document.documentElement.classList.contains("scripted"), "the script has run");
  return {
    window,
    document,
    one: (selector) => {
      const found = document.querySelector(selector);
      assert.ok(found, selector);
      return found;
    },
    all: (selector) => [...document.querySelectorAll(selector)],
    press: (target, key) =>
      target.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })),
    type: (target, text) => {
      target.value = text;
      target.dispatchEvent(new window.Event("input", { bubbles: true }));
    },
    close() {
      kept.local = all(window.localStorage);
      kept.session = all(window.sessionStorage);
      window.close();
      assert.deepEqual(faults, []);
    },
  };
}

// Until it holds: answers come when they come.
async function until(holds, what) {
  for (let left = 500; left; left--) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  assert.fail(`never came: ${what}`);
}

function titles(page) {
  return page.all("#results li").map((option) => option.firstChild.textContent);
}

async function sent(page, operation, fill = () => {}) {
  const form = page.one(`#${operation} .try form`);
  fill(form);
  form.requestSubmit();
  await until(() => form.querySelector(".result .status"), `the answer of ${operation}`);
  return form.querySelector(".result");
}

test("the search finds an operation by words in any order, and leads to it", async () => {
  const page = await opened(TASKS);
  const field = page.one("#search");
  page.press(page.document.body, "/");
  assert.equal(page.document.activeElement, field);
  page.type(field, "TASK  create");
  await until(() => titles(page).length, "results");
  assert.equal(page.one("#results").hidden, false);
  assert.equal(field.getAttribute("aria-expanded"), "true");
  assert.ok(titles(page).includes("Create a task"), titles(page).join());
  for (const option of page.all("#results li")) {
    const told = `${option.textContent} ${option.dataset.to}`.toLowerCase();
    assert.ok(told.includes("task") && told.includes("create"), told);
  }
  const at = titles(page).indexOf("Create a task");
  for (let step = 0; step < at; step++) page.press(field, "ArrowDown");
  assert.equal(field.getAttribute("aria-activedescendant"), `result-${at}`);
  page.press(field, "Enter");
  assert.equal(page.window.location.href, `${TASKS}#create_task`);
  assert.ok(page.document.getElementById("create_task"));
  assert.equal(page.one("#results").hidden, true);
  page.type(field, "zebra");
  await until(() => titles(page)[0] === "Nothing found", "that there is nothing");
  page.press(field, "Escape");
  assert.equal(page.one("#results").hidden, true);
  page.close();
});

test("a request is sent with the key, which the tab keeps and no address has", async () => {
  const kept = new Kept();
  const page = await opened(TASKS, kept);
  const keys = page.all('.try input[name="key"]');
  page.type(keys[0], KEY);
  assert.ok(keys.every((input) => input.value === KEY));
  const made = await sent(page, "create_task", (form) => {
    form.elements.body.value = JSON.stringify({ title: "Call Ann & Bob" });
  });
  assert.match(made.textContent, /^201 .* in \d+ ms: POST \/v1\/tasks/);
  const { id } = JSON.parse(made.lastChild.textContent);
  const [request] = kept.requests.slice(-1);
  assert.equal(request.credentials, "omit");
  assert.equal(request.headers.get("authorization"), `Bearer ${KEY}`);
  assert.equal(request.headers.get("content-type"), "application/json");
  page.close();
  assert.ok(!JSON.stringify(kept.local).includes(KEY));

  const again = await opened(TASKS, kept);
  const got = await sent(again, "get_task", (form) => {
    form.elements["path:id"].value = id;
  });
  assert.match(got.textContent, /^200 /);
  assert.match(got.querySelector("details").textContent, /etag: /);
  assert.equal(JSON.parse(got.lastChild.textContent).title, "Call Ann & Bob");
  const listed = await sent(again, "list_tasks", (form) => {
    form.elements["query:limit"].value = "1";
  });
  assert.match(listed.textContent, /GET \/v1\/tasks\?limit=1/);
  assert.equal(JSON.parse(listed.lastChild.textContent).data.length, 1);
  again.close();
  assert.ok(kept.requests.every(({ url }) => !url.href.includes(KEY)));

  const stranger = await opened(TASKS);
  const refused = await sent(stranger, "list_tasks");
  assert.match(refused.textContent, /^401 /);
  assert.match(refused.lastChild.textContent, /unauthorized|unauthenticated/);
  stranger.close();
});

test("one language is shown everywhere, and remembered", async () => {
  const kept = new Kept();
  const shown = (page) => [
    ...new Set(page.all(".sample").filter((each) => !each.hidden).map((each) => each.dataset.language)),
  ];
  const page = await opened(TASKS, kept);
  assert.deepEqual(shown(page), ["sh"]);
  const languages = new Set(page.all(".tabs button").map((tab) => tab.dataset.language));
  assert.ok(languages.size >= 3);
  page.one('.tabs button[data-language="python"]').click();
  assert.deepEqual(shown(page), ["python"]);
  const chosen = page.all('.tabs button[aria-selected="true"]').map((tab) => tab.dataset.language);
  assert.deepEqual([...new Set(chosen)], ["python"]);
  const sample = page.one('#create_task .sample[data-language="python"]');
  sample.querySelector("button.copy").click();
  await until(() => kept.copied.length, "the copy");
  assert.deepEqual(kept.copied, [sample.querySelector("pre").textContent]);
  page.close();
  const elsewhere = await opened(`${TENURE}/docs/reference/notes`, kept);
  assert.deepEqual(shown(elsewhere), ["python"]);
  elsewhere.close();
});

test("colours are the system's until somebody chooses, and then theirs on every page", async () => {
  const kept = new Kept();
  const page = await opened(`${TENURE}/docs`, kept);
  const button = page.one(".theme");
  assert.equal(button.textContent, "Dark");
  button.click();
  assert.equal(page.document.documentElement.dataset.theme, "dark");
  assert.equal(button.textContent, "Light");
  page.close();
  const elsewhere = await opened(TASKS, kept);
  assert.equal(elsewhere.document.documentElement.dataset.theme, "dark");
  elsewhere.one(".theme").click();
  assert.equal(elsewhere.document.documentElement.dataset.theme, "light");
  elsewhere.close();
  const system = await opened(`${TENURE}/docs`, new Kept(), { dark: true });
  assert.equal(system.one(".theme").textContent, "Light");
  assert.equal(system.document.documentElement.dataset.theme, undefined);
  system.close();
});

test("the menu opens and closes, and an address unfolds what it leads into", async () => {
  const page = await opened(`${TASKS}#create_task`);
  const menu = page.one(".menu");
  menu.click();
  assert.equal(menu.getAttribute("aria-expanded"), "true");
  assert.ok(page.one("#nav").classList.contains("open"));
  menu.click();
  assert.equal(menu.getAttribute("aria-expanded"), "false");
  page.close();
});
