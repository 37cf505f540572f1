// Panel Steps: a run as it happens, beside theory; the neurons move from step to step.

import { fill, h, table } from "./dom.js";
import { formula, measured, short } from "./formulas.js";
import { Plane } from "./plane.js";

export const steps = {
  gist: "overlaps",

  setup(panel) {
    this.plane = new Plane(panel, panel.charts.neurons);
  },

  begin(panel) {
    this.notes = [];
    fill(panel.find(".notes"));
    this.plane.clear();
  },

  event(event, panel) {
    if (event.event === "setting") setting(event, panel);
    else if (event.event === "plane") this.plane.start(event);
    else if (event.event === "neurons") this.plane.add(event);
    else if (event.event === "rows") rows(event.rows, panel);
    else if (event.event === "note") {
      this.notes.push(h("p", {}, event.words));
      fill(panel.find(".notes"), this.notes);
    }
  },
};

function setting(event, panel) {
  const { dimension, width } = panel.question;
  fill(panel.find(".formula"), "f*(z) = ", formula(event.expression));
  panel.find(".shows").textContent = `d = ${dimension.toLocaleString("en")}, ${width} neurons, n = ${event.batch.toLocaleString("en")} samples a step, learning rate ${short(event.learning_rate)}. Engine ${event.engine}: ${event.reason}.`;
}

function rows(all, panel) {
  const names = all[0].overlaps.map((cell) => cell.name);
  const shown = all.filter((row) => row.alignment !== null || row.overlaps.some((cell) => cell.theory !== null));
  fill(panel.find(".table"), table("Overlaps, rms over neurons, ± standard error over seeds",
    ["step", "predicted", "alignment", ...names.map((name) => h("span", {}, "overlap ", formula(name)))],
    shown.map((row) => [String(row.step), `dim ${row.predicted}`, measured(row.alignment, row.alignment_error),
      ...row.overlaps.map((cell) => cell.theory === null ? measured(cell.mean, cell.error)
        : h("span", {}, measured(cell.mean, cell.error), h("span", { class: "beside" }, `theory ${short(cell.theory)}`)))])));
  const last = all.filter((row) => row.alignment !== null).pop();
  if (last) {
    const words = last.overlaps.map((cell) => `${cell.name} ${short(cell.mean)}`).join(", ");
    panel.charts.overlaps.element.setAttribute("aria-label", `Overlaps against steps; after step ${last.step}: ${words}. The table below has all numbers.`);
  }
}
