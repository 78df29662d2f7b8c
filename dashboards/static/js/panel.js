// The sheet beside the plant: all points of one component, who holds them and why, and their last day.
import { byId, make, mark, setText } from "./dom.js";
import { isTaken, renewTaken, showTaken } from "./holding.js";
import { holder } from "./lists.js";
import { QUALITY } from "./live.js";
import { ageOf, fetchJson, siteNow, store } from "./store.js";
import { may, pick, shown, span, t, unitOf } from "./words.js";

const REDRAW_MS = 15000;
const MOST = 4; // lines in a chart; more are not told apart
const HOUR_S = 3600;
let part = null; // {name, devices}
let picked = []; // ids in the chart
let opener = null;
let plot = null;
let asTable = false;
let asked = 0; // number of the last question for history; older answers are dropped

/** Wire everything that opens or closes the sheet. */
export function startPanel() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-component], [data-point]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.point) openPoint(link.dataset.point, link);
    else openComponent(link.dataset.component, link);
  });
  byId("panel-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && part && !document.querySelector("dialog[open]")) close();
  });
  byId("chart-table-button").addEventListener("click", () => {
    asTable = !asTable;
    draw();
  });
  new ResizeObserver(() => plot?.setSize({ width: byId("chart").clientWidth, height: plot.height })).observe(byId("chart"));
  setInterval(() => part && draw(true), REDRAW_MS);
  setInterval(renewHolding, REDRAW_MS);
  document.addEventListener("orders", renewHolding);
}

function openComponent(id, link) {
  const found = store.components.get(id);
  if (found) open(pick(found.name), found.devices, found.shown, link);
}

function openPoint(id, link) {
  const device = store.devices.get(store.meta.get(id).source);
  open(pick(device.label), [device.id], [id], link);
}

function open(name, devices, first, link) {
  part = { name, devices };
  opener = link;
  asTable = false;
  const drawable = first.filter((id) => canDraw(store.meta.get(id)));
  const any = ids().filter((id) => canDraw(store.meta.get(id)));
  const unit = store.meta.get(drawable[0] ?? any[0])?.unit;
  picked = (drawable.length ? drawable : any.slice(0, 1)).filter((id) => store.meta.get(id).unit === unit).slice(0, MOST);
  setText(byId("panel-title"), name);
  byId("panel-points").replaceChildren(...devices.map(deviceBlock));
  byId("panel").hidden = false;
  document.body.dataset.panel = "open";
  refreshPanel();
  renewHolding();
  draw();
  byId("panel-title").focus();
}

function close() {
  part = null;
  plot?.destroy();
  plot = null;
  byId("panel").hidden = true;
  delete document.body.dataset.panel;
  opener?.focus();
}

const canDraw = (meta) => meta && !["bool", "state"].includes(meta.unit);
const ids = () => [...store.meta.values()].filter((meta) => part.devices.includes(meta.source)).map((meta) => meta.id);

function deviceBlock(id) {
  const device = store.devices.get(id);
  const rows = [...store.meta.values()].filter((meta) => meta.source === id).map(pointRow);
  return make("section", { class: "device" }, make("h3", {}, `${pick(device.label)} `, make("small", {}, device.system)),
    make("ul", {}, ...rows));
}

function pointRow(meta) {
  const name = canDraw(meta)
    ? make("button", { type: "button", class: "point-name", "aria-pressed": "false" }, pick(meta.label))
    : make("span", { class: "point-name" }, pick(meta.label));
  if (canDraw(meta)) name.addEventListener("click", () => choose(meta.id));
  return make("li", { "data-id": meta.id }, name, make("span", { class: "value" }, make("span", { class: "n" }), make("span", { class: "u" })),
    make("span", { class: "facts" }), make("span", { class: "tag" }, meta.tag), make("span", { class: "why" }), make("span", { class: "holding", role: "status", hidden: true }), ...takeover(meta));
}

/** Ask who has taken points over, as long as the sheet is open. */
export function renewHolding() {
  if (part) renewTaken(refreshPanel);
}

/** Whether they may take the point over: care staff the set points of rooms. */
const mayTake = (meta) => meta.write && (may("operate") || (may("set_rooms") && meta.id.endsWith(".setpoint_degc")));

/** A button to take the point over, for who may. */
function takeover(meta) {
  if (!mayTake(meta)) return [];
  const label = `${t("takeover.open")}: ${pick(meta.label)}`;
  return [make("button", { type: "button", class: "take", "data-takeover": meta.id, "aria-label": label }, t("takeover.open"))];
}

/** Put a point into the chart or take it out; another unit starts afresh. */
function choose(id) {
  const { unit } = store.meta.get(id);
  if (picked.includes(id)) picked = picked.length > 1 ? picked.filter((other) => other !== id) : picked;
  else if (picked.length && store.meta.get(picked[0]).unit === unit) picked = [...picked.slice(-(MOST - 1)), id];
  else picked = [id];
  refreshPanel();
  draw();
}

/** Values, qualities and ages in the open sheet. */
export function refreshPanel() {
  if (!part) return;
  for (const row of byId("panel-points").querySelectorAll("li")) {
    const { id } = row.dataset;
    const meta = store.meta.get(id);
    const point = store.points.get(id);
    if (!point) continue;
    const alarm = store.alarms.find((active) => active.point === id);
    row.classList.toggle("old", point.quality !== "good");
    row.dataset.alarm = alarm?.severity ?? "";
    setText(row.querySelector(".n"), shown(point.value ?? point.last, meta));
    setText(row.querySelector(".u"), ` ${unitOf(meta)}`);
    setText(row.querySelector(".facts"), facts(id, meta, point));
    setText(row.querySelector(".why"), why(id, meta));
    showHolding(row, meta);
    const button = row.querySelector("button.point-name");
    button?.setAttribute("aria-pressed", String(picked.includes(id)));
    button?.setAttribute("title", t(picked.includes(id) ? "panel.picked" : "panel.pick"));
    const icon = row.querySelector(".mark-icon");
    if (alarm && !icon) row.prepend(mark(alarm.severity, pick(alarm.text)));
    if (!alarm) icon?.remove();
  }
}

/** Who has taken it over; the button that takes over then changes what was ordered. */
function showHolding(row, meta) {
  const take = row.querySelector(".take");
  if (take) {
    const word = t(isTaken(meta.id) ? "takeover.again" : "takeover.open");
    setText(take, word);
    take.setAttribute("aria-label", `${word}: ${pick(meta.label)}`);
  }
  showTaken(row.querySelector(".holding"), meta.id, mayTake(meta), take);
}

function facts(id, meta, point) {
  const age = ageOf(id);
  if (age === null) return t("panel.never");
  return t("panel.point_facts", { quality: t(QUALITY[point.quality]), age: span(age), period: span(meta.period_s) });
}

function why(id, meta) {
  if (!meta.writable) return "";
  const command = store.held.get(id);
  return command ? `${holder(command)}: ${pick(command.text)}` : t("held.not_held");
}

/** Fetch the last day of what is picked and show it as chart or table. */
async function draw(quietly = false) {
  const button = byId("chart-table-button");
  button.setAttribute("aria-expanded", String(asTable));
  setText(button, t(asTable ? "drawing.as_chart" : "drawing.as_table"));
  byId("chart").hidden = asTable;
  byId("chart-table").hidden = !asTable;
  if (!picked.length) return note(t("panel.no_history"));
  if (!quietly) note(t("panel.loading"));
  const number = (asked += 1);
  const chosen = [...picked];
  let series;
  let charts;
  try {
    charts = await import("./chart.js"); // when it is first wanted: most visits want no chart
    const period = asTable ? wholeHours() : "hours=24&buckets=288";
    series = await Promise.all(chosen.map(async (id) => ({
      name: nameOf(id), data: await fetchJson(`/api/points/${encodeURIComponent(id)}/history?${period}`),
    })));
  } catch {
    if (number === asked && !quietly) note(t("panel.failed"));
    return undefined;
  }
  if (number !== asked || !part) return undefined;
  const { unit } = store.meta.get(chosen[0]);
  plot?.destroy();
  plot = null;
  byId("chart").replaceChildren();
  const empty = series.every((line) => line.data.mean.every((value) => value === null));
  note(empty ? t("panel.no_history") : "");
  if (asTable) byId("chart-table").replaceChildren(charts.hourTable(series, unit));
  else plot = charts.drawChart(byId("chart"), series, unit);
  return undefined;
}

/** The last 24 clock hours, the one that runs included. */
function wholeHours() {
  const end = Math.ceil(siteNow() / HOUR_S) * HOUR_S;
  const iso = (seconds) => new Date(seconds * 1000).toISOString();
  return `from=${iso(end - 24 * HOUR_S)}&to=${iso(end)}&buckets=24`;
}

function nameOf(id) {
  const meta = store.meta.get(id);
  const several = part.devices.length > 1 && picked.some((other) => other !== id && pick(store.meta.get(other).label) === pick(meta.label));
  return several ? `${pick(store.devices.get(meta.source).label)}` : pick(meta.label);
}

function note(text) {
  setText(byId("chart-note"), text);
}

/** Colours are read when a chart is drawn: a new theme needs a new drawing. */
export const redrawPanel = () => part && draw(true);
