// Values, running states and indicators: every element that names points is kept up to date, and touched only on change.
import { svg, setText } from "./dom.js";
import { store } from "./store.js";
import { number, pick, shown, t } from "./words.js";

const WORST = ["good", "stale", "bad", "offline", "unread"];
export const QUALITY = {
  good: "quality.good", stale: "quality.stale", offline: "quality.offline", bad: "quality.bad", unread: "quality.unread",
};
const RUNS_ABOVE = 0.1;
const bound = new Map(); // point -> elements to update

/** Find everything in the page that names points. */
export function bindAll() {
  for (const element of document.querySelectorAll("[data-points], [data-running]")) {
    const names = `${element.dataset.points ?? ""} ${element.dataset.running ?? ""}`.trim().split(" ");
    element.points = (element.dataset.points ?? "").split(" ").filter(Boolean);
    element.running = (element.dataset.running ?? "").split(" ").filter(Boolean);
    for (const id of names) bound.set(id, [...(bound.get(id) ?? []), element]);
  }
}

/** Update all elements that show one of these points. */
export function refresh(ids) {
  const elements = new Set(ids.flatMap((id) => bound.get(id) ?? []));
  for (const element of elements) {
    if (element.points.length) showValue(element);
    if (element.running.length) showRunning(element);
  }
}

export const worst = (qualities) => qualities.reduce((a, b) => (WORST.indexOf(b) > WORST.indexOf(a) ? b : a), "good");

/** One value from several points, with the quality it deserves; unknown stays unknown, never 0. */
export function folded(ids, fold) {
  const points = ids.map((id) => ({ id, ...(store.points.get(id) ?? { value: null, quality: "unread", last: null }) }));
  const quality = worst(points.map((point) => point.quality));
  const known = points.filter((point) => point.value !== null);
  if (fold === "one") return { value: points[0].value ?? points[0].last, quality, id: ids[0] };
  if (!known.length) return { value: null, quality, id: ids[0] };
  if (fold === "min" || fold === "max") {
    const sign = fold === "min" ? 1 : -1;
    const found = known.reduce((a, b) => (sign * b.value < sign * a.value ? b : a));
    return { value: found.value, quality, id: found.id };
  }
  if (known.length < points.length) return { value: null, quality, id: ids[0] };
  const total = known.reduce((sum, point) => sum + (fold === "count" ? point.value > RUNS_ABOVE : point.value), 0);
  return { value: total, quality, id: ids[0] };
}

function showValue(element) {
  const { value, quality, id } = folded(element.points, element.dataset.fold);
  const meta = store.meta.get(id);
  const isCount = element.dataset.fold === "count";
  const text = isCount && value !== null ? number(value, 0) : shown(value, meta);
  setText(element.querySelector(".n"), text);
  const old = quality !== "good";
  element.classList.toggle("old", old);
  element.closest(".cell")?.classList.toggle("old", old);
  if (!(element instanceof SVGElement)) element.title = old ? t(QUALITY[quality]) : "";
  const frame = element.closest(".figure, .tile");
  if (frame) decorate(frame, value, quality, id);
}

function decorate(frame, value, quality, id) {
  const low = Number(frame.dataset.bandLow);
  const high = Number(frame.dataset.bandHigh);
  if (frame.dataset.named) setText(frame.querySelector(".note"), nameOfRoom(id));
  if (frame.dataset.bandLow === undefined) return;
  const off = value === null ? 0 : value < low ? value - low : value > high ? value - high : 0;
  frame.dataset.off = off < 0 ? "below" : off > 0 ? "above" : "no";
  const kelvin = number(Math.abs(off), 1);
  const deviation = frame.querySelector(".deviation");
  if (deviation) {
    const words = off ? t(off < 0 ? "rooms.below" : "rooms.above", { kelvin }) : "";
    setText(deviation, quality === "good" ? (off ? `${kelvin} K` : "") : t(QUALITY[quality]));
    frame.title = `${frame.dataset.name} ${quality === "good" ? words : ""}`.trim();
  }
  const strip = frame.querySelector(".strip");
  if (strip) drawStrip(strip, value, low, high);
  const scale = frame.querySelector(".scale");
  if (scale) drawScale(scale, value, low, high, Number(frame.dataset.low), Number(frame.dataset.high));
}

function nameOfRoom(id) {
  const device = store.meta.get(id).source;
  const room = [...store.components.values()].find((part) => part.kind === "room" && part.devices.includes(device));
  return room ? pick(room.name) : "";
}

const within = (part) => Math.min(1, Math.max(0, part));

/** A tile's strip: the band in the middle half, the temperature as a tick. */
function drawStrip(strip, value, low, high) {
  if (!strip.firstChild) {
    strip.append(
      svg("rect", { class: "scale-back", x: 0, y: 2, width: 80, height: 4 }),
      svg("rect", { class: "scale-band", x: 20, y: 2, width: 40, height: 4 }),
      svg("rect", { class: "scale-pointer", y: 0, width: 4, height: 8 }),
    );
  }
  const pointer = strip.lastChild;
  pointer.classList.toggle("gone", value === null);
  if (value !== null) pointer.setAttribute("x", (38 * within(((value - low) / (high - low)) * 0.5 + 0.25) * 2).toFixed(1));
}

/** A figure's indicator: the normal band between its limits, and a triangle that points at the value. */
function drawScale(scale, value, low, high, bottom, top) {
  const x = (degree) => 3 + 94 * within((degree - bottom) / (top - bottom));
  if (!scale.firstChild) {
    scale.append(
      svg("rect", { class: "scale-back", x: 0, y: 7, width: 100, height: 6 }),
      svg("rect", { class: "scale-band", x: x(low), y: 7, width: x(high) - x(low), height: 6 }),
      svg("path", { class: "scale-pointer" }),
    );
  }
  scale.lastChild.setAttribute("d", value === null ? "" : `M${x(value) - 4} 0h8l-4 10z`);
}

function showRunning(element) {
  const points = element.running.map((id) => store.points.get(id) ?? { value: null, quality: "unread" });
  const quality = worst(points.map((point) => point.quality));
  const on = points.filter((point) => point.value > RUNS_ABOVE).length;
  const known = quality === "good";
  element.dataset.state = known ? (on ? "on" : "off") : "unknown";
  const word = element.querySelector(".state");
  if (!word) return;
  if (!known) setText(word, t(QUALITY[quality]));
  else if (!on) setText(word, t("state.stopped"));
  else setText(word, points.length > 1 ? t("state.running_of", { on, total: points.length }) : t("state.running"));
}
