// Alarms, events, the system's health and what is held: lists that are kept, not rebuilt.
import { byId, keyed, make, mark, setText } from "./dom.js";
import { fetchJson, store } from "./store.js";
import { clock, dayAndClock, pick, shown, source, span, t, unitOf } from "./words.js";

const CLASSES = { A: "alarms.class_a", B: "alarms.class_b", C: "alarms.class_c" };
const STATES = { ok: "health.ok", degraded: "health.degraded", down: "health.down", starting: "health.starting" };
const KINDS = { driver: "health.driver", feed: "health.feed", record: "health.record", loop: "health.loop" };
const FEEDS = {
  prices: "health.prices", weather: "health.weather", mqtt_out: "health.mqtt_out", influx: "health.influx",
};
const EVENTS_MS = 15000;
const seconds = (iso) => Date.parse(iso) / 1000;


/** Alarms in the list and on their components. */
export function showAlarms() {
  const list = byId("alarm-list");
  const order = [...store.alarms].sort((a, b) => a.severity.localeCompare(b.severity));
  keyed(list, order.length ? order : [null], (alarm) => alarm?.id ?? "none", (alarm) => {
    if (!alarm) return make("li", { class: "none" }, t("alarms.none"));
    const text = make("span", { class: "text" }, pick(alarm.text));
    const since = make("span", { class: "when" }, t("alarms.since", { time: dayAndClock(seconds(alarm.raised_at)) }));
    return make("li", { "data-class": alarm.severity }, mark(alarm.severity, t(CLASSES[alarm.severity])), text, since);
  });
  markComponents();
}

/** The worst alarm of each component; a lost connection is marked where the connections are listed. */
function markComponents() {
  const byDevice = new Map();
  const put = (device, letter) => {
    if (!byDevice.has(device) || letter < byDevice.get(device)) byDevice.set(device, letter);
  };
  for (const alarm of store.alarms) {
    if (alarm.point) put(store.meta.get(alarm.point)?.source, alarm.severity);
  }
  for (const element of document.querySelectorAll(".component, .tile")) {
    const devices = store.components.get(element.dataset.component)?.devices ?? [];
    const letter = devices.map((device) => byDevice.get(device)).filter(Boolean).sort()[0] ?? "";
    if ((element.dataset.alarm ?? "") === letter) continue;
    element.dataset.alarm = letter;
    element.querySelector(".mark")?.setAttribute("href", letter ? `#mark-${letter}` : "");
  }
}

/** Events are fetched now, after a change of alarms, and every quarter of a minute. */
export async function showEvents() {
  let events;
  try {
    events = await fetchJson("/api/events?limit=30");
  } catch {
    return; // the banner already says that the connection is lost
  }
  const keyOf = (event) => (event ? `${event.at} ${event.kind} ${event.subject}` : "none");
  keyed(byId("event-list"), events.length ? events : [null], keyOf, (event) => {
    if (!event) return make("li", { class: "none" }, t("events.none"));
    const when = make("time", { datetime: event.at, class: "when" }, dayAndClock(seconds(event.at)));
    return make("li", { "data-kind": event.kind }, when, make("span", { class: "text" }, pick(event.text)));
  });
}

export function keepEvents() {
  showEvents();
  setInterval(showEvents, EVENTS_MS);
}

/** Connections, feeds, record and loop. */
export function showHealth() {
  const parts = Object.entries(store.health);
  keyed(byId("health-list"), parts, ([name]) => name, ([name]) => {
    const label = FEEDS[name] ? t(FEEDS[name]) : KINDS[name] ? t(KINDS[name]) : name;
    const devices = [...store.devices.values()].filter((device) => device.connection === name);
    const what = devices.length ? t("health.devices", { number: devices.length }) : "";
    return make("li", { title: devices.map((device) => pick(device.label)).join(", ") },
      make("span", { class: "lamp" }), make("span", { class: "name" }, label), make("span", { class: "what" }, what),
      make("span", { class: "word" }), make("span", { class: "age" }));
  }, (row, [, [state, age]]) => {
    row.dataset.state = state;
    const alarm = store.alarms.find((active) => active.id === `connection.${row.dataset.key}`);
    const icon = row.querySelector(".mark-icon");
    if (alarm && !icon) row.querySelector(".lamp").append(mark(alarm.severity, t(CLASSES[alarm.severity])));
    if (!alarm) icon?.remove();
    setText(row.querySelector(".word"), t(STATES[state]));
    setText(row.querySelector(".age"), age === null ? "–" : span(age));
  });
}

/** Commands in force with their reasons. */
export function showHeld() {
  const commands = [...store.held.entries()];
  keyed(byId("held-rows"), commands.length ? commands : [[null]], ([id]) => id ?? "none", ([id]) => {
    if (!id) return make("tr", {}, make("td", { colspan: 4 }, t("held.none")));
    const meta = store.meta.get(id);
    const device = pick(store.devices.get(meta.source).label);
    return make("tr", {}, make("th", { scope: "row" }, `${device}: ${pick(meta.label)}`),
      make("td", { class: "num" }), make("td", { class: "who" }), make("td", { class: "why" }));
  }, (row, [id, command]) => {
    if (!id) return;
    const meta = store.meta.get(id);
    setText(row.querySelector(".num"), `${shown(command.value, meta)} ${unitOf(meta)}`.trim());
    setText(row.querySelector(".who"), holder(command));
    setText(row.querySelector(".why"), `${pick(command.text)} (${t("held.since", { time: clock(seconds(command.since)) })})`);
  });
}

/** Who holds a point, e.g. 'rules, priority 12'. */
export const holder = (command) => t("held.priority", { source: source(command.source), priority: command.priority });
