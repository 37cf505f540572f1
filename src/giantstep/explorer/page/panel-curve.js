// Panel Learning curve: the quick theory at once, the closer one as soon as it is there.

import { fill, h, table } from "./dom.js";
import { formula, short } from "./formulas.js";

export const curve = {
  gist: "curve",

  begin(panel) {
    this.words = [];
    fill(panel.find(".notes"));
  },

  event(event, panel) {
    if (event.event === "setting") {
      const { spike_strength: strength, spike_alignment: alignment, bulk_scale: bulk } = event.map;
      fill(panel.find(".formula"), "f*(z) = ", formula(event.expression));
      panel.find(".shows").textContent = `The step leaves a spike of strength ${short(strength)} at alignment ${short(alignment)} with the teacher, on a bulk of scale ${short(bulk)}.`;
    } else if (event.event === "rows") {
      fill(panel.find(".table"), table("Test error at a few sample ratios", ["n / d", ...event.lines],
        event.rows.map((row) => [short(row.ratio), ...row.errors.map((error) => short(error, 5))])));
      const last = event.rows[event.rows.length - 1];
      const words = event.lines.map((line, place) => `${line} ${short(last.errors[place])}`).join(", ");
      panel.charts.curve.element.setAttribute("aria-label", `Test error against samples; at n / d = ${last.ratio}: ${words}. The table below has more.`);
      fill(panel.find(".notes"), h("p", {}, `What the theory here holds: ${event.notes.join("; ")}.`), this.words);
    } else if (event.event === "note") {
      this.words.push(h("p", {}, event.words));
      panel.find(".notes").append(...this.words);
    }
  },
};
