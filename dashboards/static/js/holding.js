// Who has taken a point over, why and until when, with the button that gives it back: in the sheets of parts and of rooms.
import { make } from "./dom.js";
import { fetchJson } from "./store.js";
import { dayAndClock, pick, t } from "./words.js";

let taken = new Map(); // id of the point -> answer of /api/taken
let asked = 0; // number of the last question; older answers are dropped

/** Ask anew what is taken over, then call `then`. */
export async function renewTaken(then) {
  const mine = (asked += 1);
  let found;
  try {
    found = await fetchJson("/api/taken");
  } catch {
    return; // the banner already says that the connection is lost
  }
  if (mine === asked) taken = new Map(found.map((one) => [one.point, one]));
  then();
}

export const isTaken = (id) => taken.has(id);

/** Say in `place` who has taken the point over; nothing while nobody has. Focus on the button goes to `next` with it. */
export function showTaken(place, id, mayGiveBack, next) {
  const order = taken.get(id)?.order;
  const key = order ? `${id} ${order.who} ${order.since} ${order.until}` : "";
  if ((place.dataset.order ?? "") === key) return;
  place.dataset.order = key;
  place.hidden = !order;
  const isFocused = place.contains(document.activeElement);
  const time = order?.until ? dayAndClock(Date.parse(order.until) / 1000) : "–";
  const text = t("takeover.give_back");
  const name = `${text}: ${pick(taken.get(id)?.label ?? {})}`;
  const button = make("button", { type: "button", "data-give-back": id, "aria-label": name }, text);
  const said = order ? [make("span", {}, t("takeover.taken", { who: order.who, time, why: order.why }))] : [];
  place.replaceChildren(...said, ...(order && mayGiveBack ? [button, make("span", { class: "failed" })] : []));
  if (isFocused) (place.querySelector("button") ?? next)?.focus();
}
