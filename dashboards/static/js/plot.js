// Small drawings over time in SVG: scales, axes, steps, lines, bars. One unit is one pixel, so that texts keep their size.
import { svg } from "./dom.js";
import { clock, date, number, timeZone } from "./words.js";

export const HOUR = 3600;
export const seconds = (iso) => Date.parse(iso) / 1000;

const hourFormat = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" });
/** Local hour of the day, 0 to 23. */
export const localHour = (at) => Number(hourFormat.format(new Date(at * 1000)));

/** A linear scale from [low, high] to [from, to]. */
export function scale(low, high, from, to) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** Round values for an axis: two to four of them within [low, high]. */
export function ticks(low, high, most = 3) {
  const span = high - low || 1;
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw - 1e-9);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + 1e-9; value += step) found.push(value);
  return found;
}

/** Low and high of values for an axis, with some air; from zero where `zero`. */
export function range(values, zero) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (!known.length) return [0, 1];
  const low = zero ? Math.min(0, ...known) : Math.min(...known);
  const high = Math.max(...known);
  const air = Math.max((high - low) * 0.08, zero ? 0.5 : 0.4);
  return [zero && low === 0 ? 0 : low - air, high + air];
}

/** Lines and numbers of the upright axis. */
export function upright(plot, y, low, high, left, right) {
  const values = ticks(low, high);
  const decimals = values.length > 1 && values[1] - values[0] < 1 ? 1 : 0;
  for (const value of values) {
    const at = Math.round(y(value)) + 0.5;
    plot.append(svg("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }));
    const text = svg("text", { class: "tick", x: left - 4, y: at + 4, "text-anchor": "end" });
    text.textContent = number(value, decimals);
    plot.append(text);
  }
}

/** Upright lines at hours; the first hour of a day stands out. */
export function hours(plot, x, begin, end, top, bottom, every) {
  for (let at = Math.ceil(begin / HOUR) * HOUR; at < end; at += HOUR) {
    const hour = localHour(at);
    if (hour % every) continue;
    const place = Math.round(x(at)) + 0.5;
    plot.append(svg("line", { class: hour ? "grid" : "midnight", x1: place, x2: place, y1: top, y2: bottom }));
  }
}

/** Names of hours, and of days at their begin. */
export function hourNames(plot, x, begin, end, y, every) {
  for (let at = Math.ceil(begin / HOUR) * HOUR; at < end; at += HOUR) {
    const hour = localHour(at);
    if (hour % every) continue;
    const text = svg("text", { class: hour ? "tick" : "tick day", x: x(at), y, "text-anchor": "middle" });
    text.textContent = hour ? clock(at).slice(0, 2) : date(at);
    plot.append(text);
  }
}

/** Path through [begin, end, value] cells, each as the moments in `of(begin, end)`; gaps stay gaps. */
function path(cells, x, y, of) {
  let drawn = "";
  let open = false;
  for (const [begin, end, value] of cells) {
    const known = value !== null && value !== undefined;
    if (known) {
      const points = of(begin, end).map((at) => `${round(x(at))} ${round(y(value))}`);
      drawn += `${open ? "L" : "M"}${points.join("L")}`;
    }
    open = known;
  }
  return drawn;
}

/** Cells as steps. */
export const steps = (cells, x, y) => path(cells, x, y, (begin, end) => [begin, end]);

/** A line through the middles of cells. */
export const line = (cells, x, y) => path(cells, x, y, (begin, end) => [(begin + end) / 2]);

/** A closed field between two values of each cell. */
export function field(cells, x, y) {
  return cells.filter(([, , low, high]) => low !== null && high !== null).map(([begin, end, low, high]) =>
    `M${round(x(begin))} ${round(y(low))}L${round(x(end))} ${round(y(low))}L${round(x(end))} ${round(y(high))}L${round(x(begin))} ${round(y(high))}Z`).join("");
}

/** A bar from `low` to `high` over a cell, with a hair's breadth between neighbours. */
export function bar(begin, end, low, high, x, y, css) {
  const left = x(begin) + 0.5;
  const top = Math.min(y(low), y(high));
  return svg("rect", {
    class: css, x: round(left), y: round(top), width: round(Math.max(x(end) - left - 0.5, 0.5)),
    height: round(Math.max(Math.abs(y(low) - y(high)), 0)),
  });
}

export const round = (value) => Math.round(value * 10) / 10;
