// The log: fetched by kind and period, narrowed by words, kept up to date.
import { onChange } from "./frame.js";
import { byId, keyed, make, setText } from "./dom.js";
import { fetchJson, store } from "./store.js";
import { dayAndClock, decimalsOf, number, pick, t } from "./words.js";

const AGAIN_MS = 30000;
const TYPED_MS = 200;
const MOST = 500;
const TOGETHER_MS = 600000; // site time
const WHO = { outside: "log.somebody", control: "log.control", alarms: "log.alarms", system: "log.system" };
const form = byId("log-form");
let entries = [];
let asked = 0; // number of the last question; older answers are dropped
let typed = null;

const who = (entry) => entry.who ?? (WHO[entry.group] ? t(WHO[entry.group]) : "");

/** A value before or after, with the decimals and unit of its point where it is one. */
function said(value, entry) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "number") return String(value);
  const meta = store.meta.get(entry.subject);
  const unit = meta && !["bool", "state", "count"].includes(meta.unit) ? ` ${meta.unit}` : "";
  return `${number(value, meta ? decimalsOf(meta.unit) : Number.isInteger(value) ? 0 : 1)}${unit}`;
}

/** What a person changed, where the sentence does not say so itself. */
function change(entry) {
  if (entry.after === null && entry.before === null) return "";
  return pick(entry.text).includes("→") ? "" : `${said(entry.before, entry)} → ${said(entry.after, entry)}`;
}

const why = (entry) => (entry.reason && !pick(entry.text).includes(entry.reason) ? entry.reason : "");

const words = (entry) => `${who(entry)} ${pick(entry.text)} ${pick(entry.about)} ${change(entry)} ${why(entry)}`.toLowerCase();

/** Entries that say the same within minutes become one: a device that goes takes all its points along. */
function together(found) {
  const runs = [];
  for (const entry of found) {
    const last = runs.at(-1);
    const same = last && entry.group !== "people" && last.kind === entry.kind && pick(last.text) === pick(entry.text);
    if (same && Date.parse(last.at) - Date.parse(entry.at) < TOGETHER_MS) last.subjects.push(entry.subject);
    else runs.push({ ...entry, subjects: [entry.subject] });
  }
  return runs;
}

function told(entry) {
  if (entry.subjects.length > 1) return `${pick(entry.text)} ${t("log.points", { number: entry.subjects.length })}`;
  return entry.kind.startsWith("fallback") ? `${pick(entry.text)} (${pick(entry.about)})` : pick(entry.text);
}

function show() {
  const wanted = byId("log-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => wanted.every((word) => words(entry).includes(word)));
  const rows = found.length ? together(found) : [null];
  const keyOf = (entry) => (entry ? `${entry.at} ${entry.kind} ${entry.subject} ${told(entry)}` : "none");
  keyed(byId("log-rows"), rows, keyOf, (entry) => {
    if (!entry) return make("tr", {}, make("td", { colspan: 5 }, t("log.none")));
    const when = make("time", { datetime: entry.at }, dayAndClock(Date.parse(entry.at) / 1000));
    return make("tr", { "data-group": entry.group },
      make("td", { class: "when" }, when), make("td", { class: "who" }, who(entry)),
      make("th", { class: "what", scope: "row" }, told(entry)),
      make("td", { class: "change" }, change(entry)), make("td", { class: "why" }, why(entry)));
  });
  const full = entries.length >= MOST;
  setText(byId("log-count"), t(full ? "log.full" : "log.count", { shown: found.length, total: entries.length }));
}

async function ask() {
  const mine = (asked += 1);
  const data = new FormData(form);
  const groups = data.getAll("group");
  const query = new URLSearchParams({ days: data.get("days"), limit: MOST });
  for (const group of groups) query.append("group", group);
  let found = [];
  try {
    if (groups.length) found = await fetchJson(`/api/log?${query}`);
  } catch {
    if (mine === asked) setText(byId("log-count"), t("log.failed"));
    return;
  }
  if (mine !== asked) return;
  entries = found;
  show();
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", (event) => {
  if (event.target.id !== "log-search") ask();
});
byId("log-search").addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(show, TYPED_MS);
});
onChange((_, message) => {
  if (message.alarms) ask();
});
setInterval(() => {
  if (!document.hidden) ask();
}, AGAIN_MS);
ask();
