// The state of the page as the fragment of its address: it never reaches a server, and a link restores it.

export function write(panel, changes) {
  const parameters = new URLSearchParams(changes).toString();
  const fragment = `#${panel}${parameters ? `?${parameters}` : ""}`;
  if (fragment !== window.location.hash) window.history.replaceState(null, "", fragment);
}

export function read() {
  const [panel, parameters = ""] = window.location.hash.slice(1).split(/\?(.*)/s);
  return { panel, entries: [...new URLSearchParams(parameters)] };
}
