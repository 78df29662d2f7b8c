// The page of energy and money: the bill so far, the month's peak and this hour, hours and days, meters, savings.
import { keepAsking } from "./asking.js";
import { byId, keyed, make, setText, svg } from "./dom.js";
import { drawDays, drawHours, drawPeak } from "./energy_plots.js";
import { seconds } from "./plot.js";
import { when } from "./when.js";
import { clock, date, number, pick, t } from "./words.js";

const ITEMS = [
  ["money.spot", (bill) => bill.spot_nok], ["money.supplier", (bill) => bill.supplier_nok],
  ["money.grid", (bill) => bill.grid_nok], ["money.tax", (bill) => bill.tax_nok],
  ["money.sold", (bill) => -bill.sold_nok], ["money.peak_charge", (bill) => bill.peak_nok],
  ["money.fixed", (bill) => bill.fixed_nok], ["money.total", (bill) => bill.total_nok],
];
const PURPOSES = {
  total: "money.use_total", room_and_air_heat: "money.use_room_and_air_heat", hot_water: "money.use_hot_water",
  cooling: "money.use_cooling", fans_and_pumps: "money.use_fans_and_pumps", light_and_equipment: "money.use_light_and_equipment",
  large_users: "money.use_large_users", vehicles: "money.use_vehicles", source: "money.use_source",
};
const ALL_KNOWN = 0.995;
let last = null;

function take(data) {
  last = data;
  byId("energy-body").hidden = false;
  byId("energy-none").hidden = true;
  showFigures(data);
  showBill(data);
  showStores(data);
  showPeak(data);
  showMeters(data);
  showSavings(data);
  showTables(data);
  draw();
}

function draw() {
  if (!last) return;
  drawPeak(byId("peak-plot"), last.peak);
  drawHours(byId("hours-plot"), last);
  drawDays(byId("days-plot"), last);
}

const kwh = (value) => (value === null ? "–" : number(value, 0));

function showFigures(data) {
  const put = (id, value, note) => {
    setText(byId(id).querySelector(".n"), value);
    setText(byId(id).querySelector(".note"), note);
  };
  put("f-today", number(data.today.total_nok, 0), t("money.bought", { kwh: kwh(data.today.bought_kwh) }));
  put("f-month", number(data.month.total_nok, 0), t("money.bought", { kwh: kwh(data.month.bought_kwh) }));
  const { peak, savings } = data;
  put("f-peak", peak.so_far_kw === null ? "–" : number(peak.so_far_kw, 0), peak.target_kw === null ? t("money.no_target") : t("money.target", { kw: number(peak.target_kw, 0) }));
  put("f-hour", peak.hour_expected_kw === null ? "–" : number(peak.hour_expected_kw, 0), t("money.hour_so_far", { kwh: peak.hour_kwh === null ? "–" : number(peak.hour_kwh, 1) }));
  const spread = savings.uncertainty_nok === null ? t("money.nights", { count: savings.counted }) : t("money.nights_spread", { count: savings.counted, spread: number(savings.uncertainty_nok, 0) });
  put("f-saved", savings.saved_nok === null ? "–" : number(savings.saved_nok, 0), savings.counted ? spread : t("money.no_nights"));
}

function showBill(data) {
  const largest = Math.max(1, ...ITEMS.slice(0, -1).map(([, of]) => Math.abs(of(data.month) ?? 0)));
  const amount = (value) => make("td", { class: "num" }, value === null ? "–" : number(value, 0));
  byId("bill-rows").replaceChildren(...ITEMS.map(([key, of]) => {
    const month = of(data.month);
    const share = key === "money.total" ? "" : shareBar(month === null ? 0 : Math.abs(month) / largest);
    return make("tr", { class: key === "money.total" ? "sum" : "" }, make("th", { scope: "row" }, t(key)), amount(of(data.today)), amount(month), make("td", { class: "share" }, share));
  }));
  const lacking = [["money.lacks_today", data.today], ["money.lacks_month", data.month]].filter(([, bill]) => bill.known_share < ALL_KNOWN);
  setText(byId("bill-known"), lacking.map(([key, bill]) => t(key, { pct: number(100 * bill.known_share, 0) })).join(" "));
}

/** What each substation and battery came to: a row a line, with its unit. */
function showStores(data) {
  const heat = [["money.heat_taken", "kWh", (of) => of.kwh], ["money.heat_energy", "kr", (of) => of.energy_nok],
    ["money.heat_peak", "kW", (of) => of.peak_kw], ["money.heat_peak_charge", "kr", (of) => of.peak_nok],
    ["money.fixed", "kr", (of) => of.fixed_nok], ["money.total", "kr", (of) => of.total_nok]];
  const pack = [["money.pack_taken", "kWh", (of) => of.taken_kwh], ["money.pack_given", "kWh", (of) => of.given_kwh],
    ["money.pack_taken_nok", "kr", (of) => -of.taken_nok], ["money.pack_given_nok", "kr", (of) => of.given_nok],
    ["money.pack_wear", "kr", (of) => -of.wear_nok], ["money.pack_earned", "kr", (of) => of.earned_nok]];
  for (const one of data.heat) showStore(`heat-${one.id}`, heat, one);
  for (const one of data.batteries) showStore(`pack-${one.id}`, pack, one);
}

function showStore(name, lines, one) {
  const amount = (value, unit) => make("td", { class: "num" }, value === null ? "–" : `${number(value, 0)} ${unit}`);
  const told = lines.filter(([, , of]) => of(one.month) !== null);
  byId(`${name}-rows`).replaceChildren(...told.map(([key, unit, of], index) => make("tr", { class: index === told.length - 1 ? "sum" : "" },
    make("th", { scope: "row" }, t(key)), amount(of(one.today), unit), amount(of(one.month), unit))));
  const lacking = [["money.lacks_today", one.today], ["money.lacks_month", one.month]].filter(([, of]) => of.known_share < ALL_KNOWN);
  setText(byId(`${name}-known`), lacking.map(([key, of]) => t(key, { pct: number(100 * of.known_share, 0) })).join(" "));
}

function shareBar(share) {
  const box = svg("svg", { class: "share-bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  box.append(svg("rect", { class: "money", x: 0, y: 1, width: Math.max(0, Math.min(100, 100 * share)), height: 8 }));
  return box;
}

function showPeak({ peak, now }) {
  const lines = [];
  const kw = (value) => number(value, 0);
  if (peak.kind === "none") lines.push(t("money.peak_free"));
  else if (peak.so_far_kw === null) lines.push(t("money.peak_unknown"));
  else {
    lines.push(t(peak.basis === "highest_hour" ? "money.peak_highest" : "money.peak_three", { kw: kw(peak.so_far_kw), nok: number(peak.so_far_nok, 0) }));
    if (peak.nok_per_kw !== null) lines.push(t("money.peak_per_kw", { nok: number(peak.nok_per_kw, 0) }));
    if (peak.step_to_kw !== null) lines.push(t("money.peak_step", { to: kw(peak.step_to_kw), left: number(Math.max(peak.step_to_kw - peak.so_far_kw, 0), 1), nok: number(peak.next_step_nok, 0) }));
    if (peak.step_from_kw !== null && peak.step_to_kw === null) lines.push(t("money.peak_last_step", { from: kw(peak.step_from_kw) }));
  }
  if (peak.planned_kw !== null) lines.push(t("money.peak_planned", { kw: kw(peak.planned_kw) }));
  byId("peak-says").replaceChildren(...lines.map((text) => make("li", {}, text)));
  const hour = { from: clock(seconds(peak.hour_start)), kwh: peak.hour_kwh === null ? "–" : number(peak.hour_kwh, 1), kw: peak.hour_expected_kw === null ? "–" : kw(peak.hour_expected_kw) };
  setText(byId("peak-hour"), t("money.hour_now", hour));
  keyed(byId("peak-highest"), peak.highest, (one) => one.start, (one) => make("li", {}, make("b", {}, `${number(one.kw, 1)} kW`), ` ${when(seconds(one.start), seconds(now))}`));
}

function showMeters(data) {
  for (const carrier of ["electricity", "heat"]) {
    const meters = data.meters.filter((meter) => meter.carrier === carrier);
    const largest = Math.max(1, ...meters.filter((meter) => meter.purpose !== "total").map((meter) => meter.month_kwh ?? 0));
    byId(`meters-${carrier}`).replaceChildren(...meters.map((meter) => make("tr", {},
      make("th", { scope: "row" }, pick(meter.name)), make("td", { class: "purpose" }, t(PURPOSES[meter.purpose])),
      make("td", { class: "num" }, kwh(meter.today_kwh)), make("td", { class: "num" }, kwh(meter.month_kwh)),
      make("td", { class: "share" }, meter.purpose === "total" ? "" : shareBar((meter.month_kwh ?? 0) / largest)))));
  }
}

function showSavings({ savings }) {
  const { saved_nok: saved, uncertainty_nok: spread, counted } = savings;
  const facts = { count: counted, nok: saved === null ? "–" : number(Math.abs(saved), 0), spread: spread === null ? "–" : number(spread, 0) };
  const key = saved === null ? "money.saved_none" : spread !== null && Math.abs(saved) <= spread ? "money.saved_unsure" : saved < 0 ? "money.saved_dearer" : "money.saved_sure";
  setText(byId("saved-says"), t(key, facts));
  keyed(byId("saved-nights"), savings.nights, (night) => night.start, (night) => make("li", {},
    make("b", {}, t("money.night_to", { date: date(seconds(night.end)) })), ` ${pick(night.text)}`));
}

function showTables(data) {
  const cell = (value, decimals) => make("td", { class: "num" }, value === null ? "–" : number(value, decimals));
  byId("hours-rows").replaceChildren(...data.hours.map((hour) => make("tr", {}, make("th", { scope: "row" }, clock(seconds(hour.start))),
    cell(hour.bought_kwh, 1), cell(hour.planned_kwh, 1), cell(hour.sold_kwh, 1), cell(hour.buy_nok_per_kwh, 2))));
  byId("days-rows").replaceChildren(...data.days.map((day) => make("tr", {}, make("th", { scope: "row" }, date(seconds(day.start))),
    cell(day.bought_kwh, 0), cell(day.sold_kwh, 0), cell(day.energy_nok, 0), cell(day.highest_kw, 1))));
}

function none(answer) {
  if (answer.status !== 404) return;
  byId("energy-none").hidden = false;
  setText(byId("energy-none"), t("money.none"));
  byId("energy-body").hidden = true;
}

new ResizeObserver(draw).observe(byId("energy-body"));
keepAsking("/api/energy", take, none);
