// The plan in a handful of sentences, from its numbers.
import { HOUR, seconds } from "./plot.js";
import { when } from "./when.js";
import { number, pick, t } from "./words.js";

const SOON_H = 24;

/** What the next day brings, most important first. */
export function dayLines(data) {
  const now = seconds(data.now);
  const at = (instant) => when(instant, now);
  const starts = data.starts.map(seconds);
  const end = seconds(data.end);
  const cells = starts.map((begin, index) => ({ begin, end: starts[index + 1] ?? end, index }));
  const soon = cells.filter((cell) => cell.begin < now + SOON_H * HOUR);
  const lane = (id) => data.lanes.find((one) => one.id === id);
  return [
    prices(soon, lane("price"), at), power(soon, lane("power"), at), rooms(soon, lane("rooms"), at),
    store(soon, lane("tanks"), at), data.cycle_at === null ? null : t("plan.says_cycle", { at: at(seconds(data.cycle_at)) }),
  ]
    .filter(Boolean);
}

function extreme(cells, values, better) {
  let best = null;
  for (const cell of cells) {
    const value = values[cell.index];
    if (value === null || value === undefined) continue;
    if (best === null || better(value, best.value)) best = { value, at: cell.begin };
  }
  return best;
}

const more = (one, other) => one > other;
const less = (one, other) => one < other;

function prices(cells, lane, said) {
  if (!lane) return null;
  const low = extreme(cells, lane.lines[0].planned, less);
  const high = extreme(cells, lane.lines[0].planned, more);
  if (!low || !high) return null;
  return t("plan.says_price", { low: number(low.value, 2), low_at: said(low.at), high: number(high.value, 2), high_at: said(high.at) });
}

function power(cells, lane, said) {
  const high = lane ? extreme(cells, lane.lines[0].planned, more) : null;
  if (!high) return null;
  const facts = { kw: number(high.value, 0), at: said(high.at) };
  return lane.limit === null ? t("plan.says_power", facts) : t("plan.says_power_limit", { ...facts, limit: number(lane.limit, 0) });
}

/** The zone that comes nearest to its lower limit. */
function rooms(cells, lane, said) {
  if (!lane) return null;
  const found = lane.lines.filter((line) => line.low.length).map((line) => {
    const margin = line.planned.map((value, index) => (value === null || line.low[index] === null ? null : value - line.low[index]));
    return { line, low: extreme(cells, margin, less) };
  }).filter((one) => one.low);
  if (!found.length) return null;
  const { line, low } = found.reduce((one, other) => (other.low.value < one.low.value ? other : one));
  const facts = { name: pick(line.name), kelvin: number(Math.abs(low.value), 1), at: said(low.at) };
  return t(low.value < -0.05 ? "plan.says_cold" : "plan.says_rooms", facts);
}

function store(cells, lane, said) {
  if (!lane) return null;
  const high = extreme(cells, lane.lines[0].planned, more);
  return high && t("plan.says_store", { name: pick(lane.lines[0].name), degc: number(high.value, 0), at: said(high.at) });
}
