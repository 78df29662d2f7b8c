// The alarm strip of every page: how many of each class, and the first of them in words.
import { byId, setText } from "./dom.js";
import { store } from "./store.js";
import { pick, t } from "./words.js";

const DIGEST_MS = 30000;
let announced = null; // alarm counts as last told
let toldAt = -DIGEST_MS;
let knownA = null;

/** What nobody has seen yet comes first, then the worst class, then the newest. */
function byUrgency(a, b) {
  return (
    Number(b.unacknowledged) - Number(a.unacknowledged) ||
    a.severity.localeCompare(b.severity) ||
    Date.parse(b.raised_at) - Date.parse(a.raised_at)
  );
}

/** Counts, and the most urgent alarm in words. */
export function showAlarmStrip() {
  const counts = { a: 0, b: 0, c: 0 };
  for (const alarm of store.alarms) counts[alarm.severity.toLowerCase()] += 1;
  for (const element of byId("counts").querySelectorAll(".count")) {
    const count = counts[element.dataset.class.toLowerCase()];
    element.dataset.some = count > 0;
    setText(element.querySelector("b"), String(count));
  }
  const first = [...store.alarms].sort(byUrgency)[0];
  const strip = byId("alarm-strip");
  strip.dataset.some = Boolean(first);
  setText(byId("alarm-text"), first ? pick(first.text) : t("alarms.none"));
  strip.title = first ? pick(first.text) : "";
  announce(counts);
}

/** For screen readers: each new class A at once, a digest of changes at most every half minute. */
function announce(counts) {
  const classA = new Map(store.alarms.filter((alarm) => alarm.severity === "A").map((alarm) => [alarm.id, alarm]));
  const fresh = knownA === null ? [] : [...classA.values()].filter((alarm) => !knownA.has(alarm.id));
  knownA = new Set(classA.keys());
  if (fresh.length) setText(byId("urgent"), fresh.map((alarm) => t("alarms.new_a", { text: pick(alarm.text) })).join(" "));
  const digest = t("top.announce", counts);
  if (announced !== null && announced !== digest && performance.now() - toldAt > DIGEST_MS) {
    setText(byId("digest"), digest);
    toldAt = performance.now();
    announced = digest;
  }
  announced ??= digest;
}
