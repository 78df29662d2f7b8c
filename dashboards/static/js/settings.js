// The page of the settings: each form sends its change, and the parts of the page are made anew by the server.
import { byId } from "./dom.js";
import "./frame.js";
import { renew, tell } from "./orders.js";
import { send } from "./send.js";
import { utc } from "./when.js";
import { t } from "./words.js";

const PARTS = ["mode", "taken", "comfort", "holidays", "tariff"];
const DAY_MS = 86400000;

async function change(method, path, body, said = "settings.saved") {
  try {
    await send(method, path, body);
    await renew(PARTS);
    showMode();
    tell(t(said), false);
  } catch (error) {
    tell(t("takeover.failed", { reason: error.message }), true);
  }
}

/** The end and the reason belong to every mode but the normal one. */
function showMode() {
  const mode = document.querySelector("input[name=mode]:checked")?.value;
  const normal = mode === "normal";
  const until = byId("mode-until");
  for (const id of ["mode-until", "mode-why"]) {
    byId(id).closest(".field").classList.toggle("gone", normal);
    byId(id).required = !normal;
  }
  if (!normal) until.value = until.getAttribute(`data-${mode}`) ?? "";
}

const ACTS = {
  "mode-form": () => {
    const mode = document.querySelector("input[name=mode]:checked").value;
    const until = mode === "normal" ? null : utc(byId("mode-until").value);
    change("PUT", "/api/mode", { mode, until, reason: byId("mode-why").value });
  },
  "holiday-form": () => {
    const after = new Date(Date.parse(`${byId("h-last").value}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 19);
    const zones = byId("h-zone").value ? [byId("h-zone").value] : [];
    change("POST", "/api/holidays", { start: `${byId("h-first").value}T00:00:00`, until: after, zones, note: byId("h-note").value });
  },
  "tariff-form": () => change("PUT", "/api/tariff", { name: byId("tariff-name").value }),
};

function savePlace(form) {
  const back = (name, file) => {
    const input = form.elements[name];
    return !input || Number(input.value) === Number(file) ? null : Number(input.value);
  };
  const { place, file, fileSetback } = form.dataset;
  change("PUT", `/api/setpoints/${place}`, { degc: back("degc", file), setback_degc: back("setback_degc", fileSetback) });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  event.preventDefault();
  if (form.dataset.place) savePlace(form);
  else ACTS[form.id]?.();
});
document.addEventListener("click", (event) => {
  const { back, drop } = event.target.dataset;
  if (back) change("PUT", `/api/setpoints/${back}`, { degc: null, setback_degc: null }, "settings.saved_back");
  if (drop) change("DELETE", `/api/holidays/${encodeURIComponent(drop)}`);
});
document.addEventListener("change", (event) => {
  if (event.target.name === "mode") showMode();
});
/** A room's own address opens the unit it stands in, and leads to its set point. */
function showPlace() {
  const form = location.hash.startsWith("#place-") && byId(location.hash.slice(1));
  if (!form) return;
  form.closest("details")?.setAttribute("open", "");
  form.scrollIntoView({ block: "center" });
  form.elements.degc.focus({ preventScroll: true });
}

document.addEventListener("orders", () => renew(["taken"]));
window.addEventListener("hashchange", showPlace);
showMode();
showPlace();
