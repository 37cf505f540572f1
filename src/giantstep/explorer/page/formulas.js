// Expressions and numbers the way one writes them by hand.

import { h } from "./dom.js";

const TOKEN = /([A-Za-z]+?)(\d+)(?=\()|\b([a-z])(\d+)\b|\*\*(-?\d+(?:\.\d+)?)|\^(-?\d+(?:\.\d+)?)|(\*\*|\^)|(\*)|([^*^A-Za-z]+|[A-Za-z]+)/g;

// "z1*z2**2" as z₁·z₂²; whatever does not look like a formula stays as it is.
export function formula(text) {
  const parts = [];
  for (const match of text.matchAll(TOKEN)) {
    const [whole, name, index, letter, subscript, power, other] = match;
    if (name) parts.push(name, h("sub", {}, index));
    else if (letter) parts.push(h("i", {}, letter), h("sub", {}, subscript));
    else if (power || other) parts.push(h("sup", {}, power || other));
    else if (whole === "*") parts.push("·");
    else parts.push(whole.replace(/-/g, "−"));
  }
  return parts;
}

export function short(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

// A mean with the digits that its standard error leaves.
export function measured(mean, error) {
  if (mean === null || mean === undefined) return "–";
  if (!error) return short(mean, 4);
  if (Math.abs(mean) < 1e-3) return `${mean.toExponential(1)} ± ${error.toExponential(0)}`;
  const digits = Math.min(9, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;
}

export function seconds(milliseconds) {
  return milliseconds < 995 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
