// Texts, numbers and times in the page's language and the site's time zone.
const config = JSON.parse(document.getElementById("config").textContent);

export const language = config.language;
export const timeZone = config.timeZone;
export const csrf = config.csrf; // what every change carries
export const viewer = config.viewer; // {name, role, rights}

/** Whether who looks at the page has a right, e.g. "operate". */
export const may = (right) => viewer.rights.includes(right);

const locale = language === "nb" ? "nb-NO" : "en-GB";
const numberFormats = new Map();

/** A text by its key, with {names} filled in. */
export function t(key, facts = {}) {
  return config.texts[key].replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? facts[name] : whole));
}

/** The half of a {nb, en} text in the page's language. */
export const pick = (text) => text[language];

/** A number with the decimals given, in local form. */
export function number(value, decimals) {
  if (!numberFormats.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    numberFormats.set(decimals, new Intl.NumberFormat(locale, digits));
  }
  const rounded = Math.round(value * 10 ** decimals) / 10 ** decimals;
  return numberFormats.get(decimals).format(rounded === 0 ? 0 : rounded);
}

export const decimalsOf = (unit) => config.decimals[unit] ?? 1;

/** A point's value in words or digits, without its unit. `meta` is the point's description. */
export function shown(value, meta) {
  if (value === null || value === undefined) return "–";
  if (meta.unit === "bool") return value ? t("state.on") : t("state.off");
  const state = meta.states[Math.round(value)];
  return state ? pick(state) : number(value, decimalsOf(meta.unit));
}

/** The unit as it stands beside a value; none for states, flags and counts. */
export const unitOf = (meta) => (["bool", "state", "count"].includes(meta.unit) ? "" : meta.unit);

const clockFormat = new Intl.DateTimeFormat(locale, { timeZone, hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(locale, {
  timeZone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const dateFormat = new Intl.DateTimeFormat(locale, { timeZone, day: "numeric", month: "short" });

export const clock = (seconds) => clockFormat.format(new Date(seconds * 1000));
export const dayAndClock = (seconds) => dayFormat.format(new Date(seconds * 1000));
export const date = (seconds) => dateFormat.format(new Date(seconds * 1000));

/** A length of time in the unit people would use. */
export function span(seconds) {
  if (seconds < 100) return t("time.seconds", { number: number(seconds, 0) });
  if (seconds < 6000) return t("time.minutes", { number: number(seconds / 60, 0) });
  if (seconds < 172800) return t("time.hours", { number: number(seconds / 3600, 0) });
  return t("time.days", { number: number(seconds / 86400, 0) });
}

const SOURCES = { rules: "source.rules", guard: "source.guard", operator: "source.operator" };

/** Who holds a point, by the name people use. */
export const source = (name) => (SOURCES[name] ? t(SOURCES[name]) : name);
