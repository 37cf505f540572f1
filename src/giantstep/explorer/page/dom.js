// Elements from names, attributes and children. Text always enters as text nodes: no markup is ever parsed.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Whoever was reading a table that is exchanged goes on in the one that takes its place.
export function fill(element, ...children) {
  const stops = () => [...element.querySelectorAll("[tabindex]")];
  const place = stops().indexOf(document.activeElement);
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  if (place >= 0) stops()[place]?.focus({ preventScroll: true });
  return element;
}

export function table(caption, heads, rows, { hideCaption = false } = {}) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: hideCaption ? "visually-hidden" : null }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, place) =>
        place === 0 ? h("th", { scope: "row" }, cell) : h("td", {}, cell)))))));
}
