// The night: its programme on a line of time, how the last one went, and the nights before. Fetched every minute.
import "./frame.js";
import { byId, keyed, make, setText, svg } from "./dom.js";
import { fetchJson, siteNow } from "./store.js";
import { clock, date, number, pick, t } from "./words.js";

const AGAIN_MS = 60000;
const FIRST_MS = 3000;
const STATES = {
  done: "night_page.state_done", more: "night_page.state_more", partly: "night_page.state_partly",
  missed: "night_page.state_missed", later: "night_page.state_later", unneeded: "night_page.state_unneeded",
  unknown: "night_page.state_unknown",
};
const KINDS = {
  heat: "night_page.kind_heat", store: "night_page.kind_store", boiler: "night_page.kind_boiler",
  district_heat: "night_page.kind_district_heat", battery: "night_page.kind_battery", water: "night_page.kind_water",
  after_heater: "night_page.kind_after_heater", cycle: "night_page.kind_cycle", setback: "night_page.kind_setback",
  preheat: "night_page.kind_preheat", cars: "night_page.kind_cars", air: "night_page.kind_air",
  peak: "night_page.kind_peak",
};
const NO_CYCLE = "night.no_cycle";
const GOOD = ["done", "more", "later", "unneeded"];
const WIDE = 1000;
const LANE = 30;
const LABEL = 12; // of a lane, above its bar
const HEAD = 20;
const HOUR_S = 3600;

const seconds = (iso) => Date.parse(iso) / 1000;
const when = (item) => `${clock(seconds(item.start))}–${clock(seconds(item.end))}`;
const whole = (value) => (value === null ? "–" : number(value, 0));
const kwh = (value) => (value === null ? "–" : `${number(value, 1)} kWh`);
const nok = (value) => (value === null ? "–" : `${number(value, 2)} kr`);

function showProgramme(programme) {
  const line = byId("night-line");
  if (!programme) {
    setText(byId("programme-about"), t("night_page.none"));
    keyed(byId("programme-items"), [], () => "", () => null);
    byId("programme-sums").replaceChildren();
    line.replaceChildren();
    return;
  }
  const facts = {
    start: clock(seconds(programme.start)), end: clock(seconds(programme.end)),
    energy: whole(programme.energy_kwh), cost: whole(programme.cost_nok),
  };
  setText(byId("programme-about"), t(programme.identity === null ? "night_page.rules" : "night_page.about", facts));
  keyed(byId("programme-notes"), programme.notes, (note) => pick(note), (note) => make("li", {}, pick(note)));
  const rows = programme.items.map((item, place) => ({ key: `${programme.made_at} ${place}`, ...item }));
  const items = rows.length ? rows : [{ key: "none" }];
  keyed(byId("programme-items"), items, ({ key }) => key, (item) => {
    if (item.key === "none") return make("tr", {}, make("td", { colspan: 4 }, t("night_page.no_items")));
    return make("tr", {}, make("td", { class: "when" }, when(item)), make("th", { scope: "row" }, pick(item.text)),
      make("td", { class: "num" }, part(item, kwh(item.energy_kwh))), make("td", { class: "num" }, part(item, nok(item.cost_nok))));
  });
  showSums(programme);
  drawLine(line, programme);
}

/** A tank is charged with what heating and hot water use: their lines have it already. */
const part = (item, said) => (item.kind === "store" && said !== "–" ? t("night_page.share", { energy: said }) : said);

/** What no item tells, and the sum: the lines add up to what is said above them. */
function showSums(programme) {
  const line = (words, energy, cost, css) => make("tr", { class: css }, make("td", {}), make("th", { scope: "row" }, words),
    make("td", { class: "num" }, kwh(energy)), make("td", { class: "num" }, nok(cost)));
  byId("programme-sums").replaceChildren(...(programme.energy_kwh === null ? [] : [
    line(t("night_page.rest"), programme.rest_kwh, programme.rest_nok, "rest"),
    line(t("night_page.total"), programme.energy_kwh, programme.cost_nok, "total"),
  ]));
}

/** One named bar an item over the hours of the night, none for a heat cycle that is not held, with a mark for now; the table beside it says the same in words. */
function drawLine(line, programme) {
  const [start, end] = [seconds(programme.start), seconds(programme.end)];
  const x = (at) => ((Math.min(end, Math.max(start, at)) - start) / (end - start)) * WIDE;
  const items = programme.items.filter((item) => item.reason.code !== NO_CYCLE);
  const high = HEAD + LANE * Math.max(1, items.length) + 4;
  const root = svg("svg", { viewBox: `0 0 ${WIDE} ${high}`, "aria-hidden": "true" });
  for (let at = Math.ceil(start / HOUR_S) * HOUR_S; at <= end; at += HOUR_S) {
    root.append(svg("path", { class: "hour", d: `M${x(at)} ${HEAD - 4}V${high}` }));
    if (WIDE - x(at) < 30) continue;
    const label = svg("text", { class: "hour-label", x: x(at) + 3, y: 13 });
    label.textContent = clock(at);
    root.append(label);
  }
  items.forEach((item, place) => {
    const left = x(seconds(item.start));
    const wide = Math.max(4, x(seconds(item.end)) - left);
    const top = HEAD + LANE * place;
    const late = left > 0.7 * WIDE; // its name would not find room to the right
    const name = svg("text", { class: "bar-label", x: late ? left + wide : left, y: top + LABEL, "text-anchor": late ? "end" : "start" });
    name.textContent = t(KINDS[item.kind]);
    root.append(name);
    root.append(svg("rect", { class: "bar", x: left, y: top + LABEL + 4, width: wide, height: LANE - LABEL - 7, rx: 2 }));
  });
  const now = siteNow();
  if (now > start && now < end) root.append(svg("path", { class: "now", d: `M${x(now)} 0V${high}` }));
  line.replaceChildren(root);
}

function showAccount(account) {
  setText(byId("account-saved"), account ? pick(account.saved) : t("night_page.no_account"));
  byId("obstacles-title").hidden = !account;
  if (!account) return;
  setText(byId("account-about"), t("night_page.account_about", {
    start: clock(seconds(account.start)), end: clock(seconds(account.end)), energy: whole(account.energy_kwh),
    cost: whole(account.cost_nok), planned_energy: whole(account.planned_kwh), planned_cost: whole(account.planned_nok),
  }));
  const rows = account.items.map((item, place) => ({ key: `${account.end} ${place}`, ...item }));
  keyed(byId("account-items"), rows, ({ key }) => key, (item) => {
    const how = make("td", { class: "how" }, item.outcome ? pick(item.outcome) : t(STATES[item.state] ?? STATES.unknown));
    return make("tr", { "data-good": GOOD.includes(item.state) }, make("td", { class: "when" }, when(item)),
      make("th", { scope: "row" }, pick(item.text)), how);
  });
  const obstacles = account.obstacles.length ? account.obstacles : [null];
  keyed(byId("account-obstacles"), obstacles, (one) => (one ? `${one.kind} ${pick(one.text)}` : "none"), (one) => {
    if (!one) return make("li", {}, t("night_page.no_obstacles"));
    const count = one.count > 1 ? ` (${t("night_page.times", { number: one.count })})` : "";
    return make("li", {}, `${pick(one.text)}${count}`);
  });
}

function showNights(accounts) {
  keyed(byId("night-rows"), accounts, (one) => one.end, (one) => {
    const done = one.items.filter((item) => GOOD.includes(item.state)).length;
    const within = one.uncertainty_nok === null ? null : number(one.uncertainty_nok, 0);
    const saved = one.saved_nok === null ? "–"
      : t("night_page.saved_within", { saved: number(one.saved_nok, 0), uncertainty: within ?? "–" });
    return make("tr", {}, make("th", { scope: "row" }, date(seconds(one.end))),
      make("td", { class: "num" }, `${whole(one.energy_kwh)} kWh`), make("td", { class: "num" }, `${whole(one.cost_nok)} kr`),
      make("td", { class: "num" }, saved),
      make("td", { class: "num" }, t("night_page.done_of", { done, total: one.items.length })));
  });
}

async function keep() {
  try {
    const known = await fetchJson("/api/night");
    showProgramme(known.programme);
    showAccount(known.accounts[0]);
    showNights(known.accounts);
    setTimeout(keep, AGAIN_MS);
  } catch {
    setTimeout(keep, FIRST_MS); // the banner already says that the connection is lost
  }
}

keep();
