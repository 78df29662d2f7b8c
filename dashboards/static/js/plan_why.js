// A card for each command of the plan: what, why, what held it back, and what the second best would have cost.
import { byId, keyed, make, setText } from "./dom.js";
import { clock, number, pick, t } from "./words.js";

const FAMILIES = {
  compressors: "plan.is_compressors", charge: "plan.is_charge", boiler: "plan.is_boiler", after_heater: "plan.is_after_heater",
  district_heat: "plan.is_district_heat", cars: "plan.is_cars", battery: "plan.is_battery", air: "plan.is_air", room: "plan.is_room",
  sun: "plan.is_sun", cooling: "plan.is_cooling", blinds: "plan.is_blinds", pv: "plan.is_pv",
};
const LITTLE_NOK = 0.005;

/** All cards, in the plan's order; those that stay are kept in place. */
export function showGrounds(grounds) {
  const price = grounds.find((one) => one.electricity_nok_per_kwh !== null)?.electricity_nok_per_kwh;
  setText(byId("plan-worth"), price === undefined ? "" : t("plan.worth_power", { nok: number(price, 2) }));
  keyed(byId("plan-why"), grounds, (one) => `${one.family} ${pick(one.asset)}`, create, update);
}

function create(one) {
  const fact = (key, css) => [make("dt", {}, t(key)), make("dd", { class: css })];
  return make("li", { class: "why-card" },
    make("div", { class: "why-head" }, make("h3", {}, pick(one.asset)), make("b", { class: "why-value" }), make("span", { class: "why-family" }, t(FAMILIES[one.family]))),
    make("p", { class: "why-reason" }),
    make("dl", {}, ...fact("plan.bound", "why-bound"), ...fact("plan.second", "why-second"), ...fact("plan.worth", "why-worth"), ...fact("plan.came", "why-came")),
    make("p", { class: "hint why-followed" }));
}

function update(card, one) {
  const put = (css, text) => setText(card.querySelector(`.${css}`), text);
  put("why-value", amount(one, one.value));
  put("why-reason", pick(one.reason));
  put("why-bound", bound(one));
  put("why-second", second(one));
  put("why-worth", worth(one));
  put("why-came", came(one.last));
  put("why-followed", t(one.followed ? "plan.followed" : "plan.not_followed"));
}

/** A value in the words of its kind. */
function amount(one, value) {
  if (one.family === "air") return t("plan.spared", { pct: number(100 * value, 0) });
  if (one.family === "battery" && Math.abs(value) >= 0.05) return t(value < 0 ? "plan.gives" : "plan.takes", { kw: number(Math.abs(value), 1) });
  if (one.unit) return `${number(value, 1)} ${one.unit}`;
  const whole = Math.abs(value - Math.round(value)) < 0.05;
  return t(Math.round(value) === 1 && whole ? "plan.compressor" : "plan.compressors", { count: number(value, whole ? 0 : 1) });
}

function bound(one) {
  if (!one.bound) return t("plan.unbound");
  const text = pick(one.bound);
  return one.bound_nok === null ? text : `${text} ${t("plan.bound_worth", { nok: number(one.bound_nok, 2) })}`;
}

function second(one) {
  if (!one.second) return t("plan.no_second");
  const value = amount(one, one.second.value);
  const { cost_nok: nok } = one.second;
  const said = nok === null ? t("plan.second_cannot", { value })
    : nok > LITTLE_NOK ? t("plan.second_dearer", { value, nok: number(nok, 2) })
      : nok < -LITTLE_NOK ? t("plan.second_starts", { value, nok: number(-nok, 2) }) : t("plan.second_same", { value });
  return one.second.breaks.length ? `${said} ${t("plan.breaks", { what: one.second.breaks.map(pick).join(" ") })}` : said;
}

const worth = (one) => (one.heat_nok_per_kwh === null ? "–" : t("plan.worth_heat", { nok: number(one.heat_nok_per_kwh, 2) }));

/** What came of the like command of the plan before: a step of it has passed. */
function came(last) {
  if (!last) return "–";
  const { unit } = last;
  const facts = { start: clock(Date.parse(last.start) / 1000), end: clock(Date.parse(last.end) / 1000), planned: number(last.planned, 1), unit };
  return last.happened === null ? t("plan.came_unknown", facts) : t("plan.came_of", { ...facts, happened: number(last.happened, 1) });
}
