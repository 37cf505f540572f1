// Laws of a page, looked at from inside: each function returns what breaks one.

const visible = (element) => element.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: true });

function rgba(text) {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
}

const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];

function luminance(colour) {
  const [r, g, b] = colour.map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function ground(element) {
  const layers = [];
  for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
}

// Texts whose contrast is under 4.5, or 3 for large ones (WCAG 1.4.3).
function faint() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !visible(element) || element.closest("[inert], script, noscript, option")) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const below = ground(element);
    const ratio = contrast(over(rgba(drawn ? style.fill : style.color), below), below);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}

// Whether the focused element shows that it is, in a colour that stands out from what is around it (WCAG 1.4.11).
function shownFocus() {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return `${element.outerHTML.slice(0, 80)}: no outline`;
  const below = ground(element.parentElement);
  const ratio = contrast(over(rgba(outlineColor), below), below);
  return ratio < 3 ? `${element.outerHTML.slice(0, 80)}: ${ratio.toFixed(2)}` : "";
}

// Everything that the Tab key should reach, in the order of the document.
function stops() {
  return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")].filter((one) =>
    visible(one) && one.tabIndex >= 0 && !one.disabled && !one.closest("[inert]"));
}

// From now on: what the live regions say, as a screen reader would hear it.
function listen() {
  window.heard = [];
  for (const region of document.querySelectorAll('[role="status"], [role="alert"]')) {
    new MutationObserver(() => {
      const text = region.textContent.trim();
      if (text && visible(region) && !region.closest('[aria-busy="true"], [inert]')) window.heard.push([region.getAttribute("role"), text]);
    }).observe(region, { childList: true, characterData: true, subtree: true });
  }
}

Object.assign(window, { faint, shownFocus, stops, listen });
