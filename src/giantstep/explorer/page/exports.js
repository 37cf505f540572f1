// What a panel hands out: its study file, the Python code that made it, and its figures.

import { fill, h } from "./dom.js";

function save(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

class Code {
  constructor(title, name, says) {
    this.text = h("pre", { tabindex: "0", role: "region", "aria-label": title });
    this.copied = h("span", { role: "status", class: "copied" });
    this.element = h("details", {},
      h("summary", {}, title),
      h("p", { class: "hint" }, says),
      this.text,
      h("p", { class: "buttons" },
        h("button", { type: "button", onclick: () => this.copy() }, "Copy", h("span", { class: "visually-hidden" }, ` ${name}`)),
        h("button", { type: "button", onclick: () => save(name, new Blob([this.text.textContent], { type: "text/plain" })) }, `Save ${name}`),
        this.copied));
  }

  set(text) {
    this.text.textContent = text;
    this.copied.textContent = "";
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent);
      this.copied.textContent = "copied";
    } catch {
      this.copied.textContent = "this browser does not let pages copy here; use Save";
    }
  }
}

// Made once: whoever reads the code while an answer arrives keeps it open, and keeps the focus.
export class Exports {
  constructor(place, panel, charts) {
    this.place = place;
    this.python = new Code("Python code", `${panel}.py`, "Computes and draws the same with the library.");
    this.study = new Code("Study file", `${panel}.toml`, `Runs the same as a study: giantstep run ${panel}.toml`);
    const button = (name, make) => h("button", { type: "button", onclick: async () => save(name, await make()) }, name);
    this.figures = h("p", { class: "buttons" }, Object.entries(charts).flatMap(([name, chart]) => [
      button(`${name}.svg`, () => chart.svg()), button(`${name}.png`, () => chart.png())]));
    this.all = [h("h2", {}, "Take it with you"), this.figures, this.python.element, this.study.element];
  }

  show({ study, python }) {
    this.python.set(python);
    this.study.set(study);
    if (!this.place.firstChild) fill(this.place, this.all);
  }
}
