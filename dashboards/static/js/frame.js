// What every page has: the stream, clock and connection, alarm strip, freezing, theme, account, the sheet of a component.
// A page's own script listens to it:
//   import { onChange } from "./frame.js";
//   onChange((changed, message) => ...)   // ids of points that changed, and what else the message brought
import { showAlarmStrip } from "./alarm_strip.js";
import { byId, setText } from "./dom.js";
import { bindAll, refresh } from "./live.js";
import { redrawPanel, refreshPanel, renewHolding, startPanel } from "./panel.js";
import { send } from "./send.js";
import { describe, silence, siteNow, store, take } from "./store.js";
import { listen } from "./stream.js";
import { clock, dayAndClock, language, number, pick, span, t } from "./words.js";

const SILENT_AFTER_S = 5;
const AGAIN_MS = 3000;
const AGES_MS = 1000;
const ALL = { alarms: true, held: true, price: true, decides: true, taken: true };
const listeners = [];
let isLost = false;
let frozen = false;
let missed = new Set(); // points that changed while the view was frozen

/** Have `listener(changed, message)` called for each message, after the frame has shown it. */
export function onChange(listener) {
  listeners.push(listener);
}

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
  if (message.alarms) showAlarmStrip();
  if (message.decides) showDecides();
  if (message.taken !== undefined) {
    showTaken();
    renewHolding();
  }
  showClock();
  refreshPanel();
  for (const listener of listeners) listener(changed, message);
}

function showDecides() {
  const text = pick(store.decides).replace(/\.$/, "");
  const element = byId("decides");
  setText(element, text);
  element.title = text;
}

/** How many points people hold; nothing while there are none. */
function showTaken() {
  const mark = byId("taken-mark");
  mark.hidden = store.taken === 0;
  setText(mark.querySelector(".n"), store.taken === 1 ? t("takeover.mark_one") : t("takeover.mark", { number: store.taken }));
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
    showAll(changed, ALL);
  });
}

function startTheme() {
  byId("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("bems-theme", next);
    redrawPanel();
    document.dispatchEvent(new Event("theme"));
  });
}

/** On a phone, the pages that have no room in the bar. */
function startMore() {
  const button = byId("more");
  const isOpen = () => document.body.dataset.more === "open";
  const show = (open) => {
    document.body.dataset.more = open ? "open" : "closed";
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(!isOpen()));
  document.addEventListener("click", (event) => {
    if (isOpen() && !event.target.closest(".nav, .tools")) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    show(false);
    button.focus();
  });
}

function startAccount() {
  byId("sign-out")?.addEventListener("click", async () => {
    await send("DELETE", "/api/session");
    location.assign(`/${language}/sign-in`);
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
  listen(onMessage, () => {
    isLost = true;
    showClock();
  });
}

/** Taking over and giving back; the dialog comes when it is first wanted. */
function startTakeover() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-takeover], [data-give-back], #give-back-all");
    if (!button) return;
    const { openTakeover, giveBack } = await import("./takeover.js");
    if (button.dataset.takeover) {
      openTakeover(button.dataset.takeover, button);
      return;
    }
    const failed = await giveBack(button.dataset.giveBack);
    setText(byId("urgent"), failed ?? t("takeover.given_back"));
    const near = button.parentElement?.querySelector(".failed");
    if (near) setText(near, failed ?? "");
  });
}

startPanel();
startTakeover();
startFreeze();
startTheme();
startMore();
startAccount();
setInterval(() => {
  showClock();
  if (frozen || document.hidden) return;
  refreshPanel();
}, AGES_MS);
start();
