// Drawings of the page of energy: hours of today with their price, days of the month, this hour against the peak.
import { svg } from "./dom.js";
import { HOUR, bar, hourNames, hours, range, round, scale, seconds, steps, upright } from "./plot.js";
import { date, number, t } from "./words.js";

const HEIGHT = 170;
const PRICE_HEIGHT = 60;
const NAMES = 20;
const DAY_S = 86400;
const PEAK_HEIGHT = 64;
const LABEL = 54; // room for a date

function begin(plot, height) {
  const width = plot.clientWidth;
  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  plot.setAttribute("height", height);
  plot.replaceChildren();
  return { width, left: width < 600 ? 34 : 44, right: width - 6 };
}

/** Bought and planned by hour; the price above. */
export function drawHours(plot, data) {
  const { width, left, right } = begin(plot, HEIGHT + PRICE_HEIGHT);
  if (!width) return;
  const from = seconds(data.hours[0].start);
  const to = seconds(data.hours[data.hours.length - 1].start) + HOUR;
  const x = scale(from, to, left, right);
  const every = width < 600 ? 6 : 3;
  const cells = (of) => data.hours.map((hour) => [seconds(hour.start), seconds(hour.start) + HOUR, of(hour)]);
  const prices = cells((hour) => hour.buy_nok_per_kwh);
  const [lowest, highest] = range(prices.map((cell) => cell[2]), true);
  const price = scale(lowest, highest, PRICE_HEIGHT - 4, 14);
  title(plot, left, t("money.price_title"), 11);
  upright(plot, price, lowest, highest, left, right);
  plot.append(svg("path", { class: "trace c2", d: steps(prices, x, price) }));
  const [low, high] = range(data.hours.flatMap((hour) => [hour.bought_kwh, hour.planned_kwh]), true);
  const y = scale(low, high, HEIGHT + PRICE_HEIGHT - NAMES, PRICE_HEIGHT + 18);
  title(plot, left, t("money.hours_title"), PRICE_HEIGHT + 12);
  upright(plot, y, low, high, left, right);
  hours(plot, x, from, to, 2, HEIGHT + PRICE_HEIGHT - NAMES, every);
  for (const hour of data.hours) {
    const at = seconds(hour.start);
    if (hour.bought_kwh !== null) plot.append(bar(at, at + HOUR, 0, hour.bought_kwh, x, y, "stack"));
    else if (hour.planned_kwh !== null) plot.append(bar(at, at + HOUR, 0, hour.planned_kwh, x, y, "stack planned hollow"));
  }
  now(plot, x, data, PRICE_HEIGHT + HEIGHT - NAMES);
  hourNames(plot, x, from, to, HEIGHT + PRICE_HEIGHT - 5, every);
}

/** Bought by day, with the highest hour as a mark. */
export function drawDays(plot, data) {
  const { width, left, right } = begin(plot, HEIGHT);
  if (!width) return;
  const from = seconds(data.days[0].start);
  const to = Math.max(seconds(data.days[data.days.length - 1].start) + DAY_S, from + 28 * DAY_S);
  const x = scale(from, to, left, right);
  const [low, high] = range(data.days.map((day) => day.bought_kwh), true);
  const y = scale(low, high, HEIGHT - NAMES, 18);
  title(plot, left, t("money.days_title"), 11);
  upright(plot, y, low, high, left, right);
  const every = Math.ceil(LABEL / (x(from + DAY_S) - x(from)));
  data.days.forEach((day, index) => {
    const at = seconds(day.start);
    if (day.bought_kwh !== null) plot.append(bar(at + HOUR, at + DAY_S - HOUR, 0, day.bought_kwh, x, y, "stack"));
    if (index % every) return;
    const text = svg("text", { class: "tick", x: round(x(at + DAY_S / 2)), y: HEIGHT - 5, "text-anchor": "middle" });
    text.textContent = date(at);
    plot.append(text);
  });
}

/** This hour on a scale: so far, expected, the peak so far, the target. */
export function drawPeak(plot, peak) {
  const { width } = begin(plot, PEAK_HEIGHT);
  if (!width) return;
  const marks = [peak.so_far_kw, peak.target_kw, peak.hour_expected_kw, peak.step_to_kw].filter((value) => value !== null);
  const most = Math.max(10, ...marks) * 1.12;
  const x = scale(0, most, 4, width - 4);
  const middle = 26;
  plot.append(svg("rect", { class: "past", x: 4, y: middle - 8, width: round(width - 8), height: 16 }));
  if (peak.hour_expected_kw !== null) plot.append(svg("rect", { class: "stack planned hollow", x: 4, y: middle - 8, width: round(x(peak.hour_expected_kw) - 4), height: 16 }));
  if (peak.hour_kwh !== null) plot.append(svg("rect", { class: "stack", x: 4, y: middle - 8, width: round(x(peak.hour_kwh) - 4), height: 16 }));
  mark(plot, x, peak.so_far_kw, "money.mark_peak", 12, middle, width);
  mark(plot, x, peak.target_kw, "money.mark_target", 56, middle, width);
}

function mark(plot, x, kw, key, y, middle, width) {
  if (kw === null) return;
  const place = round(x(kw));
  plot.append(svg("line", { class: "now", x1: place, x2: place, y1: Math.min(y, middle - 12), y2: Math.max(y - 10, middle + 12) }));
  const anchor = place > width * 0.75 ? "end" : "start";
  const text = svg("text", { class: "tick", x: place + (anchor === "end" ? -5 : 5), y, "text-anchor": anchor });
  text.textContent = t(key, { kw: number(kw, 0) });
  plot.append(text);
}

function title(plot, x, text, y) {
  const found = svg("text", { class: "tick day", x, y });
  found.textContent = text;
  plot.append(found);
}

function now(plot, x, data, bottom) {
  const place = round(x(seconds(data.now)));
  plot.append(svg("line", { class: "now", x1: place, x2: place, y1: 2, y2: bottom }));
}
