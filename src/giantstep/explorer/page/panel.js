// One panel: form in, question out, events in; its status line, its cancel button, its link.

import { Asker } from "./answers.js";
import { Chart } from "./charts.js";
import { showExports } from "./exports.js";
import { Form } from "./forms.js";
import { seconds } from "./formulas.js";

export class Panel {
  // view: { question(values), setup(panel), begin(panel), event(event, panel) }
  constructor(name, view, onState) {
    this.name = name;
    this.view = view;
    this.onState = onState;
    this.element = document.getElementById(`panel-${name}`);
    this.form = new Form(this.element.querySelector("form"));
    this.asker = new Asker(name);
    this.charts = Object.fromEntries([...this.element.querySelectorAll("[data-chart]")]
      .map((place) => [place.dataset.chart, new Chart(place)]));
    this.status = this.find(".status");
    this.error = this.find(".error");
    this.progress = this.find("progress");
    this.cancelButton = this.find(".cancel");
    this.cancelButton.addEventListener("click", () => this.cancel());
    this.form.onChange(() => this.changed());
    this.asked = false;
    view.setup?.(this);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  changed() {
    this.onState(this);
    this.ask();
  }

  cancel() {
    this.asker.cancel();
    this.settle("Cancelled.");
    this.cancelled = true;
  }

  async ask() {
    this.asked = true;
    this.cancelled = false;
    const started = performance.now();
    this.error.textContent = "";
    this.element.querySelector(".answer").setAttribute("aria-busy", "true");
    this.progress.removeAttribute("value");
    // What is quick needs no commotion.
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.status.textContent = "Computing …";
      this.progress.hidden = false;
      this.cancelButton.hidden = false;
    }, 150);
    this.view.begin?.(this);
    const outcome = await this.asker.ask(this.view.question(this.form.values()), (event) => this.event(event));
    if (outcome === "answered") this.settle(`Computed in ${seconds(performance.now() - started)}.`);
    if (outcome === "failed") this.settle("");
  }

  settle(words) {
    clearTimeout(this.patience);
    this.status.textContent = words;
    this.progress.hidden = true;
    this.cancelButton.hidden = true;
    this.element.querySelector(".answer").setAttribute("aria-busy", "false");
    this.element.classList.toggle("stale", this.error.textContent !== "");
  }

  event(event) {
    if (event.event === "error") this.error.textContent = event.message;
    else if (event.event === "progress") this.progress.value = event.fraction;
    else if (event.event === "figure") this.charts[event.name].draw(event.frame, event.tables);
    else if (event.event === "exports") showExports(this.find(".exports"), this.name, event, this.charts);
    else if (event.event !== "end") this.view.event(event, this);
  }
}
