// What the pages with orders share: sections that are made by the server are fetched again when something has changed,
// and a line says what came of it.
import { byId, setText } from "./dom.js";

const SHOWN_MS = 8000;
let asked = 0;
let hiding = null;

/** Say what came of it, for a while; what failed stays until the next try. */
export function tell(text, failed) {
  clearTimeout(hiding);
  setText(byId("message"), text);
  if (!failed) hiding = setTimeout(() => setText(byId("message"), ""), SHOWN_MS);
}

/** Replace these parts of the page (by id) with what the server makes of them now; open ones stay open, focus stays. */
export async function renew(ids) {
  const number = (asked += 1);
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (number !== asked) return;
  const focused = document.activeElement?.id;
  for (const id of ids) {
    const fresh = page.getElementById(id);
    if (!fresh || !byId(id)) continue;
    for (const open of byId(id).querySelectorAll("details[open][data-keep]")) {
      fresh.querySelector(`details[data-keep="${open.dataset.keep}"]`)?.setAttribute("open", "");
    }
    byId(id).replaceWith(document.adoptNode(fresh));
  }
  if (focused && document.activeElement === document.body) byId(focused)?.focus();
}
