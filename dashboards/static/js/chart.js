// The day's chart: up to four points of one unit, gaps shown as gaps, each line named at its end, Oslo's own hours.
import uPlot from "/static/vendor/uplot/uPlot.esm.js";
import { make } from "./dom.js";
import { clock, date, dayAndClock, decimalsOf, number, t, timeZone } from "./words.js";

export const MOST = 4;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const HEIGHT = 260;
/** Room right of the lines for their names [px]. */
const nameRoom = (width) => Math.round(Math.min(128, width * 0.27));
const HOUR = 3600;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draw `series` ([{name, data}] with data of /history) into `place`; returns the plot, to be destroyed later. */
export function drawChart(place, series, unit) {
  const { start, bucket_s: step } = series[0].data;
  const begin = Date.parse(start) / 1000;
  const times = series[0].data.mean.map((_, index) => begin + (index + 0.5) * step);
  const lines = series.map((line, index) => ({
    label: line.name,
    stroke: css(`--trend-${index + 1}`),
    width: 2,
    dash: DASHES[index],
    spanGaps: false,
    points: { show: false },
    value: (_, value) => (value === null ? "–" : `${number(value, decimalsOf(unit))} ${unit}`),
  }));
  const axis = { stroke: css("--text2"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 } };
  const options = {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [12, nameRoom(place.clientWidth), 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone),
    scales: { x: { range: [begin, begin + step * times.length] }, y: { range: flatRange } },
    axes: [
      { ...axis, space: 54, incrs: [1, 2, 3, 4, 6, 12, 24].map((n) => n * HOUR), values: (_, ticks) => ticks.map(tickName) },
      { ...axis, size: 62, values: (_, ticks) => ticks.map((value) => number(value, tickDecimals(ticks))) },
    ],
    cursor: { drag: { x: false, y: false } },
    legend: { show: true, live: true },
    series: [{ label: t("table.time"), value: (_, seconds) => (seconds === null ? "–" : dayAndClock(seconds)) }, ...lines],
    hooks: { draw: [nameLines] },
  };
  return new uPlot(options, [times, ...series.map((line) => line.data.mean)], place);
}

function tickName(seconds) {
  const name = clock(seconds);
  return /^0?0[:.]00$/.test(name) ? date(seconds) : name;
}

const tickDecimals = (ticks) => (ticks.length > 1 && Math.abs(ticks[1] - ticks[0]) < 1 ? (ticks[1] - ticks[0] < 0.1 ? 2 : 1) : 0);

/** Some air above and below; a flat line lies in the middle instead of filling the chart with its noise. */
function flatRange(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const air = Math.max((high - low) * 0.08, Math.abs(high) * 0.002, 0.05);
  return [low - air, high + air];
}

/** Names at the ends of the lines, moved apart where they would overlap. */
function nameLines(plot) {
  const ratio = devicePixelRatio;
  const context = plot.ctx;
  const lowest = plot.bbox.top + plot.bbox.height;
  const names = plot.series.slice(1).map((line, index) => {
    const data = plot.data[index + 1];
    let last = data.length - 1;
    while (last >= 0 && data[last] === null) last -= 1;
    return last < 0 ? null : { text: line.label, y: plot.valToPos(data[last], "y", true), stroke: css(`--trend-${index + 1}`) };
  }).filter(Boolean).sort((a, b) => a.y - b.y);
  const apart = 15 * ratio;
  names.forEach((name, index) => {
    if (index) name.y = Math.max(name.y, names[index - 1].y + apart);
  });
  for (let index = names.length - 1; index >= 0; index -= 1) {
    names[index].y = Math.min(names[index].y, index === names.length - 1 ? lowest : names[index + 1].y - apart);
  }
  context.save();
  context.font = `${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const name of names) {
    context.fillStyle = name.stroke;
    context.fillText(cut(context, name.text, (nameRoom(plot.width) - 8) * ratio), plot.bbox.left + plot.bbox.width + 6 * ratio, name.y);
  }
  context.restore();
}

function cut(context, text, room) {
  let shown = text;
  while (shown.length > 3 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2).trimEnd()}…`;
  return shown;
}

/** The same as a table, hour by hour. */
export function hourTable(series, unit) {
  const heads = series.map((line) => make("th", { scope: "col" }, `${t("table.mean", { name: line.name })} [${unit}]`));
  const begin = Date.parse(series[0].data.start) / 1000;
  const step = series[0].data.bucket_s;
  const rows = series[0].data.mean.map((_, index) => make("tr", {},
    make("th", { scope: "row" }, dayAndClock(begin + index * step)),
    ...series.map((line) => {
      const value = line.data.mean[index];
      return make("td", { class: "num" }, value === null ? "–" : number(value, decimalsOf(unit)));
    })));
  const head = make("tr", {}, make("th", { scope: "col" }, t("table.hour")), ...heads);
  return make("table", {}, make("caption", { class: "sr" }, t("panel.day")), make("thead", {}, head), make("tbody", {}, ...rows));
}
