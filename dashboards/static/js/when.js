// Times as people say them, seen from now: "i dag 23:15", "i morgen 02:00", else with the day.
import { clock, dayAndClock, t, timeZone } from "./words.js";

const DAY_S = 86400;
const dayFormat = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

/** Local day as 2026-03-06. */
export const localDay = (at) => dayFormat.format(new Date(at * 1000));

/** An instant, seen from another one [s since 1970]. */
export function when(at, now) {
  const day = localDay(at);
  if (day === localDay(now)) return t("when.today", { clock: clock(at) });
  if (day === localDay(now + DAY_S)) return t("when.tomorrow", { clock: clock(at) });
  if (day === localDay(now - DAY_S)) return t("when.yesterday", { clock: clock(at) });
  return dayAndClock(at);
}
