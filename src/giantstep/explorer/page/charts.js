// Charts: a Vega-Lite frame drawn once, tables exchanged in place while the frame stays the same.

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
      this.embedded = await embed(this.element, { ...frame, datasets: structuredClone(tables) }, {
        // A table that is still empty has no extent; that is no news.
        ast: true, actions: false, renderer: "svg", logLevel: 1,
      });
      this.frame = text;
    }
    this.element.dataset.drawn = String(Number(this.element.dataset.drawn || 0) + 1);
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
