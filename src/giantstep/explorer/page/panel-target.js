// Panel Target: the certificate in words, both batch modes side by side, and what the activation cannot see.

import { fill, h, table } from "./dom.js";
import { formula } from "./formulas.js";

export const target = {
  gist: "stairs",

  begin() {
    this.cards = [];
    this.learnt = [];
  },

  event(event, panel) {
    if (event.event === "setting") {
      fill(panel.find(".formula"), "f*(z) = ", formula(event.expression));
      const noise = event.noise ? ` Label noise of variance ${event.noise}.` : "";
      panel.find(".shows").textContent = (event.name ? `${event.name}: ${event.shows}` : "") + noise;
      fill(panel.find(".sight"), sight(event.sight));
    } else if (event.event === "certificate") {
      this.cards.push(card(event));
      fill(panel.find(".certificates"), this.cards);
      fill(panel.find(".exponents"), exponents(event.exponents));
      this.learnt.push(`${event.title}: ${verdict(event)}, ${event.steps.map((step) => `${step.dimension} after step ${step.step}`).join(", ")}.`);
      panel.charts.stairs.element.setAttribute("aria-label", `Directions learnt after each step. ${this.learnt.join(" ")}`);
    }
  },
};

function verdict(event) {
  if (event.effective_rank === 0) return "Nothing to learn";
  if (event.fully_learned) return "Everything is learnt";
  return event.learned ? `${event.learned} of ${event.effective_rank} directions` : "Nothing is learnt";
}

function card(event) {
  return h("article", { class: "card" },
    h("h3", {}, event.title[0].toUpperCase() + event.title.slice(1)),
    h("p", { class: "verdict" }, verdict(event), event.status === "undecided" ? h("em", {}, " (undecided)") : null),
    h("ol", { class: "steps" }, event.steps.map((step) => h("li", {},
      h("p", {}, h("b", {}, `Step ${step.step}`), " · ", step.gained ? formula(step.gained) : "nothing new",
        h("span", { class: "soft" }, ` · ${step.dimension} of ${event.effective_rank} · `, samples(step.samples))),
      step.reasons.map((reason) => h("p", { class: "reason" }, reason))))),
    event.conclusions.map((sentence) => h("p", {}, sentence)));
}

function samples(text) {
  return text.includes("same batch") ? ["no new samples"] : [...formula(text), " samples"];
}

// Exponents are the same in both modes.
function exponents(rows) {
  return table("Exponents of this target", ["exponent", "value", "meaning"],
    rows.map(([name, value, meaning]) => [name, h("b", {}, value === "infinite" ? "∞" : value), formula(meaning)]));
}

function sight({ activation, words, orders }) {
  return [
    h("h3", {}, activation ? `What ${activation} sees` : "What the activation sees"),
    h("p", {}, words),
    h("ol", { class: "orders" }, orders.map(({ order, first, later }) => h("li", { class: later ? "seen" : "blind" },
      h("b", {}, String(order)),
      h("span", {}, later ? (first ? "seen" : "from step 2") : "blind")))),
  ];
}
