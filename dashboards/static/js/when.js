// Times as people say them, seen from now: "i dag 23:15", "i morgen 02:00", else with the day.
import { clock, dayAndClock, t, timeZone } from "./words.js";

const DAY_S = 86400;
const dayFormat = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

/** Local day as 2026-03-06. */
export const localDay = (at) => dayFormat.format(new Date(at * 1000));

/** A moment by the clock of the site ("2026-12-24T07:00") as UTC. */
export function utc(wall) {
  const naive = Date.parse(`${wall}Z`);
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  const offset = (at) => Date.parse(`${format.format(new Date(at)).replace(" ", "T")}Z`) - at;
  return new Date(naive - offset(naive - offset(naive))).toISOString();
}

/** An instant, seen from another one [s since 1970]. */
export function when(at, now) {
  const day = localDay(at);
  if (day === localDay(now)) return t("when.today", { clock: clock(at) });
  if (day === localDay(now + DAY_S)) return t("when.tomorrow", { clock: clock(at) });
  if (day === localDay(now - DAY_S)) return t("when.yesterday", { clock: clock(at) });
  return dayAndClock(at);
}
