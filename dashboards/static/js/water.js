// The page of hot water and hygiene: the deadline and its proof, every sensor against its limit, the log, the last day.
import { keepAsking } from "./asking.js";
import { drawChart } from "./chart.js";
import { byId, keyed, make, setText } from "./dom.js";
import { onChange } from "./frame.js";
import { seconds } from "./plot.js";
import { fetchJson, siteNow, store } from "./store.js";
import { when } from "./when.js";
import { clock, date, dayAndClock, number, pick, span, t } from "./words.js";

const REDRAW_MS = 60000;
let last = null;
let plot = null;
let charted = 0;

function take(data) {
  last = data;
  byId("water-body").hidden = false;
  byId("water-none").hidden = true;
  showDuty(data);
  showPairs(data.duty);
  showSensors(data);
  showDays(data);
  showLog(data);
  showUse(data);
  chart();
}

const said = (iso) => when(seconds(iso), seconds(last.now));

function showDuty({ duty }) {
  const state = duty.due_at === null ? "unknown" : duty.left_h < 0 ? "overdue" : duty.driven_since !== null ? "driven" : "fine";
  const box = byId("duty");
  box.dataset.state = state;
  const words = { unknown: "water.duty_unknown", overdue: "water.duty_overdue", driven: "water.duty_driven", fine: "water.duty_fine" };
  setText(byId("duty-word"), t(words[state]));
  const { proven } = duty;
  const still = proven !== null && proven.still_on; // its end is now: the proof and the deadline move on by the minute
  const due = duty.due_at === null ? "–" : dayAndClock(seconds(duty.due_at));
  setText(byId("duty-due"), still && duty.due_at !== null ? t("water.due_moves", { due }) : due);
  setText(byId("duty-left"), duty.left_h === null ? "–" : t(duty.left_h < 0 ? "water.late_by" : "water.left", { span: span(Math.abs(duty.left_h) * 3600) }));
  setText(byId("duty-driven"), duty.driven_since === null ? t("water.not_driven") : said(duty.driven_since));
  setText(byId("duty-planned"), plannedWords(duty, still));
  setText(byId("duty-proof"), proven === null ? t("water.no_proof") : t(still ? "water.proof_still_on" : "water.proof", {
    from: said(proven.start), to: clock(seconds(proven.end)), minutes: number(proven.minutes, 0),
    degc: number(proven.degc, 0), coldest: number(proven.coldest_degc, 1),
  }));
  setText(byId("duty-coldest"), duty.coldest_degc === null ? t("water.coldest_unknown") : `${number(duty.coldest_degc, 1)} °C`);
  setText(byId("duty-rule"), t("water.rule", { days: number(duty.interval_days, 0) }));
}

function plannedWords(duty, still) {
  if (duty.planned_at === null) return t("water.not_planned");
  return still ? t("water.planned_held", { at: said(duty.planned_at) }) : said(duty.planned_at);
}

/** How far a hold that runs now has come on its way to a proof. */
function showPairs(duty) {
  keyed(byId("duty-pairs"), duty.pairs, (pair) => `${pair.degc}`, (pair) => make("li", {},
    make("span", {}, t("water.pair", { degc: number(pair.degc, 0), minutes: number(pair.minutes, 0) })),
    make("progress", { max: pair.minutes, value: 0, "aria-label": t("water.pair", { degc: number(pair.degc, 0), minutes: number(pair.minutes, 0) }) }),
    make("b", {})), (row, pair) => {
    const held = pair.held_minutes;
    row.querySelector("progress").value = Math.min(held ?? 0, pair.minutes);
    setText(row.querySelector("b"), held === null ? t("water.below") : held >= pair.minutes ? t("water.held_proven", { span: span(held * 60) }) : t("water.held", { minutes: number(held, 0) }));
  });
}

function showSensors(data) {
  keyed(byId("sensor-rows"), data.sensors, (one) => one.point, (one) => make("tr", {},
    make("th", { scope: "row" }, make("a", { href: `#${one.point}`, "data-point": one.point }, pick(one.name))),
    make("td", { class: "num value" }, make("span", { class: "n" })), make("td", { class: "num" }, `${number(one.limit_degc, 0)} °C`),
    make("td", { class: "word" }), make("td", { class: "num lowest" }), make("td", { class: "num today" })), (row, one) => {
    setText(row.querySelector(".lowest"), one.lowest_degc === null ? "–" : `${number(one.lowest_degc, 1)} °C`);
    setText(row.querySelector(".today"), minutes(one.below_min[one.below_min.length - 1]));
    row.dataset.limit = one.limit_degc;
    setNow(row, one.value_degc);
  });
}

const minutes = (value) => (value === null ? "–" : t("time.minutes", { number: number(value, 0) }));

function setNow(row, degc) {
  const limit = Number(row.dataset.limit);
  const state = degc === null || degc === undefined ? "unknown" : degc < last.critical_degc ? "critical" : degc < limit ? "below" : "fine";
  row.dataset.state = state;
  const words = { unknown: "water.is_unknown", critical: "water.is_critical", below: "water.is_below", fine: "water.is_fine" };
  setText(row.querySelector(".n"), degc === null || degc === undefined ? "–" : `${number(degc, 1)} °C`);
  setText(row.querySelector(".word"), t(words[state]));
}

/** Values of the sensors as they come. */
function refresh(changed) {
  if (!last) return;
  for (const row of byId("sensor-rows").children) {
    const id = row.dataset.key;
    if (changed.includes(id)) setNow(row, store.points.get(id).value);
  }
}

function showDays(data) {
  const heads = [make("th", { scope: "col" }, t("water.sensor")), ...data.days.map((iso) => make("th", { scope: "col", class: "num" }, date(seconds(iso))))];
  byId("below-head").replaceChildren(make("tr", {}, ...heads));
  byId("below-rows").replaceChildren(...data.sensors.map((one) => make("tr", {}, make("th", { scope: "row" }, pick(one.name)),
    ...one.below_min.map((below, index) => dayCell(below, one.critical_min[index], one.unknown_min[index])))));
}

function dayCell(below, critical, unknown) {
  if (below === null) return make("td", { class: "num none" }, t("water.no_values"));
  const parts = [make("b", {}, number(below, 0))];
  if (critical > 0) parts.push(make("small", {}, ` ${t("water.of_critical", { minutes: number(critical, 0) })}`));
  if (unknown > 0) parts.push(make("small", {}, ` ${t("water.of_unknown", { minutes: number(unknown, 0) })}`));
  return make("td", { class: "num", "data-some": below > 0 ? "true" : "false" }, ...parts);
}

function showLog(data) {
  const items = data.log.length ? data.log : [null];
  keyed(byId("cycle-log"), items, (one) => (one ? `${one.at} ${one.code}` : "none"), (one) => (one
    ? make("li", {}, make("time", { class: "when", datetime: one.at }, dayAndClock(seconds(one.at))), make("span", { class: "text" }, pick(one.text)))
    : make("li", { class: "none" }, t("water.no_log"))));
}

function showUse(data) {
  setText(byId("use-tapped"), data.tapped_m3 === null ? "–" : `${number(data.tapped_m3, 2)} m³`);
  setText(byId("use-heater"), data.heater_kwh === null ? "–" : `${number(data.heater_kwh, 1)} kWh`);
  const cold = data.cold_degc === null ? "–" : `${number(data.cold_degc, 1)} °C`;
  setText(byId("use-cold"), `${cold} (${t("water.at_most", { degc: number(data.cold_max_degc, 0) })})`);
}

/** The last day of the sensors worth a chart; drawn anew once a minute at most. */
async function chart() {
  if (!store.meta.size || (plot && performance.now() - charted < REDRAW_MS)) return;
  charted = performance.now();
  let series;
  try {
    series = await Promise.all(last.charts.map(async (id) => ({
      name: pick(store.meta.get(id).label), data: await fetchJson(`/api/points/${encodeURIComponent(id)}/history?hours=24&buckets=288`),
    })));
  } catch {
    return; // the banner already says that the connection is lost
  }
  const known = series.some((one) => one.data.mean.some((value) => value !== null));
  setText(byId("water-chart-note"), known ? "" : t("panel.no_history"));
  if (!known || !siteNow()) return;
  plot?.destroy();
  byId("water-chart").replaceChildren();
  plot = drawChart(byId("water-chart"), series, "°C");
}

function none(answer) {
  if (answer.status !== 404) return;
  byId("water-none").hidden = false;
  setText(byId("water-none"), t("water.none"));
  byId("water-body").hidden = true;
}

document.addEventListener("theme", () => {
  charted = 0;
  plot?.destroy();
  plot = null;
  if (last) chart();
});
new ResizeObserver(() => plot?.setSize({ width: byId("water-chart").clientWidth, height: plot.height })).observe(byId("water-chart"));
onChange((changed) => {
  refresh(changed);
  if (last && !plot) chart();
});
keepAsking("/api/water", take, none);
