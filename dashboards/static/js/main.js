// Starts the page: descriptions first, then the stream; each message updates only what it changes.
import { byId, setText } from "./dom.js";
import { keepEvents, showAlarms, showEvents, showHealth, showHeld } from "./lists.js";
import { bindAll, refresh } from "./live.js";
import { keepNight } from "./night.js";
import { redrawPanel, refreshPanel, startPanel } from "./panel.js";
import { refreshTable, startTable } from "./points.js";
import { describe, silence, siteNow, store, take } from "./store.js";
import { listen } from "./stream.js";
import { startViews } from "./views.js";
import { clock, dayAndClock, number, pick, span, t } from "./words.js";

const SILENT_AFTER_S = 5;
const AGAIN_MS = 3000;
const AGES_MS = 1000;
let isLost = false;
let frozen = false;
let missed = new Set(); // points that changed while the view was frozen

function onMessage(message, whole) {
  const changed = take(message, whole);
  isLost = false;
  if (frozen) {
    for (const id of changed) missed.add(id);
    return;
  }
  showAll(whole ? [...store.points.keys()] : changed, message);
}

function showAll(changed, message) {
  refresh(changed);
  if (message.alarms) {
    showAlarms();
    showEvents();
  }
  if (message.held) showHeld();
  if (message.price) showPrice();
  if (message.decides) showDecides();
  showHealth();
  showClock();
  refreshPanel();
  refreshTable();
}

function showPrice() {
  const figure = byId("price");
  const [value, synthetic] = store.price;
  setText(figure.querySelector(".n"), value === null || value === undefined ? "–" : number(value, 2));
  const source = synthetic ? "figure.synthetic" : "figure.ex_vat";
  setText(figure.querySelector(".note"), store.price.length ? t(source) : t("figure.no_price"));
}

function showDecides() {
  const text = pick(store.decides).replace(/\.$/, "");
  const element = byId("decides");
  setText(element, text);
  element.title = text;
}

/** Clock, state of the connection and the banner: they go on when no message comes. */
function showClock() {
  const silent = silence();
  const state = isLost ? "lost" : store.received === null ? "starting" : silent > SILENT_AFTER_S ? "silent" : "live";
  const link = byId("link");
  link.dataset.state = state;
  document.body.dataset.link = state;
  setText(link, { lost: t("link.lost"), starting: t("link.starting"), silent: t("link.silent"), live: t("link.live") }[state]);
  const banner = byId("lost");
  const age = span(Math.floor(silent / 5) * 5);
  const texts = { lost: t("link.lost_long", { age }), silent: t("link.silent_long", { age }) };
  setText(banner, texts[state] ?? "");
  if (frozen || store.received === null) return;
  setText(byId("clock"), dayAndClock(state === "live" ? siteNow() : store.at));
  const demo = byId("demo");
  if (demo) setText(demo, t("top.speed", { speed: number(store.speed, 0) }));
}

function startFreeze() {
  const button = byId("freeze");
  button.addEventListener("click", () => {
    frozen = !frozen;
    button.setAttribute("aria-pressed", String(frozen));
    setText(button, frozen ? t("top.frozen_at", { time: clock(siteNow()) }) : t("top.freeze"));
    if (frozen) return;
    const changed = [...missed];
    missed = new Set();
    showAll(changed, { alarms: true, held: true, price: true, decides: true });
  });
}

async function start() {
  try {
    await describe();
  } catch {
    setTimeout(start, AGAIN_MS);
    return;
  }
  bindAll();
  startTable();
  keepEvents();
  keepNight();
  listen(onMessage, () => {
    isLost = true;
    showClock();
  });
}

startViews(redrawPanel);
startPanel();
startFreeze();
setInterval(() => {
  showClock();
  if (frozen || document.hidden) return;
  refreshPanel();
}, AGES_MS);
start();
