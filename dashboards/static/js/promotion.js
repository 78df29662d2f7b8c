// What the optimiser may do: shadow or on, which assets follow the plans, which zones stay with the rules.
import { byId } from "./dom.js";
import "./frame.js";
import { renew, tell } from "./orders.js";
import { send } from "./send.js";
import { t } from "./words.js";

const PATH = "/api/promotion";

async function change(question, method, body) {
  if (!window.confirm(question)) return;
  try {
    await send(method, PATH, body);
    await renew(["promotion"]);
    tell(t("promotion.saved"), false);
  } catch (error) {
    tell(t("takeover.failed", { reason: error.message }), true);
  }
}

const ticked = (form, name) => [...form.querySelectorAll(`input[name=${name}]:checked`)];

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "promotion-form") return;
  event.preventDefault();
  const optimiser = form.elements.optimiser.value;
  const assets = ticked(form, "promoted");
  const names = assets.map((box) => box.closest("label").textContent).join(", ") || t("promotion.nothing");
  const rules = form.querySelector("input[name=rules]:checked");
  const said = rules.closest("label").querySelector("strong").textContent;
  change(optimiser === "on" ? t("promotion.ask_on", { assets: names }) : t("promotion.ask_shadow", { rules: said }), "PUT", {
    optimiser, rules: rules.value, promoted: assets.map((box) => box.value), zones_by_rules: ticked(form, "zones").map((box) => box.value),
    reason: byId("promotion-why").value,
  });
});
document.addEventListener("click", (event) => {
  if (event.target.id === "promotion-back") change(t("promotion.ask_back"), "DELETE");
});
