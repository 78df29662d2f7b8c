// Rooms in plain words: how each is now and has been today, a summary, and a sheet for one room.
import { onChange } from "./frame.js";
import { byId, setText } from "./dom.js";
import { renewTaken, showTaken } from "./holding.js";
import { fetchJson, store } from "./store.js";
import { may, number, span, t } from "./words.js";

const AGAIN_MS = 30000;
const FAR_K = 1; // from here on it is no longer "a bit"
const FRESH_PPM = 800;
const STUFFY_PPM = 1000;
const WORDS = {
  fine: "house_rooms.fine", bit_cold: "house_rooms.bit_cold", cold: "house_rooms.cold",
  bit_warm: "house_rooms.bit_warm", warm: "house_rooms.warm", unknown: "house_rooms.unknown",
  free: "house_rooms.not_counted",
};
const tiles = [...document.querySelectorAll(".space")];
const today = new Map(); // id -> {low_degc, high_degc, below_min, above_min, known_min}
let opened = null;

const valueOf = (id) => (id && store.points.get(id)?.quality === "good" ? store.points.get(id).value : null);
const minutes = (value) => t("time.minutes", { number: number(value, 0) });
const bandOf = (tile) => {
  const known = today.get(tile.dataset.space);
  return [known?.low_degc ?? Number(tile.dataset.low), known?.high_degc ?? Number(tile.dataset.high)];
};

function stateOf(tile) {
  const degc = valueOf(tile.dataset.temp);
  if (degc === null) return "unknown";
  if (today.size && !today.has(tile.dataset.space)) return "free";
  const [low, high] = bandOf(tile);
  if (degc < low) return low - degc < FAR_K ? "bit_cold" : "cold";
  if (degc > high) return degc - high < FAR_K ? "bit_warm" : "warm";
  return "fine";
}

function todayOf(tile) {
  const known = today.get(tile.dataset.space);
  const off = known ? known.below_min + known.above_min : 0;
  return off >= 1 ? t("house_rooms.today_off", { minutes: minutes(off) }) : "";
}

function showTile(tile) {
  const state = stateOf(tile);
  tile.dataset.state = state;
  setText(tile.querySelector(".word"), t(WORDS[state]));
  setText(tile.querySelector(".today"), todayOf(tile));
}

function showSummary() {
  const known = tiles.filter((tile) => valueOf(tile.dataset.temp) !== null);
  const fine = known.filter((tile) => ["fine", "free"].includes(tile.dataset.state)).length;
  const key = fine === tiles.length ? "house_rooms.all_fine" : "house_rooms.some_off";
  setText(byId("rooms-fine"), t(key, { fine, total: tiles.length }));
  const asked = known.filter((tile) => tile.dataset.state !== "free");
  if (!asked.length) return;
  const byDegc = asked.sort((a, b) => valueOf(a.dataset.temp) - valueOf(b.dataset.temp));
  const facts = (tile) => ({ name: nameOf(tile), degc: number(valueOf(tile.dataset.temp), 1) });
  const words = [t("house_rooms.coldest", facts(byDegc[0])), t("house_rooms.warmest", facts(byDegc.at(-1)))];
  setText(byId("rooms-extremes"), words.join(" "));
}

const nameOf = (tile) =>
  tile.dataset.name === t("house_rooms.shared") ? `${tile.dataset.name}, ${tile.dataset.where}` : tile.dataset.name;

function showRows() {
  for (const row of document.querySelectorAll("[data-space-row]")) {
    const known = today.get(row.dataset.spaceRow);
    if (!known) continue;
    setText(row.querySelector(".below"), minutes(known.below_min));
    setText(row.querySelector(".above"), minutes(known.above_min));
    setText(row.querySelector(".known"), span(Math.round(known.known_min) * 60));
  }
}

function showSheet() {
  if (!opened) return;
  const { temp, target, floor, co2 } = opened.dataset;
  const fill = (row, text) => {
    byId(`room-${row}-row`).hidden = text === null;
    setText(byId(`room-${row}`), text ?? "");
  };
  const degrees = (id) => (valueOf(id) === null ? null : `${number(valueOf(id), 1)} °C`);
  const [low, high] = bandOf(opened);
  setText(byId("room-name"), opened.dataset.name);
  const change = byId("room-change");
  if (change) change.hash = `place-${opened.dataset.space}`;
  setText(byId("room-where"), opened.dataset.where);
  byId("room-word").dataset.state = opened.dataset.state;
  setText(byId("room-word"), t(WORDS[opened.dataset.state]));
  fill("now", degrees(temp) ?? t("house_rooms.unknown"));
  fill("wanted", degrees(target));
  showTaken(byId("room-taken"), target, may("operate") || may("set_rooms"), byId("room-close"));
  fill("band", `${number(low, 1)} – ${number(high, 1)} °C`);
  fill("bath", degrees(floor));
  const ppm = valueOf(co2);
  const air = ppm < FRESH_PPM ? "house_rooms.air_fresh" : ppm < STUFFY_PPM ? "house_rooms.air_ok" : "house_rooms.air_stuffy";
  fill("air", ppm === null ? null : t(air));
  const known = today.get(opened.dataset.space);
  const parts = known
    ? [["house_rooms.today_cold", known.below_min], ["house_rooms.today_warm", known.above_min]]
      .filter(([, off]) => off >= 1).map(([key, off]) => t(key, { minutes: minutes(off) }))
    : [t("house_rooms.not_counted")];
  fill("today", parts.length ? parts.join(", ") : t("house_rooms.today_none"));
}

function showAll() {
  for (const tile of tiles) showTile(tile);
  showSummary();
  showRows();
  showSheet();
}

async function keepToday() {
  try {
    const comfort = await fetchJson("/api/comfort");
    for (const one of comfort.spaces) today.set(one.space, one);
    showAll();
  } catch {
    // the banner already says that the connection is lost
  }
  setTimeout(keepToday, AGAIN_MS);
}

/** Who has taken the room's set point over, as long as its sheet is open. */
const renewHolding = () => opened && renewTaken(showSheet);

const sheet = byId("room-sheet");
for (const tile of tiles) {
  tile.addEventListener("click", () => {
    opened = tile;
    showSheet();
    sheet.showModal();
    renewHolding();
  });
}
sheet.addEventListener("close", () => {
  opened = null;
});
byId("room-close").addEventListener("click", () => sheet.close());
byId("room-details")?.addEventListener("click", (event) => {
  event.currentTarget.dataset.component = opened.dataset.space; // the frame opens the sheet of this component
  sheet.close();
});
document.addEventListener("orders", renewHolding);
setInterval(renewHolding, AGAIN_MS);
onChange((changed, message) => {
  if (!tiles.length) return;
  if (message.taken !== undefined) renewHolding();
  const ids = new Set(changed);
  if (tiles.some((tile) => ids.has(tile.dataset.temp))) showAll();
  else showSheet();
});
keepToday();
