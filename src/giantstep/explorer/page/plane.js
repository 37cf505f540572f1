// The neurons as dots in a plane of the target space: they glide from step to step, or follow the slider.

import { h } from "./dom.js";

const GLIDE = 700;
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Plane {
  constructor(panel, chart) {
    this.panel = panel;
    this.chart = chart;
    this.slider = panel.find(".plane-step");
    this.output = panel.find(".plane-at");
    this.button = panel.find(".plane-play");
    this.first = panel.find(".plane-first");
    this.second = panel.find(".plane-second");
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.button.addEventListener("click", () => this.play(0));
    for (const select of [this.first, this.second]) select.addEventListener("change", () => this.show(this.at));
    // Its frame is as high as wide, so it does not stretch by itself.
    new ResizeObserver(() => this.show(this.at)).observe(chart.element);
    this.clear();
  }

  clear() {
    cancelAnimationFrame(this.motion);
    this.places = [];
    this.at = 0;
    this.last = 0;
    this.goal = 0;
  }

  start({ frame, tables, directions, rings, signs, kinds }) {
    Object.assign(this, { frame, tables, rings, signs, kinds });
    if (directions.join() !== this.directions?.join()) {
      this.directions = directions;
      const second = directions.length > 1 ? directions : ["outside"];
      this.first.replaceChildren(...directions.map((name) => h("option", { value: name }, name)));
      this.second.replaceChildren(...second.map((name) => h("option", { value: name }, name)));
      this.second.selectedIndex = Math.min(1, second.length - 1);
    }
    this.show(0);
  }

  add({ replicate, step, places }) {
    this.places[replicate] ??= [];
    this.places[replicate][step] = places;
    if (step > this.last) {
      this.last = step;
      this.slider.max = step;
    }
    if (replicate === 0 && step > 0) this.play(this.goal === step - 1 || this.at < step - 1 ? this.at : step - 1, step);
    else if (step === Math.round(this.at)) this.show(this.at);
  }

  // From a step to another one, gliding; at once for those who want no motion.
  play(from, to = this.last) {
    cancelAnimationFrame(this.motion);
    this.goal = to;
    if (still.matches) {
      this.show(to);
      return;
    }
    let before = null;
    let at = from;
    const move = (now) => {
      at = Math.min(to, before === null ? at : at + (now - before) / GLIDE);
      before = now;
      this.show(at);
      if (at < to) this.motion = requestAnimationFrame(move);
    };
    this.motion = requestAnimationFrame(move);
  }

  show(at) {
    if (!this.frame) return;
    this.at = at;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `step ${Math.round(at * 10) / 10}`);
    this.output.textContent = `t = ${Number.isInteger(at) ? at : at.toFixed(1)}`;
    const axes = [this.directions.indexOf(this.first.value), this.directions.indexOf(this.second.value)];
    const dots = [];
    const tails = [];
    this.places.forEach((run, replicate) => run[0]?.forEach((_, neuron) => {
      const kind = this.kinds[this.signs[replicate][neuron]];
      const here = between(run, neuron, at, axes);
      if (!here) return;
      dots.push({ ...here, kind });
      const there = between(run, neuron, Math.max(0, Math.ceil(at) - 1), axes);
      if (there) tails.push({ x: there.x, y: there.y, x2: here.x, y2: here.y, kind });
    }));
    const rings = (this.rings[0] ?? []).map((_, neuron) => between(this.rings, neuron, at, axes)).filter(Boolean);
    this.chart.draw(this.sized(), { ...this.tables, dots, tails, rings });
  }

  // As high as wide, with the names of the chosen axes.
  sized() {
    const side = Math.max(140, Math.min(300, this.chart.element.clientWidth - 70));
    const second = this.second.value === "outside" ? "outside the target" : `cosine with ${this.second.value}`;
    const key = `${side} ${this.first.value} ${second}`;
    if (this.key !== key || this.source !== this.frame) {
      this.key = key;
      this.source = this.frame;
      const text = JSON.stringify(this.frame)
        .replaceAll('"first axis"', JSON.stringify(`cosine with ${this.first.value}`))
        .replaceAll('"second axis"', JSON.stringify(second));
      this.own = { ...JSON.parse(text), width: side, height: side, autosize: "pad" };
    }
    return this.own;
  }
}

function between(run, neuron, at, axes) {
  const low = Math.min(Math.floor(at), run.length - 1);
  const high = Math.min(Math.ceil(at), run.length - 1);
  const [one, two] = [point(run[low]?.[neuron], axes), point(run[high]?.[neuron], axes)];
  if (!one || !two) return one || two;
  const share = at - Math.floor(at);
  return { x: one.x + share * (two.x - one.x), y: one.y + share * (two.y - one.y) };
}

function point(place, [first, second]) {
  if (!place || place.includes(null)) return null;
  const inside = place.reduce((sum, x) => sum + x * x, 0);
  return { x: place[first], y: second < 0 ? Math.sqrt(Math.max(0, 1 - inside)) : place[second] };
}
