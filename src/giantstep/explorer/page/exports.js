// What a panel hands out: its study file, the Python code that made it, and its figures.

import { fill, h } from "./dom.js";

function save(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function code(title, name, text, says) {
  const copied = h("span", { role: "status", class: "copied" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = "copied";
    } catch {
      copied.textContent = "this browser does not let pages copy here; use Save";
    }
  };
  return h("details", {},
    h("summary", {}, title),
    h("p", { class: "hint" }, says),
    h("pre", { tabindex: "0", "aria-label": title }, text),
    h("p", { class: "buttons" },
      h("button", { type: "button", onclick: copy }, "Copy"),
      h("button", { type: "button", onclick: () => save(name, new Blob([text], { type: "text/plain" })) }, `Save ${name}`),
      copied));
}

export function showExports(place, panel, { study, python }, charts) {
  const figures = Object.entries(charts);
  fill(place,
    h("h2", {}, "Take it with you"),
    h("p", { class: "buttons" }, figures.flatMap(([name, chart]) => [
      h("button", { type: "button", onclick: async () => save(`${name}.svg`, await chart.svg()) }, `${name}.svg`),
      h("button", { type: "button", onclick: async () => save(`${name}.png`, await chart.png()) }, `${name}.png`)])),
    code("Python code", `${panel}.py`, python, "Computes and draws the same with the library."),
    code("Study file", `${panel}.toml`, study, `Runs the same as a study: giantstep run ${panel}.toml`));
}
