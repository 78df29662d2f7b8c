// Taking a point over and giving it back: a dialog for any element with data-takeover, and buttons with data-give-back.
import { byId, make, setText } from "./dom.js";
import { send } from "./send.js";
import { store } from "./store.js";
import { dayAndClock, decimalsOf, number, pick, shown, t, unitOf } from "./words.js";

const DURATIONS_MIN = [15, 30, 60, 120, 240, 480, 720, 1440];
const USUAL_MIN = 120;
const LOOK_AFTER_MS = 250;
let dialog = null;
let point = null; // the description of the point in the dialog
let opener = null;
let timer = null;
let asked = 0; // number of the last question; older answers are dropped

/** Tell the page that orders have changed. */
const changed = () => document.dispatchEvent(new Event("orders"));

/** Give points back: one, or all of them when no id is given. Returns what went wrong, or null. */
export async function giveBack(id) {
  try {
    await send("DELETE", id ? `/api/points/${encodeURIComponent(id)}/taken` : "/api/taken");
    changed();
    return null;
  } catch (error) {
    return t("takeover.failed", { reason: error.message });
  }
}

/** Open the dialog for one point. */
export function openTakeover(id, from) {
  point = store.meta.get(id);
  if (!point) return;
  opener = from;
  dialog ??= build();
  fill();
  dialog.showModal();
  byId("takeover-value").focus();
  look();
}

function build() {
  document.head.append(make("link", { rel: "stylesheet", href: "/static/takeover.css" }));
  const durations = DURATIONS_MIN.map((minutes) => make("option", { value: minutes, selected: minutes === USUAL_MIN }, length(minutes)));
  const form = make("form", { method: "dialog", id: "takeover-form" },
    make("h2", { id: "takeover-title" }),
    field("takeover-value", t("takeover.value"), make("span", { id: "takeover-control" })),
    field("takeover-duration", t("takeover.duration"), make("select", { id: "takeover-duration" }, ...durations)),
    field("takeover-reason", t("takeover.reason"), make("input", {
      type: "text", id: "takeover-reason", required: true, minlength: 3, maxlength: 200, autocomplete: "off", "aria-describedby": "takeover-hint",
    }), make("span", { class: "hint", id: "takeover-hint" }, t("takeover.reason_hint"))),
    make("div", { class: "preview", role: "status", "aria-live": "polite" }, make("ul", { id: "takeover-preview" })),
    make("p", { id: "takeover-failed", role: "alert" }),
    make("div", { class: "buttons" },
      make("button", { type: "submit", id: "takeover-confirm", class: "strong" }, t("takeover.confirm")),
      make("button", { type: "button", id: "takeover-back", hidden: true }, t("takeover.give_back")),
      make("button", { type: "button", id: "takeover-cancel" }, t("takeover.cancel"))));
  const element = make("dialog", { id: "takeover", "aria-labelledby": "takeover-title" }, form);
  document.body.append(element);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, LOOK_AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
  });
  element.addEventListener("close", () => opener?.focus());
  element.querySelector("#takeover-cancel").addEventListener("click", () => element.close());
  element.querySelector("#takeover-back").addEventListener("click", async () => {
    const failed = await giveBack(point.id);
    if (failed) setText(byId("takeover-failed"), failed);
    else element.close();
  });
  return element;
}

function field(id, label, ...controls) {
  return make("div", { class: "field" }, make("label", { for: id }, label), ...controls);
}

function length(minutes) {
  return minutes < 60 ? t("takeover.minutes", { number: minutes }) : t("takeover.hours", { number: minutes / 60 });
}

/** The control that fits the point: words for flags and states, else a number within its range. */
function control(value) {
  const rule = point.write;
  const whole = Object.keys(point.states).length || point.unit === "bool";
  if (whole) {
    const choices = point.unit === "bool" ? [0, 1] : Object.keys(point.states).map(Number).filter((state) => state >= rule.min && state <= rule.max);
    return make("select", { id: "takeover-value" }, ...choices.map((state) => make("option", { value: state, selected: state === Math.round(value ?? 0) }, shown(state, point))));
  }
  const decimals = Math.max(decimalsOf(point.unit), 0);
  const step = rule.step || (point.unit === "count" ? 1 : 10 ** -Math.max(decimals, 1));
  return make("input", {
    type: "number", id: "takeover-value", inputmode: "decimal", required: true, min: rule.min, max: rule.max, step,
    value: value === null || value === undefined ? "" : Number(value.toFixed(3)), "aria-describedby": "takeover-range",
  });
}

function fill() {
  const device = store.devices.get(point.source);
  const held = store.held.get(point.id);
  setText(byId("takeover-title"), t("takeover.title", { name: `${pick(device.label)}: ${pick(point.label)}` }));
  const now = store.points.get(point.id);
  const input = control(held?.value ?? now?.value ?? now?.last);
  const facts = { low: number(point.write.min, 0), high: number(point.write.max, 0), unit: unitOf(point) };
  const range = input.tagName === "INPUT" ? [make("span", { class: "hint", id: "takeover-range" }, t("takeover.range", facts))] : [];
  byId("takeover-control").replaceChildren(input, ...range);
  byId("takeover-reason").value = "";
  setText(byId("takeover-failed"), "");
  byId("takeover-preview").replaceChildren();
  byId("takeover-back").hidden = held?.source !== "operator";
}

const wanted = () => ({ value: Number(byId("takeover-value").value), minutes: Number(byId("takeover-duration").value) });

/** Ask what would come of it. */
async function look() {
  if (!byId("takeover-value").checkValidity() || byId("takeover-value").value === "") return;
  const number_ = (asked += 1);
  let found;
  try {
    found = await send("POST", `/api/points/${encodeURIComponent(point.id)}/preview`, wanted());
  } catch (error) {
    if (number_ === asked) byId("takeover-preview").replaceChildren(make("li", { class: "verdict" }, error.message));
    return;
  }
  if (number_ === asked) byId("takeover-preview").replaceChildren(...lines(found));
}

const withUnit = (value) => (value === null ? "–" : `${shown(value, point)} ${unitOf(point)}`.trim());
const who = (source) => t(`source.${["rules", "guard", "operator"].includes(source) ? source : "rules"}`);

function lines(found) {
  const said = [];
  const say = (text, css = "") => said.push(make("li", { class: css }, text));
  const reason = found.verdict ? pick(found.verdict.text) : "";
  if (found.given === null) say(t("takeover.blocked", { reason }), "verdict");
  else if (found.verdict) say(t("takeover.bounded", { given: withUnit(found.given), reason }), "verdict");
  else say(t("takeover.allowed"));
  if (found.safety) say(t("takeover.safety", { reason: pick(found.safety.reason.text) }), "verdict");
  for (const other of found.displaced) {
    say(t("takeover.displaced", { who: who(other.source), value: withUnit(other.value), reason: pick(other.reason.text) }));
  }
  if (!found.displaced.length && !found.safety) say(t("takeover.nobody"));
  say(cost(found.cost));
  say(t("takeover.until", { time: dayAndClock(Date.parse(found.until) / 1000) }));
  say(t("takeover.wear", { number: found.writes_today, budget: found.daily_budget }));
  return said;
}

function cost({ nok, electricity_kwh: electricity, heat_kwh: heat, basis }) {
  if (basis === "none") return t("takeover.cost_none");
  if (nok === null && electricity) return t("takeover.cost_unknown_kwh", { kwh: number(electricity, 0) });
  if (nok === null) return t("takeover.cost_unknown");
  const ofHeat = !electricity;
  const key = nok < 0 ? "takeover.cost_gain" : "takeover.cost_plan";
  return t(ofHeat ? `${key}_heat` : key, { nok: number(Math.abs(nok), 0), kwh: number(ofHeat ? heat : electricity, 0) });
}

async function take() {
  const confirm = byId("takeover-confirm");
  if (document.body.dataset.link === "lost") {
    setText(byId("takeover-failed"), t("takeover.stale"));
    return;
  }
  confirm.disabled = true;
  try {
    await send("PUT", `/api/points/${encodeURIComponent(point.id)}/taken`, { ...wanted(), reason: byId("takeover-reason").value });
    dialog.close();
    changed();
  } catch (error) {
    setText(byId("takeover-failed"), t("takeover.failed", { reason: error.message }));
  } finally {
    confirm.disabled = false;
  }
}
