// Search, colours, menu, tabs, copying and sending requests. Every page can be read without it.
const root = document.documentElement;
root.classList.add("scripted");

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Colours: the system's until somebody chooses.
const dark = () =>
  (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const themeButton = document.querySelector(".theme");
function nameTheme() {
  themeButton.textContent = dark() ? "Light" : "Dark";
  themeButton.setAttribute("aria-label", `Use ${dark() ? "light" : "dark"} colours`);
}
themeButton.addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  nameTheme();
});
nameTheme();

const menu = document.querySelector(".menu");
menu.addEventListener("click", () => {
  const open = document.getElementById("nav").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest" });

// What an address leads to is unfolded.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
}
addEventListener("hashchange", unfold);
unfold();

// Search: every word must be found; titles before paths before the rest.
const field = document.getElementById("search");
const results = document.getElementById("results");
let index = null;
let chosen = -1;

async function load() {
  index ??= fetch("/docs/search.json").then((answer) => answer.json());
  return index;
}

function score(entry, words) {
  let sum = 0;
  const [title, beside, , id] = entry.map((part) => part.toLowerCase());
  for (const word of words) {
    if (title.startsWith(word)) sum += 6;
    else if (title.includes(word)) sum += 4;
    else if (id.includes(word)) sum += 3;
    else if (beside.includes(word)) sum += 2;
    else return 0;
  }
  return sum + (id ? 1 : 0) - title.length / 1000;
}

function choose(at) {
  const options = [...results.children];
  chosen = options.length ? (at + options.length) % options.length : -1;
  options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
  options[chosen]?.scrollIntoView({ block: "nearest" });
  if (chosen < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", `result-${chosen}`);
}

function close() {
  results.hidden = true;
  field.setAttribute("aria-expanded", "false");
}

async function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const entries = await load();
  const ranked = words.length
    ? entries.map((entry) => [score(entry, words), entry]).filter(([sum]) => sum > 0)
    : [];
  ranked.sort((a, b) => b[0] - a[0]);
  results.replaceChildren(
    ...ranked.slice(0, 20).map(([, [title, beside, address]], at) => {
      const option = element("li", title, { role: "option", id: `result-${at}`, "data-to": address });
      option.append(element("small", beside));
      return option;
    }),
  );
  if (words.length && !ranked.length) {
    results.append(element("li", "Nothing found", { role: "option", "aria-disabled": "true" }));
  }
  results.hidden = !words.length;
  field.setAttribute("aria-expanded", String(!results.hidden));
  choose(0);
}

function go(option) {
  if (!option?.dataset.to) return;
  close();
  field.blur();
  location.assign(option.dataset.to);
}

field.addEventListener("input", search);
field.addEventListener("focus", load);
field.addEventListener("blur", () => setTimeout(close, 150));
field.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") go(results.children[chosen]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
results.addEventListener("mousedown", (event) => go(event.target.closest("li")));
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName || "");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Samples: one language at a time, the same in every operation.
function show(language) {
  for (const sample of document.querySelectorAll(".sample")) {
    sample.hidden = sample.dataset.language !== language;
  }
  for (const tab of document.querySelectorAll(".tabs button")) {
    tab.setAttribute("aria-selected", String(tab.dataset.language === language));
  }
}
for (const samples of document.querySelectorAll(".samples")) {
  samples.classList.add("tabbed");
  const tabs = element("div", "", { class: "tabs", role: "tablist", "aria-label": "Language" });
  for (const sample of samples.querySelectorAll(".sample")) {
    const language = sample.dataset.language;
    sample.setAttribute("role", "tabpanel");
    const tab = element("button", sample.querySelector("h3").textContent, {
      type: "button",
      role: "tab",
      "data-language": language,
    });
    tab.addEventListener("click", () => {
      localStorage.setItem("language", language);
      show(language);
    });
    tabs.append(tab);
  }
  samples.prepend(tabs);
}
show(localStorage.getItem("language") || "sh");

for (const pre of document.querySelectorAll(".code pre, .prose pre")) {
  const button = element("button", "Copy", { type: "button", class: "copy" });
  if (pre.parentElement.className !== "code") {
    const box = element("div", "", { class: "code" });
    pre.replaceWith(box);
    box.append(pre);
  }
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(pre.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  pre.parentElement.append(button);
}

// Requests: the key stays in this tab, and never in an address.
const keys = document.querySelectorAll('.try input[name="key"]');
for (const input of keys) {
  input.value = sessionStorage.getItem("key") || "";
  input.addEventListener("input", () => {
    sessionStorage.setItem("key", input.value);
    for (const other of keys) if (other !== input) other.value = input.value;
  });
}

function request(form) {
  const { method, path, type } = form.dataset;
  const headers = new Headers();
  const query = new URLSearchParams();
  let target = path;
  for (const { name, value } of form.elements) {
    const at = name?.indexOf(":") ?? -1;
    if (at < 0 || value === "") continue;
    const [place, key] = [name.slice(0, at), name.slice(at + 1)];
    if (place === "path") target = target.replace(`{${key}}`, encodeURIComponent(value));
    else if (place === "query") query.append(key, value);
    else headers.set(key, value);
  }
  const key = form.elements.key?.value.trim();
  if (key) headers.set("Authorization", `Bearer ${key}`);
  const body = form.elements.body?.value || undefined;
  if (body && type) headers.set("Content-Type", type);
  const address = query.size ? `${target}?${query}` : target;
  return [address, { method, headers, body, credentials: "omit", cache: "no-store" }];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function sent(form, result) {
  const [address, options] = request(form);
  const started = performance.now();
  try {
    const answer = await fetch(address, options);
    const text = await answer.text();
    const took = Math.round(performance.now() - started);
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const head = element("p");
    head.append(element("span", `${answer.status} ${answer.statusText}`, { class: "status" }));
    head.append(` in ${took} ms: ${options.method} ${address}`);
    const named = element("details");
    named.append(element("summary", "Headers"), element("pre", headers, { tabindex: "0" }));
    result.replaceChildren(head, named);
    if (text) result.append(element("pre", pretty(text.slice(0, 200_000)), { tabindex: "0" }));
  } catch (error) {
    result.replaceChildren(element("p", `No answer: ${error.message}`));
  }
}

for (const form of document.querySelectorAll(".try form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    await sent(form, form.querySelector(".result"));
    button.disabled = false;
  });
}
