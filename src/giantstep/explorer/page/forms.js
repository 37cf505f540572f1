// Forms: values of fields by name, sliders that say what they stand for.

import { short } from "./formulas.js";

// data-scale="log": the slider holds the decimal logarithm. data-kind="number": a number for the server.
function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "range") return sliderValue(field);
  if (field.dataset.kind === "number") return field.value.trim() === "" ? null : Number(field.value);
  return field.value;
}

function sliderValue(field) {
  if (field.dataset.scale !== "log") return Number(field.value);
  const value = Number((10 ** Number(field.value)).toPrecision(2));
  return field.dataset.whole ? Math.round(value) : value;
}

function put(field, text) {
  if (field.type === "checkbox") field.checked = text === "1" || text === true;
  else if (field.type === "range" && field.dataset.scale === "log") field.value = Math.log10(Number(text));
  else field.value = text;
  say(field);
}

function say(field) {
  if (field.type !== "range") return;
  const words = (field.dataset.unit || "{}").replace("{}", field.dataset.whole ? valueOf(field).toLocaleString("en") : short(valueOf(field)));
  field.setAttribute("aria-valuetext", words);
  const output = field.form.querySelector(`output[for="${field.id}"]`);
  if (output) output.textContent = words;
}

export class Form {
  constructor(element) {
    this.element = element;
    this.fields = [...element.elements].filter((field) => field.name);
    this.fields.forEach(say);
    this.defaults = this.values();
    element.addEventListener("submit", (event) => event.preventDefault());
    // The slider says its own value; a second voice would repeat it.
    for (const output of element.querySelectorAll("output")) output.setAttribute("aria-live", "off");
  }

  values() {
    return Object.fromEntries(this.fields.map((field) => [field.name, valueOf(field)]));
  }

  // What differs from how the page starts, as text for a link.
  changes() {
    const values = this.values();
    return Object.entries(values)
      .filter(([name, value]) => value !== this.defaults[name])
      .map(([name, value]) => [name, value === true ? "1" : value === false ? "0" : String(value ?? "")]);
  }

  restore(entries) {
    const given = new Map(entries);
    for (const field of this.fields) {
      const start = this.defaults[field.name];
      put(field, given.has(field.name) ? given.get(field.name) : start ?? "");
    }
  }

  set(name, value) {
    const field = this.fields.find((one) => one.name === name);
    if (field && valueOf(field) !== value) put(field, value);
  }

  // Marks the field that a complaint is about, which begins with its name; none without a complaint.
  blame(message, explanation) {
    for (const field of this.fields) {
      const blamed = message.startsWith(`${field.name}:`);
      if (blamed) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      if (blamed) field.setAttribute("aria-errormessage", explanation);
      else field.removeAttribute("aria-errormessage");
    }
  }

  // Calls back at once for what is chosen, after a pause for what is typed.
  onChange(callback) {
    let timer = 0;
    const later = (pause) => {
      clearTimeout(timer);
      timer = setTimeout(callback, pause);
    };
    for (const field of this.fields) {
      const typed = field.type === "text" || field.type === "number";
      field.addEventListener("input", () => {
        say(field);
        later(typed ? 350 : field.type === "range" ? 80 : 0);
      });
      if (typed) field.addEventListener("change", () => later(0));
    }
  }
}
