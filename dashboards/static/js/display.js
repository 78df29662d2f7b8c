// The public display: asks for its few figures again and again, and says so when they are old.
import { byId, setText } from "./dom.js";
import { dayAndClock, decimalsOf, number, span, t } from "./words.js";

const AGAIN_MS = 5000;
const OLD_AFTER_MS = 30000;
let answered = performance.now();

function show(answer) {
  setText(byId("clock"), dayAndClock(Date.parse(answer.at) / 1000));
  for (const { key, value, unit } of answer.figures) {
    const tile = document.querySelector(`[data-key="${key}"]`);
    setText(tile.querySelector(".n"), value === null ? "–" : number(value, decimalsOf(unit)));
  }
  const price = answer.price_nok_per_kwh;
  setText(byId("price").querySelector(".n"), price === null ? "–" : number(price, 2));
}

async function again() {
  try {
    const response = await fetch("/api/display", { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
    answered = performance.now();
  } catch {
    // the line below says how old the figures are
  }
  const age = performance.now() - answered;
  document.body.dataset.old = age > OLD_AFTER_MS;
  setText(byId("lost"), age > OLD_AFTER_MS ? t("display.old", { age: span(age / 1000) }) : "");
  setTimeout(again, AGAIN_MS);
}

again();
