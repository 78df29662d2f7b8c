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
const GOOD = ["done", "more", "later", "unneeded"];
const WIDE = 1000;
const LANE = 22;
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
      make("td", { class: "num" }, kwh(item.energy_kwh)), make("td", { class: "num" }, nok(item.cost_nok)));
  });
  drawLine(line, programme);
}

/** One bar an item over the hours of the night, with a mark for now; the table beside it says the same in words. */
function drawLine(line, programme) {
  const [start, end] = [seconds(programme.start), seconds(programme.end)];
  const x = (at) => ((Math.min(end, Math.max(start, at)) - start) / (end - start)) * WIDE;
  const high = HEAD + LANE * Math.max(1, programme.items.length) + 4;
  const root = svg("svg", { viewBox: `0 0 ${WIDE} ${high}`, "aria-hidden": "true" });
  for (let at = Math.ceil(start / HOUR_S) * HOUR_S; at <= end; at += HOUR_S) {
    root.append(svg("path", { class: "hour", d: `M${x(at)} ${HEAD - 4}V${high}` }));
    if (WIDE - x(at) < 30) continue;
    const label = svg("text", { class: "hour-label", x: x(at) + 3, y: 13 });
    label.textContent = clock(at);
    root.append(label);
  }
  programme.items.forEach((item, place) => {
    const left = x(seconds(item.start));
    const wide = Math.max(4, x(seconds(item.end)) - left);
    root.append(svg("rect", { class: "bar", x: left, y: HEAD + LANE * place + 3, width: wide, height: LANE - 7, rx: 2 }));
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
