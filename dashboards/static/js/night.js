// The night's programme and what the last night came to: fetched at the start and every minute.
import { byId, keyed, make, setText } from "./dom.js";
import { fetchJson } from "./store.js";
import { clock, number, pick, t } from "./words.js";

const AGAIN_MS = 60000;
const seconds = (iso) => Date.parse(iso) / 1000;
const whole = (value) => (value === null ? "–" : number(value, 0));

function lines(list, rows) {
  keyed(list, rows, ({ key }) => key, ({ text, outcome, state }) => {
    const row = make("li", { "data-state": state }, make("span", { class: "text" }, pick(text)));
    if (outcome) row.append(make("span", { class: "when" }, pick(outcome)));
    return row;
  });
}

function showProgramme(programme) {
  if (!programme) {
    setText(byId("night-about"), t("night.none"));
    return;
  }
  const facts = {
    start: clock(seconds(programme.start)), end: clock(seconds(programme.end)),
    energy: whole(programme.energy_kwh), cost: whole(programme.cost_nok),
  };
  setText(byId("night-about"), programme.identity === null ? t("night.rules", facts) : t("night.about", facts));
  const notes = programme.notes.map((text, place) => ({ key: `${programme.made_at} note ${place}`, text }));
  const items = programme.items.map(({ text }, place) => ({ key: `${programme.made_at} ${place}`, text }));
  lines(byId("night-items"), [...notes, ...items]);
}

function showAccount(account) {
  setText(byId("night-saved"), account ? pick(account.saved) : t("night.no_account"));
  if (!account) return;
  const done = account.items.map((item, place) => ({ key: `${account.end} ${place}`, ...item }));
  const inTheWay = account.obstacles.map(({ text }, place) => ({ key: `${account.end} way ${place}`, text }));
  lines(byId("night-done"), [...done, ...inTheWay]);
}

async function showNight() {
  let known;
  try {
    known = await fetchJson("/api/night");
  } catch {
    return; // the banner already says that the connection is lost
  }
  showProgramme(known.programme);
  showAccount(known.accounts[0]);
}

export function keepNight() {
  showNight();
  setInterval(showNight, AGAIN_MS);
}
