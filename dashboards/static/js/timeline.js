// The plan's time axis: lanes one under the other, one slot of all of them looked at, past solid and plan dashed.
import { make, setText, svg } from "./dom.js";
import { HOUR, bar, field, hourNames, hours, line, range, round, scale, seconds, steps, upright } from "./plot.js";
import { when } from "./when.js";
import { clock, dayAndClock, number, pick, t } from "./words.js";

const AHEAD_H = 36;
const TITLES = {
  price: "plan.lane_price", weather: "plan.lane_weather", power: "plan.lane_power", gains: "plan.lane_gains",
  machines: "plan.lane_machines", electric_heat: "plan.lane_electric_heat", tanks: "plan.lane_tanks",
  rooms: "plan.lane_rooms", cars: "plan.lane_cars", district_heat: "plan.lane_district_heat",
  battery: "plan.lane_battery", battery_energy: "plan.lane_battery_energy",
};
const HEIGHTS = { price: 74, weather: 56, power: 92, gains: 56, machines: 74, electric_heat: 56, tanks: 110, rooms: 74, cars: 50, district_heat: 74, battery: 74, battery_energy: 56 };
const DECIMALS = { "kr/kWh": 2, kW: 1, kWh: 0, "°C": 1 };
const DEAR = 1.12;
const CHEAP = 0.88;
const AXIS = 22;
const RIGHT = 6; // room right of the plots [px]
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 6, PageDown: -6, Home: -Infinity, End: Infinity };

/** A timeline in `place`; returns what shows a plan's answer in it. */
export function makeTimeline(place) {
  const state = { place, data: null, cells: [], selected: null, chosen: {}, lanes: new Map() };
  const slider = make("input", { type: "range", class: "slot", min: 0, max: 1, value: 0, step: 60, "aria-label": t("plan.slot") });
  const said = make("p", { class: "slot-time" });
  const axis = svg("svg", { class: "lane-axis", "aria-hidden": "true" });
  const lanes = make("div", { class: "lanes" });
  Object.assign(state, { slider, said, axis, laneBox: lanes });
  place.replaceChildren(said, slider, axis, lanes);
  slider.addEventListener("input", () => select(state, cellAt(state, Number(slider.value)), true));
  slider.addEventListener("keydown", (event) => press(state, event));
  lanes.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(state, event));
  lanes.addEventListener("click", (event) => point(state, event));
  new ResizeObserver(() => draw(state)).observe(place);
  return (data) => {
    state.data = data;
    lay(state);
    draw(state);
  };
}

/** The slot that holds a moment [s since 1970]: the last one for the end. */
function cellAt(state, at) {
  const index = state.cells.findIndex((cell) => at < cell.end);
  return index < 0 ? state.cells.length - 1 : index;
}

/** Keys go from slot to slot, however long the slots are. */
function press(state, event) {
  const move = KEYS[event.key];
  if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  select(state, Math.min(Math.max(state.selected + move, 0), state.cells.length - 1), true);
}

/** Cells of past and plan that are shown, and the lanes' elements. */
function lay(state) {
  const { data } = state;
  const now = seconds(data.now);
  const pastH = state.place.clientWidth < 600 ? 4 : 12;
  const past = data.past_starts.map((iso, index) => ({ begin: seconds(iso), end: seconds(iso) + data.past_step_s, past: true, index }));
  const starts = data.starts.map(seconds);
  const planned = starts.map((begin, index) => ({ begin, end: starts[index + 1] ?? seconds(data.end), past: false, index }));
  const before = state.cells[state.selected];
  state.cells = [...past, ...planned].filter((cell) => cell.end > now - pastH * HOUR && cell.begin < now + AHEAD_H * HOUR);
  state.slider.min = state.cells[0].begin;
  state.slider.max = state.cells[state.cells.length - 1].end;
  const kept = state.isMoved && before ? state.cells.findIndex((cell) => cell.begin <= before.begin && before.begin < cell.end) : -1;
  const current = state.cells.findIndex((cell) => !cell.past && cell.begin <= now && now < cell.end);
  state.selected = kept >= 0 ? kept : current >= 0 ? current : Math.max(0, state.cells.findIndex((cell) => !cell.past));
  const known = new Set(data.lanes.map((lane) => lane.id));
  for (const [id, lane] of state.lanes) {
    if (!known.has(id)) {
      lane.box.remove();
      state.lanes.delete(id);
    }
  }
  for (const lane of data.lanes) {
    if (!state.lanes.has(lane.id)) state.lanes.set(lane.id, laneOf(state, lane));
    state.laneBox.append(state.lanes.get(lane.id).box);
    fillKeys(state, lane);
  }
}

function laneOf(state, lane) {
  const title = t(TITLES[lane.id]);
  const plot = svg("svg", { class: "lane-plot", role: "img", "aria-label": `${title}. ${t("plan.see_table")}`, height: HEIGHTS[lane.id] });
  const keys = make("ul", { class: "lane-keys" });
  const head = make("div", { class: "lane-head" }, make("h3", {}, title));
  let choice = null;
  if (lane.how === "choice") {
    choice = make("select", { "aria-label": t("plan.choose_zone") });
    choice.addEventListener("change", () => {
      state.chosen[lane.id] = choice.value;
      fillKeys(state, state.data.lanes.find((one) => one.id === lane.id));
      draw(state);
    });
    head.append(choice);
  }
  head.append(keys);
  return { box: make("section", { class: "lane", "data-lane": lane.id }, head, plot), plot, keys, choice };
}

/** The lines of a lane that are drawn: all, or the one that is chosen. */
function shownLines(state, lane) {
  if (lane.how !== "choice") return lane.lines;
  const wanted = lane.lines.find((one) => one.id === state.chosen[lane.id]);
  return [wanted ?? lane.lines[0]];
}

function fillKeys(state, lane) {
  const { keys, choice } = state.lanes.get(lane.id);
  if (choice && choice.dataset.lines !== lane.lines.map((one) => one.id).join(" ")) {
    choice.dataset.lines = lane.lines.map((one) => one.id).join(" ");
    choice.replaceChildren(...lane.lines.map((one) => make("option", { value: one.id }, pick(one.name))));
  }
  if (choice) choice.value = shownLines(state, lane)[0].id;
  const lines = shownLines(state, lane);
  if (keys.dataset.lines === lines.map((one) => one.id).join(" ")) return;
  keys.dataset.lines = lines.map((one) => one.id).join(" ");
  keys.replaceChildren(...lines.map((one, index) => make("li", {},
    lane.how === "bars" ? "" : make("span", { class: `key-${css(lane, one, index)}` }),
    lane.how === "choice" || lane.how === "bars" ? "" : `${pick(one.name)} `,
    make("b", {}, "–"), make("span", { class: "u" }, ` ${lane.unit}`), make("small", {}))));
}

/** What colours a line: its number, or that it is the measured sum of a stack. */
const css = (lane, one, index) => (lane.how === "stack" && !one.planned.length ? "sum" : `c${(index % 4) + 1}`);

const valueAt = (one, cell) => (cell.past ? one.past : one.planned)[cell.index] ?? null;

function draw(state) {
  if (!state.data || !state.place.clientWidth) return;
  const width = state.place.clientWidth;
  const left = width < 600 ? 30 : 44;
  state.slider.style.setProperty("--left", `${left}px`);
  state.slider.style.setProperty("--right", `${RIGHT}px`);
  const first = state.cells[0].begin;
  const last = state.cells[state.cells.length - 1].end;
  const x = scale(first, last, left, width - RIGHT);
  state.x = x;
  const every = width < 600 ? 6 : 3;
  const now = seconds(state.data.now);
  state.axis.setAttribute("viewBox", `0 0 ${width} ${AXIS}`);
  state.axis.setAttribute("height", AXIS);
  state.axis.replaceChildren();
  hourNames(state.axis, x, first, last, AXIS - 6, every);
  for (const lane of state.data.lanes) drawLane(state, lane, { x, left, right: width - RIGHT, first, last, every, now, width });
  select(state, state.selected, false);
}

function drawLane(state, lane, frame) {
  const { plot } = state.lanes.get(lane.id);
  const height = HEIGHTS[lane.id];
  const lines = shownLines(state, lane);
  const [low, high] = reach(state, lane, lines);
  const y = scale(low, high, height - 4, 6);
  plot.setAttribute("viewBox", `0 0 ${frame.width} ${height}`);
  plot.replaceChildren();
  const end = Math.min(Math.max(frame.now, frame.first), frame.last);
  plot.append(svg("rect", { class: "past", x: frame.left, y: 2, width: round(Math.max(frame.x(end) - frame.left, 0)), height: height - 4 }));
  if (lane.how === "choice") drawBand(state, plot, lines[0], frame.x, y);
  upright(plot, y, low, high, frame.left, frame.right);
  hours(plot, frame.x, frame.first, frame.last, 2, height - 2, frame.every);
  if (lane.how === "bars") drawBars(state, plot, lines[0], frame.x, y);
  else if (lane.how === "stack") drawStack(state, plot, lane, frame.x, y);
  else drawLines(state, plot, lane, lines, frame.x, y);
  if (lane.limit !== null) drawLimit(plot, lane, frame, y);
  plot.append(svg("line", { class: "now", x1: frame.x(frame.now), x2: frame.x(frame.now), y1: 2, y2: height - 2 }));
  plot.append(svg("rect", { class: "cursor", x: 0, y: 2, width: 0, height: height - 4 }));
}

function reach(state, lane, lines) {
  const values = lane.how === "stack"
    ? state.cells.map((cell) => lines.reduce((sum, one) => sum + (valueAt(one, cell) ?? 0), 0))
    : lines.flatMap((one) => state.cells.map((cell) => valueAt(one, cell)));
  if (lane.how === "choice") {
    for (const cell of state.cells) if (!cell.past) values.push(lines[0].low[cell.index] ?? null, lines[0].high[cell.index] ?? null);
  }
  if (lane.limit !== null) values.push(lane.limit);
  return range(values, lane.unit !== "°C");
}

function drawBars(state, plot, one, x, y) {
  const until = state.data.prices_until === null ? -Infinity : seconds(state.data.prices_until);
  const kind = priceKinds(state, one);
  for (const cell of state.cells) {
    const value = valueAt(one, cell);
    if (value === null) continue;
    const guess = cell.begin >= until ? " guess" : "";
    plot.append(bar(cell.begin, cell.end, 0, value, x, y, `price ${kind(value)}${guess}`));
  }
}

/** Whether a price is cheap, usual or dear among those that are shown. */
function priceKinds(state, one) {
  let sum = 0;
  let hoursKnown = 0;
  for (const cell of state.cells) {
    const value = valueAt(one, cell);
    if (value === null) continue;
    sum += value * (cell.end - cell.begin);
    hoursKnown += cell.end - cell.begin;
  }
  const mean = sum / (hoursKnown || 1);
  return (value) => (value < mean * CHEAP ? "cheap" : value > mean * DEAR ? "dear" : "usual");
}

function drawStack(state, plot, lane, x, y) {
  for (const cell of state.cells) {
    let base = 0;
    lane.lines.forEach((one, index) => {
      const value = valueAt(one, cell);
      if (!value || value < 0.01) return;
      plot.append(bar(cell.begin, cell.end, base, base + value, x, y, `stack ${css(lane, one, index)}${cell.past ? "" : " planned"}`));
      base += value;
    });
  }
}

function drawLines(state, plot, lane, lines, x, y) {
  const path = lane.unit === "kW" ? steps : line;
  for (const one of lines) {
    const cells = state.cells.filter((cell) => spreadAt(one, cell) > 0)
      .map((cell) => [cell.begin, cell.end, ...[-1, 1].map((way) => one.planned[cell.index] + way * spreadAt(one, cell))]);
    plot.append(svg("path", { class: "spread", d: field(cells, x, y) }));
  }
  lines.forEach((one, index) => {
    for (const past of [true, false]) {
      const cells = state.cells.filter((cell) => cell.past === past).map((cell) => [cell.begin, cell.end, valueAt(one, cell)]);
      plot.append(svg("path", { class: `trace ${css(lane, one, index)}${past ? "" : " planned"}`, d: path(cells, x, y) }));
    }
  });
}

function drawBand(state, plot, one, x, y) {
  const cells = state.cells.filter((cell) => !cell.past)
    .map((cell) => [cell.begin, cell.end, one.low[cell.index] ?? null, one.high[cell.index] ?? null]);
  plot.append(svg("path", { class: "band", d: field(cells, x, y) }));
}

function drawLimit(plot, lane, frame, y) {
  const at = Math.round(y(lane.limit)) + 0.5;
  plot.append(svg("line", { class: "limit", x1: frame.left, x2: frame.right, y1: at, y2: at }));
  const text = svg("text", { class: "tick limit-name", x: frame.right - 2, y: at + 12, "text-anchor": "end" });
  text.textContent = t("plan.limit", { kw: number(lane.limit, 0) });
  plot.append(text);
}

function point(state, event) {
  const box = event.target.closest?.(".lane-plot");
  if (!box || !state.x) return;
  const place = event.clientX - box.getBoundingClientRect().left;
  const index = state.cells.findIndex((cell) => state.x(cell.begin) <= place && place < state.x(cell.end));
  if (index >= 0) select(state, index, true);
}

/** Show one slot's values in every lane. */
function select(state, index, moved) {
  if (moved) state.isMoved = true;
  state.selected = index;
  const cell = state.cells[index];
  if (cellAt(state, Number(state.slider.value)) !== index) state.slider.value = (cell.begin + cell.end) / 2;
  const words = t(cell.past ? "plan.slot_past" : "plan.slot_planned", { from: when(cell.begin, seconds(state.data.now)), to: clock(cell.end) });
  setText(state.said, words);
  const told = [words];
  for (const lane of state.data.lanes) {
    const { plot, keys } = state.lanes.get(lane.id);
    const cursor = plot.querySelector(".cursor");
    cursor?.setAttribute("x", round(state.x(cell.begin)));
    cursor?.setAttribute("width", round(state.x(cell.end) - state.x(cell.begin)));
    shownLines(state, lane).forEach((one, n) => {
      const value = valueAt(one, cell);
      const shown = value === null ? "–" : number(value, DECIMALS[lane.unit]);
      const row = keys.children[n];
      setText(row.querySelector("b"), shown);
      setText(row.querySelector("small"), value === null ? "" : stored(one, value) + within(one, cell, lane.unit));
      if (value !== null && told.length < 6) told.push(`${pick(one.name)} ${shown} ${lane.unit}`);
    });
  }
  state.slider.setAttribute("aria-valuetext", told.join(", "));
}

/** What a store's temperature holds above twenty degrees. */
const stored = (one, degc) => (one.kwh_per_k === null ? "" : ` ${t("plan.stored", { kwh: number(Math.max(degc - 20, 0) * one.kwh_per_k, 0) })}`);

/** Standard deviation of what is forecast in a cell; 0 where nothing is uncertain. */
const spreadAt = (one, cell) => (cell.past ? 0 : one.spread[cell.index] ?? 0);
const within = (one, cell, unit) => (spreadAt(one, cell) > 0 ? ` ± ${number(spreadAt(one, cell), DECIMALS[unit])}` : "");

/** The same as a table: a row a step of the plan, a column a line. */
export function timelineTable(data) {
  const lines = data.lanes.flatMap((lane) => lane.lines.filter((one) => one.planned.length).map((one) => ({ lane, one })));
  const heads = lines.map(({ lane, one }) => make("th", { scope: "col", class: "num" }, `${pick(one.name)} [${lane.unit}]`));
  const until = seconds(data.now) + AHEAD_H * HOUR;
  const rows = data.starts.map((iso, index) => ({ at: seconds(iso), index })).filter(({ at }) => at < until).map(({ at, index }) =>
    make("tr", {}, make("th", { scope: "row" }, dayAndClock(at)), ...lines.map(({ lane, one }) => {
      const value = one.planned[index] ?? null;
      return make("td", { class: "num" }, value === null ? "–" : number(value, DECIMALS[lane.unit]));
    })));
  return make("table", {}, make("caption", { class: "sr" }, t("plan.timeline_title")),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("table.time")), ...heads)), make("tbody", {}, ...rows));
}
