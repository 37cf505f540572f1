// One panel: form in, question out, events in; its status line, its cancel button, its link.

import { Asker } from "./answers.js";
import { Chart } from "./charts.js";
import { fill, h } from "./dom.js";
import { Exports } from "./exports.js";
import { Form } from "./forms.js";
import { seconds } from "./formulas.js";

export class Panel {
  // view: { gist, setup(panel), begin(panel), event(event, panel) }; gist is the chart whose label sums the answer up.
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
    this.results = this.find(".results");
    this.exports = new Exports(this.find(".exports"), name, this.charts);
    this.cancelButton = this.find(".cancel");
    this.cancelButton.addEventListener("click", () => (this.computing ? this.cancel() : this.ask()));
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
    this.cancelled = true;
    this.cancelButton.textContent = "Compute again";
    this.settle("Cancelled.");
  }

  async ask() {
    this.asked = true;
    this.computing = true;
    this.cancelled = false;
    this.question = this.form.values();
    this.answered = new Set();
    const started = performance.now();
    this.complain("");
    this.results.setAttribute("aria-busy", "true");
    this.progress.removeAttribute("value");
    // What is quick needs no commotion.
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.status.textContent = "Computing …";
      this.progress.hidden = false;
      this.cancelButton.textContent = "Cancel";
      this.cancelButton.hidden = false;
    }, 150);
    this.view.begin?.(this);
    const outcome = await this.asker.ask(this.question, (event) => this.event(event));
    if (outcome === "answered") this.settle(`Computed in ${seconds(performance.now() - started)}.`, this.gist());
    if (outcome === "failed") this.settle("");
  }

  // What there is to see, for those who hear it.
  gist() {
    return h("span", { class: "visually-hidden" }, ` ${this.charts[this.view.gist].element.getAttribute("aria-label")}`);
  }

  complain(message) {
    this.error.textContent = message;
    this.form.blame(message, this.error.id);
  }

  settle(...words) {
    clearTimeout(this.patience);
    this.computing = false;
    const stale = this.error.textContent !== "" || !this.answered.has("figure");
    const focused = document.activeElement;
    fill(this.status, words);
    this.progress.hidden = true;
    this.cancelButton.hidden = !this.cancelled;
    this.results.setAttribute("aria-busy", "false");
    // The answer to an earlier question is neither read out nor taken along as one to this.
    this.element.classList.toggle("stale", stale);
    this.results.inert = stale;
    this.exports.figures.hidden = stale;
    this.exports.place.inert = stale && !this.answered.has("exports");
    // Whoever was at what has just gone continues from the line that says why.
    if (focused.hidden || focused.closest("[inert]")) this.status.focus();
  }

  event(event) {
    this.answered.add(event.event);
    if (event.event === "error") this.complain(event.message);
    else if (event.event === "progress") this.progress.value = event.fraction;
    else if (event.event === "exports") this.exports.show(event);
    else if (event.event !== "end") this.show(event);
  }

  show(event) {
    this.results.hidden = false;
    if (event.event === "figure") this.charts[event.name].draw(event.frame, event.tables);
    else this.view.event(event, this);
  }
}
