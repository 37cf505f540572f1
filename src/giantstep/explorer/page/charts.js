// Charts: a Vega-Lite frame drawn once, tables exchanged in place while the frame stays the same.

import { h } from "./dom.js";

let loading = null;

// Vega is a third of what the page weighs, so it comes when the first chart does.
function vega() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.type = "module";
    script.src = "/vega.js";
    script.onload = () => resolve(window.vegaEmbed);
    script.onerror = () => reject(new Error("Vega could not be loaded."));
    document.head.append(script);
  });
  return loading;
}

export class Chart {
  constructor(element) {
    this.element = element;
    // Vega gives what it draws in a name of its own; the one outside says what there is to see.
    this.place = h("div", { "aria-hidden": "true" });
    element.append(this.place);
    this.frame = null;
    this.embedded = null;
    this.turn = Promise.resolve();
    new ResizeObserver(() => this.fit()).observe(element);
  }

  // Drawings queue up; one that has been overtaken is skipped.
  draw(frame, tables) {
    this.next = { frame, tables };
    this.turn = this.turn.then(() => {
      if (this.next === null) return undefined;
      const { frame: newest, tables: rows } = this.next;
      this.next = null;
      return this.render(newest, rows);
    }).catch((error) => console.error(error));
    return this.turn;
  }

  async render(frame, tables) {
    const text = JSON.stringify(frame);
    if (this.embedded && text === this.frame) {
      const { view } = this.embedded;
      for (const [name, rows] of Object.entries(tables)) view.data(name, structuredClone(rows));
      await view.runAsync();
    } else {
      const embed = await vega();
      this.embedded?.finalize();
      this.embedded = await embed(this.place, { ...frame, datasets: structuredClone(tables) }, {
        // A table that is still empty has no extent; that is no news.
        ast: true, actions: false, renderer: "svg", logLevel: 1,
      });
      this.frame = text;
      this.listen();
    }
    this.element.dataset.drawn = String(Number(this.element.dataset.drawn || 0) + 1);
  }

  // Where a chart takes clicks: the place in the data's own coordinates.
  listen() {
    if (!this.onPoint) return;
    const { view } = this.embedded;
    view.addEventListener("click", (event) => {
      const { left, top } = view.container().querySelector("svg").getBoundingClientRect();
      const [x0, y0] = view.origin();
      const padding = view.padding();
      const x = view.scale("x").invert(event.clientX - left - x0 - (padding.left ?? 0));
      const y = view.scale("y").invert(event.clientY - top - y0 - (padding.top ?? 0));
      if (Number.isFinite(x) && Number.isFinite(y)) this.onPoint(x, y);
    });
  }

  // A panel that was hidden had no width to fill.
  fit() {
    const width = this.element.clientWidth;
    if (!this.embedded || !width || width === this.width) return;
    this.width = width;
    window.dispatchEvent(new Event("resize"));
  }

  async svg() {
    await this.turn;
    return new Blob([await this.embedded.view.toSVG()], { type: "image/svg+xml" });
  }

  async png() {
    await this.turn;
    const canvas = await this.embedded.view.toCanvas(3);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
