// The legionella file: each form sends what it says, and the parts of the page are made anew by the server.
import "./frame.js";
import { renew, tell } from "./orders.js";
import { send } from "./send.js";
import { t } from "./words.js";

const PARTS = ["round", "rest", "deviations", "results", "entries"];
const BAD = ["low", "critical", "scalding", "warm", "act", "over"];
const NUMBERS = ["temp_degc", "after_s", "cfu_per_l"];
let sending = false;

async function enter(path, body) {
  if (sending) return; // a double tap is one entry
  sending = true;
  try {
    const made = await send("POST", path, body);
    tell(t(BAD.includes(made.verdict) ? "water_file.saved_bad" : "water_file.saved", { number: made.number }), false);
    await renew(PARTS);
  } catch (error) {
    tell(t("takeover.failed", { reason: error.message }), true);
  } finally {
    sending = false;
  }
}

/** What a form says; a correction carries over what it does not ask for. */
function said(form) {
  const body = form.dataset.old ? JSON.parse(form.dataset.old) : {};
  for (const control of form.elements) {
    if (!control.name) continue;
    if (control.type === "checkbox") body[control.name] = control.checked;
    else if (NUMBERS.includes(control.name)) body[control.name] = Number(control.value);
    else body[control.name] = control.name === "place" ? control.value || null : control.value;
  }
  if (form.dataset.place) body.place = form.dataset.place;
  if (form.dataset.corrects) body.corrects = Number(form.dataset.corrects);
  return body;
}

document.addEventListener("submit", (event) => {
  const path = event.target.dataset.send;
  if (!path) return;
  event.preventDefault();
  enter(path, said(event.target));
});
document.addEventListener("click", (event) => {
  const { done, place, minutes } = event.target.dataset;
  if (done) enter("/api/water/done", { place, work: done, minutes: minutes ? Number(minutes) : null });
});
