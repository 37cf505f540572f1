// The page: tabs, what panels share, and the link that restores it all.

import { h } from "./dom.js";
import * as links from "./links.js";
import { Panel } from "./panel.js";
import { curve } from "./panel-curve.js";
import { spectra } from "./panel-spectra.js";
import { steps } from "./panel-steps.js";
import { target } from "./panel-target.js";

const views = { target, steps, curve, spectra };
const panels = {};
const tabs = [...document.querySelectorAll('[role="tab"]')];
let shown = null;

function show(name, { focus = false } = {}) {
  shown = name;
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  links.write(name, panels[name].form.changes());
  if (!panels[name].asked) panels[name].ask();
}

// A target typed in one panel is the target of those that share the field; they ask when they are shown.
function share(panel) {
  links.write(panel.name, panel.form.changes());
  for (const field of panel.element.querySelectorAll("[data-shared]")) {
    for (const other of Object.values(panels)) {
      if (other === panel || !other.element.querySelector(`[data-shared="${field.dataset.shared}"]`)) continue;
      if (other.form.values()[field.name] !== field.value) {
        other.form.set(field.name, field.value);
        other.asked = false;
      }
    }
  }
  reflect();
}

const owner = (element) => Object.values(panels).find((one) => one.element.contains(element));

// The list of the catalog stands at the target that the field holds, if it has it.
function reflect() {
  for (const pick of document.querySelectorAll("[data-pick]")) {
    const value = owner(pick).form.values()[pick.dataset.pick];
    pick.value = [...pick.options].some((one) => one.value === value) ? value : "";
  }
}

function restore() {
  const { panel, entries } = links.read();
  const name = Object.hasOwn(panels, panel) ? panel : "target";
  panels[name].form.restore(entries);
  panels[name].asked = false;
  share(panels[name]);
  show(name);
}

async function choices() {
  const { targets, activations } = await (await fetch("/page/choices.json")).json();
  for (const pick of document.querySelectorAll("[data-pick]")) {
    const own = targets.filter((one) => !pick.dataset.rank || one.rank === Number(pick.dataset.rank));
    pick.append(h("option", { value: "" }, "choose …"), ...own.map((one) => h("option", { value: one.name, title: one.shows }, `${one.name}: ${one.expression}`)));
    pick.addEventListener("change", () => {
      if (!pick.value) return;
      owner(pick).form.set(pick.dataset.pick, pick.value);
      owner(pick).changed();
    });
  }
  reflect();
  document.getElementById("activations").append(...activations.map((name) => h("option", { value: name })));
}

for (const [name, view] of Object.entries(views)) panels[name] = new Panel(name, view, share);
tabs.forEach((tab, place) => {
  const name = tab.id.slice(4);
  tab.addEventListener("click", () => show(name));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(tabs[(to + tabs.length) % tabs.length].id.slice(4), { focus: true });
  });
});
window.addEventListener("hashchange", restore);
// The fragment is taken: it holds the state.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  panels[shown].element.focus();
});
document.getElementById("share").addEventListener("click", async () => {
  const said = document.getElementById("shared");
  try {
    await navigator.clipboard.writeText(window.location.href);
    said.textContent = "Link copied";
  } catch {
    said.textContent = "The link is in the address bar";
  }
  said.classList.remove("visually-hidden");
  setTimeout(() => said.classList.add("visually-hidden"), 2500);
});
choices();
restore();
document.documentElement.dataset.ready = "1";
