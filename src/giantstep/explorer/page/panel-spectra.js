// Panel Spectra: a map of two exponents; the point that is clicked, or set by the sliders, has its spectrum beside it.

import { fill, h, table } from "./dom.js";
import { formula, short } from "./formulas.js";

export const spectra = {
  gist: "spectrum",

  setup(panel) {
    panel.charts.phases.onPoint = (x, y) => {
      panel.form.set("first_exponent", clamped(x));
      panel.form.set("second_exponent", clamped(y));
      panel.changed();
    };
  },

  event(event, panel) {
    if (event.event === "map") {
      this.mapNotes = event.notes;
      const { target, first_exponent: first, second_exponent: second } = panel.question;
      fill(panel.find(".formula"), "f*(z) = ", formula(target));
      panel.charts.phases.element.setAttribute("aria-label", `Phase map of outliers; the cross is at first exponent ${first}, second exponent ${second}. The sliders move it too.`);
    } else if (event.event === "spectrum") this.spectrum(event, panel);
    else if (event.event === "note") fill(panel.find(".notes"), h("p", {}, event.words));
  },

  spectrum(event, panel) {
    const measured = event.measured_count === null ? "" : ` One run shows ${count(event.measured_count)}.`;
    const words = `Theory expects ${count(event.count)} above the bulk's edge at ${short(event.edge)}: spikes stronger than ${short(event.threshold)} leave it.${measured}`;
    panel.find(".shows").textContent = words;
    panel.charts.spectrum.element.setAttribute("aria-label", `Singular values of the first layer. ${words} The table below has the numbers.`);
    fill(panel.find(".table"), table("The spikes of the two steps, strongest first; a run of one seed beside theory",
      ["rung", "strength", "outlier", "singular value", "in the run", "cos² with teacher", "in the run"],
      event.spikes.map((one) => [String(one.rung), short(one.strength), one.present ? "yes" : "in the bulk",
        short(one.value, 4), short(one.measured_value, 4), short(one.teacher), short(one.measured_teacher)])));
    const notes = [...new Set([...this.mapNotes, ...event.notes])];
    fill(panel.find(".notes"), notes.map((note) => h("p", {}, `${note[0].toUpperCase()}${note.slice(1)}.`.replace("..", "."))));
  },
};

function count(number) {
  return number === 0 ? "no outlier" : number === 1 ? "1 outlier" : `${number} outliers`;
}

function clamped(value) {
  return Math.round(Math.min(0.49, Math.max(0, value)) * 100) / 100;
}
