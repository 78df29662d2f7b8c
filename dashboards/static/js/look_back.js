// A day's plan against what happened: what was to be bought and what was, the tanks, and each hour's own plan in money.
import { byId, make, setText, svg } from "./dom.js";
import { HOUR, hourNames, hours, line, range, round, scale, seconds, steps, upright } from "./plot.js";
import { fetchJson, siteNow } from "./store.js";
import { localDay, when } from "./when.js";
import { clock, date, number, pick, t } from "./words.js";

const BACK = 7;
const HEIGHT = 96;
const LEAST_WIDTH = 560;
const GAP = 24;
const MOST_COLUMNS = 3;
const DAY_S = 86400;
const DECIMALS = { kWh: 0, "°C": 1 };
let shown = null;
let listed = null;

/** Wire the choice of a day, and show yesterday as soon as the site's time is known. */
export function startLookBack() {
  byId("back-day").addEventListener("change", ask);
  new ResizeObserver(() => shown && draw()).observe(byId("back-lines"));
  const wait = setInterval(() => {
    if (!siteNow() || listed === localDay(siteNow())) return;
    const first = listed === null;
    list();
    if (first) ask();
  }, 1000);
  return wait;
}

function list() {
  const today = siteNow();
  listed = localDay(today);
  const select = byId("back-day");
  const kept = select.value;
  const days = Array.from({ length: BACK + 1 }, (_, n) => today - n * DAY_S);
  select.replaceChildren(...days.map((at, n) => {
    const name = n === 0 ? t("plan.today") : n === 1 ? t("plan.yesterday") : date(at);
    return make("option", { value: localDay(at) }, name);
  }));
  select.value = [...select.options].some((one) => one.value === kept) ? kept : select.options[1].value;
}

async function ask() {
  try {
    shown = await fetchJson(`/api/plan/look-back?day=${byId("back-day").value}`);
  } catch {
    return; // the banner already says that the connection is lost
  }
  setText(byId("back-about"), about());
  draw();
  table();
}

function about() {
  const scored = shown.hours.length ? scores() : "";
  if (shown.made_at === null) return `${t("plan.back_none")} ${scored}`.trim();
  return `${t("plan.back_made", { at: when(seconds(shown.made_at), siteNow()) })} ${scored}`.trim();
}

function scores() {
  const sum = (of) => shown.hours.reduce((total, hour) => total + of(hour), 0);
  return t("plan.back_scores", {
    hours: number(shown.hours.length, 0), planned: number(sum((h) => h.planned_nok), 0),
    paid: number(sum((h) => h.paid_nok), 0), kept: number(sum((h) => h.kept_nok), 0),
  });
}

/** A small drawing for each quantity that has both. */
function draw() {
  const place = byId("back-lines");
  const width = place.clientWidth;
  if (!width) return;
  const lines = shown.lines.filter((one) => one.measured.some((value) => value !== null));
  const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.floor((width + GAP) / LEAST_WIDTH)));
  place.dataset.columns = columns;
  place.replaceChildren(...lines.map((one) => drawOne(one, (width - (columns - 1) * GAP) / columns)));
}

function drawOne(one, width) {
  const left = width < 600 ? 30 : 44;
  const begin = seconds(shown.starts[0]);
  const end = begin + shown.starts.length * HOUR;
  const x = scale(begin, end, left, width - 6);
  const [low, high] = range([...one.planned, ...one.measured], one.unit === "kWh");
  const y = scale(low, high, HEIGHT - 20, 6);
  const every = width < 600 ? 6 : 3;
  const title = `${pick(one.name)} [${one.unit}]`;
  const plot = svg("svg", { class: "lane-plot", viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": `${title}. ${t("plan.see_table")}` });
  upright(plot, y, low, high, left, width - 6);
  hours(plot, x, begin, end, 2, HEIGHT - 18, every);
  hourNames(plot, x, begin, end, HEIGHT - 4, every);
  const path = one.unit === "kWh" ? steps : line;
  const cells = (values) => values.map((value, index) => [begin + index * HOUR, begin + (index + 1) * HOUR, value]);
  plot.append(svg("path", { class: "trace c3 planned", d: path(cells(one.planned), x, y) }));
  plot.append(svg("path", { class: "trace c1", d: path(cells(one.measured), x, y) }));
  return make("section", { class: "lane" }, make("div", { class: "lane-head" }, make("h3", {}, title), make("p", { class: "hint" }, difference(one))), plot);
}

/** How far what happened was from the plan. */
function difference(one) {
  const both = one.planned.map((value, index) => [value, one.measured[index]]).filter(([a, b]) => a !== null && b !== null);
  if (!both.length) return "";
  if (one.unit === "kWh") {
    const [planned, happened] = [0, 1].map((n) => both.reduce((total, pair) => total + pair[n], 0));
    return t("plan.back_energy", { planned: number(planned, 0), happened: number(happened, 0) });
  }
  const off = both.reduce((total, [a, b]) => total + Math.abs(a - b), 0) / both.length;
  return t("plan.back_off", { kelvin: number(round(off), 1) });
}

function table() {
  const heads = shown.lines.flatMap((one) => [t("plan.of_planned", { name: pick(one.name), unit: one.unit }), t("plan.of_measured", { name: pick(one.name), unit: one.unit })]);
  const cell = (value, unit) => make("td", { class: "num" }, value === null || value === undefined ? "–" : number(value, DECIMALS[unit]));
  const rows = shown.starts.map((iso, index) => make("tr", {}, make("th", { scope: "row" }, clock(seconds(iso))),
    ...shown.lines.flatMap((one) => [cell(one.planned[index], one.unit), cell(one.measured[index], one.unit)])));
  const head = make("tr", {}, make("th", { scope: "col" }, t("table.hour")), ...heads.map((text) => make("th", { scope: "col", class: "num" }, text)));
  byId("back-table").replaceChildren(make("table", {}, make("caption", { class: "sr" }, t("plan.back_title")), make("thead", {}, head), make("tbody", {}, ...rows)));
  byId("back-details").hidden = !rows.length;
  byId("back-keys").hidden = !rows.length;
}
