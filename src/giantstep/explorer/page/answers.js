// Asking the server: one question at a time a panel; a new one ends the old one, here and on the server.

const token = document.querySelector('meta[name="giantstep-token"]').content;

export class Asker {
  constructor(panel) {
    this.panel = panel;
    this.number = 0;
    this.controller = null;
  }

  // Hanging up is how the server learns that nobody wants the answer any more.
  cancel() {
    this.number += 1;
    if (this.controller) this.controller.abort();
    this.controller = null;
  }

  send(question, signal) {
    return fetch(`/ask/${this.panel}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-giantstep-token": token },
      body: JSON.stringify(question),
      signal,
      credentials: "same-origin",
    });
  }

  // Calls onEvent for every event of this question, and of no other. Resolves to "answered", "dropped" or "failed".
  async ask(question, onEvent) {
    this.cancel();
    const number = this.number;
    const controller = new AbortController();
    this.controller = controller;
    const current = () => number === this.number;
    try {
      let response = await this.send(question, controller.signal);
      // Questions that were dropped a moment ago may still fill the queue.
      for (let tries = 0; response.status === 503 && tries < 20 && current(); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        response = await this.send(question, controller.signal);
      }
      if (!response.ok) throw new Error((await response.json()).error);
      let failed = false;
      let ended = false;
      for await (const event of lines(response.body)) {
        if (!current()) return "dropped";
        failed = failed || event.event === "error";
        ended = ended || event.event === "end";
        onEvent(event);
      }
      if (!ended) throw new Error("the server stopped before the answer was complete.");
      return failed ? "failed" : "answered";
    } catch (error) {
      if (!current() || controller.signal.aborted) return "dropped";
      const gone = error instanceof TypeError ? "the server does not answer. Is giantstep explore still running?" : error.message;
      onEvent({ event: "error", message: gone });
      return "failed";
    } finally {
      if (current()) this.controller = null;
    }
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
  }
}
